"""Encode on a real cluster on bad days: a node without memory, a node with a full disk, a head node that is lost.

    python tests/campaign/ray_bad_days.py

Every run must say what happened and where, keep what is whole, and end with the bytes that one machine writes. Root is
needed to mount the small disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).parents[2]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY)]

from checkpoints import make_checkpoint  # noqa: E402
from ray_cluster import SmallCluster, small_cluster  # noqa: E402

from campaign.ray_kills import __file__ as encode_command  # noqa: E402
from campaign.ray_kills import encode  # noqa: E402
from disco_pyserini.vectors import Manifest  # noqa: E402


def start(base: Path, name: str, cluster: SmallCluster, passages: int) -> subprocess.Popen[str]:
    command = [sys.executable, encode_command, "--folder", base / name, "--checkpoint", base / "checkpoint"]
    command += ["--address", cluster.address, "--passages", str(passages)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def expect(log: str, text: str) -> None:
    if text not in log:
        raise SystemExit(f"expected {text!r} in:\n{log}")
    print("    " + next(line for line in log.splitlines() if text in line), flush=True)


def check(base: Path, name: str, cluster: SmallCluster, passages: int, *said: str) -> None:
    """Encode, and look for what has to be said."""
    began = time.monotonic()
    process = start(base, name, cluster, passages)
    _, log = process.communicate()
    print(f"{name}: exit code {process.returncode}, {time.monotonic() - began:.0f} s", flush=True)
    for text in said:
        expect(log, text)
    if process.returncode:
        raise SystemExit(log)
    subprocess.run(["diff", "-r", base / "one", base / name], check=True)


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def lose_the_head(base: Path) -> None:
    """Lose it in the middle; then the same command continues on another cluster."""
    name, passages = "head", 10_000
    os.environ["RAY_gcs_rpc_server_reconnect_timeout_s"] = "15"  # noqa: SIM112, instead of 60
    with small_cluster(nodes=1) as cluster:
        process = start(base, name, cluster, passages)
        while not ((manifest := Manifest.read(base / name)) and manifest.parts):
            time.sleep(0.5)
        began = time.monotonic()
        cluster.kill_head()
        _, log = process.communicate()
        print(f"{name}: exit code {process.returncode} after {time.monotonic() - began:.0f} s", flush=True)
        expect(log, "the head node of the cluster does not answer at")
    kept = Manifest.read(base / name)
    if process.returncode != 1 or kept is None or kept.complete:
        raise SystemExit(f"expected exit code 1 and an incomplete folder, found {process.returncode}, {kept}: {log}")
    print(f"    {len(kept.parts)} parts are kept", flush=True)
    shutil.rmtree(base / "one")
    encode(base / "one", base / "checkpoint", None, passages)
    with small_cluster(nodes=1) as cluster:
        check(base, name, cluster, passages)


def main() -> None:
    with TemporaryDirectory() as name:
        base = Path(name)
        os.environ["PYSERINI_CACHE"] = str(base / "cache")
        encode(base / "one", make_checkpoint(base / "checkpoint"), None)
        with small_cluster(nodes=1) as cluster:
            with full_disk(base / "disk") as disk, cluster.another_node(PYSERINI_CACHE=str(disk)):
                check(base, "full-disk", cluster, 1200, "No space left on device", "going on with 1 workers")
            with cluster.another_node(RAY_memory_usage_threshold="0.01", RAY_memory_monitor_refresh_ms="100"):
                check(base, "memory", cluster, 1200, "out of memory", "going on with 1 workers")
        lose_the_head(base)


if __name__ == "__main__":
    main()
