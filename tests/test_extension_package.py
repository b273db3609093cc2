"""Installs the package of docs/extending.md, and uses each of its extensions as a user would."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[1]
PACKAGE = Path(__file__).parent / "extension_package"

# For each chat, (question, rewrite, the article that answers it).
CHATS = {
    "1": [
        ("how do I reset my password", "how do I reset my password", "a1"),
        ("and the pin", "how do I reset the pin", "a2"),
    ],
    "2": [
        ("when does the shop open", "when does the shop open", "a3"),
        ("and on sunday", "when does the shop open on sunday", "a4"),
    ],
}
ARTICLES = {
    "a1": "To reset the password open the settings and choose a new password.",
    "a2": "The pin of the card can be reset at the machine with the old pin.",
    "a3": "The shop opens at nine and closes at six from monday to saturday.",
    "a4": "On sunday the shop opens at ten and closes at two.",
    "a5": "Parcels are sent on the day of the order and arrive in two days.",
    "a6": "A refund takes a week after the parcel came back to the shop.",
}

Disco = Callable[..., str]


def test_the_page_shows_the_files_of_the_package() -> None:
    page = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL))
    files = {
        str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*")
        if path.suffix in (".py", ".toml") and path.name != "__init__.py"
    }
    assert len(files) == 8
    assert shown == files


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the collection, and the vectors of its articles."""
    folder = tmp_path_factory.mktemp("extensions")
    chats = folder / "chats"
    chats.mkdir()
    for split in ("train", "test"):
        with (chats / f"{split}.jsonl").open("w") as lines, (chats / f"{split}.qrels.txt").open("w") as qrels:
            for chat, turns in CHATS.items():
                records = [
                    {"question": question, "answer": ARTICLES[article], "rewrite": rewrite}
                    for question, rewrite, article in turns
                ]
                lines.write(json.dumps({"chat": chat, "turns": records}) + "\n")
                qrels.writelines(f"{chat}_{number} 0 {article} 1\n" for number, (_, _, article) in enumerate(turns, 1))
    articles = [json.dumps({"id": name, "contents": text}) + "\n" for name, text in ARTICLES.items()]
    (chats / "articles.jsonl").write_text("".join(articles))
    return folder


@pytest.fixture(scope="module")
def disco(work: Path, warm_python: str, environment: dict[str, str]) -> Disco:
    """Run a command with the package installed, in the folder ``work``; return what it printed."""
    site = work / "site"
    source = shutil.copytree(PACKAGE, work / "source")  # building leaves files behind
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([*install, "--target", str(site), str(source)], check=True, env=environment)

    def run(*arguments: str | Path) -> str:
        done = subprocess.run(
            [warm_python, "-m", "disco_pyserini", *map(str, arguments)],
            env={**environment, "PYTHONPATH": str(site), "PYSERINI_CACHE": str(work / "cache")},
            cwd=work,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def collection(disco: Disco) -> None:
    disco("data", "get", "support-chats", "--from", "chats")


@pytest.fixture(scope="module")
def vectors(disco: Disco, work: Path) -> Path:
    disco("encode", "--encoder", "disco-tiny", "--corpus", "chats/articles.jsonl", "--output", "vectors")
    return work / "vectors"


@pytest.mark.slow
def test_a_collection(disco: Disco, collection: None, work: Path) -> None:
    rows = [line.split() for line in disco("data", "list").splitlines()]
    assert ["support-chats", "test", "?", "4"] in [row[:4] for row in rows]
    disco("data", "topics", "support-chats", "--split", "test", "--query", "human", "--output", "human.tsv")
    assert (work / "human.tsv").read_text().splitlines()[1] == "1_2\thow do I reset the pin"


@pytest.mark.slow
def test_a_backend_and_an_exporter(disco: Disco, vectors: Path, work: Path) -> None:
    """Double precision changes no impact of these texts; the exported postings are those of the vectors."""
    articles = ("--corpus", "chats/articles.jsonl")
    disco("encode", "--encoder", "disco-tiny", *articles, "--output", "fp64", "--backend", "torch-fp64")
    assert '"backend": "torch-fp64"' in (work / "fp64" / "manifest.json").read_text()
    for folder in ("vectors", "fp64"):
        disco("vectors", "export", "--vectors", folder, "--to", "postings-tsv", "--output", f"{folder}.tsv")
    exported = (work / "fp64.tsv").read_text()
    assert exported == (work / "vectors.tsv").read_text()
    assert {line.split("\t")[0] for line in exported.splitlines()} == set(ARTICLES)
    disco("vectors", "export", "--vectors", "vectors", "--output", "vectors.jsonl")
    records = map(json.loads, (work / "vectors.jsonl").read_text().splitlines())
    rows = [f"{record['id']}\t{token}\t{impact}" for record in records for token, impact in record["vector"].items()]
    assert exported.splitlines() == rows


@pytest.mark.slow
def test_an_engine(disco: Disco, vectors: Path, collection: None, work: Path) -> None:
    """It writes the run that Lucene writes."""
    for engine in ("postings", "lucene"):
        disco("index", "--engine", engine, "--vectors", vectors, "--index", f"index.{engine}")
        named = ("--engine", engine, "--index", f"index.{engine}", "--output", f"run.{engine}.txt")
        disco("search", *named, "--topics", "support-chats/test/conversation")
    run = (work / "run.postings.txt").read_bytes()
    assert len(run.splitlines()) >= 4
    assert run == (work / "run.lucene.txt").read_bytes()


@pytest.mark.slow
def test_a_loss_and_a_sampling_strategy(disco: Disco, vectors: Path, collection: None, work: Path) -> None:
    config = {
        "model": {"document_encoder": "disco-tiny"},
        "data": {"turns": "support-chats/train", "qrels": "support-chats/train", "vectors": "vectors"},
        "teacher": {"rewrites": ["human"]},
        "loss": {"name": "huber", "options": {"delta": 2.0}},
        "sampling": {"strategy": "even-ranks", "candidates": 3},
        "arguments": {"output_dir": "trained", "max_steps": 2, "per_device_train_batch_size": 2, "use_cpu": True},
    }
    (work / "train.yaml").write_text(yaml.safe_dump(config))
    disco("train", "train.yaml", "--logging-steps", "1", "--save-steps", "2")
    [state] = (work / "trained").glob("checkpoint-2/trainer_state.json")
    history = json.loads(state.read_text())["log_history"]
    assert len([entry["huber"] for entry in history if "huber" in entry]) == 2
    assert "even-ranks" in (work / "trained" / "final" / "README.md").read_text()


@pytest.mark.slow
def test_a_fusion_rule(disco: Disco, work: Path) -> None:
    (work / "one.json").write_text(json.dumps({"q": {"a": 9.0, "b": 1.0}}))
    (work / "two.json").write_text(json.dumps({"q": {"b": 5.0, "c": 4.0}}))
    disco(
        "fuse", "--teacher", "one.json", "--teacher", "two.json", "--rule", "reciprocal-rank", "--output", "both.json"
    )
    fused = json.loads((work / "both.json").read_text())["q"]
    assert fused == pytest.approx({"b": 0.5 / 62 + 0.5 / 61, "a": 0.5 / 61, "c": 0.5 / 62})


@pytest.mark.slow
def test_doctor_names_the_package(disco: Disco) -> None:
    lines = disco("doctor").splitlines()
    found = {line[4:].partition(":")[0]: line for line in lines if "(my-extensions)" in line}
    assert {kind: re.search(r"([\w-]+) \(my-extensions\)", line)[1] for kind, line in found.items()} == {  # type: ignore[index]
        "collections": "support-chats",
        "losses": "huber",
        "sampling": "even-ranks",
        "fusion": "reciprocal-rank",
        "backends": "torch-fp64",
        "engines": "postings",
        "exporters": "postings-tsv",
    }


@pytest.mark.slow
def test_doctor_goes_on_after_a_broken_package(tmp_path: Path, environment: dict[str, str]) -> None:
    shutil.copytree(PACKAGE, tmp_path / "source")
    (tmp_path / "source" / "my_extensions" / "engine.py").write_text("raise RuntimeError('out of date')")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    site = tmp_path / "site"
    subprocess.run([*install, "--target", str(site), str(tmp_path / "source")], check=True, env=environment)
    done = subprocess.run(
        [sys.executable, "-m", "disco_pyserini", "doctor"],
        env={**environment, "PYTHONPATH": str(site), "DISCO_PYSERINI_PLUGIN": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "BAD engine postings: failed: the engine 'postings' of the package my-extensions" in done.stdout
    assert "RuntimeError('out of date')" in done.stdout
    assert "ok  engines: lucene, flat, qdrant" in done.stdout and "ok  exporters: " in done.stdout
    assert "error: missing or broken: engine postings" in done.stderr
