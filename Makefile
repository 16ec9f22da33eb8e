# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target sets itself up in .venv; nothing is installed outside this folder.
# `make` alone lists the targets.

PYTHON ?= python3
PORT ?= 5555

export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.venv/collections
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# The bytecode of 500 MB of collections is compiled when it is used, not before.
pip_install := .venv/bin/python -m pip install -qq --no-compile --disable-pip-version-check

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- the set-up, stamped: a changed requirements file installs again -------------------------------------------------

.venv/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is $$($(PYTHON) -V 2>&1); fleet.rolesanywhere needs Python 3.11 or newer, for example: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv
	@mkdir -p .venv/collections/ansible_collections/fleet
	@ln -sfn ../../../.. .venv/collections/ansible_collections/fleet/rolesanywhere
	@touch $@

.venv/test-installed: .venv/created requirements.txt tests/requirements.txt
	@echo "Installing Ansible and the test tools into .venv (the first time takes a minute) ..."
	@$(pip_install) -r tests/requirements.txt
	@touch $@

.venv/lint-installed: .venv/test-installed tests/requirements-lint.txt
	@echo "Installing the linters into .venv ..."
	@$(pip_install) -r tests/requirements-lint.txt
	@touch $@

.PHONY: venv
venv: .venv/test-installed  ## set up .venv with Ansible and the test tools

# ---- what a new user runs --------------------------------------------------------------------------------------------

.PHONY: quickstart
quickstart: .venv/test-installed  ## the main job end to end against the local AWS (KEEP=1 leaves it running)
	@exec .venv/bin/python tests/quickstart/run.py $(if $(KEEP),--keep)

.PHONY: test
test: .venv/test-installed  ## all tests that need no container and no system package
	@exec .venv/bin/python -m pytest --numprocesses=auto --dist=worksteal

.PHONY: test-hsm
test-hsm: .venv/test-installed  ## tests of the CA's key in a PKCS#11 token (need softhsm2 and opensc-pkcs11)
	@exec .venv/bin/python -m pytest tests/hsm --numprocesses=auto --dist=worksteal

.PHONY: test-tpm
test-tpm: .venv/test-installed  ## tests of keys in a TPM 2.0 (need swtpm and tpm2-openssl)
	@exec .venv/bin/python -m pytest tests/tpm --numprocesses=auto --dist=worksteal

.PHONY: test-kill
test-kill: .venv/test-installed  ## kill the installation of a pair at every system call that writes (needs strace)
	@exec .venv/bin/python -m pytest tests/kill --numprocesses=auto --dist=worksteal

.PHONY: emulator
emulator: .venv/test-installed  ## serve the local AWS in the foreground (PORT=5555, TLS=1 for https)
	@exec .venv/bin/python -m tests.emulator --port $(PORT) $(if $(TLS),--tls)

.PHONY: bench
bench: .venv/test-installed  ## measure beside what people would use instead
	@exec .venv/bin/python -m benchmarks.run

# ---- what a maintainer runs ------------------------------------------------------------------------------------------

.PHONY: lint
lint: .venv/lint-installed  ## format, types, YAML, shell, Ansible, documentation, changelog, licences
	ruff format --check
	ruff check
	mypy
	yamllint --strict .
	shellcheck .ci/run docs/examples/*.sh
	ansible-lint
	# It copies amazon.aws out of .venv, and must not take that for an ignored part of this repository.
	GIT_CEILING_DIRECTORIES=$(CURDIR)/.venv \
	  antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck --validate-collection-refs dependent .
	antsibull-changelog lint
	reuse lint --lines

.PHONY: sanity
sanity: .venv/lint-installed  ## ansible-test sanity on the oldest and the newest ansible-core
	@exec .venv/bin/python tests/run_ansible_test.py sanity

.PHONY: units
units: .venv/lint-installed  ## ansible-test units on the oldest and the newest ansible-core
	@exec .venv/bin/python tests/run_ansible_test.py units

.PHONY: build
build: .venv/test-installed  ## build the collection's tarball
	@.venv/bin/ansible-galaxy collection build --force

.PHONY: clean
clean:  ## remove everything that make has made
	rm -rf .venv .build .quickstart .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/output fleet-rolesanywhere-*.tar.gz
