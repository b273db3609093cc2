"""Installed from a wheel or in editable mode, the package extends Pyserini's own command by its ``.pth`` file."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from small_indexes import Tiny

from disco_pyserini.search.searcher import DiscoSearcher
from disco_pyserini.trec import write_run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SOURCES = ("disco_pyserini", "encoders", "runs", "setup.py", "setup.cfg", "pyproject.toml", "LICENSE", "README.md")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is needed to install, since building leaves files behind."""
    for name in SOURCES:
        source, target = ROOT / name, tmp_path / "checkout" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, target)
    return tmp_path / "checkout"


@pytest.mark.parametrize("options", [[], ["--editable"]], ids=["wheel", "editable"])
def test_the_stock_command_after_installing(
    checkout: Path, tmp_path: Path, tiny: Tiny, environment: dict[str, str], options: list[str]
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    python, packages = str(tmp_path / "venv" / "bin" / "python"), Path(sysconfig.get_path("purelib"))
    own = tmp_path / "venv" / "lib" / packages.parent.name / "site-packages"
    # The dependencies come from this environment. Its own .pth files do not count there: only ours can be in force.
    (own / "dependencies.pth").write_text(f"{packages}\n")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-build-isolation"]
    install += ["--ignore-installed", "--no-index", "--quiet", *options, str(checkout)]
    subprocess.run(install, check=True, env=environment, capture_output=True, text=True)
    assert (own / "disco_pyserini.pth").exists()

    def run(*arguments: str) -> str:
        done = subprocess.run([python, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    loaded = "[m for m in sys.modules if m.partition('.')[0] in ('disco_pyserini', 'torch', 'jnius', 'pyserini')]"
    assert run("-c", f"import sys; print({loaded})") == "[]\n"
    where = Path(run("-c", "import disco_pyserini; print(disco_pyserini.__file__)").strip()).parent
    assert where == (checkout if options else own) / "disco_pyserini"
    assert run("-c", "from disco_pyserini.cards import cards; print(len(cards()) > 0)") == "True\n"
    world = "from disco_pyserini.demo_world import DemoWorld; print(len(list(DemoWorld(size=60).passages())))"
    assert run("-c", world) == "60\n"
    command = ["-m", "pyserini.search.lucene", "--impact", "--encoder", "disco", "--index", str(tiny.index)]
    command += [
        "--topics",
        str(tiny.topics),
        "--output",
        "run.txt",
        "--hits",
        "10",
        "--batch-size",
        "64",
        "--threads",
        "2",
    ]
    run(*command)
    qids = sorted(tiny.texts)
    with DiscoSearcher(tiny.index) as searcher:
        write_run(searcher.batch_search([tiny.texts[qid] for qid in qids], qids), tmp_path / "expected.txt")
    assert (tmp_path / "run.txt").read_bytes() == (tmp_path / "expected.txt").read_bytes()
    uninstall = [sys.executable, "-m", "pip", "--python", python, "uninstall", "--yes", "--quiet", "disco-pyserini"]
    subprocess.run(uninstall, check=True, env=environment, capture_output=True)
    assert not (own / "disco_pyserini.pth").exists()
