# Every target makes its own virtual environment first; nothing else has to be installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: demo test lint check bench calibrate validation scenarios docs clean

$(STAMP): requirements.lock pyproject.toml
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

demo: $(STAMP)  ## set up, then run the main job
	$(BIN)/carnk run liu2020 --out runs/liu2020 --force

test: $(STAMP)  ## set up, then run the tests
	$(BIN)/python -m pytest

lint: $(STAMP)  ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## what every change has to pass

bench: $(STAMP)  ## patients per second and error, beside libRoadRunner, in one run
	$(BIN)/python benchmarks/bench.py

calibrate: $(STAMP)  ## refit the population numbers to Marin 2024; writes library/numbers/fitted.yaml and docs
	$(BIN)/python -m carnk.fitting

validation: $(STAMP)  ## predicted against published with many patients; writes library/tables/validation.csv and docs
	$(BIN)/python -m carnk.fitting.validation_table
	$(BIN)/python docs/generate.py

scenarios: $(STAMP)  ## run the scenarios; writes library/tables/scenarios*.csv, docs/scenarios.md and its pictures
	$(BIN)/python docs/scenarios.py --run

docs: $(STAMP)  ## rewrite the generated pages
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) build dist runs
