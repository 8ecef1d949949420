# Two commands do everything: `make report` and `make test`. Each makes .venv first if it is not
# there or not up to date. `make help` lists the rest.

SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PEER_VENV := .venv-peers
CUDA_VENV := .venv-cuda
LOG_VENV := .venv-logs
FRAMEWORK_VENVS := .venv-frameworks
BUILD := reports/build

# Python keeps its bytecode, as Numba its kernels, whatever the environment says: without it every
# process compiles all sources anew, and a page, a worker and many a test is a process of its own.
export PYTHONDONTWRITEBYTECODE :=

# The Python that makes .venv: yours (make PYTHON=/path/to/python3.12 report), or the first here.
PYTHONS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)

# A stamp for each set of packages: newer than what it was installed from, or installed again.
RUN := $(VENV)/.installed
TOOLS := $(VENV)/.installed-tools
BENCH_PEERS := $(VENV)/.installed-peers
PEERS := $(PEER_VENV)/.installed
CUDA := $(CUDA_VENV)/.installed
LOG_READERS := $(LOG_VENV)/.installed
ENVIRONMENTS := $(patsubst tests/environments/%.txt,%,$(wildcard tests/environments/*.txt))
FRAMEWORKS := $(ENVIRONMENTS:%=$(FRAMEWORK_VENVS)/%/.installed)
DOCS := $(VENV)/.installed-docs

SOURCES := $(shell find simopt -type f -not -path '*/__pycache__/*')
DOC_SOURCES := $(shell find docs -type f -not -path '*/__pycache__/*' -not -path 'docs/built/*')
KERNELS := $(wildcard simopt/engine/*.py simopt/engine/*/*.py simopt/rules/*.py)

# Tests, as many at once as there are cores; more than four would wait for memory. A file's tests
# stay together where they share what is costly, and are shared out singly where few files hold all.
PYTEST := -m pytest --numprocesses=auto --maxprocesses=4
BY_FILE := $(PYTEST) --dist=loadfile --no-loadscope-reorder
SINGLY := $(PYTEST) --dist=worksteal

.PHONY: help report report-quick docs test test-slow test-kernels test-report test-draws test-peers test-frameworks test-cuda env sweep bench bench-peers bench-cuda bench-logs billion durations odds lint clean clean-env

help: ## list what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

report: $(BUILD)/.full ## write the report to reports/build (first: make .venv)
	@echo "The report: $(BUILD)/index.html"

report-quick: $(VENV)/.warm ## the same with smaller sweeps, for a first look
	@$(BIN)/simopt report --quick --folder $(BUILD)

docs: $(BUILD)/docs/.done ## write tutorials, how-to pages and the reference to reports/build/docs
	@echo "The documentation: $(BUILD)/docs/index.html"

test: $(TOOLS) ## run the tests (first: make .venv)
	@$(BIN)/python $(BY_FILE)

test-slow: $(TOOLS) ## run the tests that take longer
	@$(BIN)/python $(SINGLY) -m "slow and not report" tests || [ $$? -eq 5 ] # 5: there is none

test-kernels: $(TOOLS) ## compile every loop with a rule in it, and compare bits (with every rule: DRAWS=1)
	@$(BIN)/python $(SINGLY) -m kernels tests/test_cuda.py

test-report: $(TOOLS) $(VENV)/.warm ## build a quick report, and hold every page to its tests
	@$(BIN)/python -m tests.quick_report $(BUILD)/tested
	@QUICK_REPORT=$(BUILD)/tested $(BIN)/python $(SINGLY) -m report tests/test_report*.py

test-draws: $(TOOLS) ## draw examples anew, 20 times as many (make test-draws DRAWS=100)
	@DRAWS=$(or $(DRAWS),20) $(BIN)/python $(SINGLY) -m hypothesis tests

test-peers: $(PEERS) ## compare with PyTorch, JAX, optax, Keras, scikit-learn (first: make .venv-peers)
	@$(PEER_VENV)/bin/python $(SINGLY) tests/peers

test-frameworks: $(FRAMEWORKS) ## hold other frameworks to their recordings (first: make .venv-frameworks, 9 GB)
	@for each in $(ENVIRONMENTS); do \
	  $(FRAMEWORK_VENVS)/$$each/bin/python -m tests.recorded --check $$each || exit 1; \
	done

test-cuda: $(CUDA) ## compile every loop for GPUs; with a GPU run them too (first: make .venv-cuda)
	@$(CUDA_VENV)/bin/python $(SINGLY) tests/cuda

env: $(TOOLS) $(VENV)/.warm ## make .venv alone, with the test tools, and compile the kernels
	@echo "Ready: $(BIN)/simopt --help"

sweep: $(VENV)/.warm ## run a sweep as a demonstration (scripts/learning_rate_sensitivity.py)
	@$(BIN)/python scripts/learning_rate_sensitivity.py

billion: $(VENV)/.warm ## run a billion trajectories of each rule, and keep the figures for the report
	@$(BIN)/python -m simopt.report.scale.recording --record reports/billion.csv

bench: $(RUN) ## measure updates per second (JAX, optax and Dask too, after make bench-peers)
	@$(BIN)/python -m tests.bench_engine

bench-peers: $(BENCH_PEERS) ## install JAX, optax and Dask into .venv, for make bench

bench-cuda: $(CUDA) ## measure updates per second on a GPU (beside JAX and optax where installed)
	@$(CUDA_VENV)/bin/python -m tests.bench_cuda

bench-logs: $(LOG_READERS) ## read loss curves beside other packages (first: make .venv-logs)
	@$(LOG_VENV)/bin/python -m tests.bench_logs

durations: $(TOOLS) ## time the report on a fresh clone, and keep that for README.md
	@$(BIN)/python -m tests.bench_report --record reports/durations.csv

odds: $(VENV)/.warm ## try all advice on loss curves, record how often each helped, and labelled curves
	@$(BIN)/python -m simopt.curves.prescription --record simopt/curves/odds.csv
	@$(BIN)/python -m simopt.curves.validation --record simopt/curves/validation/simulated.npz

lint: $(TOOLS) ## check style, format, types, and that rooms import downward
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo

clean: ## remove what make wrote, but for the environments
	@rm -rf $(BUILD) docs/built results dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find simopt tests scripts docs -name __pycache__ -type d -prune -exec rm -rf {} +
	@rm -f $(VENV)/.warm

clean-env: clean ## remove the environments as well
	@rm -rf $(VENV) $(PEER_VENV) $(CUDA_VENV) $(LOG_VENV) $(FRAMEWORK_VENVS)

# The full report: made again when simopt changes, or when a quick one took its place.
$(BUILD)/.full: $(SOURCES) $(wildcard reports/billion.csv reports/cuda.json) $(wildcard $(BUILD)/index.html) | $(VENV)/.warm
	@$(BIN)/simopt report --folder $(BUILD)
	@touch $@

# -W: a warning, such as a cross reference that leads nowhere, is an error. -E: read all anew, for a
# docstring may come from any file.
$(BUILD)/docs/.done: $(DOCS) $(SOURCES) $(DOC_SOURCES) pyproject.toml | $(VENV)/.warm
	@$(BIN)/python -m sphinx -q -W --keep-going -E -d $(BUILD)/.doctrees docs $(BUILD)/docs
	@touch $@

# Without $(VENV)/.warm the first report compiles all that it needs, page after page; with it, only
# what one page needs: functions, weight decay, schedules.
$(VENV)/.warm: $(RUN) $(KERNELS)
	@echo "Compiling the kernels (once; they are kept beside the source)"
	@$(BIN)/python -m simopt.cli.warm
	@touch $@

# $* is the environment: .venv, .venv-peers, .venv-cuda or .venv-logs.
%/bin/python:
	@for python in $(PYTHONS); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $* with $$("$$python" --version)"; \
	    "$$python" -m venv $* && exit 0; \
	    rm -rf $*; \
	    echo "$$python could not make $*: is its venv module installed?" >&2; exit 1; \
	  fi; \
	done; \
	echo "simopt needs Python 3.11 or newer, and none of these is: $(PYTHONS)." >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.12 report" >&2; exit 1

# pip of an environment, with a line per package in place of five. The packages that build simopt
# come from constraints.txt too, so that no part of the installation depends on the day. Python
# compiles what it imports, and keeps that: pip would compile thousands of files that nothing asks for.
define install
	@set -o pipefail; for packages in "hatchling editables" "--no-build-isolation -e $(2)"; do \
	  $(1)/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt \
	    --no-compile $(3) $$packages | awk ' \
	      /\.metadata/ { next } \
	      /^ *(Downloading|Using cached|Processing) .*whl/ { \
        match($$0, /[^ \/]*\.whl( \([0-9.]+ [kM]B\))?/); print "  " substr($$0, RSTART, RLENGTH) } \
	      /^Installing collected/ { print "  installing " NF - 3 " packages" } \
	      { fflush() }' || exit 1; \
	done
endef

# Variables, for the comma would end an argument of call.
RUN_EXTRAS := .[report,logs]
DOC_EXTRAS := .[report,logs,docs]
TEST_EXTRAS := .[report,logs,test,lint]
PEER_EXTRAS := .[report,test,peers]
CUDA_EXTRAS := .[report,test,cuda]

$(RUN): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing simopt and what it needs into $(VENV) (about 260 MB, once)"
	$(call install,$(VENV),$(RUN_EXTRAS))
	@touch $@

$(TOOLS): $(RUN)
	@echo "Installing what tests and checks the package"
	$(call install,$(VENV),$(TEST_EXTRAS))
	@touch $@

$(DOCS): $(RUN)
	@echo "Installing what builds the documentation"
	$(call install,$(VENV),$(DOC_EXTRAS))
	@touch $@

$(BENCH_PEERS): $(RUN)
	@echo "Installing JAX and optax (about 150 MB)"
	$(call install,$(VENV),.[bench])
	@touch $@

$(PEERS): pyproject.toml constraints.txt | $(PEER_VENV)/bin/python
	@echo "Installing simopt and the frameworks into $(PEER_VENV) (over 2 GB, once)"
	$(call install,$(PEER_VENV),$(PEER_EXTRAS))
	@touch $@

$(CUDA): pyproject.toml constraints.txt constraints-cuda.txt | $(CUDA_VENV)/bin/python
	@echo "Installing simopt and the CUDA libraries into $(CUDA_VENV) (about 450 MB, once)"
	$(call install,$(CUDA_VENV),$(CUDA_EXTRAS),--constraint constraints-cuda.txt)
	@touch $@

# An environment for each family of frameworks, line by line in the file's order. The recordings need
# no more of simopt than its rules, and these no more than arrays and tables.
$(FRAMEWORKS): $(FRAMEWORK_VENVS)/%/.installed: tests/environments/%.txt | $(FRAMEWORK_VENVS)/%/bin/python
	@sed -n '1s/^# */Installing, once: /p' $<
	@sed '/^#/d' $< | sed '1i numpy pandas pyarrow cloudpickle' | while read -r packages; do \
	  $(FRAMEWORK_VENVS)/$*/bin/python -m pip install --quiet --disable-pip-version-check \
	    $$packages || exit 1; \
	done
	@touch $@

# One by one: a reader that can't be installed is left out, and the others are measured.
$(LOG_READERS): pyproject.toml constraints.txt tests/log_readers.txt | $(LOG_VENV)/bin/python
	@echo "Installing simopt and other readers of loss curves into $(LOG_VENV) (about 180 MB, once)"
	$(call install,$(LOG_VENV),.)
	@for reader in $$(sed '/^#/d' tests/log_readers.txt); do \
	  echo "  $$reader"; \
	  $(LOG_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt $$reader || echo "$$reader is left out: pip could not install it"; \
	done
	@touch $@
