"""Writing aside."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from disco_pyserini.errors import DiscoError
from disco_pyserini.files import write_aside


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    """Renaming over ``/dev/null`` as root would take it from every program on the machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    with write_aside(pipe) as file:
        file.write("a run\n")
    reader.join()
    assert found == ["a run\n"]
    assert pipe.is_fifo()


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    with pytest.raises(DiscoError, match="cannot write"), write_aside(tmp_path) as file:
        file.write("a run\n")
    assert tmp_path.is_dir()


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "run.txt"
    path.write_text("before\n")
    with pytest.raises(ValueError, match="stop"), write_aside(path) as file:
        file.write("after\n")
        raise ValueError("stop")
    assert path.read_text() == "before\n"
    assert [found.name for found in tmp_path.iterdir()] == ["run.txt"]
