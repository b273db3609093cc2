"""DiSCo for Pyserini: conversational search with distilled SPLADE query encoders.

Names are imported on first use, so that ``import disco_pyserini`` loads neither torch nor Java.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disco_pyserini.conversation import Conversation, Turn, flatten
    from disco_pyserini.encoding import DiscoDocumentEncoder, DiscoQueryEncoder
    from disco_pyserini.errors import DiscoError, InputError
    from disco_pyserini.search.searcher import DiscoSearcher

__version__ = "0.1.0"

_HOME = {
    "Conversation": "conversation",
    "DiscoDocumentEncoder": "encoding",
    "DiscoError": "errors",
    "DiscoQueryEncoder": "encoding",
    "DiscoSearcher": "search.searcher",
    "InputError": "errors",
    "Turn": "conversation",
    "flatten": "conversation",
}

__all__ = [
    "Conversation",
    "DiscoDocumentEncoder",
    "DiscoError",
    "DiscoQueryEncoder",
    "DiscoSearcher",
    "InputError",
    "Turn",
    "flatten",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
