"""Several shards answer like one index of everything: the same bytes in a run, whatever the number of shards."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_indexes import LookUp, Tiny, Vector, Vectors
from typer.testing import CliRunner

from disco_pyserini.cli.main import app
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.impacts import DEFAULT_QUANTISER, ImpactVector
from disco_pyserini.passages import Passage
from disco_pyserini.search import DiscoSearcher, build_index, build_shards
from disco_pyserini.search.engine import ENGINES, lower_ties
from disco_pyserini.search.shard_building import build_shard, plan_shards
from disco_pyserini.search.sharded import ShardedSearcher
from disco_pyserini.trec import run_lines
from disco_pyserini.vectors import VectorSpace, encode_corpus, vocabulary_hash
from disco_pyserini.vectors.part_writer import write_parts

TOKENS = [f"t{number}" for number in range(60)]
SIZE = 620


def documents(seed: int = 1) -> dict[str, dict[str, int]]:
    """Return vectors with few different impacts, and so many ties: ``t0`` is everywhere, ``t1`` nearly."""
    generator = np.random.default_rng(seed)
    found: dict[str, dict[str, int]] = {}
    for place, number in enumerate(generator.permutation(SIZE).tolist()):
        chosen = generator.choice(np.arange(3, len(TOKENS)), size=int(generator.integers(1, 6)), replace=False)
        vector = {TOKENS[term]: int(generator.integers(1, 3)) for term in chosen} | {"t0": 2}
        if place != SIZE - 1:  # missing in the last document only: in all documents of every shard but the last
            vector["t1"] = 1 + place % 2
        if place < SIZE // 4:  # in one shard only
            vector["t2"] = 1
        found[f"d{number}-é" if number % 3 else f"d{number}"] = vector
    return found


def queries() -> dict[str, Vector]:
    generator = np.random.default_rng(7)
    found: dict[str, Vector] = {"everywhere": {"t0": 3}, "nearly": {"t1": 3, "t0": 1}, "nothing": {}, "few": {"t2": 1}}
    for number in range(25):
        chosen = generator.choice(len(TOKENS), size=int(generator.integers(1, 12)), replace=False)
        found[f"q{number}"] = {TOKENS[term]: int(generator.integers(1, 4)) for term in chosen} | {"unknown": 9}
    return found


def write_vectors(folder: Path, vectors: Mapping[str, Vector], part_size: int = 50) -> Path:
    """Write vector parts; the text of a passage is its id."""
    space = VectorSpace(
        encoder="made up",
        document_model="made up",
        revision="0",
        vocabulary=vocabulary_hash(TOKENS),
        max_length=256,
        quantiser=DEFAULT_QUANTISER,
    )

    def encode(texts: Sequence[str]) -> list[ImpactVector]:
        rows = [sorted((TOKENS.index(token), impact) for token, impact in vectors[text].items()) for text in texts]
        return [
            ImpactVector(np.array([t for t, _ in row], np.int32), np.array([i for _, i in row], np.uint16))
            for row in rows
        ]

    write_parts(folder, space, TOKENS, [Passage(docid, docid) for docid in vectors], encode, part_size=part_size)
    return folder


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vectors(tmp_path_factory.mktemp("parts") / "vectors", documents())


@pytest.fixture(scope="module")
def whole(parts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "index"
    build_index(parts, path, engine="lucene,flat")
    return path


def disco(*arguments: object) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    if done.exception:
        raise done.exception
    return done.stdout


def run_of(searcher: DiscoSearcher, k: int, **options: Any) -> str:
    found = searcher.batch_search(list(queries()), list(queries()), k, **options)
    return "".join(line for qid, hits in found.items() for line in run_lines(qid, hits))


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 15])
def test_the_run_of_one_index(parts: Path, whole: Path, tmp_path: Path, shards: int) -> None:
    """15 shards of 13 parts: some are empty."""
    summary = build_shards(parts, tmp_path / "index", shards, engine="lucene,flat")
    assert (summary.documents, summary.empty) == (SIZE, 0)
    encoder = LookUp(queries())
    for engine in ("lucene", "flat"):
        with (
            DiscoSearcher(whole, encoder, engine) as one,
            DiscoSearcher(tmp_path / "index", encoder, engine) as several,
        ):
            for k in (1, 10, 77, SIZE + 1):
                assert run_of(several, k) == run_of(one, k)
            assert run_of(several, 10, threads=4) == run_of(one, 10)
            [hit, *_] = several.search("nearly", k=3)
            assert several.explain("nearly", hit.docid) == one.explain("nearly", hit.docid)
            assert several.doc(hit.docid) == hit.text == hit.docid
            assert several.doc("no such document") is None
            with pytest.raises(InputError, match="has no document 'no such document'"):
                several.explain("nearly", "no such document")
        with pytest.raises(DiscoError, match="index: the searcher is closed"):
            _ = hit.text
        with pytest.raises(DiscoError, match="index: the searcher is closed"):
            several.search("nearly")


def test_ties_are_lowered_once(tmp_path: Path) -> None:
    """Of two documents in each shard, all four have the same score."""
    for shard, ids in enumerate(("ac", "bd")):
        build_index(Vectors({docid: {"x": 2, f"only{docid}": 1} for docid in ids}), tmp_path / f"{shard}")
    build_index(Vectors({"e": {"y": 1}}), tmp_path / "2")
    with DiscoSearcher([tmp_path / name for name in "012"], LookUp({"q": {"x": 3}})) as searcher:
        hits = searcher.search("q", k=3)
    assert [hit.docid for hit in hits] == ["a", "b", "c"]
    assert [hit.score for hit in hits] == lower_ties(np.full(3, 6, np.float32)).tolist()


def test_pruned_searches_miss_nothing_that_one_index_finds(parts: Path, whole: Path, tmp_path: Path) -> None:
    build_shards(parts, tmp_path / "index", 3)
    encoder = LookUp(queries())
    with DiscoSearcher(whole, encoder) as one, DiscoSearcher(tmp_path / "index", encoder) as several:
        for qid in queries():
            exact = [hit.score for hit in one.search(qid, 5)]
            pruned = [round(hit.score) for hit in several.search(qid, 5, query_terms=2)]
            expected = [round(hit.score) for hit in one.search(qid, 5, query_terms=2)]
            assert len(pruned) == len(expected)
            assert all(mine >= other for mine, other in zip(pruned, expected, strict=True))
            assert all(mine <= round(best) for mine, best in zip(pruned, exact, strict=False))


class Failing:
    """A shard that stops answering."""

    def __init__(self, shard: Any) -> None:
        self.shard, self.fails = shard, False
        self.documents = shard.documents

    def __getattr__(self, name: str) -> Any:
        if self.fails and name != "close":
            return self.fail
        return getattr(self.shard, name)

    def fail(self, *arguments: Any, **options: Any) -> Any:
        raise OSError("the disk is gone")


def test_a_shard_that_does_not_answer(parts: Path, tmp_path: Path) -> None:
    build_shards(parts, tmp_path / "index", 2, engine="flat")
    folders = [tmp_path / "index" / f"shard-0000{number}" for number in range(2)]
    for allowed in (False, True):
        shards = {str(folder): Failing(ENGINES.get("flat").open(folder)) for folder in folders}
        searcher = ShardedSearcher(tmp_path / "index", shards, allow_partial=allowed)
        [complete] = searcher.search([{"t1": 1, "t5": 2}], 10)
        assert complete.missing_shards == []
        shards[str(folders[1])].fails = True
        # Counts that are known, others, and those that only the first shard has told.
        for query in ({"t1": 1, "t5": 2}, {"t1": 1, "t6": 2}, {"t1": 1, "t6": 2}):
            if allowed:
                [hits] = searcher.search([query], 10)
                assert hits.missing_shards == [str(folders[1])]
                # Without the last shard, t1 is in all documents: it does not count any more.
                with DiscoSearcher(folders[0], LookUp({"q": query}), "flat") as alone:
                    assert alone.search("q", 10) == hits
            else:
                with pytest.raises(DiscoError, match=r"the shard .*shard-00001 did not answer: the disk is gone"):
                    searcher.search([query], 10)
        with pytest.raises(DiscoError, match="shard-00001"):
            searcher.text("no such document")
        shards[str(folders[0])].fails = True
        with pytest.raises(DiscoError, match="none of the shards answered" if allowed else "shard-00000 did not"):
            searcher.search([{"t1": 1}], 10)
        searcher.close()


def test_a_shard_that_is_not_there(parts: Path, tmp_path: Path) -> None:
    build_shards(parts, tmp_path / "index", 2, engine="flat")
    (tmp_path / "index" / "shard-00001").rename(tmp_path / "elsewhere")
    encoder = LookUp(queries())
    with pytest.raises(InputError, match="shard-00001: expected the folder of an index, found nothing"):
        DiscoSearcher(tmp_path / "index", encoder, "flat")
    with DiscoSearcher(tmp_path / "index", encoder, "flat", allow_partial=True) as searcher:
        hits: Any = searcher.search("q1")
        assert len(hits) and hits.missing_shards == [str(tmp_path / "index" / "shard-00001")]


def test_what_cannot_be_searched_as_one(parts: Path, tmp_path: Path, tiny: Tiny) -> None:
    build_shards(parts, tmp_path / "index", 2)
    with pytest.raises(InputError, match="was encoded in another way"):
        DiscoSearcher([tmp_path / "index" / "shard-00000", tiny.index], LookUp({}))
    with pytest.raises(InputError, match="found none"):
        DiscoSearcher([], LookUp({}))


def test_an_interrupted_build_continues(parts: Path, tmp_path: Path) -> None:
    index, sources = tmp_path / "index", plan_shards(parts, tmp_path / "index", 3)
    build_shard(sources[1], index, 1, engine="flat")
    (index / ".shard-00002.123@elsewhere.part").mkdir()
    (index / f".disco.json.999999999@{socket.gethostname()}.part").touch()  # killed at its last step
    before = (index / "shard-00001" / "shard.json").stat().st_mtime_ns
    with pytest.raises(InputError, match="index: not all shards are complete"):
        DiscoSearcher(index, LookUp({}))
    with pytest.raises(InputError, match=r"shard-00001: was built .*: engines 'flat' instead of 'lucene'"):
        build_shards(parts, index, 3)
    with pytest.raises(InputError, match=r"not what an interrupted build of 1 shards leaves"):
        build_shards(parts, index, 1, engine="flat")
    seen: list[int] = []
    assert build_shards(parts, index, 3, engine="flat", progress=seen.append).documents == sum(seen) == SIZE
    assert (index / "shard-00001" / "shard.json").stat().st_mtime_ns == before
    assert not list(index.glob(".disco.json.*"))
    with pytest.raises(InputError, match="already there"):
        build_shards(parts, index, 3, engine="flat")


def test_ids_must_differ_between_shards(tmp_path: Path) -> None:
    some = dict(list(documents().items())[:20])
    for number in range(2):
        write_vectors(tmp_path / "vectors" / f"shard-{number}-of-2", some)
    with pytest.raises(InputError, match=r"20 document id\(s\) belong to more than one document"):
        build_shards(tmp_path / "vectors", tmp_path / "index", 2)
    assert not (tmp_path / "index").exists()


def test_vectors_that_are_not_in_parts(tmp_path: Path) -> None:
    (tmp_path / "vectors.jsonl").write_text('{"id": "a", "contents": "", "vector": {"x": 1}}\n')
    with pytest.raises(InputError, match="expected vector parts"):
        build_shards(tmp_path / "vectors.jsonl", tmp_path / "index", 2)


def test_the_command_line(tmp_path: Path) -> None:
    """The run of a sharded index of real texts and the shipped encoder is that of one index."""
    texts = ["the harbour exports salt", "a choir sings in the old chapel", "the museum opens on sunday"]
    passages = [Passage(f"p{number}", texts[number % 3]) for number in range(40)]
    for number in range(2):  # one part each
        encode_corpus(passages, tmp_path / "vectors", "disco-tiny", shard_id=number, shard_num=2)
    (tmp_path / "topics.tsv").write_text("".join(f"{qid}\t{text}\n" for qid, text in enumerate(texts)))
    disco("index", "--vectors", tmp_path / "vectors", "--index", tmp_path / "one", "--engine", "flat")
    options = ("index", "--vectors", tmp_path / "vectors", "--index", tmp_path / "two", "--engine", "flat")
    assert "two: 40 documents" in disco(*options, "--shards", 2)
    for name in ("one", "two"):
        options = ("--topics", tmp_path / "topics.tsv", "--output", tmp_path / f"{name}.txt", "--engine", "flat")
        disco("search", "--index", tmp_path / name, *options)
    assert (tmp_path / "one.txt").read_bytes() == (tmp_path / "two.txt").read_bytes() != b""
    (tmp_path / "two" / "shard-00001" / "flat" / "flat.json").unlink()
    options = ("--topics", tmp_path / "topics.tsv", "--output", tmp_path / "part.txt", "--engine", "flat")
    with pytest.raises(InputError, match="shard-00001"):
        disco("search", "--index", tmp_path / "two", *options)
    disco("search", "--index", tmp_path / "two", "--allow-partial", *options)
    assert (tmp_path / "part.txt").read_bytes() != b""
