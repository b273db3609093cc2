"""Run the campaign: ``python -m campaign [PART …]``, or replay saved kills: ``python -m campaign CASE.json …``."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

CASES = Path(__file__).parent / "cases"
MINUTES = "DISCO_CAMPAIGN_MINUTES"
SEED = "DISCO_CAMPAIGN_SEED"
FULL = 480
"""Minutes of the full form."""


def _kills(seed: int, seconds: float) -> bool:
    from campaign.kills import campaign

    return campaign(seed, seconds, CASES)


def _fuzz(seed: int, seconds: float) -> bool:
    from campaign.fuzz import campaign

    return campaign(seed, seconds, CASES)


def _threads(seed: int, seconds: float) -> bool:
    from campaign.threads import campaign

    return campaign(seed, seconds)


def _soak(seed: int, seconds: float) -> bool:
    from campaign.soak import campaign

    return campaign(seed, seconds)


def _properties(seed: int, seconds: float) -> bool:
    """New inputs for the property tests, and requests that schemathesis makes of the server's description."""
    root = Path(__file__).parents[2]
    tests = ["tests/test_properties.py", "tests/search/test_engine_properties.py", "tests/serving/test_openapi.py"]
    command = [sys.executable, "-m", "pytest", "-q", f"--hypothesis-seed={seed}", *tests]
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "campaign"}
    try:
        return subprocess.run(command, cwd=root, env=environment, timeout=seconds).returncode == 0
    except subprocess.TimeoutExpired:
        print(f"properties: nothing found in {seconds:.0f} s", flush=True)
        return True


# What each part gets of the time; in the full form, minutes: 10 for each reader, an hour for the soak.
PARTS: dict[str, tuple[int, Callable[[int, float], bool]]] = {
    "kills": (150, _kills),
    "fuzz": (230, _fuzz),
    "threads": (10, _threads),
    "soak": (60, _soak),
    "properties": (30, _properties),
}


def main() -> None:
    """Run parts one after the other; exit with 1 if one of them found something."""
    words = sys.argv[1:]
    if words and all(word.endswith(".json") for word in words):
        from campaign.kills import replay

        replay([Path(word) for word in words])
        return
    if unknown := [word for word in words if word not in PARTS]:
        sys.exit(f"expected parts ({', '.join(PARTS)}) or saved cases (….json), found {', '.join(unknown)}")
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(1, 10**6))
    minutes = float(os.environ.get(MINUTES) or 60)
    chosen = words or list(PARTS)
    total = sum(PARTS[name][0] for name in chosen)
    print(f"seed {seed} ({SEED}), {minutes:g} minutes ({MINUTES}; the full form has {FULL})", flush=True)
    failed = [name for name in chosen if not PARTS[name][1](seed, 60 * minutes * PARTS[name][0] / total)]
    print(f"found something: {', '.join(failed)}" if failed else "nothing found", flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
