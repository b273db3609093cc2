"""``python -m disco_pyserini``: the same as the ``disco`` command."""

from disco_pyserini.cli.main import main

main()
