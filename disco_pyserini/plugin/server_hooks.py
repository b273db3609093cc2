"""Extensions of Pyserini's REST and MCP servers: an impact index of ours in their configuration, with its texts.

Called by `disco_pyserini.plugin.finder`. Other indexes do not change.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, MutableMapping
from typing import Any

from disco_pyserini.search.encoder_names import is_disco_name


def after_backend(module: Any) -> None:
    """Open configured indexes with our encoders, and read their texts from the same folder."""
    module.load_server_config = _with_texts(module.load_server_config, module.IndexConfig)
    backend = module.SharedSearchBackend
    backend._ensure_index = _from_the_configuration(backend._ensure_index)


def _with_texts(load: Callable[..., Any], index_config: Any) -> Callable[..., Any]:
    """Pyserini reads texts from a second, configured index; without one, let it open the folder again for them."""

    @functools.wraps(load)
    def load_server_config(*args: Any, **kwargs: Any) -> Any:
        indexes, keys = load(*args, **kwargs)
        for name, config in list(indexes.items()):
            if _is_ours(config) and config.base_index is None:
                config.base_index = f"{name} (texts)"
                indexes[config.base_index] = index_config(name=config.base_index, path=config.path, index_type="tf")
        return indexes, keys

    return load_server_config


def _from_the_configuration(ensure: Callable[..., Any]) -> Callable[..., Any]:
    """Without --no-prebuilt-indexes, Pyserini looks a configured impact index up among its prebuilt ones, and fails."""

    @functools.wraps(ensure)
    def _ensure_index(self: Any, index_name: str, **options: Any) -> Any:
        configured: MutableMapping[str, Any] = self._local_indexes
        if index_name in configured and _is_ours(configured[index_name]):
            self = copy.copy(self)  # a shallow copy shares the open indexes and their locks
            self._no_prebuilt_indexes = True
        return ensure(self, index_name, **options)

    return _ensure_index


def _is_ours(config: Any) -> bool:
    return config.index_type == "impact" and is_disco_name(config.encoder)
