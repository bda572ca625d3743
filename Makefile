# Needs make and Python 3.10 or later, nothing else: what is missing is installed in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV ?= uv
# Tests often wait for processes, so one more runs at a time than two cores do. A worker that dies
# ends the run: the others would wait for its tests.
JOBS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --max-worker-restart 0

# What is checked; only what is there.
SOURCES := $(wildcard src devices tests benchmarks docs examples)

.DEFAULT_GOAL := help
.PHONY: help demo up test test-long lint bench docs lock clean

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

# The lock is complete, with what makes the package too, so nothing but it is installed.
$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation -e .
	@touch $@

demo: $(INSTALLED) ## Start everything, observe once, stop everything
	$(BIN)/ska-sdp-lmc up --demo --subarrays 2

up: $(INSTALLED) ## Start everything and leave it running; ARGS="--subarrays 4 --restart"
	$(BIN)/ska-sdp-lmc up $(ARGS)

# Those of a file share its servers. In the order of tests/conftest.py, the longest first.
test: $(INSTALLED) ## Run the tests; ARGS="tests/model -k derive"
	$(PYTEST) -m "not long" --dist loadfile --no-loadscope-reorder $(ARGS)

# One by one to whoever is free: they are few, and of very different length.
test-long: $(INSTALLED) ## Run the tests that take minutes, the proofs at full size
	$(PYTEST) -m long --dist loadgroup --no-loadscope-reorder --durations 0 --durations-min 5 $(ARGS)

lint: $(INSTALLED) ## Check style, types and who imports whom
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

bench: $(INSTALLED) ## Measure
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(INSTALLED) ## Build the documentation
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

# One lock for Python 3.10 to 3.13, and for the image two parts of it: what runs there, and what
# makes the package's wheel; one more is of an old Tango client in the tests. They are made by uv
# (pip install uv); ARGS=--upgrade takes the newest versions, without it those of the lock stay.
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

lock: ## Bring the locks up to date with pyproject.toml
	$(COMPILE) --python-version 3.10 --all-extras $(ARGS) pyproject.toml \
		--output-file requirements.lock
	$(COMPILE) --python-version 3.11 --extra tango --extra gateway --extra secure \
		--constraints requirements.lock pyproject.toml --output-file requirements/image.lock
	$(COMPILE) --python-version 3.11 --group build --output-file requirements/build.lock
	$(COMPILE) --python-version 3.10 requirements/old-client.in \
		--output-file requirements/old-client.lock

clean: ## Remove what was made
	rm -rf $(VENV) build dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache benchmarks/results*.json
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
