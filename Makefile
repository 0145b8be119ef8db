# Everything a developer or a newcomer does with the project. `make` lists it.

VENV   ?= .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
SOCKET ?= $(if $(XDG_RUNTIME_DIR),$(XDG_RUNTIME_DIR),/tmp)/qmpd.sock

.DEFAULT_GOAL := help
.PHONY: help run test lint peers conformance conformance-long bench clean

help: ## list what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.installed: pyproject.toml
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

run: $(BIN)/.installed ## serve a virtual machine's monitor and say how to talk to it
	$(BIN)/qmpd --socket $(SOCKET)

test: $(BIN)/.installed ## run the tests; comparisons with absent programs are skipped
	$(BIN)/python -m pytest

lint: $(BIN)/.installed ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

peers: ## install what the tests compare with: QEMU 10.0.2, socat (Debian, as root)
	.ci/peers

conformance: $(BIN)/.installed ## record the conformance cases anew from QEMU and show what differs
	$(BIN)/python -m tests.conformance.record

conformance-long: $(BIN)/.installed ## compare long random sequences with QEMU
	$(BIN)/python -m tests.conformance.differential --seconds 3600

bench: $(BIN)/.installed ## time qmpd beside QEMU and an echo server
	$(BIN)/python -m tests.benchmarks

clean: ## remove what was made
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
