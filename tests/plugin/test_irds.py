"""Our collections in ir_datasets, in processes of their own, as the .pth file makes them known."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from published import make_topiocqa, write_lines

from disco_pyserini.datasets.registry import open_collection
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.errors import DiscoError
from disco_pyserini.passages import count_passages, read_passages

ROOT = Path(__file__).parents[2]

HEAD = """
import json, os, re, sys
from pathlib import Path
# The .pth line of this checkout, and no other.
sys.meta_path[:] = [finder for finder in sys.meta_path if "DiscoPyseriniWaits" not in repr(finder)]
source = Path(os.environ["CHECKOUT"], "setup.py").read_text()
names = {}
exec(re.search(r"^PTH_SOURCE = .*?^PTH_LINE = .*?^[)]$", source, flags=re.MULTILINE | re.DOTALL)[0], names)
exec(names["PTH_LINE"])
"""

TOOL = """
import ir_datasets
data = ir_datasets.load("disco/topiocqa/dev")
print(json.dumps({
    "is": repr(data),
    "parent": ir_datasets.docs_parent_id("disco/topiocqa/dev"),
    "docs": [tuple(doc) for doc in data.docs_iter()][:2],
    "sliced": [doc.doc_id for doc in data.docs_iter()[3:5]],
    "looked up": data.docs_store().get("22").text,
    "count": data.docs_count(),
    "query": list(data.queries_iter())[1]._asdict(),
    "fields": data.queries_cls()._fields,
    "qrels": [tuple(qrel) for qrel in data.qrels_iter()][:2],
    "by query": data.qrels_dict()["1_2"],
    "named": sorted(name for name in ir_datasets.registry if name.startswith("disco/")),
    "loaded": sorted({"torch", "jnius", "pyserini", "transformers", "numpy"} & sys.modules.keys() - {"numpy"}),
}))
"""


def run(script: str, tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "CHECKOUT": str(ROOT),
        "IR_DATASETS_HOME": str(tmp_path / "irds"),
        "PYSERINI_CACHE": str(tmp_path / "cache"),
        **variables,
    }
    command = [sys.executable, "-c", HEAD + script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)


def test_topiocqa(tmp_path: Path) -> None:
    make_topiocqa(tmp_path / "cache" / "disco" / "topiocqa")
    done = run(TOOL, tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["is"] == "Dataset(id='disco/topiocqa/dev', provides=['docs', 'queries', 'qrels'])"
    assert found["parent"] == "disco/topiocqa"
    assert found["docs"][0] == ["1", 'Norway [SEP] Kings King "1" of\tNorway']
    assert (found["sliced"], found["count"]) == (["4", "5"], 30)
    assert found["looked up"] == 'Norway [SEP] Kings King "22" of\tNorway'
    assert found["query"] == {
        "query_id": "1_2",
        "text": "when did he die?",
        "conversation": "when did he die? [SEP] Olav, [ SEP] they say [SEP] who was king?",
        "history": [["who was king?", "Olav, [SEP] they say"]],
        "rewrites": {"t5": "rewrite 2"},
        "response": "UNANSWERABLE",
        "conversation_id": "1",
        "turn": 2,
    }
    assert found["fields"][:2] == ["query_id", "text"]
    assert (found["qrels"][0], found["by query"]) == (["1_1", "10", 1, "0"], {"11": 1})
    assert found["loaded"] == []
    named = found["named"]
    assert {"disco/topiocqa", "disco/qrecc/test", "disco/cast2022/test", "disco/ikat2025/test"} <= set(named)
    assert {"disco/demo-world", "disco/demo-world/test"} <= set(named)
    assert {"disco/mtrag/fiqa", "disco/mtrag-un/govt"} <= set(named) and "disco/mtrag" not in named
    # ir_datasets has these itself.
    assert not any(name.startswith(("disco/cast2019", "disco/cast2020")) for name in named)


def test_its_own_command_and_the_switch(tmp_path: Path) -> None:
    make_topiocqa(tmp_path / "cache" / "disco" / "topiocqa")
    export = "sys.argv = ['ir_datasets', 'export', 'disco/topiocqa/dev', 'queries', '--fields', 'query_id', 'text']\n"
    export += "import runpy; runpy.run_module('ir_datasets', run_name='__main__')"
    done = run(export, tmp_path)
    assert done.stdout.splitlines()[:2] == ["1_1\twho was king?", "1_2\twhen did he die?"], done.stderr
    script = "import ir_datasets; print([name for name in ir_datasets.registry if name.startswith('disco/')])"
    assert run(script, tmp_path, DISCO_PYSERINI_PLUGIN="0").stdout == "[]\n"


def test_a_generated_collection(tmp_path: Path) -> None:
    script = (
        "data = __import__('ir_datasets').load('disco/demo-world/test')\n"
        "print(data.docs_store().get('place-000001-climate').text)\n"
        "print(sum(1 for _ in data.docs_iter()), sum(1 for _ in data.queries_iter()), len(data.qrels_dict()))"
    )
    done = run(script, tmp_path)
    text = next(passage.contents for passage in DemoWorld().passages() if passage.id == "place-000001-climate")
    assert done.stdout.splitlines() == [text, "2000 296 296"], done.stderr


def test_passages_of_each_domain(tmp_path: Path) -> None:
    for domain in ("clapnq", "fiqa"):
        place = tmp_path / "cache" / "disco" / "mtrag" / "corpora" / "passage_level"
        write_lines(place / f"{domain}.jsonl", [{"_id": f"{domain}-1", "title": "", "text": "text"}])
    script = (
        "import ir_datasets\n"
        "for name in ('clapnq', 'fiqa'):\n"
        "    print(ir_datasets.load(f'disco/mtrag/{name}').docs_store().get(f'{name}-1'))"
    )
    done = run(script, tmp_path)
    assert done.stdout.splitlines() == [f"GenericDoc(doc_id='{name}-1', text='text')" for name in ("clapnq", "fiqa")]


def test_as_a_corpus_to_encode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_topiocqa(tmp_path / "disco" / "topiocqa")
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path))
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "irds"))
    assert count_passages("irds:disco/topiocqa") is None
    assert [passage.id for passage in read_passages("irds:disco/topiocqa")][:2] == ["1", "2"]


def test_judgments_that_ir_datasets_has(tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file is missing here, ir_datasets is asked, which keeps its own copy."""
    home = tmp_path / "irds" / "trec-cast" / "2020"
    home.mkdir(parents=True)
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "irds"))
    shutil.copy(shared_data / "cast2020" / "2020qrels.txt", home)
    script = (
        "from disco_pyserini.datasets.registry import open_collection\n"
        "print(sum(map(len, open_collection('cast2020').qrels('test').values())))"
    )
    done = run(script, tmp_path)
    assert done.stdout == "40451\n", done.stderr


def test_ir_datasets_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ir_datasets

    def refuse(name: str) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(ir_datasets, "load", refuse)
    with pytest.raises(
        DiscoError, match=r"judgments of trec-cast/v1/2020: no route to host: `disco data get cast2020`"
    ):
        open_collection("cast2020", tmp_path).qrels("test")
