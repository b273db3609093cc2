"""Encode on a real cluster of three nodes while workers, nodes and the command itself are killed, until enough were.

    python tests/campaign/ray_kills.py --kills 20
    python tests/campaign/ray_kills.py --kills 20 --namespaces    # nodes are cut off before they are killed

Every run must end with the bytes that one machine writes.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).parents[2]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY)]

from checkpoints import WORDS, make_checkpoint  # noqa: E402
from ray_cluster import SmallCluster, small_cluster  # noqa: E402

from campaign.ray_namespaces import NamespaceCluster, namespace_cluster  # noqa: E402
from disco_pyserini.encoding import document_encoder  # noqa: E402
from disco_pyserini.logs import show_log  # noqa: E402
from disco_pyserini.passages import Passage  # noqa: E402
from disco_pyserini.ray.cluster import connected  # noqa: E402
from disco_pyserini.ray.encoding_run import RayWorkers  # noqa: E402
from disco_pyserini.vectors import Manifest  # noqa: E402
from disco_pyserini.vectors.part_writer import write_parts  # noqa: E402
from disco_pyserini.vectors.pipeline import space_of  # noqa: E402


def encode(folder: Path, checkpoint: Path, address: str | None, number: int = 1200) -> None:
    draw = random.Random(0)
    passages = [Passage(f"d{i}", " ".join(draw.choices(WORDS, k=30)) + f" {i}") for i in range(number)]
    encoder = document_encoder(str(checkpoint), device="cpu")
    arguments = (folder, space_of(encoder), encoder.vocabulary, passages, encoder.vectors)
    if address is None:
        write_parts(*arguments, part_size=20)
        return
    show_log()
    with connected(address):
        write_parts(*arguments, part_size=20, encode_parts=partial(RayWorkers().encode_parts, encoder))


def encode_with_kills(
    cluster: SmallCluster | NamespaceCluster, folder: Path, checkpoint: Path, kills: Counter[str], most: int
) -> None:
    """Encode a corpus, running the command again whenever it was killed."""
    command = [*cluster.prefix, sys.executable, __file__]
    command += ["--folder", str(folder), "--checkpoint", str(checkpoint), "--address", cluster.address]
    process = subprocess.Popen(command)
    while True:
        try:
            if process.wait(random.uniform(2, 6)):
                raise SystemExit(f"the command failed with {process.returncode}")
            return
        except subprocess.TimeoutExpired:
            pass
        manifest = Manifest.read(folder)
        if manifest is None or not manifest.parts or kills.total() >= most:
            continue
        victim = random.choice(["worker", "worker", "node", "command"])
        if victim == "worker" and not cluster.kill_worker():
            continue
        if victim == "node":
            cluster.kill_node()
        if victim == "command":
            process.kill()
            process.wait()
            process = subprocess.Popen(command)
        kills[victim] += 1
        print(f"killed: {dict(kills)}, parts: {len(manifest.parts)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--passages", type=int, default=1200, help=argparse.SUPPRESS)
    parser.add_argument("--namespaces", action="store_true", help="nodes in network namespaces, also cut off (root)")
    for name in ("folder", "checkpoint", "address"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        encode(Path(options.folder), Path(options.checkpoint), options.address, options.passages)
        return
    random.seed(options.seed)
    began, kills, runs = time.monotonic(), Counter[str](), 0
    with TemporaryDirectory() as name:
        base = Path(name)
        os.environ["PYSERINI_CACHE"] = str(base / "cache")
        checkpoint = make_checkpoint(base / "checkpoint")
        encode(base / "one", checkpoint, None)
        with namespace_cluster(3, base / "ray") if options.namespaces else small_cluster(nodes=3) as cluster:
            while kills.total() < options.kills:
                runs += 1
                encode_with_kills(cluster, base / f"run-{runs}", checkpoint, kills, options.kills)
                subprocess.run(["diff", "-r", base / "one", base / f"run-{runs}"], check=True)
    print(f"{runs} runs, {dict(kills)} killed, same bytes every time, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
