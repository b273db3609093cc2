"""What the campaign found stays mended: inputs that readers failed on, and kills that a command did not survive."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from campaign.kills import replay
from campaign.readers import READERS, try_bytes

CASES = Path(__file__).parent / "campaign" / "cases"
KILLS = sorted(CASES.glob("kill-*.json"))


@pytest.mark.parametrize("name", [name for name in READERS if name != "server"])
def test_readers(name: str) -> None:
    """Their own examples are read; flipped bytes, and all that was found, get a named error, or are read."""
    reader = READERS[name]()
    draw = random.Random(name)
    for example in reader.examples:
        reader.read(example)
        for _ in range(20):
            place = draw.randrange(len(example))
            try_bytes(reader, example[:place] + bytes([example[place] ^ draw.randrange(1, 256)]) + example[place + 1 :])
    for path in sorted(CASES.glob(f"{name}-????????.bin")):
        try_bytes(reader, path.read_bytes())


@pytest.mark.slow
@pytest.mark.skipif(not KILLS, reason="no kill has failed since its bug was mended")
def test_kills() -> None:
    replay(KILLS)
