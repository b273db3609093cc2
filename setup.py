"""Puts the ``.pth`` file that lets Pyserini's own commands know our encoders into wheels and editable installs.

Everything else about the package is in setup.cfg.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

PTH_NAME = "disco_pyserini.pth"

# Waits until Pyserini or ir_datasets is imported: until then it costs some microseconds and imports nothing.
# Some environments process their .pth files twice.
PTH_SOURCE = """
class DiscoPyseriniWaits:
    def find_spec(self, name, path=None, target=None):
        if name in ("pyserini", "ir_datasets"):
            try:
                from disco_pyserini.plugin import finder
                return finder.at_start(name, path, target)
            except Exception as problem:
                sys.stderr.write(f"warning: disco-pyserini does not extend {name}: {problem!r}\\n")

if not any(type(finder).__name__ == "DiscoPyseriniWaits" for finder in sys.meta_path):
    sys.meta_path.insert(0, DiscoPyseriniWaits())
"""

# Python runs this one line at every start, as it does with every .pth line that begins with "import".
PTH_LINE = f"import sys; exec({PTH_SOURCE!r}, {{'sys': sys}})\n"


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
