"""The extras of this package: what a core install leaves out, and the error that names the extra to install."""

from __future__ import annotations

from importlib.util import find_spec

from disco_pyserini.errors import DiscoError

MODULES = {
    "train": ("datasets", "accelerate"),
    "onnx": ("onnx", "onnxscript"),
    "report": ("matplotlib", "jinja2"),
    "import": ("h5py",),
}
"""The modules that each extra brings."""


def check_extra(extra: str, purpose: str) -> None:
    """Make sure that an extra is installed.

    Args:
        extra: one of `MODULES`.
        purpose: what needs it, as the beginning of a sentence: ``training``, for example.

    Raises:
        DiscoError: a module is missing; the message has the command that installs it.
    """
    missing = [module for module in MODULES[extra] if find_spec(module) is None]
    if missing:
        raise DiscoError(
            f"{purpose} needs {' and '.join(missing)}, which a core installation leaves out: "
            f"pip install 'disco-pyserini[{extra}]'"
        )
