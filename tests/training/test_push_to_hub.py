"""A trained encoder is uploaded to a model hub with its card, and opened by its hub id on another machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hub_server import TOKEN, HubServer, hub_server

from disco_pyserini.encoding import query_encoder
from disco_pyserini.training.distillation import train
from training.conftest import Configure

pytestmark = pytest.mark.slow

TEXT = "when was it built? [SEP] who designed the bridge?"


def run(code: str, hub: HubServer, home: Path, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    environment |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), **variables}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pushed_and_opened_by_its_hub_id(configure: Configure, tmp_path: Path) -> None:
    """A plain encoder and a gated one, which transformers knows only after an import."""
    plain = train(configure("--max-steps", "1", output="plain", licence="apache-2.0")).folder
    gated = train(configure("--max-steps", "1", "--reader", "document", output="gated", licence="apache-2.0")).folder
    push = f"""
from sentence_transformers import SparseEncoder
import disco_pyserini.encoding.gated_splade
SparseEncoder({str(plain)!r}).push_to_hub("me/plain")
SparseEncoder({str(gated)!r}).push_to_hub("me/gated")
"""
    search = f"""
from disco_pyserini import query_encoder
for name in ("me/plain", "me/gated"):
    print(query_encoder(name).encode({TEXT!r}))
"""
    with hub_server() as hub:
        run(push, hub, tmp_path / "here", HF_TOKEN=TOKEN)
        found = run(search, hub, tmp_path / "there").splitlines()
    assert found == [str(query_encoder(str(folder)).encode(TEXT)) for folder in (plain, gated)]
    for name, folder in (("me/plain", plain), ("me/gated", gated)):
        card = hub.repositories[name]["README.md"].decode()
        # Everything that the training wrote, with the hub id in the example.
        local = (folder / "README.md").read_text(encoding="utf-8")
        assert card == local.replace("sparse_encoder_model_id", name)
        assert f'SparseEncoder("{name}")' in card
        assert "## Distillation" in card and "| objective |" in card and "| licence | apache-2.0 |" in card
        fields = yaml.safe_load(card.split("---\n")[1])
        assert fields["license"] == "apache-2.0"
        assert fields["library_name"] == "sentence-transformers"
        assert fields["pipeline_tag"] == "feature-extraction"
        assert "sparse-encoder" in fields["tags"]
