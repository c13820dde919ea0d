# Everything runs in .venv, which appears on demand; a machine needs only Python 3.11 or newer with venv.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
LOCKER := $(VENV)/.locker
CODE := booking_flow adapters persistence http tests

.PHONY: browser crash help demo test screenshots soak bench mutants check diagrams format lock clean

help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what requirements/dev.txt locks into $(VENV)"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## run service, worker and simulator with embedded servers (PORT=, SIMULATOR_PORT=, FRESH=1)
	@$(BIN)/booking-flow demo $(if $(PORT),--port $(PORT)) $(if $(SIMULATOR_PORT),--simulator-port $(SIMULATOR_PORT)) $(if $(FRESH),--fresh)

# The whole run goes two tests at a time and must reach every branch of the core; a run narrowed
# down by ARGS need not.
WHOLE := -n 2 --dist worksteal --cov=booking_flow --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered

test: $(READY) ## run the tests (ARGS= goes to pytest)
	@$(BIN)/python -m pytest -m "not full and not soak" $(or $(ARGS),$(WHOLE))

crash: $(READY) ## run the full matrices: every fault at every call, a kill at every point
	@$(BIN)/python -m pytest -m "full or crash" -ra $(ARGS)

browser: $(READY) ## run what needs a browser, every page at both widths by day and night; fails without one (CHROMIUM=)
	@REQUIRE_BROWSER=1 $(BIN)/python -m pytest -m browser $(ARGS)

screenshots: $(READY) ## take the pictures of docs/console/ anew
	@$(BIN)/python -m tests.browser.screenshots

soak: $(READY) ## book in a storm of crashes and faults, then balance the books (SOAK_MINUTES=5, SOAK_SEED=)
	@SOAK_MINUTES=$(SOAK_MINUTES) SOAK_SEED=$(SOAK_SEED) $(BIN)/python -m tests.soak

bench: $(READY) ## measure cost, rates and what a million sessions cost staff: tables, and .bench/results.json (BENCH_SESSIONS=, BENCH_KEEP=)
	@BENCH_SESSIONS=$(BENCH_SESSIONS) BENCH_KEEP=$(BENCH_KEEP) $(BIN)/python -m tests.bench

mutants: $(READY) ## change the core line by line and see whether a test notices (SLICE='booking_flow.flow*')
	@nice -n 15 $(BIN)/python -m tests.core.mutants $(foreach name,$(SLICE),'$(name)')

check: $(READY) ## format, lint, types, layers, and diagrams that match the code
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --strict $(CODE)
	@$(BIN)/lint-imports
	@$(BIN)/booking-flow diagrams --check

diagrams: $(READY) ## draw the flow diagrams from the code
	@$(BIN)/booking-flow diagrams

format: $(READY) ## put the code into its format and mend what lint can mend
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

LOCK = $(VENV)/locker/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml

$(LOCKER):
	@test -x $(VENV)/locker/bin/python || $(PYTHON) -m venv $(VENV)/locker
	@$(VENV)/locker/bin/python -m pip install --quiet --quiet --disable-pip-version-check 'uv>=0.9'
	@touch $@

lock: $(LOCKER) ## pin the requirement files anew with their hashes (UPGRADE=1 takes the newest)
	@$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements/runtime.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) --group dev -o requirements/dev.txt

clean: ## remove caches and what the tools left behind, not .venv and not the demo's data
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov mutants
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
