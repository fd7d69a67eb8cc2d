# Two commands on a fresh machine (python3.11, make, git): `make run` and `make test`.
PYTHON ?= python3.11
VENV   := .venv
READY  := $(VENV)/.ready

# Busy OpenMP threads spin away most of LightGBM's time on few cores; must be set before python starts.
export OMP_WAIT_POLICY := passive
export MLFLOW_DISABLE_TELEMETRY := true
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Without byte code every start compiles every library anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := run
.PHONY: run test lint lock docs clean

run: $(READY)  ## the whole pipeline on the source chosen in params.yaml, then the headline and where the report lies
	@admission repro

test: $(READY)  ## every test
	@python -m pytest

lint: $(READY)  ## style, format and types
	@ruff check . && ruff format --check . && mypy

docs: $(READY)  ## the data dictionary and the empty table templates, from the contract and the catalogue
	@admission docs

lock: pyproject.toml  ## pin every dependency by hash; needs uv
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.lock

clean:  ## remove the environment and everything the stages wrote
	rm -rf $(VENV) data/*/ .dvc/cache .dvc/tmp .mlflow

$(READY): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (about two minutes, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
