# make demo    a rehearsal on this machine, no set-up        make test    everything, with real servers
# make bench   how fast, against a floor                     make lint    style, types, layers
# make figures how well mail is read, and at what cost       make clean   removes what make has made
# make lock    both locks anew from pyproject.toml   make card  the commands in README.md and docs/card-*.html anew
# make man     docs/maild.1 anew from the commands   make pictures  those of README.md anew
#
# Needs Python 3.11 or later with venv, and make. PYTHON=... chooses the interpreter; uv is used when on PATH.

VENV := .venv
BIN := $(VENV)/bin
# What administrators install stands in requirements.lock; here the demo and the tools of the tests are added.
DEV := requirements-dev.lock
READY := $(VENV)/ready

# The first interpreter that is new enough and able to make an environment with pip in it.
FIT := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c '$(FIT)' >/dev/null 2>&1 && echo $$p && break; done)
endif
ifndef UV
UV := $(shell command -v uv 2>/dev/null)
endif

# Nothing is installed that has no hash in a lock: the build backend is in both as well. But authres comes as source
# only, and is built by a setuptools that is fetched for that moment.
ifneq ($(UV),)
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
else
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input
endif

COMPILE = $(or $(UV),uv) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
  --python-version 3.11

.PHONY: demo test bench endurance figures lint lock card man pictures clean
.DELETE_ON_ERROR:

demo: $(READY)
	@$(BIN)/maild demo

test: $(READY)
	@tests/peers/install.sh
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

bench: $(READY)
	@tests/peers/install.sh
	@$(BIN)/python -m tests.bench $(ARGS)

figures: $(READY)
	@$(BIN)/python -m tests.bench.reading $(ARGS)

endurance: $(READY)
	@tests/peers/install.sh
	@$(BIN)/python -m tests.bench.endurance $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@! grep -n '://' requirements.lock $(DEV) || { echo "a lock must hold no addresses" >&2; exit 1; }

$(READY): $(DEV) pyproject.toml
	@$(if $(PYTHON),,echo "maild needs Python 3.11 or later with venv and ensurepip." >&2; \
	  echo "On Debian 12 and later, as root: apt-get install python3 python3-venv" >&2; \
	  echo "Or name an interpreter: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1)
	@$(PYTHON) -c '$(FIT)' || { echo "$(PYTHON) is not Python 3.11 or later with venv and ensurepip." >&2; exit 1; }
	@echo "maild: making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@echo "maild: installing the packages of $(DEV) (half a minute, only this once)"
	@$(INSTALL) --require-hashes -r $(DEV)
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

lock:
	@command -v "$(or $(UV),uv)" >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	$(COMPILE) --group build pyproject.toml --output-file requirements.lock
	$(COMPILE) --extra demo --group dev --constraint requirements.lock pyproject.toml --output-file $(DEV)

card: $(READY)
	@$(BIN)/python -m tests.card

man: $(READY)
	@$(BIN)/python -m tests.manual

pictures: $(READY)
	@$(BIN)/python -m tests.pictures $(ARGS)

# State (var/) is never touched: it may hold somebody's mail.
clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find maild parsers storage templates tests -name __pycache__ -type d -prune -exec rm -rf {} +
