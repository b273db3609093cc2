"""The bar that commands show on a terminal."""

from __future__ import annotations

import re
import time

import pytest

from disco_pyserini.cli.shared import progress_bar


@pytest.mark.slow
def test_the_rate_leaves_out_waiting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as that for a model to be loaded, which takes three times as long as the work here."""
    monkeypatch.setenv("FORCE_COLOR", "1")  # to rich, this is a terminal
    monkeypatch.setenv("COLUMNS", "120")
    with progress_bar("encoding", 400) as done:
        time.sleep(1.5)
        began = time.monotonic()
        for _ in range(40):
            done(10)
            time.sleep(0.0125)
        elapsed = time.monotonic() - began
    printed = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "400/400" in printed
    [*_, rate] = re.findall(r"([\d,]+) passages/s", printed)
    assert int(rate.replace(",", "")) == pytest.approx(400 / elapsed, rel=0.3)


def test_a_log_has_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("encoding", 1) as done:
        done(1)
    assert capsys.readouterr() == ("", "")
