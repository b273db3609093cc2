"""Coverage-guided fuzzing of every reader of foreign bytes, with atheris.

As a script, it fuzzes one reader until it finds something: ``fuzz.py READER SECONDS SEED FOLDER``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

LARGEST_GROWTH = 512
"""MiB that inputs may take, beyond what the process uses after the examples: 100 to 1,100, by the imports."""

LONGEST = 20
"""Seconds that one input may take, on a machine that does other things."""

_PREFIX = "found-"


def campaign(seed: int, seconds: float, cases: Path, names: Sequence[str] = ()) -> bool:
    """Fuzz readers one after the other, ``seconds`` in all; return whether nothing was found.

    What is found is saved as ``cases/READER-HASH.bin``, which tests/test_cases.py replays.
    """
    from campaign.readers import READERS

    names = names or list(READERS)
    sound = True
    for name in names:
        with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
            words = [name, str(max(1, int(seconds / len(names)))), str(seed), folder]
            log = Path(folder) / "log"
            with log.open("wb") as out:
                code = subprocess.run([sys.executable, __file__, *words], stdout=out, stderr=out).returncode
            text = log.read_text(errors="replace")
            found = [path for path in Path(folder).iterdir() if path.name.startswith(_PREFIX)]
            runs = [line for line in text.splitlines() if line.startswith("Done ")]
            print(f"fuzz {name}: {runs[0] if runs else f'exit code {code}'}, {len(found)} found", flush=True)
            if code or found:
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
    corpus.mkdir()
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
