"""Encoding and indexing on a real cluster of several nodes whose workers and nodes are killed."""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import ray
from ray_cluster import SmallCluster
from typer.testing import CliRunner

from disco_pyserini.cli.main import app
from disco_pyserini.encoding import DiscoDocumentEncoder, document_encoder
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.passages import Passage
from disco_pyserini.ray import shard_tasks, worker
from disco_pyserini.ray.cluster import connected
from disco_pyserini.ray.encoding_run import RayWorkers
from disco_pyserini.ray.failures import Failure, tried
from disco_pyserini.ray.shard_tasks import build_shards_on_cluster
from disco_pyserini.search import build_shards
from disco_pyserini.vectors import Manifest, encode_corpus
from disco_pyserini.vectors.part_encoding import PartTask
from disco_pyserini.vectors.part_writer import write_parts
from disco_pyserini.vectors.pipeline import space_of

PASSAGES = [Passage(f"d{i}", f"the river of city {i} and the author of album {i * 7}") for i in range(240)]
PART = 10
TWO_WORKERS = RayWorkers(workers=2)


@pytest.fixture(scope="module", autouse=True)
def _connection(cluster: SmallCluster) -> Iterator[None]:
    with connected(cluster.address):
        yield


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


def bad_workers(log: Path, bad_nodes: int, parts: range) -> type[worker.EncodingWorker]:
    """A worker that fails at these parts on the first nodes where it starts; each failure leaves a file in ``log``.

    On the other nodes it starts when there were six. A worker that has failed goes on when all bad nodes have.
    """

    class BadWorker(worker.EncodingWorker):
        def start(self, setup: worker.Setup) -> worker.Ready | Failure:
            self._bad = False
            for number in range(bad_nodes):
                with suppress(FileExistsError):
                    log.with_name(f"bad-{number}").mkdir()
                    self._bad = True
                    break
            while not self._bad and len(list(log.iterdir())) < 6:
                time.sleep(0.05)
            return super().start(setup)

        def encode(self, task: PartTask) -> worker.Done | Failure:
            while (
                str(os.getpid()) in (failed := {path.suffix[1:] for path in log.iterdir()}) and len(failed) < bad_nodes
            ):
                time.sleep(0.05)
            return tried(self._fail) if self._bad and task.number in parts else super().encode(task)

        def _fail(self) -> worker.Done:
            tempfile.mkstemp(f".{os.getpid()}", dir=log)
            raise RuntimeError("the GPU has fallen off the bus")

    return BadWorker


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the workers of `bad_workers` say that they failed."""
    (tmp_path / "log").mkdir()
    return tmp_path / "log"


@pytest.mark.slow
def test_a_bad_node_ends_no_run(
    encoder: DiscoDocumentEncoder,
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The only node that is ready fails again and again at the only part; the other one is still starting."""
    monkeypatch.setattr("disco_pyserini.ray.part_pool.EncodingWorker", bad_workers(log, 1, range(9)))
    one = (space_of(encoder), encoder.vocabulary, PASSAGES[:PART], encoder.vectors)
    write_parts(tmp_path / "one", *one, part_size=PART)
    assert encode_on_cluster(tmp_path / "ray", encoder, PASSAGES[:PART], TWO_WORKERS).complete
    assert content(tmp_path / "ray") == content(tmp_path / "one")
    assert len(list(log.iterdir())) == 6
    reason = "failed 6 times in a row, the last time: RuntimeError: the GPU has fallen off the bus"
    assert f"{reason}: going on with 1 workers" in caplog.text


@pytest.mark.slow
def test_a_part_is_tried_on_another_node_first(
    encoder: DiscoDocumentEncoder, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up when it has failed on all nodes; the others are kept."""
    monkeypatch.setattr("disco_pyserini.ray.part_pool.EncodingWorker", bad_workers(log, 2, range(5, 6)))
    reason = r"part 5 failed 6 times on 2 nodes, the last time on .*process \d+\): RuntimeError: the GPU has fallen"
    with pytest.raises(DiscoError, match=reason):
        encode_on_cluster(tmp_path / "ray", encoder, workers=TWO_WORKERS)
    kept = Manifest.read(tmp_path / "ray")
    assert kept is not None and kept.parts and not kept.complete


@pytest.mark.slow
def test_every_node_fails(
    encoder: DiscoDocumentEncoder, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disco_pyserini.ray.part_pool.EncodingWorker", bad_workers(log, 2, range(24)))
    node = r".*process \d+\): failed 6 times in a row, the last time: RuntimeError: the GPU has fallen off the bus"
    with pytest.raises(DiscoError, match=f"no worker is left: {node}; {node}"):
        encode_on_cluster(tmp_path / "ray", encoder, workers=TWO_WORKERS)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


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
    encoder: DiscoDocumentEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disco_pyserini.ray.encoding_run.versions", lambda: worker.versions() | {"torch": "0.1"})
    with pytest.raises(InputError, match="a node with a core and 3 GPUs for a worker, found none among 3 nodes"):
        next(RayWorkers(gpus=3).encode_parts(encoder, iter([PartTask(0, ["a"], ["b"], True, 9)]), print))
    with pytest.raises(DiscoError, match=r"no worker is left: .*process \d+\): expected torch 0\.1, found 2\."):
        encode_on_cluster(tmp_path / "versions", encoder, workers=RayWorkers(workers=1))


@pytest.mark.slow
def test_shards_are_built_on_the_cluster(expected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = build_shards_on_cluster(expected, tmp_path / "ray", 2, engine="flat")
    monkeypatch.chdir(expected.parent)  # the nodes' processes are in another folder
    assert build_shards_on_cluster("vectors", tmp_path / "again", 1, engine="flat").documents == 240
    assert summary.documents == build_shards(expected, tmp_path / "one", 2, engine="flat").documents == 240
    assert content(tmp_path / "ray") == content(tmp_path / "one")


@pytest.mark.slow
def test_a_shard_is_built_again_on_another_node(
    expected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also while that one is busy, and the bad node idle: it fails at once."""
    build, bad = shard_tasks._build, tmp_path / "bad"

    def build_or_fail(*arguments: Any) -> str | Failure:
        node = ray.get_runtime_context().get_node_id()
        with suppress(FileExistsError):
            bad.symlink_to(node)
        if bad.readlink().name == node:
            return tried(lambda: str(1 / 0))
        time.sleep(3)
        return build(*arguments)

    monkeypatch.setattr(shard_tasks, "_build", build_or_fail)
    summary = build_shards_on_cluster(expected, tmp_path / "index", 2, engine="flat")
    assert summary.documents == 240
    assert "ZeroDivisionError: division by zero: shard" in caplog.text


@pytest.mark.slow
def test_a_shard_does_not_wait_for_a_node_that_died(
    cluster: SmallCluster, expected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has failed on one node, the other one is busy and dies: it is built on the first."""
    build, bad, busy = shard_tasks._build, tmp_path / "bad", tmp_path / "busy"

    def build_or_wait(*arguments: Any) -> str | Failure:
        node = ray.get_runtime_context().get_node_id()
        with suppress(FileExistsError):
            bad.symlink_to(node)
            return tried(lambda: str(1 / 0))
        if bad.readlink().name != node:
            busy.symlink_to(node)
            time.sleep(600)
        return build(*arguments)

    def lose_the_busy_node() -> None:
        for _ in range(1200):
            time.sleep(0.1)
            if busy.is_symlink():
                break
        time.sleep(3)
        cluster.lose_node(busy.readlink().name)

    monkeypatch.setattr(shard_tasks, "_build", build_or_wait)
    monkeypatch.setattr(shard_tasks, "_LOOK", 1)
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(lose_the_busy_node)
        assert build_shards_on_cluster(expected, tmp_path / "index", 2, engine="flat").documents == 240
        lost.result()
    cluster.add_node()


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
        if done >= 4 * PART and "the worker died: " not in caplog.text:
            cluster.kill_worker()  # the first may be the one of the third node, which nobody waits for
        if done == 8 * PART:
            cluster.kill_node()
        if done >= 14 * PART and "going on with 2 workers" in caplog.text:
            raise KeyboardInterrupt

    folder = tmp_path / "vectors"
    caplog.set_level(logging.INFO, "disco_pyserini")
    # A third node cannot keep the weights.
    with cluster.another_node(PYSERINI_CACHE="/dev/null/cache"), pytest.raises(KeyboardInterrupt):
        encode_on_cluster(folder, encoder, progress=progress)
    assert "cannot make the folder /dev/null/cache/disco/nodes: Not a directory" in caplog.text
    assert "the worker died: " in caplog.text
    assert "plan: about 240 passages to encode (parts: 24, whole already: 0); 3 workers" in caplog.text
    before = Manifest.read(folder)
    assert before is not None and len(before.parts) >= 13 and not before.complete
    (folder / before.parts[3].file).write_bytes(b"damaged")
    (folder / before.parts[5].file).unlink()
    with pytest.raises(InputError, match="'d3' is used twice"):
        encode_on_cluster(folder, encoder, [*PASSAGES, Passage("d3", "again")], RayWorkers(workers=1))
    kept = Manifest.read(folder)
    assert kept is not None and kept.passages == len(PASSAGES)  # what was in progress, too
    assert encode_on_cluster(folder, encoder).complete
    assert content(folder) == content(expected)
    planned = re.findall(r"about ([\d,]+) passages/s each", caplog.text)
    reported = re.findall(r"passages, ([\d,]+) passages/s", caplog.text)
    assert max(map(_number, reported)) < 10 * min(map(_number, planned))
