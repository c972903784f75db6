# What one does with Metalwatch.  Needs make and Python 3.11 or newer with pip and venv.
# A newer Python beside an old one:  make demo PYTHON=python3.12

PYTHON ?= python3
# Tests run on all cores; one at a time:  make test PYTEST_ARGS=
PYTEST_ARGS ?= -n auto --dist worksteal
UV ?= uv

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NEWER := import sys; sys.exit(sys.version_info < (3, 11))
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --exclude-newer "1 week" --upgrade \
	--generate-hashes --no-annotate --custom-compile-command "make lock" --all-extras pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz soak bench crash standby check format lock schema calendars clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

demo: .venv/.runtime ## See the whole path on a sample market, offline
	@$(BIN)/metalwatch demo

test: .venv/.dev ## Run all tests
	$(BIN)/python -m pytest $(PYTEST_ARGS) tests

check: .venv/.dev ## Check format, lint, types, architecture and the rules that ship
	$(BIN)/ruff format --check --output-format concise .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/metalwatch check rules/
	$(BIN)/metalwatch test rules/

format: .venv/.dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: ## Renew both lock files from pyproject.toml (needs uv; a week's cool-down)
	$(COMPILE) --group build --group dev --output-file requirements-dev.lock
	$(COMPILE) --group build --constraint requirements-dev.lock --output-file requirements.lock

schema: .venv/.dev ## Renew rules/pack.schema.json, from which editors complete packs
	$(BIN)/python -m monitor.rulefile > rules/pack.schema.tmp && mv rules/pack.schema.tmp rules/pack.schema.json

calendars: .venv/.dev ## Renew monitor/closures.py after exchange-calendars was renewed
	$(BIN)/python -m tests.reference.calendars > monitor/closures.tmp && mv monitor/closures.tmp monitor/closures.py

# Work units W1 and W2, and with them a comparison with peers: METALWATCH_PEERS names the folder of w1.py and w2.py.
bench: .venv/.dev ## What history, ticks, many rules, waiting, an idle daemon and storage take
	for size in 10000 100000 1000000 10000000; do $(BIN)/python -m tests.benchmarks.history --size $$size; done
	$(BIN)/python -m tests.benchmarks.tick
	$(BIN)/python -m tests.benchmarks.many_rules
	$(BIN)/python -m tests.benchmarks.start_up
	$(BIN)/python -m tests.benchmarks.idle
	$(BIN)/python -m tests.benchmarks.holding

fuzz: .venv/.dev ## Try properties on ten times as many examples, others each time
	METALWATCH_EXAMPLES=10 $(BIN)/python -m pytest $(PYTEST_ARGS) -m hypothesis tests

soak: .venv/.dev ## Ten thousand polls of a loopback Yahoo, twice: memory, threads, connections
	$(BIN)/python -m tests.benchmarks.soak_yahoo --path chart
	$(BIN)/python -m tests.benchmarks.soak_yahoo --path history

crash: .venv/.dev ## Kill the daemon 300 times, and make it other trouble: is anything lost or told twice?
	$(BIN)/python -m tests.benchmarks.crash --kills 300
	$(BIN)/python -m tests.benchmarks.trouble
	$(BIN)/python -m tests.benchmarks.latency

standby: .venv/.dev ## Two daemons on one PostgreSQL, killed, frozen and cut off thirty times, and counted
	$(BIN)/python -m tests.benchmarks.standby

clean: ## Remove the environment and what the tools left behind
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: a stamp per lock file, so that nothing is installed twice.

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "$(PYTHON) is not there: install Python 3.11 or newer, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c '$(NEWER)' || \
		{ echo "$(PYTHON) is older than Python 3.11: name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv: install it (on Debian and Ubuntu the package python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Setting up .venv from requirements.lock (the first time takes about half a minute) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@echo "Adding what tests and checks need from requirements-dev.lock ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
