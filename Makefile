# Every target sets up .venv by itself on first use. PYTHON picks the interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One pool of threads, waiting passively: two busy pools on two cores are many times slower than one.
export OMP_WAIT_POLICY ?= passive
export TOKENIZERS_PARALLELISM ?= false

.PHONY: help demo test rest check fix bench docs clean
help:                ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

$(STAMP): pyproject.toml requirements-dev.lock
	@command -v $(PYTHON) > /dev/null || \
	  { echo "There is no $(PYTHON) here; strop needs Python 3.11, 3.12 or 3.13. Try: make PYTHON=python3.11 …"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "strop needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.11 …"; exit 2; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || \
	  { $(PYTHON) -m venv $(VENV) > /dev/null 2>&1 && $(BIN)/python -m pip --version > /dev/null 2>&1; } || \
	  { echo "Python's venv or pip is missing. On Debian or Ubuntu: apt install python3-venv python3-pip"; exit 2; }
	@echo "Installing strop into .venv (first use; a few minutes) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements-dev.lock -e '.[dev]' || \
	  { echo "The locked versions could not be installed; trying the ranges of pyproject.toml …"; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; } || \
	  { echo "Nothing could be installed: is a package index within reach (PIP_INDEX_URL, a proxy)?"; exit 2; }
	@touch $@

demo: $(STAMP)       ## the shipped scenario, raw rows to a verdict (a few minutes; real model). QUICK=1, ENGINE=fake
	@$(BIN)/strop demo demo $(if $(ENGINE),--engine $(ENGINE)) $(if $(QUICK),--quick)

test: $(STAMP)       ## everything, with a real model in it
	@$(BIN)/pytest -n 2 --dist loadfile

rest: $(STAMP)       ## the tests that check leaves out: a real model, a browser, whole loops
	@$(BIN)/pytest -n 2 --dist loadfile -m "slow or browser or whole"

check: $(STAMP)      ## style, types, import contracts, documents, quick tests
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .
	@$(BIN)/mypy --no-error-summary
	@out=$$($(BIN)/lint-imports --no-cache 2>&1) || { echo "$$out"; exit 1; }
	@$(BIN)/pytest -n 2 -m "not slow and not browser and not whole"

fix: $(STAMP)        ## let ruff mend what it can
	@$(BIN)/ruff format -q . ; $(BIN)/ruff check -q --fix .

bench: $(STAMP)      ## every benchmark: a table and JSON each
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(STAMP)       ## regenerate docs/reference from the code
	@$(BIN)/python -m strop.cli.reference docs/reference

clean:               ## remove .venv and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
