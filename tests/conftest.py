"""Small real checkpoints, made once per test run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checkpoints import make_checkpoint

# No test may depend on a model hub.
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A masked-LM checkpoint with safetensors weights."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real collections that stand beside the repository on some machines."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real collections are not on this machine")
    return folder
