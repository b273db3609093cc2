"""Run one command of a recipe, unless its output already exists.

A command writes its output into the folder ``.part``. When the command has succeeded, the output is moved into place,
and a file ``NAME.command`` beside it records the commands that led to it. It is reused as long as these are unchanged.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic

from disco_pyserini.errors import DiscoError
from disco_pyserini.files import write_aside
from disco_pyserini.reproduction.plan import Job, mention

_GRACE_SECONDS = 5
_NEWS_SECONDS = 30
_TAIL_LINES = 15
_LINE_BYTES = 2000


type Waiting = Callable[[float, str], None]
"""Called with the seconds since a command started, and the last line it printed."""


def is_finished(job: Job) -> bool:
    """Whether the output exists and was made by the same commands."""
    return job.output.exists() and _read(_beside(job.output)) == _commands(job)


def missing(job: Job) -> list[str]:
    """Return the inputs that this machine lacks: paths, and ``model:ID`` for weights."""
    return [need for need in job.needs if not _is_here(need)]


def execute(job: Job, logs: Path, terminal: bool = False, waiting: Waiting = lambda seconds, last_line: None) -> None:
    """Run the command of a job; its inputs must exist.

    Args:
        job: what to run.
        logs: the folder for the output that the command prints.
        terminal: let the command write its progress and its warnings to the terminal.
        waiting: without a terminal, called every 30 s while the command runs.

    Raises:
        DiscoError: the command failed, or did not write its output.
        KeyboardInterrupt: the user interrupted the command; it has ended.
    """
    aside = job.output.parent / ".part" / job.output.name
    if not (job.resumes and _read(_beside(aside)) == _commands(job)):
        _delete(aside)
    with write_aside(_beside(aside)) as lines:
        lines.write(_commands(job))
    command = [mention(job.output).sub(str(aside), word) for word in job.command]
    log = logs / f"{job.output.name}.log"
    logs.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        said = None if terminal else lambda seconds: waiting(seconds, _last_line(log))
        code = _run(_executable(command), file.fileno(), terminal, said)
    if code or not aside.exists():
        what = f"exited with code {code}" if code else f"succeeded, but did not write {job.output.name}"
        tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_TAIL_LINES:]
        raise DiscoError("\n    ".join([f"{shlex.join(job.command)}: {what}; all it printed: {log}", *tail]))
    _delete(_beside(job.output))
    _delete(job.output)
    aside.replace(job.output)
    _beside(aside).replace(_beside(job.output))


def _run(command: Sequence[str], log: int, terminal: bool, waiting: Callable[[float], None] | None) -> int:
    began = monotonic()
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=None if terminal else subprocess.STDOUT
        )
    except OSError as problem:
        raise DiscoError(f"{shlex.join(command)}: cannot be started: {problem.strerror or problem}") from problem
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return child.wait(_NEWS_SECONDS if waiting else None)
            if waiting:
                waiting(monotonic() - began)
    except BaseException:
        # Ctrl-C on a terminal also reaches the command, which may need time to clean up.
        with suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE_SECONDS)
        if child.poll() is None:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(_GRACE_SECONDS)
            child.kill()
            child.wait()
        raise


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LINE_BYTES))
        lines = re.split(r"[\r\n]+", file.read().decode(errors="replace").strip())
    return lines[-1].strip()


def _executable(command: Sequence[str]) -> list[str]:
    """Resolve ``python`` and ``disco`` to those of this environment, regardless of PATH."""
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
    """Whether the weights are in the hub's cache; makes no network request."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model, local_files_only=True))
    except LocalEntryNotFoundError:
        return False
    # An interrupted download can leave a snapshot without weights; it does not count.
    return any(folder.rglob("*.safetensors")) or any(folder.rglob("*.bin"))
