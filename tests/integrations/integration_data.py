"""What the tests of the integrations search for, in the first conversation of the demo world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HISTORY = ("How did Lerduvale come into being?", "Lerduvale was founded in 1381 by salt traders.")
QUESTION = "Is it chilly there in winter?"
ANSWER = "place-000002-climate"


@dataclass(frozen=True)
class SmallWorld:
    """The folder of a collection in the common layout, and an index of its passages."""

    folder: Path
    index: Path
