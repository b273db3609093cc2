"""Which searches of Pyserini's command we do ourselves."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from disco_pyserini.plugin import pyserini_hooks


@pytest.mark.parametrize(
    ("options", "ours"),
    [([], True), (["--prcl", "lr"], False), (["--prcl=lr"], False), (["--prcl.alpha", "0.5"], True)],
)
def test_classifier_feedback_is_left_to_pyserini(
    monkeypatch: pytest.MonkeyPatch, options: list[str], ours: bool
) -> None:
    """It writes new scores into the hits, which only Pyserini's own hits allow."""
    searcher = SimpleNamespace(object=SimpleNamespace(use_rm3=lambda: False, use_rocchio=lambda: False))
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", SimpleNamespace(name="pyserini.search.lucene.__main__"))
    monkeypatch.setattr(sys, "argv", ["search", "--impact", *options])
    assert pyserini_hooks._retrieves(searcher, None) is ours
