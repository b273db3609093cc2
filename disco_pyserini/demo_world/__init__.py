"""A generated conversational collection, to train, try out and measure with when no real one is at hand."""

from disco_pyserini.demo_world.world import DemoWorld

__all__ = ["DemoWorld"]
