"""Coverage-guided fuzzing of every reader of foreign bytes, with atheris.

As a script, it fuzzes one reader until it finds something: ``fuzz.py READER SECONDS SEED FOLDER``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

LARGEST_GROWTH = 512
"""MiB that inputs may take, beyond what the process uses after the examples: 100 to 1,100, by the imports."""

LONGEST = 20
"""Seconds that one input may take, on a machine that does other things."""

_SLICE = 60
"""Seconds after which a new process goes on with the useful inputs: the HDF5 library keeps a few KiB of each damaged
file, and gets slower."""

_PREFIX = "found-"
_INPUTS = re.compile(r"number_of_executed_units: (\d+)")


def campaign(seed: int, seconds: float, cases: Path, names: Sequence[str] = ()) -> bool:
    """Fuzz readers one after the other, ``seconds`` in all; return whether nothing was found.

    What is found is saved as ``cases/READER-HASH.bin``, which tests/test_cases.py replays.
    """
    from campaign.readers import READERS

    names = names or list(READERS)
    sound = True
    for name in names:
        with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
            end, inputs, runs = time.monotonic() + seconds / len(names), 0, 0
            failed, found = False, list[Path]()
            while not failed and not found and (left := end - time.monotonic()) > 0:
                words = [name, str(max(1, int(min(left, _SLICE)))), str(seed + runs), folder]
                done = subprocess.run(
                    [sys.executable, __file__, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
                )
                text = done.stdout.decode(errors="replace")
                inputs += sum(map(int, _INPUTS.findall(text)))
                runs += 1
                failed, found = done.returncode != 0, sorted(Path(folder).glob(f"{_PREFIX}*"))
            print(f"fuzz {name}: {inputs:,} inputs in {runs} processes, {len(found)} found", flush=True)
            if failed or found:
                sound = False
                print(text[-4000:], flush=True)
            cases.mkdir(parents=True, exist_ok=True)
            for path in found:
                digest = path.name.rpartition("-")[2][:8]
                shutil.copy(path, cases / f"{name}-{digest}.bin")
    return sound


def _fuzz(name: str, seconds: int, seed: int, folder: Path) -> None:
    import atheris
    import psutil

    # What is looked into for coverage: our code, and what parses for it in Python.
    # Not into what numba compiles, which cannot call atheris.
    ours = ["disco_pyserini", "zipfile", "tarfile", "pickletools", "json"]
    with atheris.instrument_imports(include=ours, exclude=["disco_pyserini.flat.kernels"]):
        from campaign.readers import READERS, try_bytes

        reader = READERS[name]()
        for example in reader.examples:
            try_bytes(reader, example)  # imports the rest
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, example in enumerate(reader.examples):
        (corpus / str(number)).write_bytes(example)
    used = psutil.Process().memory_info().rss // 2**20
    options = [
        f"-max_total_time={seconds}", f"-seed={seed or 1}", f"-max_len={reader.longest}", f"-timeout={LONGEST}",
        f"-rss_limit_mb={used + LARGEST_GROWTH}", f"-artifact_prefix={folder}/{_PREFIX}", "-verbosity=1",
        "-print_final_stats=1",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda content: try_bytes(reader, content))
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    _fuzz(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
