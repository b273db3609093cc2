"""How many unusable queries and documents a training run accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from disco_pyserini.errors import InputError


@dataclass
class Tolerance:
    """Counts unusable items and names some of them; refuses them if they are more than a share of all.

    Attributes:
        share: the largest share that is accepted.
        notes: what was left out so far.
    """

    share: float = 0.01
    notes: list[str] = field(default_factory=list)

    def check(self, what: str, bad: Sequence[str], total: int, remedy: str) -> None:
        """Note that ``bad`` were left out, of ``total``.

        Raises:
            InputError: they are more than the share, or all.
        """
        if not bad:
            return
        message = f"{what}: {len(bad):,} of {total:,} ({', '.join(bad[:3])}{', …' if len(bad) > 3 else ''})"
        if len(bad) > self.share * total or len(bad) == total:
            raise InputError(f"{message}: expected at most {self.share:.0%} (data.tolerate): {remedy}")
        self.notes.append(f"left out: {message}")
