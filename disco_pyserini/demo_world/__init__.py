"""A generated conversational collection, for demonstrations, tests and benchmarks without real data."""

from disco_pyserini.demo_world.world import DemoWorld

__all__ = ["DemoWorld"]
