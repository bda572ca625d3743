# Requires make and Python 3.10 or later. Everything else is installed in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV ?= uv
# Tests often wait for processes, timeouts and leases, so there are more workers than the two cores
# of the reference machine. A worker that crashes ends the run: otherwise the others wait for its
# tests.
JOBS ?= 5
HTML ?= docs/_build/html
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --max-worker-restart 0

# Directories to check; some are missing in the image's build.
SOURCES := $(wildcard src devices tests benchmarks docs examples release)

.DEFAULT_GOAL := help
.PHONY: help demo up packages test test-long test-faults faults-etcd3 faults-gateway soak fuzz lint \
	bench bench-scale bench-sizing bench-recovery docs diagrams web-screens lock release audit clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 16

# The lock includes the build requirements, so nothing else is installed.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(INSTALLED): requirements.lock pyproject.toml
	@echo "1/3 Creating the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "2/3 Installing the locked packages: a minute or two, once"
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@echo "3/3 Installing this package"
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

demo: $(INSTALLED) ## Start the local stack, observe once, stop it
	$(BIN)/ska-sdp-lmc up --demo --subarrays 2

up: $(INSTALLED) ## Start the local stack until Ctrl-C; ARGS="--subarrays 4 --restart"
	$(BIN)/ska-sdp-lmc up $(ARGS)

packages: ## Install the Debian packages that tests use; requires root
	.ci/packages

# Tests of a file share servers. tests/conftest.py orders the files, the longest first.
test: $(INSTALLED) ## Run the tests; ARGS="tests/model -k derive"
	$(PYTEST) -m "not long" --dist loadfile --no-loadscope-reorder $(ARGS)

# tests/conftest.py distributes them: by file, or one by one if they share no servers.
test-long: $(INSTALLED) ## Run the tests that take minutes; TEST_SIZE=1 repeats random faults at full size
	$(PYTEST) -m long --dist loadgroup --no-loadscope-reorder --durations 0 --durations-min 5 $(ARGS)

fuzz: $(INSTALLED) ## Check random inputs of each kind; FUZZ_INPUTS=100000 ARGS="messages --seed 5"
	$(BIN)/python -m tests.fuzz $(ARGS)

FAULTS := $(BIN)/python -m tests.faults.run $(if $(SEED),--seed $(SEED)) --minutes 3

# Two runs side by side, by default with three minutes of faults each. Only the one on gRPC steps
# the clock: that costs processor time, and two such runs overload two cores. make prints the output
# of a run when the run ends; its directory below build/faults is named after its random seed.
test-faults: $(INSTALLED) ## Run everything under faults on both backends; SEED=1 ARGS="--minutes 10"
	@$(MAKE) --no-print-directory --jobs 2 --output-sync faults-etcd3 faults-gateway

faults-etcd3: $(INSTALLED)
	$(FAULTS) --backend etcd3 $(ARGS)

faults-gateway: $(INSTALLED)
	$(FAULTS) --backend etcd3_revolution1 --etcd 3.4 --real-clock $(ARGS)

soak: $(INSTALLED) ## Run everything under rare faults for HOURS; memory and threads must stay level
	$(BIN)/python -m tests.faults.soak --hours $(or $(HOURS),0.5) $(ARGS)

lint: $(INSTALLED) ## Check style, types and import contracts
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

bench: $(INSTALLED) ## Measure the speed
	$(BIN)/python -m benchmarks $(ARGS)

bench-scale: $(INSTALLED) ## Measure the cost of work by the number of stored blocks
	$(BIN)/python -m benchmarks.scale $(ARGS)

bench-sizing: $(INSTALLED) ## Measure the cost of subarrays, watchers and clients
	$(BIN)/python -m benchmarks.sizing $(ARGS)

bench-recovery: $(INSTALLED) ## Measure the recovery times after faults: ten minutes
	$(BIN)/python -m tests.faults.recovery $(ARGS)

docs: $(INSTALLED) ## Build the documentation in HTML, docs/_build/html by default
	$(BIN)/python -m sphinx -W --keep-going -b html docs $(HTML)

diagrams: $(INSTALLED) ## Lay out the diagrams of the documentation; requires Graphviz's dot
	$(BIN)/python -m docs.generate.diagrams

web-screens: $(INSTALLED) ## Take the pictures of the web page in the documentation; requires Chromium
	$(BIN)/python -m docs.generate.web_screens

# One lock for Python 3.10 to 3.13; two for the image: its run-time packages, and the build of the
# package's wheel; one for an old Tango client in the tests. Requires uv (pip install uv).
# ARGS=--upgrade takes the newest versions; otherwise locked versions are kept.
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

lock: ## Update the lock files to pyproject.toml
	$(COMPILE) --python-version 3.10 --all-extras $(ARGS) pyproject.toml \
		--output-file requirements.lock
	$(COMPILE) --python-version 3.11 --extra tango --extra gateway --extra secure \
		--extra web --extra traces \
		--constraints requirements.lock pyproject.toml --output-file requirements/image.lock
	$(COMPILE) --python-version 3.11 --group build --output-file requirements/build.lock
	$(COMPILE) --python-version 3.10 requirements/old-client.in \
		--output-file requirements/old-client.lock

release: $(INSTALLED) ## Build all files of a release in dist: package, image contexts, chart, SBOM
	rm -rf dist
	$(BIN)/python -m release dist

audit: $(INSTALLED) ## Look for known vulnerabilities of the locked packages; requires PyPI's JSON API or OSV
	$(BIN)/python -m release.audit $(ARGS)

clean: ## Remove generated files
	rm -rf $(VENV) build dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache benchmarks/results*.json benchmarks/results*.svg
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
