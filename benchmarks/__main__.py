"""``python -m benchmarks NAME``."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = ("index-build", "training")

if len(sys.argv) != 2 or sys.argv[1] not in NAMES:
    sys.exit(f"usage: python -m benchmarks {{{','.join(NAMES)}}}")
import_module(f"benchmarks.{sys.argv[1].replace('-', '_')}").main()
