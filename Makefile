# make demo    the whole story in five languages, against a stand-in for SEEK on this machine
# make test    everything that is tested: formatting, lints, all languages, packaging, the README
#
# Everything is set up inside the checkout. The machine must have Rust, Python >= 3.10, Node >= 20,
# a C and C++ compiler and make; `make doctor` says what is missing. What tests, measures and checks
# releases is in the included parts, each beside what it runs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
DEBUG := $(CURDIR)/target/debug
RELEASE := $(CURDIR)/target/release
VENV := $(CURDIR)/python/.venv
PY := $(VENV)/bin/python
SANDBOX := $(DEBUG)/seekauth-sandbox
WITH_SANDBOX := sh tests/c/with-sandbox.sh $(SANDBOX)

# pyo3 would otherwise link the interpreter; set for every build, so that none undoes another's work.
export PYO3_BUILD_EXTENSION_MODULE := 1

# A target is listed with the words behind `##`, in the group that they begin with.
.PHONY: help
help: ## use: shows this
	@awk 'match($$0, /^[a-z-]+:.*## (use|contribute|release): /) { \
		target = $$0; sub(/:.*/, "", target); group = $$0; sub(/.*## /, "", group); said = group; \
		sub(/:.*/, "", group); sub(/^[a-z]+: /, "", said); \
		lines[group] = lines[group] sprintf("  make %-20s %s\n", target, said) } \
		END { printf "use\n%s\ncontribute\n%s\nrelease\n%s", lines["use"], lines["contribute"], lines["release"] }' \
		$(MAKEFILE_LIST)

# ---- set-up ---------------------------------------------------------------------------------------

.PHONY: doctor
doctor: ## use: says what the machine lacks
	@missing=; for program in cargo rustc $(PYTHON) node npm cc c++ pkg-config; do \
		command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ]; then echo "please install:$$missing" >&2; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed" if sys.version_info < (3, 10) else 0)'
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : (console.error("Node 20 or newer is needed"), 1))'

# libcurl is what C programs use; the demo needs its headers.
.PHONY: libcurl
libcurl: doctor
	@if ! echo '#include <curl/curl.h>' | cc -E - >/dev/null 2>&1; then \
		if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
			echo "installing libcurl's headers"; apt-get update -qq; apt-get install -y -qq libcurl4-openssl-dev >/dev/null; \
		else echo "please install libcurl's headers (Debian: libcurl4-openssl-dev)" >&2; exit 1; fi; fi

# What C++ programs test themselves with; the examples of the docs need it.
.PHONY: gtest
gtest: doctor
	@if ! echo '#include <gtest/gtest.h>' | c++ -E -xc++ - >/dev/null 2>&1; then \
		if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
			echo "installing GoogleTest"; apt-get update -qq; apt-get install -y -qq libgtest-dev >/dev/null; \
		else echo "please install GoogleTest (Debian: libgtest-dev)" >&2; exit 1; fi; fi

# The tests start servers of their own; the one that the package brings is not needed.
.PHONY: redis
redis: doctor
	@if ! command -v redis-server >/dev/null && ! command -v valkey-server >/dev/null; then \
		if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
			echo "installing redis-server"; apt-get update -qq; apt-get install -y -qq redis-server >/dev/null; \
			systemctl disable --quiet --now redis-server 2>/dev/null || true; \
		else echo "please install Redis or Valkey (Debian: redis-server)" >&2; exit 1; fi; fi
	@command -v openssl >/dev/null || { echo "please install openssl, which makes certificates for tests" >&2; exit 1; }

$(VENV)/.ready: python/requirements-dev.txt
	@echo "setting up a virtual environment in python/.venv"
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

node/node_modules/.ready: node/package-lock.json
	@echo "setting up node/node_modules"
	cd node && npm ci --silent --no-audit --no-fund
	@touch $@

# A tool of cargo's, in the folder that its version names. Unoptimised: that is built sooner than it is run.
define install-tool
cargo install --quiet --locked --debug --root $(@:%/bin/$(@F)=%) $(@F)@$(patsubst target/tools/$(@F)-%/bin/$(@F),%,$@)
endef

# ---- packages -------------------------------------------------------------------------------------
# Each package is built by itself: together, the runner's test clock would slip into all of them.

# No path of this machine gets into them: the same sources make the same bytes in any folder. (The last
# one is that of the standard library, where its sources are installed; elsewhere it has that name.)
SYSROOT = $(shell rustc --print sysroot)
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
COMMIT = $(shell rustc -vV | sed -n 's/^commit-hash: //p')
REMAPPED = $(CURDIR)=/seekauth \
	$(or $(CARGO_HOME),$(HOME)/.cargo)/registry/src=/crates \
	$(SYSROOT)/lib/rustlib/src/rust=/rustc/$(COMMIT)
release-c wheel release-node demo overhead bench-events: export RUSTFLAGS = $(REMAPPED:%=--remap-path-prefix=%)

.PHONY: release-c release-node wheel npm-package
release-c:
	cargo build --quiet --release -p seekauth-capi
	cargo build --quiet --release -p seekauth-cli

# The wheel takes along what stands in python/: the papers, and no library of another build.
define lay-papers
@rm -rf $(WHEELS) python/seekauth/_native.abi3.so
@cp LICENSE-* $(PAPERS)/notices/python/LICENSE-* $(PAPERS)/sbom/seekauth-python.cdx.json python/
endef
PAPERS := $(CURDIR)/target
WHEELS := $(CURDIR)/target/wheels
MATURIN := $(VENV)/bin/maturin
BILLED := --sbom-include seekauth-python.cdx.json --compression-level 9

wheel: $(VENV)/.ready notices sbom ## use: builds target/wheels/seekauth-*.whl, for this system
	$(lay-papers)
	cd python && $(MATURIN) build --quiet --release --out $(WHEELS) $(BILLED)

release-node: node/node_modules/.ready
	cd node && npm run --silent build

npm-package: release-node notices sbom ## use: builds target/npm/seekauth-*.tgz, for this system
	rm -rf target/npm
	node node/scripts/pack-platform.js $(HOST) node/seekauth.*.node $(PAPERS) target/npm
	node node/scripts/pack.js target/npm

# ---- everyday -------------------------------------------------------------------------------------

.PHONY: demo test format clean
demo: libcurl $(VENV)/.ready node/node_modules/.ready ## use: tells one story in five languages
	$(MAKE) --no-print-directory -C tests/demo demo PY=$(PY)

test: lint test-rust model test-transport test-command test-c test-python test-node cases test-rotation test-canary test-exit test-blockers test-faults test-prefork test-sharing test-redis test-readme test-packaging ## contribute: runs everything
	@echo "make test: all passed"

format: $(VENV)/.ready ## contribute: formats Rust and Python
	cargo fmt --all
	cargo fmt --manifest-path tests/security/fuzz/Cargo.toml
	cargo fmt --manifest-path tests/hosts/rust/Cargo.toml --all
	$(VENV)/bin/ruff check --quiet --fix python tests
	$(VENV)/bin/ruff format --quiet python tests

clean: ## contribute: removes everything that was built or set up
	rm -rf target $(VENV) node/node_modules python/seekauth/_native.abi3.so node/*.node python/{LICENSE-*,*.cdx.json} dist

include bindings/c/package/install.mk tests/release/supply.mk tests/release/dist/dist.mk
include tests/suites.mk tests/hosts/hosts.mk tests/bench/bench.mk tests/release/crate.mk tests/release/carried.mk
include tests/release/kit/kit.mk
