"""What a corpus may be named by."""

from __future__ import annotations

from pathlib import Path

import pytest

from disco_pyserini.datasets.named import open_passages
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.errors import InputError

WORLD = DemoWorld(size=60)


def test_passages_by_the_name_of_a_collection_or_a_file(tmp_path: Path) -> None:
    assert list(open_passages("demo-world/train")) == list(DemoWorld().passages())
    WORLD.write(tmp_path / "world")
    for name in (f"{tmp_path}/world/train", f"{tmp_path}/world/corpus.jsonl"):
        assert list(open_passages(name)) == list(WORLD.passages())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/train", "nowhere/train"),
        ("demo-world", r"expected a split \(train, dev, test\), none was named"),
        ("demo-world/tset", r"expected a split .* found 'tset'"),
    ],
)
def test_unknown_names_are_refused(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(open_passages(name))
