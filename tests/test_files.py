"""Writing aside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import (
    folder_aside,
    make_folder,
    only_run,
    replace_folder,
    temporary_folder,
    write_aside,
    write_bytes_aside,
)


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


KILLED = """
import os, signal, sys
from functools import partial
from pathlib import Path
from disco_pyserini.files import folder_aside, temporary_folder, write_aside
temporary = partial(temporary_folder, suffix=".vectors")
write = {"file": write_aside, "folder": folder_aside, "temporary": temporary}[sys.argv[1]]
with write(Path(sys.argv[2])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_while_writing(kind: str, path: Path) -> None:
    root = str(Path(__file__).parents[1])
    subprocess.run([sys.executable, "-c", KILLED, kind, str(path)], env={**os.environ, "PYTHONPATH": root})


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("name", ["out", "o[u]t.*", "out.bm25"])
def test_what_a_killed_process_left_is_removed(tmp_path: Path, kind: str, name: str) -> None:
    kill_while_writing(kind, tmp_path / name)
    assert [path.name.startswith(f".{name}.") for path in tmp_path.iterdir()] == [True]
    with (write_aside if kind == "file" else folder_aside)(tmp_path / name):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_ctrl_c_while_a_temporary_folder_is_removed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink, interrupts = os.unlink, [KeyboardInterrupt]

    def interrupted(*args: Any, **kwargs: Any) -> None:
        if interrupts:
            raise interrupts.pop()
        unlink(*args, **kwargs)

    with pytest.raises(KeyboardInterrupt), temporary_folder(tmp_path / "out", ".vectors") as folder:
        (folder / "large").touch()
        monkeypatch.setattr(os, "unlink", interrupted)
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_folder_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    """Those of running processes, of this process, of other hosts and other outputs stay."""
    kill_while_writing("temporary", tmp_path / "out")
    assert len(list(tmp_path.iterdir())) == 1
    host = socket.gethostname()
    others = [
        f".out.vectors.{os.getppid()}@{host}.abcdefgh.part",
        ".out.vectors.999999999@another-host.abcdefgh.part",
        f".out.making.999999999@{host}.abcdefgh.part",
        f".out2.vectors.999999999@{host}.abcdefgh.part",
    ]
    for other in others:
        (tmp_path / other).mkdir()
    with temporary_folder(tmp_path / "out", ".vectors") as first, temporary_folder(tmp_path / "out", ".vectors") as two:
        assert sorted(tmp_path.iterdir()) == sorted([first, two, *(tmp_path / other for other in others)])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_others_write_is_left_alone(tmp_path: Path, kind: str) -> None:
    write = write_bytes_aside if kind == "file" else folder_aside
    host = socket.gethostname()
    others = [
        f".out.{os.getppid()}@{host}.part",  # a running process
        ".out.999999999@another-host.part",  # on shared storage
        f".out.bm25.999999999@{host}.part",  # of another output
        ".out.tsv.part",
    ]
    for other in others:
        (tmp_path / other).write_text("begun")
    (tmp_path / f".out.999999999@{host}.part").write_text("left")
    with write(tmp_path / "out"), write(tmp_path / "out.bm25"):  # type: ignore[operator]
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["out", "out.bm25", *(other for other in others if "bm25" not in other)]
    )


def test_another_process_cannot_write_at_the_same_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    program = (
        "import sys; from pathlib import Path; from disco_pyserini.files import only_run\n"
        "with only_run(Path(sys.argv[1])): print('locked', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    for path in (tmp_path / "file", tmp_path / "new" / "folder"):
        command = [sys.executable, "-c", program, str(path)]
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        assert other.stdout is not None and other.stdout.readline() == b"locked\n"
        with pytest.raises(InputError, match="another run is writing to it"), only_run(path):
            pass
        other.kill()
        other.communicate()
        with only_run(path):
            pass
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder", "new"]


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced(tmp_path: Path, exchange: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not exchange:
        monkeypatch.setattr("disco_pyserini.files._exchange", lambda new, final: False)
        (tmp_path / ".out.old").mkdir()  # left by a killed process
    for text in ("first", "second"):
        with folder_aside(tmp_path / "out", replace=True) as folder:
            (folder / "x").write_text(text)
        assert (tmp_path / "out" / "x").read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_stays_and_what_it_points_to_is_written(tmp_path: Path) -> None:
    """Also if nothing is there yet."""
    (tmp_path / "here").mkdir()
    there = tmp_path / "there"
    for name in ("file", "folder"):
        (tmp_path / "here" / name).symlink_to(there / name)
    for text in ("first", "second"):
        with write_aside(tmp_path / "here" / "file") as lines:
            lines.write(text)
        with folder_aside(tmp_path / "here" / "folder", replace=True) as folder:
            (folder / "x").write_text(text)
        assert (there / "file").read_text() == (there / "folder" / "x").read_text() == text
        new = tmp_path / "new"
        new.mkdir()
        (new / "x").write_text("replaced")
        replace_folder(new, tmp_path / "here" / "folder")
        assert (there / "folder" / "x").read_text() == "replaced"
    assert all(path.is_symlink() for path in (tmp_path / "here").iterdir())
    assert sorted(path.name for path in there.rglob("*")) == ["file", "folder", "x"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "there"]


def test_a_link_to_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    with folder_aside(tmp_path / "link") as folder:
        (folder / "x").touch()
    assert (tmp_path / "empty" / "x").exists() and (tmp_path / "link").is_symlink()


def test_links_in_a_circle_and_files_in_place_of_folders(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    for parent in (tmp_path / "loop", tmp_path / "file"):
        writers = (write_aside(parent / "x"), folder_aside(parent / "x"), temporary_folder(parent / "x", ".y"))
        for writer in writers:
            with (
                pytest.raises(DiscoError, match=r"cannot write .*x: (File exists|Too many levels|Not a directory)"),
                writer,
            ):
                pass
        with pytest.raises(DiscoError, match=r"cannot make the folder .*x: (File exists|Too many|Not a)"):
            make_folder(parent / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop"]
