# Everything works on a fresh machine with Python 3.12 or newer. Each target installs what it needs into .venv.
PYTHON ?= $(shell command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo check test test-lowest campaign audit licences docs bench bench-full clean

demo: $(VENV)/core         ## search a generated collection in six ways
	$(BIN)/disco demo

check: $(VENV)/dev         ## linter, types and fast tests: under 3 minutes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -m 'not slow'

test: export OMP_NUM_THREADS = 1
test: $(VENV)/dev          ## linter, types, all tests and the documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --no-loadscope-reorder --max-worker-restart 0

test-lowest: $(VENV)/dev   ## the fast tests with the lowest versions that setup.cfg allows
	scripts/test_lowest.sh

campaign: export OMP_NUM_THREADS = 1
campaign: $(VENV)/campaign ## kills, fuzzing, threads, a soak: DISCO_CAMPAIGN_MINUTES (60), DISCO_CAMPAIGN_SEED
	PYTHONPATH=tests:. $(BIN)/python -m campaign

audit: $(VENV)/campaign    ## known vulnerabilities of the installed packages
	$(BIN)/pip freeze --exclude-editable | \
		$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement /dev/stdin

licences: $(VENV)/dev      ## docs/licences.md: the packages that an installation brings, and their licences
	$(BIN)/python scripts/licences.py docs/licences.md

docs: $(VENV)/dev          ## the documentation site, in site/
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs site

bench: $(VENV)/bench       ## all benchmarks in quick sizes: under 30 minutes on two cores
	$(BIN)/python -m benchmarks

bench-full: $(VENV)/bench  ## all sizes and rounds, for the documentation
	$(BIN)/python -m benchmarks --full

$(VENV)/core $(VENV)/dev $(VENV)/bench $(VENV)/campaign: setup.cfg setup.py pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.$(EXTRAS)'
	touch $@

$(VENV)/core: EXTRAS :=
$(VENV)/dev: EXTRAS := [all,bench,dev,docs]
$(VENV)/bench: EXTRAS := [all,bench]
$(VENV)/campaign: EXTRAS := [all,dev,campaign]

clean:
	rm -rf $(VENV) .venv-lowest build site *.egg-info .mypy_cache .ruff_cache .pytest_cache demo
