"""The Dockerfile, by its linter; it is not built here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
HADOLINT = Path(sys.executable).with_name("hadolint")


def lint(text: str) -> str:
    done = subprocess.run([HADOLINT, "--no-color", "-"], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_linter_finds_nothing() -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    assert lint(dockerfile) == ""
    assert "DL3020" in lint(dockerfile.replace("COPY", "ADD"))
    assert 'ENTRYPOINT ["disco", "serve"' in dockerfile
