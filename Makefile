# Everything runs in .venv, which appears on demand; a machine needs only Python 3.11 or newer with venv.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(PYTHON) requirements/install.py
# What is installed: enough to run the demo, everything that developing takes, and what ours is measured beside.
RUN := $(VENV)/.demo
DEV := $(VENV)/.dev
BENCH := $(VENV)/.bench
CODE := booking_flow adapters persistence http tests requirements

.PHONY: browser crash examples first-booking help house unit demo test screenshots rollout soak bench mutants check diagrams format lock clean

help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(DEV): requirements/dev.txt requirements/install.py pyproject.toml
	@$(INSTALL) requirements/dev.txt --venv $(VENV) --project .
	@touch $@

$(RUN): requirements/demo.txt requirements/install.py pyproject.toml
	@$(INSTALL) requirements/demo.txt --venv $(VENV) --project . --compile booking_http.demo.service,adapters.simulator.app
	@touch $@

$(BENCH): requirements/bench.txt $(DEV)
	@$(INSTALL) requirements/bench.txt --venv $(VENV) --project .
	@touch $@

demo: $(if $(wildcard $(DEV)),$(DEV),$(RUN)) ## run service, worker and simulator with embedded servers (PORT=, SIMULATOR_PORT=, FRESH=1)
	@$(BIN)/booking-flow demo $(if $(PORT),--port $(PORT)) $(if $(SIMULATOR_PORT),--simulator-port $(SIMULATOR_PORT)) $(if $(FRESH),--fresh)

# The whole run goes three tests at a time, since some of the time a test waits for servers, and the
# core's own tests must reach every branch of it; a run narrowed down by ARGS need not.
WHOLE := -n 3 --dist worksteal --cov=booking_flow --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered

test: $(DEV) ## run the tests (ARGS= goes to pytest)
	@$(BIN)/python -m pytest -m "not full and not soak" $(or $(ARGS),$(WHOLE))

unit: $(DEV) ## run the tests that need no server nor time, with few examples of what is drawn: the short loop
	@$(BIN)/python -m pytest -n 2 -m "not slow" --hypothesis-profile=short tests/unit $(ARGS)

crash: $(DEV) ## run the full matrices: every fault at every call, a kill at every point
	@$(BIN)/python -m pytest -m "full or crash" -ra $(ARGS)

browser: $(DEV) ## run what needs a browser, every page at both widths by day and night; fails without one (CHROMIUM=)
	@REQUIRE_BROWSER=1 $(BIN)/python -m pytest -m browser $(ARGS)

screenshots: $(DEV) ## take the pictures of docs/console/ and docs/shop/ anew
	@$(BIN)/python -m tests.browser.screenshots
	@$(BIN)/python -m tests.browser.shop_screenshots

examples: $(DEV) ## record the examples of the API's document anew from the simulator
	@RECORD_EXAMPLES=1 $(BIN)/python -m pytest -q tests/integration/outbox/test_examples.py -k answered

soak: $(DEV) ## book in a storm of crashes and faults, then balance the books (SOAK_MINUTES=5, SOAK_SEED=)
	@SOAK_MINUTES=$(SOAK_MINUTES) SOAK_SEED=$(SOAK_SEED) $(BIN)/python -m tests.soak

rollout: $(DEV) ## replace the last tagged release by this one while guests book; skipped without history or tags
	@$(BIN)/python -m tests.acceptance.rollout

bench: $(BENCH) ## measure cost, rates and what a million sessions cost staff: tables, and .bench/results.json (QUICK=1, BENCH_SESSIONS=, BENCH_KEEP=)
	@QUICK=$(QUICK) BENCH_SESSIONS=$(BENCH_SESSIONS) BENCH_KEEP=$(BENCH_KEEP) $(BIN)/python -m tests.bench

house: $(DEV) ## how many files a reader opens: those that a request enters or a change touches, and the layout (VERBOSE=1 names them)
	@$(BIN)/python -m tests.bench.house $(if $(VERBOSE),-v)

first-booking: ## clone, install without a cache, start the demo and book: how long each part takes (PYTHON=)
	@$(PYTHON) tests/bench/first_booking.py --python $(PYTHON)

mutants: $(DEV) ## change the core line by line and see whether a test notices (SLICE='booking_flow.flow*')
	@nice -n 15 $(BIN)/python -m tests.mutants $(foreach name,$(SLICE),'$(name)')

check: $(DEV) ## format, lint, types, layers, and diagrams that match the code
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --strict $(CODE)
	@$(BIN)/lint-imports
	@$(BIN)/booking-flow diagrams --check
	@$(BIN)/booking-flow settings --check docs/configuration.md

diagrams: $(DEV) ## draw the flow diagrams from the code
	@$(BIN)/booking-flow diagrams

format: $(DEV) ## put the code into its format and mend what lint can mend
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

lock: $(DEV) ## pin the requirement files anew with their hashes, and try them (UPGRADE=1 takes the newest)
	@$(BIN)/python -m requirements.lock $(if $(UPGRADE),--upgrade)

clean: ## remove caches and what the tools left behind, not .venv and not the demo's data
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov mutants
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
