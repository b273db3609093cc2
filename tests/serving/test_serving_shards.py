"""An index in shards is served like any other; a partial answer says so, on every route."""

from __future__ import annotations

from pathlib import Path

from running import PASSAGES, Running, run_server

from disco_pyserini.serving.app import create_app
from disco_pyserini.serving.indexes import IndexSettings
from disco_pyserini.serving.limits import Limits
from disco_pyserini.serving.listening import open_indexes, server_for


def test_shards_are_served_like_one_index(sharded: Path, docs: Path) -> None:
    settings = IndexSettings()
    indexes = open_indexes({"docs": sharded, "one": docs}, settings)
    server = server_for(app := create_app(indexes, settings, Limits()), Limits())
    with run_server(server) as port:
        running = Running(server, port, app)
        one = running.post("/v1/one/search", {"query": "harbour museum", "hits": 4, "explain": True}).json
        several = running.search(query="harbour museum", hits=4, explain=True).json
        assert several["hits"] == one["hits"] != []
        assert several["missing_shards"] == []
        assert running.get("/v1/docs/doc/choir").json["doc"] == PASSAGES["choir"]
        assert running.get("/v1/docs/doc/nothing").error == (404, "unknown_document")


def test_a_partial_answer_says_so(partial: Path) -> None:
    settings = IndexSettings(allow_partial=True)
    indexes = open_indexes({"docs": partial}, settings)
    server = server_for(app := create_app(indexes, settings, Limits()), Limits())
    with run_server(server) as port:
        running = Running(server, port, app)
        answer = running.search(query="harbour museum salt", hits=4)
        assert "salt" in {hit["docid"] for hit in answer.json["hits"]} <= {"salt", "museum"}
        assert answer.json["missing_shards"] == [str(partial / "shard-00001")]
        plain = running.get("/v1/docs/search?query=harbour")
        assert plain.headers["x-missing-shards"] == str(partial / "shard-00001")
        assert running.get("/v1/docs/doc/choir").error == (503, "index_unavailable")
