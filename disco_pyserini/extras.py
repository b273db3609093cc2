"""The extras of this package: what a core install leaves out, and the error that names the extra to install."""

from __future__ import annotations

from importlib.util import find_spec

from disco_pyserini.errors import DiscoError

MODULES = {
    "flat": ("numba",),
    "train": ("datasets", "accelerate"),
    "onnx": ("onnx", "onnxscript"),
    "report": ("matplotlib", "jinja2"),
    "import": ("h5py",),
    "documents": ("pypdf", "docx"),
    "ray": ("ray",),
    "qdrant": ("qdrant_client",),
    "milvus": ("pymilvus",),
    "postgres": ("psycopg",),
    "opensearch": ("opensearchpy",),
    "elasticsearch": ("elasticsearch",),
    "pyterrier": ("pyterrier",),
    "langchain": ("langchain_core",),
    "llama-index": ("llama_index",),
    "haystack": ("haystack",),
    "mteb": ("mteb",),
    "serve": ("fastapi", "fastapi_offline", "uvicorn", "prometheus_client", "mcp"),
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
    if missing := _missing(extra):
        raise DiscoError(
            f"{purpose} needs {' and '.join(missing)}, which a core installation leaves out: "
            f"pip install 'disco-pyserini[{extra}]'"
        )


def has_extra(extra: str) -> bool:
    """Whether an extra is installed."""
    return not _missing(extra)


def _missing(extra: str) -> list[str]:
    return [module for module in MODULES[extra] if find_spec(module) is None]
