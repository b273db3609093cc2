"""The campaign: long random tests of what docs/reliability.md promises, which ``make campaign`` runs.

``python -m campaign`` (with ``tests`` in PYTHONPATH) runs all parts, ``python -m campaign kills fuzz`` some of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The helpers of other tests, as pytest finds them.
for _room in ("rewriting", "reproduction", "serving", "vectors"):
    sys.path.append(str(Path(__file__).parents[1] / _room))
