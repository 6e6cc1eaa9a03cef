# The two commands of the README: `make demo` and `make test`. Nothing but Python 3.11+ and pip is needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test check format soak interop docs clean

help:  ## Show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 16

demo: $(VENV)/run.stamp  ## Install what is pinned, then let the arm pick and place
	$(BIN)/bt-run trees/pick_place.yaml

test: $(VENV)/dev.stamp  ## Run the test suite
	$(BIN)/pytest -n 2 --dist worksteal

check: $(VENV)/dev.stamp  ## Format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: $(VENV)/dev.stamp  ## Put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

soak: $(VENV)/dev.stamp  ## The slow, wide sweeps that the suite runs in short
	BT_SOAK=1 $(BIN)/pytest -n 2 --dist worksteal
	$(BIN)/python -m benchmarks.success --episodes 500

interop: $(VENV)/dev.stamp  ## PyPI's openpi-client, in its own environment, against our server and codec
	BT_OPENPI_PYTHON="$$($(BIN)/python -m benchmarks.openpi_environment)" && export BT_OPENPI_PYTHON && \
		$(BIN)/pytest tests/interop

docs: $(VENV)/dev.stamp  ## Write the pages and pictures that are made from the code
	$(BIN)/python docs/make.py

clean:  ## Remove the environment and everything that was made
	rm -rf $(VENV) runs build dist .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/run.stamp
