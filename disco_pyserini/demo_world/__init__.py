"""A generated conversational collection for demos, tests and benchmarks without real data."""

from disco_pyserini.demo_world.world import DemoWorld

__all__ = ["DemoWorld"]
