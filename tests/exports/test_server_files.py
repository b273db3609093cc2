"""Files and queries for OpenSearch, Elasticsearch and Vespa.

None of their servers can be installed here. A small server takes their place: it records the requests of the official
clients, holds the files that they load, and scores as documented: OpenSearch and Elasticsearch keep 9 bits of a weight.
"""

from __future__ import annotations

import json
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from opensearchpy import OpenSearch
from small_indexes import Vector, Vectors

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.exports import EXPORTERS, Service
from disco_pyserini.exports.lucene_features import kept
from disco_pyserini.flat.flat_searcher import ENGINE
from disco_pyserini.lucene import jvm
from disco_pyserini.search import ENGINES

NAMES = ["opensearch", "elasticsearch", "vespa"]


class Recorder(ThreadingHTTPServer):
    """Holds documents and the requests for them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.requests: list[tuple[str, str, Any]] = []
        self.documents: dict[str, Any] = {}
        self.index: Any = None
        self.broken = False
        self.url = f"http://127.0.0.1:{self.server_port}"

    def best(self, weights: dict[str, float], limit: int, bits: bool) -> list[tuple[str, float]]:
        scores = {}
        for docid, document in self.documents.items():
            values = {term: kept(impact) if bits else impact for term, impact in document["impacts"].items()}
            scores[docid] = float(sum(np.float32(weights[term]) * values.get(term, 0) for term in weights))
        found = [(docid, score) for docid, score in scores.items() if score > 0]
        return sorted(found, key=lambda hit: -hit[1])[:limit]


class Answer(BaseHTTPRequestHandler):
    server: Recorder

    def answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        path = unquote(urlsplit(self.path).path)
        lines = [json.loads(line) for line in raw.splitlines() if line] if path.endswith("_bulk") else []
        body = lines or (json.loads(raw) if raw else None)
        self.server.requests.append((self.command, self.path, body))
        status, reply = (503, {"error": "no shards"}) if self.server.broken else self.reply(path, body)
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = answer

    def reply(self, path: str, body: Any) -> tuple[int, Any]:
        name, _, rest = path.strip("/").partition("/")
        if path.endswith("_bulk"):
            for action, document in zip(body[::2], body[1::2], strict=True):
                self.server.documents[action["index"]["_id"]] = document
            return 200, {"errors": False, "items": []}
        if path.endswith("_search"):
            [(kind, query)] = body["query"].items()
            weights = query["impacts"]["query_tokens"] if kind == "neural_sparse" else query["query_vector"]
            assert kind == "sparse_vector" or max(weights.values()) <= 64
            found = self.server.best(weights, body["size"], bits=True)
            return 200, {"hits": {"hits": [{"_id": docid, "_score": score} for docid, score in found]}}
        if rest.startswith("_doc/"):
            document = self.server.documents.get(rest.removeprefix("_doc/"))
            return (200, {"found": True, "_source": document}) if document else (404, {"found": False})
        if name == "search":
            found = self.server.best(json.loads(body["terms"]), body["hits"], bits=False)
            hits = [{"relevance": score, "fields": {"docid": docid}} for docid, score in found]
            return 200, {"root": {"coverage": {"coverage": 100}, "children": hits}}
        if name == "document":
            document = self.server.documents.get(path.rpartition("/docid/")[2])
            return (200, {"fields": document}) if document else (404, {})
        self.server.index = body
        return 200, {"acknowledged": True}

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Recorder]:
    with Recorder() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def source(vectors: Vectors) -> Vectors:
    """All have one token in common; one has impacts beyond 9 bits."""
    some = list(vectors.documents.items())[:200]
    documents: dict[str, Vector] = {docid: {**vector, "all": 3} for docid, vector in some}
    return Vectors({**documents, "a/b?é": {"large": 65_535, "odd": 515, "all": 1}, "empty": {}}, raw=True)


def load(name: str, server: Recorder, folder: Path) -> None:
    """Load the files as the documentation says, with the official client where there is one."""
    if name == "vespa":
        for path in sorted((folder / "vespa").glob("documents-*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                document = json.loads(line)
                assert document["put"] == f"id:passages:passages::{document['fields']['docid']}"
                server.documents[document["fields"]["docid"]] = document["fields"]
        return
    client: Any = OpenSearch(server.url) if name == "opensearch" else Elasticsearch(server.url)
    client.indices.create(index="passages", body=json.loads((folder / "bulk" / "index.json").read_text()))
    for path in sorted((folder / "bulk").glob("documents-*.ndjson")):
        client.bulk(index="passages", body=path.read_text(encoding="utf-8"))
    client.close()


@pytest.fixture(params=NAMES)
def loaded(request: pytest.FixtureRequest, source: Vectors, server: Recorder, tmp_path: Path) -> tuple[str, Path]:
    export = EXPORTERS.get(request.param)
    assert isinstance(export, Service)
    assert export.at(server.url, "passages", 60)(source, tmp_path / "index") == 201
    load(request.param, server, tmp_path / "index")
    assert len(server.documents) == 201
    return request.param, tmp_path / "index"


def rounded(name: str, source: Vectors) -> Vectors:
    """The vectors as the server keeps them."""
    if name == "vespa":
        return source
    documents = {
        docid: {token: kept(impact) for token, impact in vector.items()} for docid, vector in source.documents.items()
    }
    return Vectors(documents, raw=True)


def test_queries_find_what_the_flat_engine_finds(
    loaded: tuple[str, Path], source: Vectors, server: Recorder, queries: dict[str, Vector], tmp_path: Path
) -> None:
    name, index = loaded
    ENGINE.build(rounded(name, source), tmp_path / "flat")
    flat, searcher = ENGINE.open(tmp_path / "flat"), ENGINES.get(name).open(index)
    wanted = [*list(queries.values())[:25], {"large": 65_535}, {"odd": 3, "all": 9, "tok1": 200}]
    for k in (5, 300):
        found = [[(hit.docid, hit.score) for hit in hits] for hits in searcher.search(wanted, k)]
        assert found == [[(hit.docid, hit.score) for hit in hits] for hits in flat.search(wanted, k)]
    [hit] = searcher.search([{"odd": 3}], 5)[0]
    assert (hit.docid, hit.text) == ("a/b?é", "text of\na/b?é")
    assert hit.score == 3 * (515 if name == "vespa" else 514)
    assert searcher.explain({"odd": 3, "all": 2}, "a/b?é") == {"odd": (3, 515 if name == "vespa" else 514)}
    assert searcher.explain({"odd": 3}, "nothing") is None and searcher.text("nothing") is None
    server.broken = True
    with pytest.raises(DiscoError, match=f"{name} at http"):
        searcher.search([{"odd": 3}], 5)
    searcher.close()


def test_what_is_sent(loaded: tuple[str, Path], source: Vectors, server: Recorder) -> None:
    name, index = loaded
    term = str(source.vocabulary.index("odd"))
    searcher = ENGINES.get(name).open(index)
    searcher.search([{"odd": 512}], 4)
    searcher.close()
    command, path, body = server.requests[-1]
    assert command == "POST"
    if name == "vespa":
        assert path == "/search/"
        assert body["yql"] == "select docid from passages where ({targetHits: 20}wand(impacts, @terms))"
        assert (json.loads(body["terms"]), body["hits"], body["ranking"]) == ({term: 512}, 20, "impacts")
        return
    assert path == "/passages/_search"
    assert (body["size"], body["_source"]) == (20, False)
    if name == "opensearch":
        assert body["query"] == {"neural_sparse": {"impacts": {"query_tokens": {term: 0.5}}}}
        assert server.index["mappings"]["properties"]["impacts"] == {"type": "rank_features"}
    else:
        expected = {"field": "impacts", "query_vector": {term: 512}, "prune": False}
        assert body["query"] == {"sparse_vector": expected}
        field = {"type": "sparse_vector", "index_options": {"prune": False}}
        assert server.index["mappings"]["properties"]["impacts"] == field


def test_the_application_package(source: Vectors, tmp_path: Path) -> None:
    export = EXPORTERS.get("vespa")
    assert isinstance(export, Service)
    with pytest.raises(InputError, match="letters, digits and _ for Vespa, found 'my-passages'"):
        export.at(collection="my-passages")(source, tmp_path / "index")
    export.at(collection="passages")(source, tmp_path / "index")
    package = tmp_path / "index" / "vespa" / "application"
    services = ElementTree.parse(package / "services.xml").getroot()
    [document] = services.iter("document")
    assert document.attrib == {"type": "passages", "mode": "index"}
    schema = (package / "schemas" / "passages.sd").read_text()
    assert schema.count("{") == schema.count("}") and "document passages {" in schema
    ElementTree.parse(package / "search" / "query-profiles" / "default.xml")


def test_long_ids_are_refused(tmp_path: Path) -> None:
    export = EXPORTERS.get("opensearch")
    with pytest.raises(InputError, match="ids of at most 512 bytes, the longest one has 600"):
        export(Vectors({"é" * 300: {"a": 1}}), tmp_path / "index", lambda documents: None)
    assert not (tmp_path / "index").exists()


@pytest.mark.slow
def test_lucene_keeps_nine_bits_of_a_feature() -> None:
    """The class that both servers use, of the Lucene that is here: what it keeps, and that scaling changes no score."""
    java = jvm.start().autoclass
    import jnius  # starts Java

    impacts = [1, 2, 255, 256, 511, 512, 513, 514, 1023, 1025, 4097, 65_535]
    directory = java("org.apache.lucene.store.ByteBuffersDirectory")()
    writer = java("org.apache.lucene.index.IndexWriter")(directory, java("org.apache.lucene.index.IndexWriterConfig")())
    field = java("org.apache.lucene.document.FeatureField")
    for impact in impacts:
        document = java("org.apache.lucene.document.Document")()
        document.add(field("impacts", "7", float(impact)))
        writer.addDocument(document)
    writer.close()
    reader = java("org.apache.lucene.index.DirectoryReader").open(directory)
    searcher = java("org.apache.lucene.search.IndexSearcher")(jnius.cast("org.apache.lucene.index.IndexReader", reader))
    for weight in (1, 77, 255):
        hits = searcher.search(field.newLinearQuery("impacts", "7", weight / 1024), 100).scoreDocs
        scores = {hit.doc: hit.score * 1024 for hit in hits}
        assert scores == {number: kept(impact) * weight for number, impact in enumerate(impacts)}
    reader.close()
