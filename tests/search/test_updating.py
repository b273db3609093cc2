from __future__ import annotations

from pathlib import Path

import pytest
from small_indexes import Tiny, Vector, Vectors

from disco_pyserini.errors import InputError
from disco_pyserini.files import only_run
from disco_pyserini.impacts import Quantiser
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.lucene.lucene_searcher import LuceneSearcher
from disco_pyserini.search import DiscoSearcher, update_index
from disco_pyserini.search.index_manifest import read_index_manifest
from disco_pyserini.vectors.manifest import VectorSpace

SPACE = VectorSpace(
    encoder="made up", document_model="made up", revision="0", vocabulary="0", max_length=9, quantiser=Quantiser()
)


def answers(index: Path, queries: dict[str, Vector]) -> list[list[tuple[str, float, str | None]]]:
    searcher = LuceneSearcher(index)
    found = searcher.search(list(queries.values()), 1000)
    result = [[(hit.docid, hit.score, None) for hit in hits] for hits in found]
    result.append([(hit.docid, hit.score, hit.text) for hits in found[:5] for hit in hits[:20]])
    searcher.close()
    return result


def of(documents: dict[str, Vector], vectors: Vectors) -> Vectors:
    source = Vectors(documents, SPACE, raw=True)
    source.vocabulary = vectors.vocabulary
    return source


def test_an_updated_index_answers_like_a_new_one(vectors: Vectors, queries: dict[str, Vector], tmp_path: Path) -> None:
    """Ties, terms that only deleted documents had, and terms that all documents that are left have, too."""
    names = list(vectors.documents)
    documents = {name: {**vector, "in-all-but-one": 7} for name, vector in vectors.documents.items()}
    documents[names[0]] = {"rare-and-deleted": 3}
    documents[names[1]] = {**documents[names[1]], "rare-and-replaced": 3}
    asked = {
        **dict(list(queries.items())[:60]),
        "all": {"in-all-but-one": 5, "tok1": 1},
        "gone": {"rare-and-deleted": 5, "rare-and-replaced": 2, "tok2": 1},
    }
    added = {f"new{i}": {**documents[names[i]], "in-all-but-one": 7} for i in range(30, 60)}
    replaced = {name: {**vectors.documents[names[5]], "in-all-but-one": 7} for name in names[1:20]}
    steps: list[tuple[dict[str, Vector], list[str]]] = [
        ({}, ["nonesuch", names[0], *names[100:130]]),
        ({**added, **replaced}, names[200:900]),
        ({names[100]: documents[names[100]]}, ["new30"]),
        ({names[101]: {}, names[2]: {}}, []),
    ]
    vectors = Vectors({**documents, **added}, SPACE)
    build_index(of(documents, vectors), tmp_path / "index")
    for number, (add, delete) in enumerate(steps):
        for name in delete:
            documents.pop(name, None)
        documents |= add
        summary = update_index(tmp_path / "index", of(add, vectors), delete=delete)
        build_index(of(documents, vectors), tmp_path / f"fresh{number}")
        assert read_index_manifest(tmp_path / "index") == read_index_manifest(tmp_path / f"fresh{number}")
        assert answers(tmp_path / "index", asked) == answers(tmp_path / f"fresh{number}", asked)
        assert summary.documents == sum(1 for vector in documents.values() if vector)
        assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_what_is_refused_changes_nothing(vectors: Vectors, queries: dict[str, Vector], tmp_path: Path) -> None:
    some = dict(list(vectors.documents.items())[:50])
    build_index(of(some, vectors), tmp_path / "index")
    before = answers(tmp_path / "index", queries)
    first, second = list(some)[:2]
    other = Vectors({"a": {"tok1": 1}}, SPACE.model_copy(update={"revision": "1"}))
    twice = of({"a": {"tok1": 1}}, vectors)
    twice.batches = lambda: iter([twice.batch([("a", {"tok1": 1})])] * 2)  # type: ignore[method-assign]
    cases = [
        (of({first: {"tok1": 1}}, vectors), [first, second], f"found '{first}' in both"),
        (of({}, vectors), list(some), "no document would be left"),
        (other, [], "in another way: revision '1' instead of '0'"),
        (twice, [], "belong to more than one document, such as 'a'"),
    ]
    for source, delete, message in cases:
        with pytest.raises(InputError, match=message):
            update_index(tmp_path / "index", source, delete=delete)
        assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert answers(tmp_path / "index", queries) == before


def test_an_index_is_updated_through_a_link(vectors: Vectors, tmp_path: Path) -> None:
    some = dict(list(vectors.documents.items())[:5])
    build_index(Vectors(some, SPACE), tmp_path / "index")
    (tmp_path / "link").symlink_to("index")
    update_index(tmp_path / "link", Vectors({"new": {"a": 1}}, SPACE))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "link"]
    manifest = read_index_manifest(tmp_path / "index")
    assert (tmp_path / "link").is_symlink() and manifest is not None and manifest.documents == 6


def test_two_processes_do_not_update_an_index_at_once(vectors: Vectors, tmp_path: Path) -> None:
    some = dict(list(vectors.documents.items())[:5])
    build_index(of(some, vectors), tmp_path / "index")
    with only_run(tmp_path / "index"), pytest.raises(InputError, match="another run is writing to it"):
        update_index(tmp_path / "index", of({}, vectors), delete=list(some)[:1])
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert update_index(tmp_path / "index", of({}, vectors), delete=list(some)[:1]).documents == 4


def test_passages_are_encoded_as_the_index_was(tmp_path: Path) -> None:
    from disco_pyserini import build_index

    built = build_index([{"id": "a", "contents": "Warsaw is in Poland."}], tmp_path / "index", encoder="disco-tiny")
    with DiscoSearcher(built) as old:
        update_index(built, [{"id": "b", "contents": "Paris is in France."}], delete=["a"])
        assert old.doc("a") == "Warsaw is in Poland."  # an open searcher goes on
    with DiscoSearcher(tmp_path / "index") as searcher:
        assert searcher.doc("a") is None and searcher.doc("b") == "Paris is in France."


def test_an_index_of_another_program_is_refused(anserini_index: Path, tiny: Tiny) -> None:
    with pytest.raises(InputError, match="does not say which encoder made it"):
        update_index(anserini_index, [{"id": "a", "contents": "text"}])
