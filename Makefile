# Everything a person does with this repository. Needs sh, make and python3 (3.11 or newer), nothing else.
.DEFAULT_GOAL := help
.PHONY: help setup run demo test check fix bench pollock soak promises clean machine

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A stamp stands for an installed list of requirements; it is older than the list when the list has changed.
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
# Tests wait for servers, browsers and disks most of the time: three at once keep two cores busy.
WORKERS ?= 3
BENCH_VENV := .venv-bench
BENCH_STAMP := $(BENCH_VENV)/.installed-bench
PIP := -m pip install --quiet --disable-pip-version-check

help: ## say what there is (this list)
	@echo "Handoff: make <target>"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 13

setup: $(DEV_STAMP) machine ## install what running, testing and checking need (pip, and apt-get where it may)

run: $(RUN_STAMP) ## start the dashboard on http://127.0.0.1:8501 (data in data/ or $HANDOFF_HOME)
	@exec $(BIN)/streamlit run app.py

demo: $(RUN_STAMP) ## show Handoff at work on made-up data, all on this machine (PORT=8501); Ctrl-C removes it
	@exec $(BIN)/python -m engine.demo

test: $(DEV_STAMP) machine ## run all tests but soak and bench; sets up first what is missing
	@$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder -m "not soak and not bench" $(TESTS)

check: $(DEV_STAMP) ## lint, types, import rules and the order of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/tidy

fix: $(DEV_STAMP) ## let ruff mend and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV_STAMP) $(BENCH_STAMP) ## measure the import beside its peers (takes minutes)
	@$(BIN)/python -m pytest -q -m bench tests/bench
	@$(BIN)/python -m tests.bench

pollock: $(DEV_STAMP) ## score the reading of damaged files (Pollock, in the folder $HANDOFF_DATA)
	@$(BIN)/python -m tests.bench.pollock

soak: $(DEV_STAMP) machine ## run the tests that take long
	@$(BIN)/python -m pytest -m soak $(TESTS)

promises: $(DEV_STAMP) ## list the promises and faults that no test keeps
	@$(BIN)/python -m tests.promises

clean: ## remove the virtual environments and caches; data/ stays
	rm -rf $(VENV) $(BENCH_VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

machine:
	@sh tests/setup_machine.sh

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Handoff needs Python 3.11 or newer; set PYTHON to one: make PYTHON=python3.12 setup"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements.txt | $(BIN)/python
	$(BIN)/python $(PIP) -r requirements.txt
	@touch $@

$(DEV_STAMP): requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python $(PIP) -r requirements-dev.txt
	@touch $(RUN_STAMP) $@

$(BENCH_STAMP): requirements-bench.txt
	@test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python $(PIP) -r requirements-bench.txt
	@touch $@
