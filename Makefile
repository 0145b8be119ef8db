# qmpd: everything a contributor does, by name. `make` alone says what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .ci/peers
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test peers lint conformance conformance-long bench bench-libvirt libvirt-9 clean
.DELETE_ON_ERROR:

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## serve a virtual machine; ARGS='--memory 8G,slots=4,maxmem=32G' is passed on
	@exec $(BIN)/qmpd $(ARGS)

test: $(VENV)/.test ## run all tests, and lint; ARGS='tests/wire -k garbage' picks some (without lint)
	$(if $(ARGS),,@$(MAKE) --no-print-directory lint)
	$(BIN)/python -m pytest $(ARGS)

peers: ## install what the tests compare with (Debian): QEMU 10.0.2, libvirt, socat, systemd-analyze, cc
	@$(PEERS)

lint: $(VENV)/.test ## ruff, mypy, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

conformance: $(VENV)/.test ## ask the real QEMU again, show and write what has drifted
	$(BIN)/python -m tests.conformance.record $(ARGS)

conformance-long: $(VENV)/.test ## a thousand random sequences, and every device, with qmpd and QEMU side by side (half an hour with 2 CPUs)
	$(BIN)/python -m tests.conformance.survey
	seq 20 | xargs -P $$(nproc) -I{} $(BIN)/python -m tests.conformance.differential --sequences 50 $(ARGS)

bench: $(VENV)/.test ## measure qmpd, QEMU and a bare echo side by side
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-libvirt: $(VENV)/.test ## have libvirt start 50 domains, with qmpd and with QEMU
	$(BIN)/python -m tests.benchmarks.domains $(ARGS)

libvirt-9: $(VENV)/.test ## the tests with libvirt 9.0 of Debian 12 (as root there)
	@.ci/libvirt-9 $(VENV)/libvirt-9
	QMPD_LIBVIRT=$(CURDIR)/$(VENV)/libvirt-9 $(BIN)/python -m pytest tests/libvirt $(ARGS)

clean: ## remove what was built or installed here
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find qmpd tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Two sizes of environment, so that a first look need not wait for the test tools.
$(VENV)/.run $(VENV)/.test: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(if $(findstring test,$@),test,client)]'
	@$(BIN)/python -m compileall -q qmpd
	@touch $@ $(if $(findstring test,$@),$(VENV)/.run)

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "qmpd needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; \
	  echo "Or name another Python: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
