"""Random kills, full disks and two processes on one output; then the command is run again and its results compared.

A trial is drawn from a seed, and is a small record that can be saved and replayed: ``python -m campaign CASE.json``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from campaign.commands import Command, commands, make_inputs, random_file
from campaign.forked import Forks, Started

_PATIENCE = 600.0
"""Seconds after which a command counts as hung. None takes more than a few on an idle machine."""
_PAGE = 4096
"""The bytes of a page of memory."""


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        command: the name of the command.
        way: ``event``: a signal when the process is about to touch a file; ``time``: after a share of the usual time;
            ``cold``: the same in a new interpreter; ``full``: on a disk that is too small; ``two``: two processes at
            once.
        signal: the signal's number.
        moments: shares of the usual time or number of events: one signal each, the command being run again after each.
            For ``full``, the share of the usual size that it may add. For ``two``, the second process starts after this
            share.
        place: the file system.
    """

    command: str
    way: str
    signal: int
    moments: tuple[float, ...]
    place: str


@dataclass(frozen=True)
class Usual:
    """What a command does when it is left alone.

    Attributes:
        content: a digest of each file of its result.
        answers: a digest of what each of its indexes answers.
        seconds: how long it runs.
        events: how often it touches a file.
        prepared: the bytes on disk before it runs.
        bytes: the bytes on disk after it.
    """

    content: Mapping[str, str]
    answers: Mapping[str, str]
    seconds: float
    events: int
    prepared: int
    bytes: int


class Failure(Exception):
    """A promise that did not hold."""


class Kills:
    """Runs trials.

    Args:
        forks: starts commands.
        folder: a folder for everything that is made.
        known: all commands.
        places: folders on each file system, by its name.
    """

    def __init__(self, forks: Forks, folder: Path, known: list[Command], places: Mapping[str, Path]) -> None:
        self.commands = {command.name: command for command in known}
        self.places = places
        self.signalled = 0
        self._forks = forks
        self._folder = folder
        self._inputs = folder / "inputs"
        self._usual: dict[str, Usual] = {}
        self._number = 0

    def make_inputs(self) -> None:
        """Make the inputs of all commands."""
        self._inputs.mkdir()

        def run(*words: str) -> None:
            self._whole(self._start_words(words, self._inputs), f"making the inputs: {words}")

        make_inputs(self._inputs, run)

    def try_one(self, trial: Trial) -> None:
        """Carry out a trial.

        Raises:
            Failure: a promise did not hold.
        """
        command = self.commands[trial.command]
        usual = self._usually(command)
        self._number += 1
        with self._place(trial, usual) as folder:
            command.prepare(self._inputs, folder)
            if trial.way == "two":
                self._two_at_once(command, trial, folder, usual)
            elif trial.way == "full":
                self._on_a_full_disk(command, trial, folder, usual)
            else:
                for moment in trial.moments:
                    self._kill(command, trial, moment, folder, usual)
            self._continue(command, folder, usual)

    def _usually(self, command: Command) -> Usual:
        if command.name not in self._usual:
            with tempfile.TemporaryDirectory(dir=self._folder) as name:
                folder = Path(name)
                command.prepare(self._inputs, folder)
                prepared = _on_disk(folder)
                count, began = self._folder / "count", time.monotonic()
                self._whole(self._start(command, folder, count=count), command.name)
                seconds = time.monotonic() - began
                size = _on_disk(folder)
                content, answers = command.content(folder), self._answers(command, folder)
                usual = Usual(content, answers, seconds, int(count.read_text()), prepared, size)
            self._usual[command.name] = usual
        return self._usual[command.name]

    def _kill(self, command: Command, trial: Trial, moment: float, folder: Path, usual: Usual) -> None:
        if trial.way == "event":
            event = 1 + int(moment * usual.events)
            started = self._start(command, folder, event=event, number=trial.signal)
        else:
            started = self._start(command, folder, cold=trial.way == "cold")
            seconds = usual.seconds + (8 if trial.way == "cold" else 0)
            if self._forks.wait(started, moment * seconds) is None:
                started.signal(trial.signal)
        code = self._ended(started)
        expected = {0, -signal.SIGKILL, 130, 143}
        if trial.way == "cold" or command.arguments[0] == "-c":
            # Python itself is still loading, or the program is not ours, which alone turns signals into exit codes.
            expected |= {-signal.SIGINT, -signal.SIGTERM, 1}
        if command.content(folder) == dict(usual.content):
            expected.add(-trial.signal)  # all was written, and the interpreter was ending, which has no handlers
        if code not in expected and not _refused(code, started.text):
            raise Failure(f"after signal {trial.signal}: exit code {code}: {started.text[-3000:]}")
        self.signalled += code != 0

    def _two_at_once(self, command: Command, trial: Trial, folder: Path, usual: Usual) -> None:
        first = self._start(command, folder)
        self._forks.wait(first, trial.moments[0] * usual.seconds)
        second = self._start(command, folder)
        for started in (first, second):
            code = self._ended(started)
            if code not in (0, 1, 2) or (code and not _named(started.text)):
                raise Failure(f"two at once: exit code {code}: {started.text[-3000:]}")

    def _on_a_full_disk(self, command: Command, trial: Trial, folder: Path, usual: Usual) -> None:
        started = self._start(command, folder)
        code = self._ended(started)
        if code and not _named(started.text):
            raise Failure(f"on a full disk: exit code {code}: {started.text[-3000:]}")
        subprocess.run(["mount", "-o", "remount,size=1g", folder.parent], check=True)

    def _continue(self, command: Command, folder: Path, usual: Usual) -> None:
        """Run the command again; it may refuse only to replace what is whole already."""
        _wait_for_orphans(folder)
        started = self._start(command, folder)
        code = self._ended(started)
        if code and not _refused(code, started.text):
            raise Failure(f"run again: exit code {code}: {started.text[-3000:]}")
        found = command.content(folder)
        if found != dict(usual.content):
            names = found.keys() ^ usual.content.keys()
            other = [name for name in found if name in usual.content and found[name] != usual.content[name]]
            raise Failure(f"files that should not be here, or are missing: {sorted(names)}; other bytes: {other}")
        if (answers := self._answers(command, folder)) != dict(usual.answers):
            raise Failure(f"other answers of {[name for name in answers if answers[name] != usual.answers.get(name)]}")

    def _answers(self, command: Command, folder: Path) -> dict[str, str]:
        """A digest of what each index answers, by its name."""
        found = {}
        for index in command.indexes:
            run = self._folder / "answers.txt"
            run.unlink(missing_ok=True)
            fill = {"{index}": str(folder / index), "{run}": str(run), "{inputs}": str(self._inputs)}
            words = list(command.answers)
            for name, value in fill.items():
                words = [word.replace(name, value) for word in words]
            self._whole(self._start_words(words, self._folder), "asking the index")
            found[index] = hashlib.sha256(run.read_bytes()).hexdigest()
        return found

    def _start(
        self,
        command: Command,
        folder: Path,
        *,
        cold: bool = False,
        event: int | None = None,
        number: int = signal.SIGKILL,
        count: Path | None = None,
    ) -> Started:
        words = [word.replace("{inputs}", str(self._inputs)) for word in command.arguments]
        if cold:
            return self._forks.start_cold(words, folder, self._log(), command.environment)
        return self._forks.start(
            words, folder, self._log(), command.environment, event=event, number=number, count=count
        )

    def _start_words(self, words: list[str] | tuple[str, ...], folder: Path) -> Started:
        return self._forks.start(words, folder, self._log(), {})

    def _log(self) -> Path:
        self._number += 1
        (self._folder / "logs").mkdir(exist_ok=True)
        return self._folder / "logs" / f"{self._number}.log"

    def _ended(self, started: Started) -> int:
        code = self._forks.wait(started, _PATIENCE)
        if code is None:
            state = subprocess.run(["ps", "-Lp", str(started.pid), "-o", "stat,wchan:30,comm"], capture_output=True)
            started.signal(signal.SIGKILL)
            self._forks.wait(started, _PATIENCE)
            raise Failure(f"hung for {_PATIENCE:.0f} s: {started.text[-2000:]}\n{state.stdout.decode()}")
        return code

    def _whole(self, started: Started, what: str) -> None:
        if code := self._ended(started):
            raise Failure(f"{what}: exit code {code}: {started.text[-3000:]}")
        started.log.unlink()

    @contextmanager
    def _place(self, trial: Trial, usual: Usual) -> Iterator[Path]:
        with ExitStack() as stack:
            if trial.way == "full":
                base = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self._folder)))
                room = usual.prepared + int(trial.moments[0] * usual.bytes) // _PAGE * _PAGE + _PAGE
                subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", base], check=True)
                stack.callback(subprocess.run, ["umount", "-l", base], check=True)
            else:
                base = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self.places[trial.place])))
            folder = base / "work"
            folder.mkdir()
            try:
                yield folder
            finally:
                _wait_for_orphans(folder)


def _on_disk(folder: Path) -> int:
    """The bytes that a folder's files take in a tmpfs, which gives whole pages."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return sum(-(-size // _PAGE) * _PAGE for size in sizes)


def _named(text: str) -> bool:
    """Whether an error came out as one of ours, without a traceback."""
    return "Traceback (most recent call last)" not in text and ("error: " in text or "Error: " in text)


def _refused(code: int, text: str) -> bool:
    """Whether a command did not replace what a run before it had finished."""
    return code == 2 and ("already there" in text or "exists already" in text)


def _wait_for_orphans(folder: Path) -> None:
    """Wait for what a killed command had started: it works in the folder still."""
    end = time.monotonic() + _PATIENCE
    while _processes_in(folder):
        if time.monotonic() > end:
            raise Failure(f"a process that the killed command had started still runs in {folder}")
        time.sleep(0.05)


def _processes_in(folder: Path) -> bool:
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if (process / "cwd").readlink().is_relative_to(folder):
                    return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            except OSError:
                continue
    return False


def draw(chooser: random.Random, known: Mapping[str, Command], places: Mapping[str, Path], full: bool) -> Trial:
    """Draw a trial."""
    names = [name for name, command in known.items() for _ in range(command.chosen)]
    ways = ["event"] * 8 + ["time"] * 8 + ["cold"] + ["two"] * 3 + ["full"] * (2 if full else 0)
    way = chooser.choice(ways)
    number = chooser.choice([signal.SIGKILL] * 4 + [signal.SIGTERM, signal.SIGINT])
    times = chooser.choice([1, 1, 1, 2, 3]) if way in ("event", "time") else 1
    moments = [chooser.random() * (1.5 if way == "full" else 1) for _ in range(times)]
    return Trial(chooser.choice(names), way, int(number), tuple(moments), chooser.choice(sorted(places)))


@contextmanager
def prepared(folder: Path) -> Iterator[Kills]:
    """Everything that trials need: inputs, servers, the process that forks, file systems."""
    from chat import chat_server
    from file_server import file_server

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(20):
            archive.writestr(f"part{number}/file.bin", random_file(20_000, number))
    plain = random_file(8 * 2**20, 99)
    with ExitStack() as stack:
        chat, files = stack.enter_context(chat_server()), stack.enter_context(file_server())
        files.add("plain.bin", plain)
        files.add("packed.zip", packed.getvalue())
        digests = [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in (plain, packed.getvalue())]
        forks = Forks({"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "COLUMNS": "300"})
        stack.callback(forks.close)
        places = {"disk": folder}
        if os.access("/dev/shm", os.W_OK):
            places["memory"] = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        kills = Kills(forks, folder, commands(chat.url, files.url, digests), places)
        kills.make_inputs()
        yield kills


def can_mount() -> bool:
    """Whether small file systems can be mounted here."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4096", "tmpfs", folder], capture_output=True)
        if done.returncode == 0:
            subprocess.run(["umount", folder], check=True)
    return done.returncode == 0


def campaign(seed: int, seconds: float, cases: Path, trials: int | None = None) -> bool:
    """Draw and carry out trials until the time is over; return whether all promises held.

    Failing trials are saved in the folder ``cases``.
    """
    end = time.monotonic() + seconds
    full = can_mount()
    counts: Counter[str] = Counter()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="campaign-") as name, prepared(Path(name)) as kills:
        print(f"kills: seed {seed}, file systems {', '.join(kills.places)}{', full tmpfs' if full else ''}", flush=True)
        number = 0
        while time.monotonic() < end and (trials is None or number < trials):
            trial = draw(random.Random(f"{seed}/{number}"), kills.commands, kills.places, full)
            try:
                kills.try_one(trial)
            except Failure as problem:
                failed += 1
                path = save(trial, cases)
                print(f"FAILED {trial}: {problem}\n  saved as {path}", flush=True)
            counts[trial.way] += 1
            counts[trial.command] += 1
            number += 1
        shutil.rmtree(Path(name) / "logs", ignore_errors=True)
        print(f"kills: {number} trials, {kills.signalled} runs ended by a signal, {failed} failed: {dict(counts)}")
    return not failed


def save(trial: Trial, cases: Path) -> Path:
    """Save a trial for a replay."""
    record = json.dumps(asdict(trial), indent=1)
    cases.mkdir(parents=True, exist_ok=True)
    path = cases / f"kill-{trial.command.replace(' ', '-')}-{hashlib.sha256(record.encode()).hexdigest()[:8]}.json"
    path.write_text(record + "\n")
    return path


def load(path: Path) -> Trial:
    """Read a saved trial."""
    record = json.loads(path.read_text())
    return Trial(**{**record, "moments": tuple(record["moments"])})


def replay(paths: list[Path]) -> None:
    """Carry out saved trials.

    Raises:
        Failure: a promise did not hold.
    """
    with tempfile.TemporaryDirectory(prefix="campaign-") as name, prepared(Path(name)) as kills:
        for path in paths:
            kills.try_one(load(path))
