"""Encoding and indexing on a real cluster of several nodes whose workers and nodes are killed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest
from ray_cluster import SmallCluster, small_cluster
from typer.testing import CliRunner

from disco_pyserini.cli.main import app
from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.passages import Passage
from disco_pyserini.ray import worker
from disco_pyserini.ray.cluster import connected
from disco_pyserini.ray.encoding_run import RayWorkers
from disco_pyserini.ray.failures import cause
from disco_pyserini.ray.shard_tasks import build_shards_on_cluster
from disco_pyserini.search import build_shards
from disco_pyserini.vectors import Manifest, encode_corpus
from disco_pyserini.vectors.part_encoding import PartTask
from disco_pyserini.vectors.part_writer import write_parts
from disco_pyserini.vectors.pipeline import space_of

RayActorError = pytest.importorskip("ray.exceptions").RayActorError

PASSAGES = [Passage(f"d{i}", f"the river of city {i} and the author of album {i * 7}") for i in range(240)]
PART = 10


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCluster]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYSERINI_CACHE", str(tmp_path_factory.mktemp("nodes")))
        with small_cluster(nodes=2) as cluster:
            yield cluster


@pytest.fixture(scope="module")
def encoder(checkpoint: Path) -> DiscoDocumentEncoder:
    return document_encoder(str(checkpoint), device="cpu")


@pytest.fixture(scope="module")
def expected(encoder: DiscoDocumentEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("expected") / "vectors"
    write_parts(folder, space_of(encoder), encoder.vocabulary, PASSAGES, encoder.vectors, part_size=PART)
    return folder


def encode_on_cluster(
    folder: Path,
    encoder: DiscoDocumentEncoder,
    passages: Iterable[Passage] = PASSAGES,
    workers: RayWorkers = RayWorkers(total=len(PASSAGES)),  # noqa: B008
    **options: object,
) -> Manifest:
    encode_parts = partial(workers.encode_parts, encoder)
    return write_parts(
        folder,
        space_of(encoder),
        encoder.vocabulary,
        passages,
        encoder.vectors,
        part_size=PART,
        encode_parts=encode_parts,
        **options,  # type: ignore[arg-type]
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_bytes_of_one_machine_whatever_is_killed(
    cluster: SmallCluster,
    encoder: DiscoDocumentEncoder,
    expected: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = 0

    def progress(passages: int) -> None:
        nonlocal done
        done += passages
        if done == 4 * PART:
            assert cluster.kill_worker()
        if done == 8 * PART:
            cluster.kill_node()
        if done == 14 * PART:
            raise KeyboardInterrupt

    folder = tmp_path / "vectors"
    caplog.set_level(logging.INFO, "disco_pyserini")
    with connected(cluster.address):
        with pytest.raises(KeyboardInterrupt):
            encode_on_cluster(folder, encoder, progress=progress)
        before = Manifest.read(folder)
        assert before is not None and len(before.parts) >= 13 and not before.complete
        (folder / before.parts[3].file).write_bytes(b"damaged")
        (folder / before.parts[5].file).unlink()
        assert encode_on_cluster(folder, encoder).complete
    assert content(folder) == content(expected)
    assert "the worker died: Worker exit detail" in caplog.text
    assert "plan: about 240 passages to encode (parts: 24, whole already: 0); 2 workers" in caplog.text


@pytest.mark.slow
def test_the_command(cluster: SmallCluster, checkpoint: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"id": each.id, "contents": each.contents}) + "\n" for each in PASSAGES))
    encode_corpus(str(corpus), tmp_path / "one", str(checkpoint), device="cpu")
    command = ["encode", "--encoder", checkpoint, "--corpus", corpus, "--output", tmp_path / "ray", "--device", "cpu"]
    result = CliRunner().invoke(app, [*map(str, command), "--ray", cluster.address, "--ray-actors", "1"])
    assert result.exit_code == 0 and "240 passages in" in result.stdout
    assert content(tmp_path / "ray") == content(tmp_path / "one")


@pytest.mark.slow
def test_what_cannot_work_is_said(
    cluster: SmallCluster, encoder: DiscoDocumentEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disco_pyserini.ray.encoding_run.versions", lambda: worker.versions() | {"torch": "0.1"})
    with connected(cluster.address):
        with pytest.raises(InputError, match="a node with a core and 3 GPUs for a worker, found none among 3 nodes"):
            next(RayWorkers(gpus=3).encode_parts(encoder, iter([PartTask(0, ["a"], ["b"], True, 9)]), print))
        with pytest.raises(DiscoError, match=r"no worker is left: .*process \d+\): expected torch 0\.1, found 2\."):
            encode_on_cluster(tmp_path / "versions", encoder, workers=RayWorkers(workers=1))


@pytest.mark.slow
def test_a_node_that_cannot_keep_the_weights_and_then_bad_input(
    cluster: SmallCluster, encoder: DiscoDocumentEncoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read = 0

    def twice_when_the_node_is_known() -> Iterator[Passage]:
        nonlocal read
        while read % PART or "going on with 2 workers" not in caplog.text:
            yield Passage(f"d{read}", f"the river of city {read}")
            read += 1
        yield Passage("d3", "again")

    cluster.add_node(PYSERINI_CACHE="/dev/null/cache")
    with connected(cluster.address), pytest.raises(InputError, match="'d3' is used twice"):
        encode_on_cluster(tmp_path / "vectors", encoder, twice_when_the_node_is_known())
    assert "cannot make the folder /dev/null/cache/disco/nodes: Not a directory" in caplog.text
    kept = Manifest.read(tmp_path / "vectors")
    assert kept is not None and kept.passages == read  # what was in progress, too


@pytest.mark.slow
def test_shards_are_built_on_the_cluster(cluster: SmallCluster, expected: Path, tmp_path: Path) -> None:
    with connected(cluster.address):
        summary = build_shards_on_cluster(expected, tmp_path / "ray", 2, engine="flat")
        assert build_shards_on_cluster(expected, tmp_path / "again", 1, engine="flat").documents == 240
    assert summary.documents == build_shards(expected, tmp_path / "one", 2, engine="flat").documents == 240
    assert content(tmp_path / "ray") == content(tmp_path / "one")


def test_wrong_addresses() -> None:
    for address in ("cluster", "host:99999", "http://host:80"):
        with pytest.raises(InputError, match="expected --ray with local, auto, HOST:PORT"), connected(address):
            pass
    refused = r"no Ray cluster answers at 127\.0\.0\.1:9: Connection refused"
    with pytest.raises(DiscoError, match=refused), connected("127.0.0.1:9"):
        pass


def test_what_killed_a_worker() -> None:
    killed = "Worker exit type: {} Worker exit detail: Some common causes include: (1) SIGKILL by the OOM killer"
    assert cause(RayActorError(error_msg=killed.format("SYSTEM_ERROR"))).startswith(
        "the worker died: Worker exit detail"
    )
    assert cause(RayActorError(error_msg=killed.format("NODE_OUT_OF_MEMORY"))).startswith("out of memory")
