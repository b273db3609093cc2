"""``python -m benchmarks [NAME]``; without a name, all of them."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = ("index-build", "vectors-on-disk", "training")

chosen = sys.argv[1:] or NAMES
if not set(chosen) <= set(NAMES):
    sys.exit(f"usage: python -m benchmarks [{'|'.join(NAMES)}]")
for name in chosen:
    import_module(f"benchmarks.{name.replace('-', '_')}").main()
