# SPDX-License-Identifier: Apache-2.0
# The only door. `make` alone prints this list; CI calls nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
KUA_DATA ?= ../shared/data
export KUA_DATA
PO := $(wildcard src/kua/locale/*/LC_MESSAGES/kua.po)
MO := $(PO:.po=.mo)
WEB := $(wildcard web/src/*) $(wildcard web/src/*/*) web/package.json web/package-lock.json web/build.mjs web/tsconfig.json
JOBS ?= auto

.PHONY: help setup demo test test-data faults soak bench lint types walls fmt letter trace locale ref vectors golden web wheel smoke pin packages

help: ## print the doors
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---- what the others stand on ---------------------------------------------------------------------------------------

setup: $(VENV)/.kua-dev $(VENV)/.kua-web $(MO) ## everything that `make demo` and `make test` need, in .venv
	@echo "ready: $(BIN)/kua is the program" >&2

$(VENV)/.kua-dev: constraints/dev.txt pyproject.toml hatch_build.py tools/install
	@tools/install dev

$(VENV)/.kua-demo: constraints/demo.txt pyproject.toml hatch_build.py tools/install
	@if [ -e $(VENV)/.kua-dev ]; then touch $@; else tools/install demo; fi

$(VENV)/.kua-web: $(WEB) tools/web tools/page_words.py $(wildcard src/kua/words/*.py) $(MO) | $(VENV)/.kua-demo
	@tools/web bundle
	@touch $@

%.mo: %.po | $(VENV)/.kua-demo
	@$(PYTHON) tools/catalogues.py compile $<

# ---- seeing it ------------------------------------------------------------------------------------------------------

demo: $(VENV)/.kua-demo $(VENV)/.kua-web $(MO) ## three painted stations, a cut link, a forged byte: watch it in a browser
	@$(BIN)/kua demo $(ARGS)

# ---- checking it ----------------------------------------------------------------------------------------------------

test: setup lint types walls packages ## lint, types, walls and all tests that need only the repository
	@$(PYTHON) -m pytest -q -n $(JOBS) -m "not data and not faults and not soak" --ignore=tests/faults tests

test-data: setup packages ## tests with the clips, models and vectors of KUA_DATA (default ../shared/data)
	@[ -d "$(KUA_DATA)" ] || { echo "KUA_DATA=$(KUA_DATA) is not a folder; set it to the folder with clips/ and vectors/"; exit 3; }
	@$(PYTHON) -m pytest -q -m "data and not soak" --ignore=tests/faults tests

faults: setup ## kill, cut and fill at each step of a segment's life; prints the table
	@$(PYTHON) -m pytest -q -s -m "not soak" tests/faults

soak: setup packages ## the long tests: what make test does with less, done in full
	@$(PYTHON) -m pytest -q -s -m soak tests

letter: setup ## the tests that answer the letter, one file an objection
	@$(PYTHON) -m pytest -v -m "not data" tests/letter

bench: setup ## benchmarks as JSON: `make bench` for all, `make bench NAME=edge` (or `make bench edge`) for one
	@if [ -n "$(BENCHMARKS)" ]; then for name in $(BENCHMARKS); do $(PYTHON) -m benchmarks $$name --json $(ARGS); done; else $(PYTHON) -m benchmarks all --json; fi

lint: $(VENV)/.kua-dev ## ruff, every rule but those that pyproject.toml gives a reason against
	@$(BIN)/ruff check --quiet --output-format concise .

types: $(VENV)/.kua-dev ## mypy --strict
	@$(BIN)/mypy

walls: $(VENV)/.kua-dev ## import contracts: floors, purity, secrecy
	@$(BIN)/lint-imports --no-logo

fmt: $(VENV)/.kua-dev ## ruff: mend what it can, then format
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

packages:
	@tools/packages

# ---- making what is generated ---------------------------------------------------------------------------------------

trace: setup ## objection -> answer -> test -> page; fails when one is missing
	@$(PYTHON) tools/trace.py

locale: setup ## gather new sentences into the catalogues and report what is untranslated
	@$(PYTHON) tools/catalogues.py update

ref: setup ## docs/ref from the code
	@$(PYTHON) tools/reference.py

vectors: setup ## tests/vectors, valid and forged, from tools/make_vectors.py, make_published.py and make_bundles.py
	@$(PYTHON) tools/make_vectors.py
	@$(PYTHON) tools/make_published.py
	@$(PYTHON) -m tools.make_bundles

golden: setup ## tests/golden/pages from the fixed country, in three languages
	@$(PYTHON) tools/make_golden.py

web: $(VENV)/.kua-web ## check the islands' types and build the bundle
	@tools/web types
	@tools/web bundle

pin: $(VENV)/.kua-dev ## constraints/*.txt from pyproject.toml (UPGRADE=1 takes newer versions)
	@$(PYTHON) tools/pin.py

# ---- giving it away -------------------------------------------------------------------------------------------------

wheel: setup ## dist/kua-*.whl
	@rm -rf dist && $(PYTHON) -m hatchling build -t wheel && ls -l dist

smoke: wheel ## the bare wheel in an empty environment, network off: does the verifier verify?
	@tools/smoke

# `make bench edge verify` names benchmarks as if they were doors.
BENCHMARKS := $(NAME)
ifeq ($(firstword $(MAKECMDGOALS)),bench)
BENCHMARKS += $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(foreach word,$(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS)),$(eval $(word):;@:))
endif
