"""What BM25 costs, on passages few enough to count by hand: `disco index --corpus` and `disco flops --index`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def disco(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "disco_pyserini", *map(str, arguments)], capture_output=True, text=True
    )


@pytest.mark.slow
def test_terms_and_products_of_bm25(tmp_path: Path) -> None:
    passages = {"a": "Salt traders settled here.", "b": "The trader of salt.", "c": "A river.", "d": "Nothing else."}
    (tmp_path / "corpus.jsonl").write_text(
        "".join(json.dumps({"id": docid, "contents": text}) + "\n" for docid, text in passages.items())
    )
    (tmp_path / "topics.tsv").write_text("c_1\tthe salt trader\nc_2\twhich rivers, which glaciers?\n")
    done = disco("index", "--corpus", tmp_path / "corpus.jsonl", "--index", tmp_path / "index")
    assert "4 passages" in done.stdout, done.stderr
    done = disco(
        "flops", "--index", tmp_path / "index", "--topics", tmp_path / "topics.tsv", "--output", tmp_path / "out.json"
    )
    assert done.returncode == 0, done.stderr
    # Stems: salt (in 2 passages) and trader (in 2) of the first; which (in none), river (in 1), glacier (in none).
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["queries"] == 2
    assert found["dimensions"] == 2.5
    assert found["flops"] == pytest.approx((2 / 4 + 2 / 4 + 1 / 4) / 2)
    assert found["by_depth"]["1"] == {"queries": 1, "flops": pytest.approx(1.0), "dimensions": 2.0}
    assert "all" in done.stdout


def test_vectors_or_passages(tmp_path: Path) -> None:
    for arguments in ((), ("--vectors", "v", "--corpus", "c")):
        done = disco("index", "--index", tmp_path / "index", *arguments)
        assert (done.returncode, "either --vectors" in done.stderr) == (2, True)
    (tmp_path / "topics.tsv").write_text("1\tx\n")
    assert "either --vectors" in disco("flops", "--topics", tmp_path / "topics.tsv").stderr
