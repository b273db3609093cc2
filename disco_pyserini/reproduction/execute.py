"""Run one command of a recipe, unless its output exists already.

A command writes its output into the folder ``.part``. When it has succeeded, the output is moved to its place, and a
file ``NAME.command`` beside it records the commands that led to it. The output is reused while these stay the same.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.files import write_aside
from disco_pyserini.reproduction.plan import Job, mention

type Running = Callable[[float, str], None]
"""Called while a command runs, with the seconds so far and the last line of its output."""

_GRACE_SECONDS = 5
_TICK_SECONDS = 1
_TAIL_LINES = 15
_TAIL_BYTES = 4096
_LINE_ENDS = re.compile(r"[\r\n]+")
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def is_finished(job: Job) -> bool:
    """Whether the output exists and was made by the same commands."""
    return job.output.exists() and _read(_beside(job.output)) == _commands(job)


def missing(job: Job) -> list[str]:
    """The needs of a job that this machine lacks: paths, and ``model:ID`` for weights."""
    return [need for need in job.needs if not _is_here(need)]


def execute(job: Job, logs: Path, *, terminal: bool = False, running: Running = lambda seconds, line: None) -> None:
    """Run the command of a job whose inputs exist.

    Args:
        job: what to run.
        logs: the folder for the command's output.
        terminal: whether standard error is a terminal. The command then shows its own progress bars there.
        running: called every second.

    Raises:
        InputError: another process makes outputs in the same folder.
        DiscoError: the command failed, or did not write its output, or the file system failed.
        KeyboardInterrupt: the user interrupted the command; it has ended.
    """
    try:
        with _only_run(job.output.parent / ".part") as lock:
            _execute(job, logs, lock, terminal, running)
    except OSError as problem:
        raise DiscoError(f"cannot make {job.output}: {problem.strerror or problem}: {problem.filename}") from problem


@contextmanager
def _only_run(folder: Path) -> Iterator[int | None]:
    """Create the folder and lock it; yield the lock, for the command to inherit.

    If this process is killed, its command may go on for a while, and keeps the lock until it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":  # Windows cannot lock a folder
        yield None
        return
    import fcntl

    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise InputError(
                f"{folder.parent}: another disco reproduce, or a command that one has left behind, writes there: wait "
                "for its end, stop it, or choose another --output"
            ) from problem
        except OSError:
            pass  # some network file systems cannot lock
        yield lock
    finally:
        os.close(lock)


def _execute(job: Job, logs: Path, lock: int | None, terminal: bool, running: Running) -> None:
    aside = job.output.parent / ".part" / job.output.name
    if not (job.resumes and _read(_beside(aside)) == _commands(job)):
        _delete(aside)
    with write_aside(_beside(aside)) as lines:
        lines.write(_commands(job))
    command = [mention(job.output).sub(lambda found: str(aside), word) for word in job.command]
    log = logs / f"{job.output.name}.log"
    logs.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        began = monotonic()
        code = _run(
            _executable(command), file.fileno(), lock, terminal, lambda: running(monotonic() - began, _last_line(log))
        )
    if code or not aside.exists():
        what = f"exited with code {code}" if code else f"succeeded, but did not write {job.output.name}"
        tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_TAIL_LINES:]
        raise DiscoError("\n    ".join([f"{shlex.join(job.command)}: {what}; its output is in {log}", *tail]))
    _delete(_beside(job.output))
    _delete(job.output)
    aside.replace(job.output)
    _beside(aside).replace(_beside(job.output))


def _run(command: Sequence[str], log: int, lock: int | None, terminal: bool, tick: Callable[[], None]) -> int:
    try:
        child = subprocess.Popen(
            [*_wrapper(), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=None if terminal else subprocess.STDOUT,
            pass_fds=() if lock is None else (lock,),
        )
    except OSError as problem:
        raise DiscoError(f"{shlex.join(command)}: cannot be started: {problem.strerror or problem}") from problem
    try:
        while True:
            try:
                return child.wait(_TICK_SECONDS)
            except subprocess.TimeoutExpired:
                tick()
    except BaseException:
        # Ctrl-C on a terminal reaches the command too, which may need time to clean up.
        with suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE_SECONDS)
        if child.poll() is None:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(_GRACE_SECONDS)
            child.kill()
            child.wait()
        raise


def _wrapper() -> list[str]:
    """The words before a command that let it end (SIGTERM) when this process is killed; none where the system cannot.

    Setting that in a fork of this process, which has threads, would not be safe.
    """
    return [sys.executable, "-I", "-S", "-c", _WRAPPER, str(os.getpid())] if sys.platform == "linux" else []


_WRAPPER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    except OSError as problem:
        sys.exit(f"{sys.argv[2]}: cannot be started: {problem.strerror}")
"""


def _last_line(log: Path) -> str:
    """The last line in a file. A progress bar's line ends with a carriage return."""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        text = _TERMINAL_CODES.sub("", file.read().decode("utf-8", errors="replace"))
    return next((line.strip() for line in reversed(_LINE_ENDS.split(text)) if line.strip()), "")


def _executable(command: Sequence[str]) -> list[str]:
    """Take ``python`` and ``disco`` from this environment, whatever the search path says."""
    own = {"python": [sys.executable], "disco": [sys.executable, "-m", "disco_pyserini"]}
    return [*own.get(command[0], command[:1]), *command[1:]]


def _commands(job: Job) -> str:
    return "".join(f"{shlex.join(each.command)}\n" for each in job.history)


def _beside(output: Path) -> Path:
    return output.with_name(f"{output.name}.command")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_here(need: str) -> bool:
    kind, _, name = need.partition(":")
    return _weights_are_here(name) if kind == "model" else Path(need).exists()


def _weights_are_here(model: str) -> bool:
    """Whether the weights are in the hub's cache. Uses no network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model, local_files_only=True))
    except LocalEntryNotFoundError:
        return False
    # An interrupted download leaves a snapshot without weights.
    return any(folder.rglob("*.safetensors")) or any(folder.rglob("*.bin"))
