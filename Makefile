# What a person types: make up · make test · make check · make demo · make bench. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more than processors: tests of faults wait more than they work.
WORKERS := $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
# By file, in their order: files with few and long tests at the end would leave the other workers without work.
SHARED_OUT = --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
MEMBERS := platform plugins/config plugins/viewer clients/python
export SPRINTIA_DATA_DIR ?= $(CURDIR)/data
# Where a real Odoo is: given on the command line or in the environment, read by what drives it.
export ODOO_BIN ODOO_PYTHON ODOO_DB_HOST ODOO_DB_PORT ODOO_DB_USER

.DEFAULT_GOAL := help
.PHONY: help up test test-all test-odoo test-odoo-faults translations-odoo screenshots check demo soak feed-run bench lock translations clean-env

help:
	@echo "make up     install what is needed, start PostgreSQL and serve"
	@echo "make test   run the tests (about eight minutes on two processors)"
	@echo "make test-all    the slow ones, too, and those of pages with the viewer in a process of its own"
	@echo "make test-odoo  run the addons' own tests in a real Odoo (ODOO_BIN=.../odoo-bin, ODOO_DB_PORT=, ODOO_PYTHON=, ADDONS=)"
	@echo "make test-odoo-faults  kill Odoo and the service, restore and copy them, and see that nothing is lost (same settings)"
	@echo "make check  lint, types, architecture, spelling, Odoo addons, lock in step"
	@echo "make screenshots  take the pictures of docs/ anew, in a real browser"
	@echo "make soak   kill server, workers and PostgreSQL at random under load (SECONDS=600) and check what is stored"
	@echo "make feed-run  write under faults and check that every reader of the feed saw each change once (CHANGES=100000)"
	@echo "make demo   play Odoo with sample bodies and read back what an agent reads (URL=, KEY=: fill a running platform)"
	@echo "make bench  measure speed beside references (SECONDS= a slice, ROUNDS=, ONLY=\"words of names\", QUICK=1)"
	@echo "make translations  take new texts of the pages into the Portuguese catalogue, and say what is not translated"
	@echo "make translations-odoo  write the addons' i18n/*.pot anew by a real Odoo, and bring pt_BR.po in step"
	@echo "make lock   write requirements.lock anew from the pyproject files"

# The stamp holds the environment's recipe: it is made anew when the lock or a member's pyproject changes.
$(BIN)/.ready: requirements.lock pyproject.toml $(addsuffix /pyproject.toml,$(MEMBERS))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing: on Debian and Ubuntu, apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(addprefix -e ./,$(MEMBERS))
	@touch $@

up: $(BIN)/.ready
	@exec $(BIN)/sprintia serve --first-run

# Without a browser the tests of pages fail, and say how to get one; SPRINTIA_TEST_BROWSER=none leaves them out.
test: $(BIN)/.ready
	@$(BIN)/python scripts/browser.py || true
	@$(BIN)/python -m pytest $(SHARED_OUT)

test-all: $(BIN)/.ready
	@$(BIN)/python scripts/browser.py || true
	@$(BIN)/python -m pytest --all $(SHARED_OUT)

test-odoo: $(BIN)/.ready
	@$(BIN)/python scripts/odoo_tests.py $(if $(ADDONS),--addons "$(ADDONS)")

test-odoo-faults: $(BIN)/.ready
	@$(BIN)/python -m pytest tests/odoo_addons/faults --odoo -s $(if $(ONLY),-k "$(ONLY)")

translations-odoo: $(BIN)/.ready
	@$(BIN)/python scripts/odoo_tests.py --write-translations $(if $(ADDONS),--addons "$(ADDONS)")

screenshots: $(BIN)/.ready
	@$(BIN)/python scripts/browser.py
	@SPRINTIA_SCREENSHOTS=1 $(BIN)/python -m pytest tests/e2e --all -k picture

check: $(BIN)/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy platform/src plugins/config/src plugins/viewer/src clients/python/src bench
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python scripts/translations.py
	$(BIN)/python scripts/check_addons.py
	$(BIN)/python scripts/check_lock.py

# What stands on make's command line alone: an URL that happens to be in the environment is nothing to write to.
typed = $(if $(filter command,$(firstword $(origin $1))),$($1))
demo: $(BIN)/.ready
	@SPRINTIA_URL="$(call typed,URL)" SPRINTIA_KEY="$(call typed,KEY)" SPRINTIA_DEMO_AGAIN="$(AGAIN)" $(BIN)/python scripts/demo.py

soak: $(BIN)/.ready
	@$(BIN)/python -m pytest tests/faults/test_soak.py --soak=$(or $(SECONDS),600) -s

feed-run: $(BIN)/.ready
	@$(BIN)/python -m pytest tests/faults/test_feed_exactly_once.py --feed=$(or $(CHANGES),100000) -s

bench: $(BIN)/.ready
	@$(BIN)/python -m bench $(ONLY) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(if $(QUICK),--quick) $(if $(JSON),--json $(JSON))

translations: $(BIN)/.ready
	@$(BIN)/python scripts/translations.py --write

lock:
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv; }
	@$(BIN)/python scripts/check_lock.py --write

clean-env:
	rm -rf $(VENV)
