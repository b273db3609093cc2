# Everything works on a fresh machine with Python 3.12 or newer. Each target installs what it needs into .venv.
PYTHON ?= $(shell command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo check test test-lowest docs bench clean

demo: $(VENV)/core         ## search a generated collection in six ways
	$(BIN)/disco demo

check: $(VENV)/dev         ## linter, types and fast tests: under 3 minutes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -m 'not slow'

test: $(VENV)/dev          ## linter, types, all tests and the documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

test-lowest: $(VENV)/dev   ## the fast tests with the lowest versions that setup.cfg allows
	scripts/test_lowest.sh

docs: $(VENV)/dev          ## the documentation site, in site/
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs site

bench: $(VENV)/bench       ## all benchmarks
	$(BIN)/python -m benchmarks

$(VENV)/core $(VENV)/dev $(VENV)/bench: setup.cfg setup.py pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.$(EXTRAS)'
	touch $@

$(VENV)/core: EXTRAS :=
$(VENV)/dev: EXTRAS := [all,bench,dev,docs]
$(VENV)/bench: EXTRAS := [all,bench]

clean:
	rm -rf $(VENV) .venv-lowest build site *.egg-info .mypy_cache .ruff_cache .pytest_cache demo
