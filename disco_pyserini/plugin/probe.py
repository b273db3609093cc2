"""Checks that the plugin works, by using it: ``disco doctor`` runs this module in a fresh process.

``python -m disco_pyserini.plugin.probe`` prints a JSON list with one `Probe` for each hook.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from disco_pyserini.lucene import jvm
from disco_pyserini.lucene.impact_index import build_index
from disco_pyserini.passages import Passage
from disco_pyserini.plugin import finder
from disco_pyserini.vectors import encode_corpus, open_vectors

_ENCODER = "disco-tiny"  # its weights ship with the package
_TEXTS = ("the harbour exports salt", "a choir sings in the old chapel", "the museum opens on sunday")


@dataclass(frozen=True, slots=True)
class Probe:
    """The result of checking a hook.

    Attributes:
        feature: what the hook adds, in a few words.
        state: ``active``, ``missing`` (the hook was not called), ``failed``, or ``unused`` (nothing here can use it).
        problem: what went wrong, or what is not installed.
    """

    feature: str
    state: str
    problem: str = ""


def probe() -> list[Probe]:
    """Import the modules that the plugin extends, and use each of its features."""
    return [_probe(*check) for check in _CHECKS]


def _probe(feature: str, module: str, use: Callable[[Any], None]) -> Probe:
    if not finder.is_installed():
        return Probe(feature, "missing", f"{module} is not extended when it is imported")
    try:
        import_module("ir_datasets" if module == "ir_datasets" else "pyserini.search.lucene")
        used = import_module(module)
        if module not in finder.outcomes:
            return Probe(feature, "missing", f"{module} was imported without its hook")
        if problem := finder.outcomes[module]:
            return Probe(feature, "failed", problem)
        use(used)
    except ModuleNotFoundError as problem:
        # Pyserini's servers import it, and Pyserini does not install it.
        return Probe(feature, "unused" if problem.name == "faiss" else "failed", str(problem))
    except (Exception, SystemExit) as problem:  # any error is a result
        return Probe(feature, "failed", repr(problem))
    return Probe(feature, "active")


def _java(jnius: Any) -> None:
    home = jnius.autoclass("java.lang.System").getProperty("java.home")
    if Path(home).resolve() != jvm.choose_java().path.resolve():
        raise RuntimeError(f"expected the Java in {jvm.choose_java().path}, found that in {home}")


def _search(module: Any) -> None:
    """Search a small index through Pyserini's own class, with the encoder given by name."""
    with TemporaryDirectory() as temporary:
        vectors, index = Path(temporary) / "vectors", Path(temporary) / "index"
        passages = [Passage(f"passage{number}", text) for number, text in enumerate(_TEXTS)]
        encode_corpus(passages, vectors, _ENCODER)
        build_index(open_vectors(vectors), index)
        searcher = module.LuceneImpactSearcher(str(index), "disco")
        try:
            hits = searcher.search(_TEXTS[1], k=1)
        finally:
            searcher.close()
    if [hit.docid for hit in hits] != ["passage1"]:
        raise RuntimeError(f"expected passage1 for {_TEXTS[1]!r}, found {hits}")


def _topics(module: Any) -> None:
    if not module.DefaultQueryIterator.from_topics("demo-world/test/utterance").topics:
        raise RuntimeError("demo-world/test/utterance has no topics")


def _servers(module: Any) -> None:
    """Let Pyserini read a configuration, in which an index of ours gets its texts from its own folder."""
    with TemporaryDirectory() as folder:
        config = Path(folder) / "servers.yaml"
        config.write_text("indexes: {ours: {path: ., index_type: impact, encoder: disco}}\n", encoding="utf-8")
        indexes, _ = module.load_server_config(str(config))
    if indexes["ours"].base_index not in indexes:
        raise RuntimeError(f"expected texts for the index, found {indexes}")


def _ir_datasets(module: Any) -> None:
    next(iter(module.load("disco/demo-world/test").queries_iter()))


_CHECKS: tuple[tuple[str, str, Callable[[Any], None]], ...] = (
    ("Pyserini's Java", "jnius", _java),
    ("--encoder disco", "pyserini.search.lucene._impact_searcher", _search),
    ("--topics COLLECTION/SPLIT/QUERY", "pyserini.query_iterator", _topics),
    ("Pyserini's servers", "pyserini.server.backend", _servers),
    ("disco/… in ir_datasets", "ir_datasets", _ir_datasets),
)

if __name__ == "__main__":
    print(json.dumps([asdict(found) for found in probe()]))
