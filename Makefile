# Each target sets itself up from a clean clone: it needs make and Python 3.11 to 3.14, nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help venv demo test test-long lint model chaos fuzz soak matrix opinions bench clean distclean

# Interpreter for the virtual environment; chosen when empty.
PYTHON ?=
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --constraint constraints.txt
# Processes that run tests side by side, and further pytest arguments.
WORKERS ?= 4
PYTEST_ARGS ?=
# A test that hangs is named, with what each of its threads does, and the others go on.
SIDE_BY_SIDE = $(BIN)/python -m pytest -n $(WORKERS) -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true
# Each worker, and each command that a test starts, would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE
# Random histories that the model test tries; incremental evaluation, backfill, pruning and exceptions a fifth.
EXAMPLES ?= 500
# Tests of random histories outside tests/model.
RANDOM := tests/integration/test_incremental.py tests/integration/test_backfill.py tests/integration/test_prune.py tests/integration/test_exceptions_daily.py
# Corrupted answers that the fuzz test tries.
CORRUPTED ?= 5000
# Kills at random moments that the chaos test survives.
KILLS ?= 200
# Of the soak.
NIGHTS ?= 50
SCOPES ?= 50
SEED ?= 1
# Databases of tests lie in memory where there is room for them: fewer than 2 GiB are used.
define IN_MEMORY
free="$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $$4}')"
if [ -w /dev/shm ] && [ "$${free:-0}" -gt 4000000 ]; then export TMPDIR=/dev/shm; fi
endef
# Benchmarks to run (a pattern, all when empty) and the size of the estate.
CASES ?=
STAGES ?=

help:  ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

venv: $(DEV_STAMP)  ## Make the virtual environment and install everything pinned in constraints.txt.

$(STAMP): pyproject.toml constraints.txt
	@python="$$(bash .ci/find-python '$(PYTHON)')"
	if ! $(BIN)/python -c '' 2>/dev/null; then
	  echo "Making $(VENV) with $$python" >&2
	  "$$python" -m venv --clear $(VENV) || {
	    echo "make: $$python cannot make virtual environments: install its venv module (Debian: python3-venv)." >&2
	    exit 1
	  }
	fi
	echo "Installing the dependencies (a minute the first time)" >&2
	$(PIP_INSTALL) --editable .
	touch $@

# What only tests, checks and benchmarks need.
$(DEV_STAMP): $(STAMP)
	@echo "Installing the development tools" >&2
	$(PIP_INSTALL) --editable '.[dev]'
	touch $@

demo: $(STAMP)  ## Live through 30 nights of a simulated AWS organization.
	@$(BIN)/gateledger demo

test: $(DEV_STAMP)  ## Run all that guards a change: 5 to 7 minutes on 2 cores (PYTEST_ARGS="-k findings" narrows).
	@$(IN_MEMORY)
	$(SIDE_BY_SIDE) --dist worksteal $(PYTEST_ARGS)

test-long: model chaos fuzz soak matrix opinions  ## Run at length what chance decides, and the wide matrices: the targets below in turn.

lint: $(DEV_STAMP)  ## Check style, format, types, and that tables and migrations agree.
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy deploy/grafana/dashboard.py
	$(BIN)/python .ci/check_migrations.py

model: $(DEV_STAMP)  ## Let random estates live beside a plain model of them (EXAMPLES=500).
	@$(IN_MEMORY)
	GATELEDGER_MODEL_EXAMPLES='$(EXAMPLES)' $(BIN)/python -m pytest tests/model $(RANDOM) -n 0 -s $(PYTEST_ARGS)

chaos: $(DEV_STAMP)  ## Kill, cut off and starve nights at any moment (KILLS=200).
	@$(IN_MEMORY)
	GATELEDGER_CHAOS_KILLS='$(KILLS)' $(BIN)/python -m pytest tests/chaos -m 'long or not long' -n 0 -s $(PYTEST_ARGS)

fuzz: $(DEV_STAMP)  ## Corrupt AWS's answers in every way (CORRUPTED=5000).
	@GATELEDGER_FUZZ_EXAMPLES='$(CORRUPTED)' $(BIN)/python -m pytest tests/fuzz -n 0 -s $(PYTEST_ARGS)

soak: $(DEV_STAMP)  ## Live through weeks in which one call in twenty fails (NIGHTS=50 SCOPES=50 SEED=1).
	@$(IN_MEMORY)
	GATELEDGER_SOAK_NIGHTS='$(NIGHTS)' GATELEDGER_SOAK_SCOPES='$(SCOPES)' GATELEDGER_SOAK_SEED='$(SEED)' \
	  $(BIN)/python -m pytest tests/acceptance/test_soak.py -n 0 -s $(PYTEST_ARGS)

matrix: $(DEV_STAMP)  ## Try the settings of databases and locales in their whole width.
	@$(IN_MEMORY)
	$(SIDE_BY_SIDE) -m long $(PYTEST_ARGS)

opinions: $(DEV_STAMP)  ## Collect from other emulators of AWS (moto's server, MiniStack), in an environment of their own.
	@$(IN_MEMORY)
	if ! build/emulators/bin/python -c 'import moto, ministack' 2>/dev/null; then
	  $(BIN)/python -m venv --clear build/emulators
	  build/emulators/bin/python -m pip install --quiet --disable-pip-version-check --no-input 'moto[server]==5.*' 'ministack==1.*'
	fi
	GATELEDGER_TEST_EMULATORS="$$PWD/build/emulators/bin" \
	  $(BIN)/python -m pytest tests/acceptance/test_second_opinions.py -m long -n 0 $(PYTEST_ARGS)

bench: $(DEV_STAMP)  ## Measure against the floors of the same machine (CASES=, STAGES=).
	@if [ ! -e benchmarks/__main__.py ]; then echo "There is no benchmark yet."; exit 0; fi
	CASES='$(CASES)' STAGES='$(STAGES)' $(BIN)/python -m benchmarks

clean:  ## Remove what building and testing leave behind.
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean  ## Remove the virtual environment too.
	@rm -rf $(VENV)
