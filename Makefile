# All commands for working on the hub. Each does its own set-up; nothing is needed but Python 3.11 or newer and make.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SHELLFLAGS := -euc
.PHONY: help demo test test-crash test-mutation check bench docs screenshots lock clean

python := .venv/bin/python
ready := .venv/.ready
browser := .venv/.browser
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_USER := 0
export ONCE
unexport PYTHONDONTWRITEBYTECODE # hundreds of processes of the tests would compile everything anew

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(ready) ## a region at work on this machine, until Ctrl-C; ONCE=1 to run it through and stop
	@exec $(python) -m ops.demo

# The long files first, so that none of them runs alone at the end.
long := tests/property/ tests/integration/
halves := $(long) $(filter-out $(long) tests/e2e/ tests/browser/ tests/fakes/ tests/vectors/ %__pycache__/,$(sort $(wildcard tests/*/)))
# Two side by side: halves of what needs no process, then what starts the hub beside what looks at it in a browser.
test: $(ready) $(browser) ## run every test (ARGS="-k word" for some)
	@if [ -n '$(ARGS)' ]; then \
		exec $(python) -m pytest $(ARGS); \
	fi; \
	$(python) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(halves); \
	said=$$(mktemp); $(python) -m pytest tests/e2e >"$$said" 2>&1 & beside=$$!; \
	trap 'kill $$beside 2>/dev/null || true' EXIT; trap 'exit 130' INT TERM; \
	browser=0; $(python) -m pytest tests/browser || browser=$$?; \
	e2e=0; wait $$beside || e2e=$$?; \
	cat "$$said"; rm -f "$$said"; test "$$browser$$e2e" = 00

test-crash: $(ready) ## kill the hub at every moment of its work: a few minutes
	@$(python) -m pytest -m slow tests/e2e/test_kills.py tests/e2e/test_log_kills.py tests/e2e/test_push_kills.py $(ARGS)

test-mutation: $(ready) ## change the code of a decision in every small way, and see a test fail: a few minutes
	@$(python) -m ops.mutation

check: $(ready) $(browser) ## what a change must pass: format, lint, types, layers, tests
	@$(python) -m ruff format --check --quiet .
	@$(python) -m ruff check --quiet .
	@$(python) -m mypy
	@.venv/bin/lint-imports
	@$(python) -m pytest $(ARGS)

bench: $(ready) ## measure against the baselines, side by side in one run
	@$(python) -m bench

docs: $(ready) ## write again what is generated from the code: event catalogue, record schemas
	@$(python) -m ops.docs

screenshots: $(ready) $(browser) ## take the pictures in the guides again
	@$(python) -m tests.browser.screenshots

lock: $(ready) ## choose dependencies anew and pin them with hashes (needs uv)
	@uv pip compile pyproject.toml --extra embedded --group dev --universal --python $(python) --generate-hashes --upgrade --only-binary :all: \
		--no-header --no-annotate --output-file requirements-dev.lock --quiet

clean: ## remove the environment and the caches; data under var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist mutants
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, from the lock alone. The stamp comes last: whatever was interrupted is done again.
$(ready): requirements-dev.lock pyproject.toml
	@if ! $(python) -m pip --version >/dev/null 2>&1; then \
		for candidate in python3.11 python3.12 python3.13 python3.14 python3; do \
			if $$candidate -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
				found=$$candidate; break; \
			fi; \
		done; \
		[ -n "$${found:-}" ] || { echo "The hub needs Python 3.11 or newer with its venv module; install it and try again." >&2; exit 1; }; \
		$$found -m venv --clear .venv; \
	fi
	@echo "Setting up .venv; this takes a minute, once."
	@$(python) -m pip install -qq --require-hashes --only-binary :all: --requirement requirements-dev.lock
	@$(python) -m pip install -qq --no-build-isolation --no-deps --editable .
	@touch $(ready)

# The browser that the tests of the desks open. As root it is installed where it is not; elsewhere it is said what to install.
# Without it those tests are skipped, and fail with CI=true.
$(browser): | $(ready)
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		if command -v $$name >/dev/null; then touch $(browser); exit; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium and fonts for the browser tests; this takes a minute, once."; \
		export DEBIAN_FRONTEND=noninteractive; \
		if apt-get -qq update >/dev/null && { apt-get -qq -y install --no-install-recommends chromium fonts-liberation2 >/dev/null 2>&1 \
			|| apt-get -qq -y install --no-install-recommends chromium fonts-liberation >/dev/null; }; then \
			touch $(browser); \
		else \
			echo "That failed. Install the packages chromium and fonts-liberation2 for the browser tests." >&2; \
		fi; \
	else \
		echo "For the browser tests, install the packages chromium and fonts-liberation2. The other tests run." >&2; \
	fi
