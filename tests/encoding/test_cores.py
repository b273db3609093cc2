"""How many threads encode: what the container allows, and one for a short text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from disco_pyserini.encoding import cores
from disco_pyserini.serving.threads import encode_threads

EIGHT = set(range(8))


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: EIGHT, raising=False)
    monkeypatch.delenv(cores.VARIABLE, raising=False)
    cores.cores.cache_clear()
    yield
    cores.cores.cache_clear()


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/", {"cpu.max": "max 100000"}, 8),
        ("0::/", {"cpu.max": "250000 100000"}, 2),
        ("0::/", {"cpu.max": "50000 100000"}, 1),
        # The limit of a group around it counts too.
        ("0::/service/job", {"cpu.max": "400000 100000", "service/job/cpu.max": "max 100000"}, 4),
        ("0::/of/the/host", {"cpu.max": "300000 100000"}, 3),
        ("4:memory:/\n3:cpu,cpuacct:/docker/a1", {"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "1e5"}, 2),
        ("3:cpu,cpuacct:/a", {"cpu,cpuacct/a/cpu.cfs_quota_us": "-1", "cpu,cpuacct/a/cpu.cfs_period_us": "100000"}, 8),
        ("3:cpu:/", {"cpu/cpu.cfs_quota_us": "1200000", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ("0::/", {"cpu.max": ""}, 8),
        ("0::/", {}, 8),
    ],
)
def test_limits_of_containers(tmp_path: Path, groups: str, files: dict[str, str], expected: int) -> None:
    (tmp_path / "cgroup").write_text(groups + "\n")
    for name, content in files.items():
        (tmp_path / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fs" / name).write_text(content + "\n")
    assert cores.cores(tmp_path / "fs", tmp_path / "cgroup") == expected
    assert cores.cores(tmp_path / "fs", tmp_path / "none") == 8


def test_short_texts_have_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    available = cores.cores()
    assert cores.threads_for_one_text(256, 22_000_000) == 1
    assert cores.threads_for_one_text(16, 110_000_000) == 1
    assert cores.threads_for_one_text(256, 110_000_000) == available
    monkeypatch.setenv(cores.VARIABLE, "3")
    assert cores.threads_for_one_text(256, 22_000_000) == cores.threads_for_one_text(256, 110_000_000) == 3
    assert encode_threads() == max(1, available // 3)
    monkeypatch.setenv(cores.VARIABLE, "many")
    assert cores.threads_for_one_text(256, 22_000_000) == encode_threads() == 1
