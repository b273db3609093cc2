"""Hooks into the imports of Pyserini and ir_datasets. The ``.pth`` file calls `disco_pyserini.plugin.finder`."""
