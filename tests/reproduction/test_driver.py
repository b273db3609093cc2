"""`disco reproduce` as a user runs it, with a tool that takes milliseconds."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from reproduction.small import RECIPE, calls, make_small, reproduce

from disco_pyserini.errors import InputError
from disco_pyserini.evaluation import Estimate
from disco_pyserini.reproduction.driver import Costs, read_costs
from disco_pyserini.reproduction.verdicts import Verdict, judge


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (0.44004, Verdict.OK),
        (0.44006, Verdict.OKISH),
        (0.4405, Verdict.OKISH),
        (0.4395, Verdict.OKISH),
        (0.4406, Verdict.FAIL),
        (0.9, Verdict.FAIL),
    ],
)
def test_the_rule_of_the_verdicts(measured: float, verdict: Verdict) -> None:
    assert judge(measured, 0.44, 0.0005) is verdict


def test_runs_once_and_compares(tmp_path: Path) -> None:
    make_small(tmp_path)
    done = reproduce(tmp_path, "--collection", "small.yaml")
    assert done.returncode == 0, done.stderr
    assert calls(tmp_path) == ["index", "forwards", "backwards"]
    assert "  MRR        0.6667 [OK]\n" in done.stdout
    assert "  queries         3 [OK]\n" in done.stdout
    assert "expected scores: measured with this tool" in done.stdout
    assert "no published scores to compare with" in done.stdout
    assert "[1/3] reproduction/small/index" in done.stderr
    run = tmp_path / "reproduction" / "small" / "run.test.forwards.txt"
    assert run.with_name(f"{run.name}.command").read_text().splitlines() == [
        "python tool.py index reproduction/small/index data/docs.txt",
        "python tool.py forwards reproduction/small/run.test.forwards.txt reproduction/small/index",
    ]
    again = reproduce(tmp_path, "--collection", "small.yaml")
    assert (again.returncode, again.stdout, calls(tmp_path)) == (0, done.stdout, [])


def test_another_command_is_run_anew_with_all_that_follows(tmp_path: Path) -> None:
    recipe = make_small(tmp_path)
    reproduce(tmp_path, "--collection", "small.yaml")
    calls(tmp_path)
    recipe.write_text(RECIPE.replace("{data}/docs.txt\n    needs", "{data}/docs.txt more\n    needs"))
    assert reproduce(tmp_path, "--collection", "small.yaml", "--condition", "forwards").returncode == 0
    assert calls(tmp_path) == ["index", "forwards"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("MRR: 0.6667", "MRR: 0.6660", "MRR        0.6667 [FAIL] expected 0.666, tolerance 0.0005"),
        ("queries: 3", "queries: 4", "queries         3 [FAIL] expected 4"),
    ],
)
def test_other_scores_fail(tmp_path: Path, before: str, after: str, message: str) -> None:
    make_small(tmp_path, RECIPE.replace(before, after))
    done = reproduce(tmp_path, "--collection", "small.yaml")
    assert message in done.stdout
    assert done.returncode == 1
    assert "not reproduced: small test forwards" in done.stderr


def test_within_the_tolerance_is_okish(tmp_path: Path) -> None:
    make_small(
        tmp_path, RECIPE.replace("MRR: 0.6667", "MRR: 0.6660").replace("baseline:", "tolerance: 0.001\nbaseline:")
    )
    done = reproduce(tmp_path, "--collection", "small.yaml")
    assert "MRR        0.6667 [OKish] expected 0.666, tolerance 0.001" in done.stdout
    assert done.returncode == 0


def test_a_failing_command_is_reported_and_the_others_run(tmp_path: Path) -> None:
    make_small(tmp_path, RECIPE.replace("tool.py forwards", "tool.py fail"))
    done = reproduce(tmp_path, "--collection", "small.yaml")
    assert done.returncode == 1
    assert "[FAIL] python tool.py fail reproduction/small/run.test.forwards.txt" in done.stdout
    assert "exited with code 1" in done.stdout
    assert "the tool has failed" in done.stdout
    assert calls(tmp_path) == ["index", "fail", "backwards"]


def test_a_step_that_fails_is_tried_once(tmp_path: Path) -> None:
    make_small(tmp_path, RECIPE.replace("tool.py index", "tool.py fail"))
    done = reproduce(tmp_path, "--collection", "small.yaml")
    assert done.returncode == 1
    assert calls(tmp_path) == ["fail"]
    assert "reproduction/small/index could not be made: see above" in done.stdout


def test_a_command_that_writes_nothing_has_failed(tmp_path: Path) -> None:
    make_small(tmp_path, RECIPE.replace("python tool.py forwards {run}", "python -c pass {run}"))
    done = reproduce(tmp_path, "--collection", "small.yaml", "--condition", "forwards")
    assert done.returncode == 1
    assert "succeeded, but did not write run.test.forwards.txt" in done.stdout


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    make_small(tmp_path, RECIPE.replace("python tool.py forwards", "no-such-program"))
    done = reproduce(tmp_path, "--collection", "small.yaml", "--condition", "forwards")
    assert done.returncode == 1
    assert "cannot be started: No such file or directory" in done.stdout


def test_ctrl_c_stops_and_the_same_command_continues(tmp_path: Path) -> None:
    recipe = make_small(tmp_path, RECIPE.replace("tool.py backwards", "tool.py slow").replace("backwards, ", "slow, "))
    words = [sys.executable, "-m", "disco_pyserini", "reproduce", "--collection", "small.yaml"]
    process = subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    folder = tmp_path / "reproduction" / "small"
    half = folder / ".part" / "run.test.backwards.txt"
    deadline = time.monotonic() + 60
    while not half.exists() or not half.read_text():
        assert time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "the same command continues after the last finished step" in errors
    assert "Traceback" not in errors
    assert not (folder / "run.test.backwards.txt").exists()
    assert calls(tmp_path) == ["index", "forwards", "slow"]
    recipe.write_text(RECIPE)
    assert reproduce(tmp_path, "--collection", "small.yaml").returncode == 0
    assert calls(tmp_path) == ["backwards"]
    assert "half" not in (folder / "run.test.backwards.txt").read_text()


def test_what_is_missing_is_said_and_counts_when_asked_for(tmp_path: Path) -> None:
    recipe = make_small(tmp_path)
    (tmp_path / "data" / "docs.txt").unlink()
    done = reproduce(tmp_path, "--collection", "small.yaml")
    assert done.returncode == 2
    assert "not run: missing data/docs.txt: cp -r elsewhere data" in done.stdout
    assert "not run, because data or weights are missing: small test forwards" in done.stderr
    assert calls(tmp_path) == []
    recipe.write_text(RECIPE.replace('["{data}/docs.txt"]', '["model:nobody/no-weights"]'))
    done = reproduce(tmp_path, "--collection", "small.yaml")
    assert "missing weights of nobody/no-weights: hf download nobody/no-weights" in done.stdout


def test_missing_judgments_are_missing_data(tmp_path: Path) -> None:
    make_small(tmp_path)
    (tmp_path / "data" / "qrels.txt").unlink()
    done = reproduce(tmp_path, "--collection", "small.yaml")
    assert "not run: missing data/qrels.txt" in done.stdout
    assert done.returncode == 2


def test_a_step_that_resumes_finds_what_was_left(tmp_path: Path) -> None:
    tool = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.open('a').write('x'); sys.exit(p.stat().st_size < 2)"
    recipe = RECIPE.replace(
        "command: python tool.py index {output}/index {data}/docs.txt",
        f'command: [python, -c, "{tool}", "{{output}}/index"]',
    )
    make_small(tmp_path, recipe)
    folder = tmp_path / "reproduction" / "small"
    for resumes, sizes in (("", [1, 1]), ("    resumes: yes\n", [2])):
        (tmp_path / "small.yaml").write_text(recipe.replace("    needs:", f"{resumes}    needs:"))
        for size in sizes:
            reproduce(tmp_path, "--collection", "small.yaml", "--condition", "forwards")
            left = folder / "index" if size == 2 else folder / ".part" / "index"
            assert left.stat().st_size == size


def test_lists_and_shows_without_running(tmp_path: Path) -> None:
    make_small(tmp_path)
    listed = reproduce(tmp_path, "--collection", "small.yaml", "--list")
    assert [word in listed.stdout for word in ("forwards", "measured with this tool", "not published", "ready")] == [
        True
    ] * 4
    shown = reproduce(tmp_path, "--collection", "small.yaml", "--dry-run")
    assert shown.stdout.splitlines() == [
        "# small test forwards",
        "python tool.py index reproduction/small/index data/docs.txt",
        "python tool.py forwards reproduction/small/run.test.forwards.txt reproduction/small/index",
        "disco evaluate --run reproduction/small/run.test.forwards.txt --qrels data/qrels.txt --measures 'MRR R@1'",
        "# small test backwards",
        "python tool.py backwards reproduction/small/run.test.backwards.txt reproduction/small/index",
        "disco evaluate --run reproduction/small/run.test.backwards.txt --qrels data/qrels.txt --measures 'MRR R@1'",
    ]
    assert calls(tmp_path) == []
    assert not (tmp_path / "reproduction").exists()


def states(listed: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    """(condition, state) of each row."""
    rows = [re.split(r" {2,}", line.strip()) for line in listed.stdout.splitlines() if line.startswith(" small ")]
    return [(row[2], row[-1]) for row in rows]


def test_the_list_says_what_can_run_here(tmp_path: Path) -> None:
    recipe = make_small(tmp_path)
    words = ("--collection", "small.yaml", "--list")
    assert reproduce(tmp_path, "--collection", "small.yaml", "--condition", "backwards").returncode == 0
    listed = reproduce(tmp_path, *words)
    assert states(listed) == [("forwards", "ready"), ("backwards", "finished")]
    assert "2 of 2 conditions can run on this machine" in listed.stdout
    # What can run comes first.
    needs = 'query: utterance\n    needs: ["model:nobody/x", "model:nobody/y"]\n'
    recipe.write_text(recipe.read_text().replace("query: utterance\n", needs))
    listed = reproduce(tmp_path, *words)
    assert states(listed) == [("backwards", "finished"), ("forwards", "needs weights")]
    assert listed.stdout.endswith(
        "1 of 2 conditions can run on this machine\n  weights: hf download nobody/x\n  weights: hf download nobody/y\n"
    )
    assert states(reproduce(tmp_path, *words, "--available")) == [("backwards", "finished")]
    (tmp_path / "data" / "qrels.txt").unlink()
    listed = reproduce(tmp_path, *words)
    assert states(listed) == [("forwards", "needs data and weights"), ("backwards", "needs data")]
    assert listed.stdout.count("  data of small: cp -r elsewhere data\n") == 1
    nothing = reproduce(tmp_path, *words, "--available")
    assert nothing.returncode == 2
    assert "none of these conditions can run here" in nothing.stderr


def test_only_what_can_run_is_run(tmp_path: Path) -> None:
    make_small(tmp_path, RECIPE.replace("query: utterance\n", 'query: utterance\n    needs: ["model:nobody/x"]\n'))
    done = reproduce(tmp_path, "--collection", "small.yaml", "--available")
    assert done.returncode == 0, done.stderr
    assert "1 of 1 conditions run" in done.stdout
    assert calls(tmp_path) == ["index", "backwards"]


@pytest.mark.slow
def test_a_long_step_shows_that_it_goes_on(tmp_path: Path) -> None:
    make_small(tmp_path, RECIPE.replace("tool.py forwards", "tool.py talk"))
    done = reproduce(tmp_path, "--collection", "small.yaml", "--condition", "forwards")
    assert re.search(r"\n\[2/2\] 0:0[5-9] 57 % of the work\n", done.stderr)
    assert re.search(r"\n\[2/2\] finished after 0:0[6-9]\n", done.stderr)
    assert "[1/2] finished" not in done.stderr


@pytest.mark.slow
def test_on_a_terminal_a_long_step_shows_its_own_progress_too(tmp_path: Path) -> None:
    make_small(tmp_path, RECIPE.replace("tool.py forwards", "tool.py talk"))
    terminal, end = pty.openpty()
    words = [sys.executable, "-m", "disco_pyserini", "reproduce", "--collection", "small.yaml"]
    process = subprocess.Popen([*words, "--condition", "forwards"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=end)
    os.close(end)
    shown = b""
    with suppress(OSError):  # the terminal's end
        while some := os.read(terminal, 4096):
            shown += some
    os.close(terminal)
    process.wait()
    assert b"[2/2] reproduction/small/run.test.forwards.txt" in shown
    assert b"a warning" in shown
    # The line begins by clearing the bar that the command may have drawn there.
    assert re.search(rb"\r\x1b\[K\[2/2\] 0:0[5-9] 57 % of the work\r\n", shown)


def test_an_output_folder_with_a_backslash(tmp_path: Path) -> None:
    make_small(tmp_path)
    folder = r"out\1\g<0>\d"
    done = reproduce(tmp_path, "--collection", "small.yaml", "--output", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / folder / "small" / "run.test.forwards.txt").exists()


def test_skip_eval_and_display_commands(tmp_path: Path) -> None:
    make_small(tmp_path)
    done = reproduce(
        tmp_path,
        "--collection",
        "small.yaml",
        "--condition",
        "forwards",
        "--skip-eval",
        "--display-commands",
        "--output",
        "o",
    )
    assert done.returncode == 0
    assert "MRR" not in done.stdout
    assert "[2/2] python tool.py forwards o/small/run.test.forwards.txt o/small/index" in done.stderr


def test_bad_requests(tmp_path: Path) -> None:
    make_small(tmp_path)
    unknown = reproduce(tmp_path, "--collection", "small.yaml", "--condition", "forward")
    assert unknown.returncode == 2
    assert "no condition 'forward' here: did you mean 'forwards'?" in unknown.stderr
    assert "--report needs results" in reproduce(tmp_path, "--report", "r.html", "--skip-eval").stderr
    assert "expected a name that ends with .html" in reproduce(tmp_path, "--report", "small.yaml").stderr


COSTS = (
    '{"queries": 3, "flops": 1.5, "dimensions": 2, "by_depth": {"1": {"queries": 3, "flops": 1.5, "dimensions": 2}}}'
)


def test_costs_are_read(tmp_path: Path) -> None:
    (tmp_path / "flops.json").write_text(COSTS)
    assert read_costs(tmp_path / "flops.json") == Costs(1.5, 2.0, {1: Estimate(2.0, 3)})


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"flops": 1.5', '"flops": "x"', "flops: expected a number, found 'x'"),
        ('"flops": 1.5', '"flops": 1e999', "flops: expected a finite number, found inf"),
        ('"flops": 1.5', '"flops": null', "flops: expected a number, found None"),
        ('{"1"', '{"one"', "by_depth.one: expected text like ^[0-9]"),
        ('"dimensions": 2}}', '"x": 2}}', "by_depth.1.dimensions: missing"),
        ('"by_depth": {', '"by_depth": [{', "expected JSON"),
    ],
)
def test_other_costs_are_refused(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in COSTS
    path = tmp_path / "flops.json"
    path.write_text(COSTS.replace(before, after, 1))
    with pytest.raises(InputError) as caught:
        read_costs(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
