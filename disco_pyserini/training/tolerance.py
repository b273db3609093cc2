"""How many unusable queries and documents a training run accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from disco_pyserini.errors import InputError


@dataclass
class Tolerance:
    """Counts unusable items and names some of them; raises an error if their share is too large.

    Attributes:
        share: the maximum accepted share.
        notes: the items left out so far.
    """

    share: float = 0.01
    notes: list[str] = field(default_factory=list)

    def check(self, what: str, bad: Sequence[str], total: int, remedy: str) -> None:
        """Record that ``bad`` of ``total`` items were left out.

        Raises:
            InputError: they exceed the share, or are all items.
        """
        if not bad:
            return
        message = f"{what}: {len(bad):,} of {total:,} ({', '.join(bad[:3])}{', …' if len(bad) > 3 else ''})"
        if len(bad) > self.share * total or len(bad) == total:
            raise InputError(f"{message}: expected at most {self.share:.0%} (tolerate): {remedy}")
        self.notes.append(f"left out: {message}")
