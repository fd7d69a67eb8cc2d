# Two commands on a fresh machine (python3.11, make, git): `make run` and `make test`.
PYTHON  ?= python3.11
VENV    := .venv
READY   := $(VENV)/.ready
INSTALL := python -m pip install --quiet --disable-pip-version-check

# Busy OpenMP threads spin away most of LightGBM's time on few cores; must be set before python starts.
export OMP_WAIT_POLICY := passive
export MLFLOW_DISABLE_TELEMETRY := true
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Without byte code every start compiles every library anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := run
.PHONY: run test report-pdf spark lint lock docs clean

run: $(READY)  ## the whole pipeline on the source chosen in params.yaml, then the headline and where the report lies
	@admission repro

test: $(READY)  ## every test
	@python -m pytest

report-pdf: $(READY)  ## the report's pages as PDF on A4; needs Chromium
	@admission pdf

spark: $(READY)  ## the engine for tables that outgrow one machine, and its tests; needs Java 17 or newer
	@$(INSTALL) --require-hashes -r requirements.lock

lint: $(READY)  ## style, format and types
	@ruff check . && ruff format --check . && mypy

docs: $(READY)  ## the data dictionary and the empty table templates, from the contract and the catalogue
	@admission docs

lock: pyproject.toml  ## pin every dependency by hash; needs uv
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.lock

clean:  ## remove the environment and what the stages wrote; data/external, the override log and MLflow's record stay
	rm -rf $(VENV) .dvc/cache .dvc/tmp
	find data -mindepth 1 -maxdepth 1 -type d ! -name external ! -name overrides -exec rm -rf {} +

# PySpark (480 MB) is left out here, although the lock pins it: `make spark` adds it.
$(READY): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (about two minutes, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@sed -E '/^(pyspark|py4j)==/,/[^\\]$$/d' requirements.lock | $(INSTALL) --require-hashes -r /dev/stdin
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
