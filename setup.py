"""Puts the ``.pth`` file that lets Pyserini's own commands know our encoders into wheels and editable installs.

Everything else about the package is in setup.cfg.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

PTH_NAME = "disco_pyserini.pth"

# What runs when Pyserini or ir_datasets is imported. A failure is one line on stderr, and no exception.
PTH_SOURCE = """
import sys
spec = None
try:
    from disco_pyserini.plugin import finder
    spec = finder.at_start(*asked)
except Exception as problem:
    try:
        if sys.stderr is not None:
            print(f"warning: disco-pyserini does not extend {asked[0]}: {problem!r}", file=sys.stderr)
    except (OSError, ValueError):
        pass
"""

# Python runs this one line at every start, as it does with every .pth line that begins with "import". It adds a finder
# that waits for the import: a function, since making a class costs more, and compiles PTH_SOURCE only then.
# An environment that processes its .pth files twice gets two finders, which does no harm.
PTH_LINE = (
    "import sys; disco_waits = lambda name, path=None, target=None: "
    f"exec({PTH_SOURCE!r}, found := {{'asked': (name, path, target)}}) or found['spec'] "
    "if name in ('pyserini', 'ir_datasets') else None; "
    "disco_waits.find_spec = disco_waits; disco_waits.__qualname__ = 'DiscoPyseriniWaits'; "
    "sys.meta_path.insert(0, disco_waits)\n"
)


class BuildWithPth(build_py):
    """Also writes the file to the top of the build folder, which becomes site-packages."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            Path(self.build_lib).mkdir(parents=True, exist_ok=True)
            (Path(self.build_lib) / PTH_NAME).write_text(PTH_LINE, encoding="utf-8")

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        return [*super().get_outputs(include_bytecode), str(Path(self.build_lib) / PTH_NAME)]


class EditableWheelWithPth(editable_wheel):
    """Also writes the file into the wheel that stands for an editable install."""

    def _select_strategy(self, *arguments):
        return _StrategyWithPth(super()._select_strategy(*arguments))


class _StrategyWithPth:
    def __init__(self, strategy):
        self.strategy = strategy

    def __enter__(self):
        self.strategy.__enter__()
        return self

    def __exit__(self, *problem):
        return self.strategy.__exit__(*problem)

    def __call__(self, wheel, files, mapping):
        self.strategy(wheel, files, mapping)
        wheel.writestr(PTH_NAME, PTH_LINE)


setup(cmdclass={"build_py": BuildWithPth, "editable_wheel": EditableWheelWithPth})
