# make demo    the whole story in five languages, against a stand-in for SEEK on this machine
# make test    everything that is tested: formatting, lints, all languages, packaging, the README
#
# Everything is set up inside the checkout. The machine must have Rust, Python >= 3.10, Node >= 20,
# a C and C++ compiler and make; `make doctor` says what is missing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
PREFIX ?= /usr/local
DEBUG := $(CURDIR)/target/debug
RELEASE := $(CURDIR)/target/release
VENV := $(CURDIR)/python/.venv
PY := $(VENV)/bin/python
SANDBOX := $(DEBUG)/seekauth-sandbox
WITH_SANDBOX := sh tests/c/with-sandbox.sh $(SANDBOX)
CASES := $(DEBUG)/seekauth-cases
# Drivers import the harness from there.
WITH_HARNESS := PYTHONPATH=$(CURDIR)/tests

# pyo3 would otherwise link the interpreter; set for every build, so that none undoes another's work.
export PYO3_BUILD_EXTENSION_MODULE := 1

.PHONY: help
help: ## shows this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- set-up ---------------------------------------------------------------------------------------

.PHONY: doctor
doctor: ## says what the machine lacks
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

$(VENV)/.ready: python/requirements-dev.txt
	@echo "setting up a virtual environment in python/.venv"
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

node/node_modules/.ready: node/package-lock.json
	@echo "setting up node/node_modules"
	cd node && npm ci --silent --no-audit --no-fund
	@touch $@

# ---- artefacts ------------------------------------------------------------------------------------
# Each package is built by itself: together, the runner's test clock would slip into all of them.

# No path of this machine gets into them: the same sources make the same bytes in any folder. (The last
# one is that of the standard library, where its sources are installed; elsewhere it has that name.)
SYSROOT = $(shell rustc --print sysroot)
COMMIT = $(shell rustc -vV | sed -n 's/^commit-hash: //p')
REMAPPED = $(CURDIR)=/seekauth \
	$(or $(CARGO_HOME),$(HOME)/.cargo)/registry/src=/crates \
	$(SYSROOT)/lib/rustlib/src/rust=/rustc/$(COMMIT)
release-c wheel release-node demo overhead: export RUSTFLAGS = $(REMAPPED:%=--remap-path-prefix=%)

.PHONY: release-c release-node wheel npm-package install
release-c:
	cargo build --quiet --release -p seekauth-capi

wheel: $(VENV)/.ready notices sbom ## builds target/wheels/seekauth-*.whl
	rm -rf target/wheels python/seekauth/_native.abi3.so
	cp LICENSE-* target/notices/python/LICENSE-* target/sbom/seekauth-python.cdx.json python/
	cd python && $(VENV)/bin/maturin build --quiet --release --out ../target/wheels --sbom-include seekauth-python.cdx.json

release-node: node/node_modules/.ready
	cd node && npm run --silent build

npm-package: release-node notices sbom ## builds target/npm/seekauth-*.tgz
	rm -rf target/npm && mkdir -p target/npm
	cd node && npm pack --silent --pack-destination ../target/npm

install: release-c notices ## installs library, headers, pkg-config file and notices below PREFIX
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/share/doc/seekauth
	install -m 644 LICENSE-* target/notices/c/LICENSE-* $(DESTDIR)$(PREFIX)/share/doc/seekauth/
	install -m 755 $(RELEASE)/libseekauth.so $(DESTDIR)$(PREFIX)/lib/libseekauth.so.0
	ln -sf libseekauth.so.0 $(DESTDIR)$(PREFIX)/lib/libseekauth.so
	install -m 644 $(RELEASE)/libseekauth.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 include/seekauth.h include/seekauth.hpp $(DESTDIR)$(PREFIX)/include/
	sed -e 's|@prefix@|$(PREFIX)|' -e "s|@version@|$$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)|" \
		bindings/c/seekauth.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/seekauth.pc

.PHONY: debug-rust debug-c debug-python debug-node
debug-rust:
	cargo build --quiet -p seekauth-sandbox
	cargo build --quiet -p seekauth-runner

debug-c: libcurl
	cargo build --quiet -p seekauth-capi --features manual-clock
	$(MAKE) --no-print-directory --silent -C tests/c all

# Moved into place in one step: a process that has the old file loaded keeps it.
debug-python: $(VENV)/.ready
	cargo build --quiet -p seekauth-python --features manual-clock
	cp target/debug/lib_native.so python/seekauth/.new && mv python/seekauth/.new python/seekauth/_native.abi3.so

debug-node: node/node_modules/.ready
	cd node && npm run --silent build:test

# ---- demo -----------------------------------------------------------------------------------------

.PHONY: demo
demo: libcurl $(VENV)/.ready node/node_modules/.ready ## tells one story in five languages
	$(MAKE) --no-print-directory -C tests/demo demo PY=$(PY)

# ---- tests ----------------------------------------------------------------------------------------

.PHONY: test lint test-rust test-transport test-c cases test-python test-node test-exit test-prefork test-packaging test-readme
test: lint test-rust model test-transport test-c test-python test-node cases test-rotation test-canary test-exit test-faults test-prefork test-readme test-packaging ## runs everything
	@echo "make test: all passed"

lint: $(VENV)/.ready node/node_modules/.ready ## formatting and lints of all languages
	cargo fmt --all --check
	cargo fmt --manifest-path tests/security/fuzz/Cargo.toml --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	cargo clippy --quiet -p seekauth-capi -p seekauth-python -p seekauth-node --all-targets \
		--features seekauth-capi/manual-clock,seekauth-python/manual-clock,seekauth-node/manual-clock -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps -p seekauth
	$(VENV)/bin/ruff check --quiet python tests
	$(VENV)/bin/ruff format --quiet --check python tests
	cd python && $(VENV)/bin/mypy
	cd tests/bench/rust && cargo fmt --all --check && cargo update --quiet --workspace --locked
	cd tests/security/fuzz && cargo update --quiet --workspace --locked
	cd node && npm run --silent check

test-rust: ## tests of the core, the sandbox and the runner
	cargo test --quiet -p seekauth
	cargo test --quiet -p seekauth-sandbox
	cargo test --quiet -p seekauth-runner

test-c: debug-rust debug-c ## C and C++ programs, header, symbols
	cargo test --quiet -p seekauth-capi --features manual-clock
	$(MAKE) --no-print-directory -C tests/c check
	@if command -v valgrind >/dev/null; then $(MAKE) --no-print-directory -C tests/c memcheck; \
	else echo "valgrind is not installed: the search for leaks is left out"; fi

test-python: debug-rust debug-python
	cd python && SEEKAUTH_SANDBOX=$(SANDBOX) $(PY) -m pytest --quiet

test-node: debug-rust debug-node
	cd node && SEEKAUTH_SANDBOX=$(SANDBOX) npm test --silent

# The numbers must be equal: every language passes every case.
cases: debug-rust debug-c debug-python debug-node ## the suite of cases in five languages
	@rm -f target/cases.txt target/adapters.jsonl
	@$(CASES) --language rust --results target/adapters.jsonl -- $(DEBUG)/seekauth-agent | tee -a target/cases.txt
	@$(CASES) --language c --results target/adapters.jsonl -- target/c/agent-c | tee -a target/cases.txt
	@$(CASES) --language c++ --results target/adapters.jsonl -- target/c/agent-cpp | tee -a target/cases.txt
	@PYTHONPATH=python $(CASES) --language python --results target/adapters.jsonl -- $(PY) python/tests/agent.py | tee -a target/cases.txt
	@$(CASES) --language node --results target/adapters.jsonl -- node node/test/agent.js | tee -a target/cases.txt
	@test "$$(grep -cE '^[a-z+]+: [0-9]+ passed, 0 failed$$' target/cases.txt)" = 5
	@test "$$(grep -E '^[a-z+]+: [0-9]+ passed' target/cases.txt | sed 's/^[^:]*: //' | sort -u | wc -l)" = 1
	@$(CASES) --table target/adapters.jsonl

.PHONY: overhead
overhead: libcurl debug-rust $(VENV)/.ready node/node_modules/.ready ## what authentication adds to a request, against the bare HTTP clients
	$(MAKE) --no-print-directory -C tests/bench/overhead
	cargo build --quiet --release -p seekauth-python
	cp $(RELEASE)/lib_native.so python/seekauth/.new && mv python/seekauth/.new python/seekauth/_native.abi3.so
	cd python && SEEKAUTH_SANDBOX=$(SANDBOX) PYTHONPATH=.:../tests $(PY) ../tests/bench/overhead/python.py
	cd node && npm run --silent build && SEEKAUTH_SANDBOX=$(SANDBOX) node ../tests/bench/overhead/node.mjs

# ---- endurance ------------------------------------------------------------------------------------

.PHONY: debug-endurance test-faults test-rotation test-canary soak sanitize fleet model
debug-endurance: libcurl debug-rust debug-c debug-python debug-node
	cargo build --quiet -p seekauth-harness
	$(MAKE) --no-print-directory --silent -C tests/process/exit
	$(MAKE) --no-print-directory --silent -C tests/endurance/soak

test-exit: debug-endurance ## leaves processes at every stage, in every language
	$(WITH_HARNESS) $(PYTHON) tests/process/exit/run.py

target/prefork/venv/.ready: tests/process/prefork/requirements.txt
	$(PYTHON) -m venv target/prefork/venv
	target/prefork/venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

target/c/forking: tests/process/prefork/forking.c | debug-c
	cc -std=c99 -g -Wall -Wextra -Wpedantic -Werror -Iinclude $< -o $@ -Ltarget/c -Wl,-rpath,$(CURDIR)/target/c -lseekauth -pthread

test-prefork: debug-rust debug-c debug-python debug-node target/prefork/venv/.ready target/c/forking ## real prefork servers
	$(WITH_HARNESS) target/prefork/venv/bin/python tests/process/prefork/run.py

test-faults: debug-endurance ## each passing failure of the endpoint, in every language, in real time
	$(WITH_HARNESS) $(PYTHON) tests/endurance/faults/run.py

test-rotation: debug-endurance ## secrets exchanged under load, in every language
	$(WITH_HARNESS) $(PYTHON) tests/endurance/rotation/run.py

test-canary: libcurl debug-rust debug-c debug-python debug-node ## plants secrets and looks for them in all that is shown, written and left in memory
	cargo build --quiet -p seekauth-canary
	$(MAKE) --no-print-directory --silent -C tests/security/canary
	$(WITH_HARNESS) $(PYTHON) tests/security/canary/run.py

test-transport: ## certificates, proxies, connections and rotated secrets, over real sockets
	cargo test --quiet -p seekauth-transport

sanitize: libcurl debug-rust debug-c debug-python debug-node ## AddressSanitizer, ThreadSanitizer, Valgrind; ONLY=address for a part
	$(PYTHON) tests/security/sanitize/run.py $(ONLY)

MINUTES ?= 20
soak: debug-endurance ## MINUTES=n of short tokens and random faults, all languages at once
	$(WITH_HARNESS) $(PYTHON) tests/endurance/soak/run.py $(MINUTES)

fleet: ## simulates 10,000 processes over two days and writes docs/fleet.md
	SEEKAUTH_FLEET=$(CURDIR)/docs cargo test --quiet -p seekauth --lib cache::tests::fleet

model: ## explores thread interleavings of slot and flight
	RUSTFLAGS="--cfg shuttle" cargo test --quiet -p seekauth --lib shuttle_ --target-dir target/model

# ---- benchmarks -----------------------------------------------------------------------------------

BENCH := tests/bench
RELEASED = target/wheels/*.whl target/npm/*.tgz $(RELEASE)/libseekauth.so

.PHONY: bench bench-quick bench-instructions bench-profiles
bench: libcurl release-c wheel npm-package ## seekauth beside its peers; writes docs/benchmarks.md
	$(PY) $(BENCH)/install.py --peers $(RELEASED)
	$(PYTHON) $(BENCH)/run.py $(RELEASED)

bench-quick: libcurl release-c wheel npm-package ## seekauth beside hand-written code, in a few minutes
	$(PY) $(BENCH)/install.py $(RELEASED)
	$(PYTHON) $(BENCH)/run.py --quick $(RELEASED)

bench-instructions: release-c wheel npm-package ## counts the hot calls' instructions; UPDATE=1 keeps them
	@if command -v valgrind >/dev/null; then $(PY) $(BENCH)/install.py --counting $(RELEASED) && \
		$(PYTHON) $(BENCH)/instructions.py $(if $(UPDATE),--update); \
	else echo "valgrind is not installed: instructions are not counted"; fi

bench-profiles: libcurl release-c wheel npm-package ## builds the library in several profiles and compares them
	$(PY) $(BENCH)/install.py $(RELEASED)
	$(PYTHON) $(BENCH)/profiles.py

# ---- what is shipped ------------------------------------------------------------------------------

test-readme: debug-rust debug-c debug-python debug-node
	PYTHONPATH=python $(WITH_SANDBOX) $(PY) tests/release/packaging/readme.py target/c

test-packaging: debug-rust release-c wheel npm-package
	cd node && npm run --silent test:package
	$(MAKE) --no-print-directory -C tests/c check-release LIBDIR=$(RELEASE)
	$(WITH_SANDBOX) $(PY) tests/release/packaging/packages.py target/wheels/*.whl target/npm/*.tgz $(RELEASE)/libseekauth.so

# ---- supply chain ---------------------------------------------------------------------------------

SUPPLY ?= $(CURDIR)/target/supply/venv
DENY := target/tools/cargo-deny-0.20.2/bin/cargo-deny
FUZZ := target/tools/cargo-fuzz-0.13.2/bin/cargo-fuzz

# Unoptimised: they are quicker built so than they would ever be with it.
$(DENY) $(FUZZ):
	cargo install --quiet --locked --debug --root $(@:%/bin/$(@F)=%) $(@F)@$(patsubst target/tools/$(@F)-%/bin/$(@F),%,$@)

$(SUPPLY)/.ready: tests/release/supply/requirements.txt
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.PHONY: deny notices sbom test-supply reproducible fuzz test-fuzz
deny: $(DENY) ## licenses, sources, duplicates; advisories where their database can be reached
	$(DENY) --log-level warn --locked check bans licenses sources
	@if $(DENY) --log-level off fetch db 2>/dev/null; then $(DENY) --log-level warn --locked check advisories; \
	else echo "advisories: NOT checked, their database cannot be reached from here"; fi

notices:
	@$(PYTHON) tests/release/supply/notice.py

sbom: $(SUPPLY)/.ready ## writes target/sbom/*.cdx.json, a bill of materials for each package
	@$(SUPPLY)/bin/python tests/release/supply/sbom.py

test-supply: deny sbom wheel npm-package
	rm -rf target/installed
	$(MAKE) --no-print-directory install DESTDIR=$(CURDIR)/target/installed
	$(PYTHON) tests/release/supply/packages.py target/wheels/*.whl target/npm/*.tgz target/installed

reproducible: release-c wheel npm-package ## builds all packages again in another folder and compares
	$(PYTHON) tests/release/supply/reproduce.py $$(echo target/release/libseekauth.so target/release/libseekauth.a target/wheels/*.whl target/npm/*.tgz) \
		-- release-c wheel npm-package

SECONDS ?= 60
fuzz: $(FUZZ) ## SECONDS=n of hostile input for each target
	$(PYTHON) tests/security/fuzz/run.py --cargo-fuzz $(FUZZ) --seconds $(SECONDS)

test-fuzz: $(FUZZ)
	$(PYTHON) tests/security/fuzz/run.py --cargo-fuzz $(FUZZ) --executions 5000

# ---- writing --------------------------------------------------------------------------------------

.PHONY: header format clean
header: ## writes include/seekauth.h anew
	UPDATE_HEADER=1 cargo test --quiet -p seekauth-capi --features manual-clock --test header

format: $(VENV)/.ready ## formats Rust and Python
	cargo fmt --all
	cargo fmt --manifest-path tests/security/fuzz/Cargo.toml
	$(VENV)/bin/ruff check --quiet --fix python tests
	$(VENV)/bin/ruff format --quiet python tests

clean: ## removes everything that was built or set up
	rm -rf target $(VENV) node/node_modules python/seekauth/_native.abi3.so node/*.node {python,node}/{LICENSE-*,*.cdx.json}
