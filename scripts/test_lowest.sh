#!/usr/bin/env bash
# Runs the fast tests with the lowest versions of all direct dependencies, in an environment of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/pip install --quiet uv
.venv/bin/uv venv --quiet --python 3.12 .venv-lowest
.venv/bin/uv pip install --python .venv-lowest/bin/python --resolution lowest-direct --editable '.[all,dev]'
.venv-lowest/bin/python -m pytest -m 'not slow'
