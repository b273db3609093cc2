"""A core installation says which extra to install, and setup.cfg has the extras that the code names."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest

from disco_pyserini.extras import MODULES

# What is imported under another name than it is installed by.
PACKAGES = {
    "docx": "python-docx",
    "datasets": "sentence-transformers",
    "accelerate": "sentence-transformers",
    "langchain_core": "langchain-core",
    "llama_index": "llama-index-core",
    "haystack": "haystack-ai",
    "qdrant_client": "qdrant-client",
    "opensearchpy": "opensearch-py",
    "fastapi_offline": "fastapi-offline",
    "prometheus_client": "prometheus-client",
}

USES = {
    "train": "from disco_pyserini.training.distillation import train; train(None)",
    "onnx": (
        "import os; os.environ['PYSERINI_CACHE'] = 'cache'; "
        "from disco_pyserini.cards import cards; from disco_pyserini.encoding.onnx_backend import open_int8; "
        "open_int8(Path(cards()['disco-tiny'].query.model), None, None)"
    ),
    "report": "from disco_pyserini.evaluation.plots import svg_by_depth; svg_by_depth([], 'label', 'salt')",
    "flat": "from disco_pyserini.flat.build import build_index; build_index(None, Path('index'))",
    "documents": (
        "from disco_pyserini import read_passages; Path('a.pdf').write_bytes(b'%PDF'); list(read_passages('a.pdf'))"
    ),
    "import": (
        "from disco_pyserini.vectors.splade_index import open_splade_index; "
        "Path('doc_ids.pkl').write_bytes(b''); Path('array_index.h5py').write_bytes(b''); open_splade_index(Path())"
    ),
    "ray": "from disco_pyserini.ray.cluster import connected; connected('local').__enter__()",
    "pyterrier": "import disco_pyserini.integrations.pyterrier",
    "langchain": "import disco_pyserini.integrations.langchain",
    "llama-index": "import disco_pyserini.integrations.llama_index",
    "haystack": "import disco_pyserini.integrations.haystack",
    "mteb": "import disco_pyserini.integrations.mteb",
    "qdrant": "from disco_pyserini.exports.qdrant import EXPORT; EXPORT(None, Path('index'))",
    "milvus": "from disco_pyserini.exports.milvus import EXPORT; EXPORT(None, Path('index'))",
    "postgres": "from disco_pyserini.exports.pgvector import EXPORT; EXPORT(None, Path('index'))",
    "opensearch": "from disco_pyserini.search import ENGINES; ENGINES.get('opensearch').open(Path('index'))",
    "elasticsearch": "from disco_pyserini.search import ENGINES; ENGINES.get('elasticsearch').open(Path('index'))",
    "serve": "from disco_pyserini.cli.serve import serve; serve(['index'])",
}


def test_every_extra_is_tried() -> None:
    assert USES.keys() == MODULES.keys()


@pytest.mark.parametrize("extra", MODULES)
def test_setup_cfg_has_the_packages(extra: str) -> None:
    assert extra in (metadata("disco-pyserini").get_all("Provides-Extra") or [])
    of_extra = [one for one in requires("disco-pyserini") or [] if re.search(rf"extra == ['\"]{extra}['\"]", one)]
    names = {re.split(r"[^\w-]", one)[0].lower() for one in of_extra}
    assert {PACKAGES.get(module, module) for module in MODULES[extra]} <= names


@pytest.mark.slow
@pytest.mark.parametrize("extra", MODULES)
def test_without_an_extra_the_error_names_it(extra: str, warm_python: str, tmp_path: Path) -> None:
    missing = MODULES[extra][0]
    code = f"""
import importlib.util, sys
from pathlib import Path
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == {missing!r} else find(name, package)
from disco_pyserini.errors import DiscoError
try:
    {USES[extra].replace("; ", chr(10) + "    ")}
except DiscoError as problem:
    print(problem)
"""
    done = subprocess.run([warm_python, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"needs {missing}, which a core installation leaves out" in done.stdout
    assert f"pip install 'disco-pyserini[{extra}]'" in done.stdout
