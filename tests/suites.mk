# The suites: lints, each language's own tests, and what this folder holds. Included by the Makefile.

# The core with the cryptography of the packages; with its default features it is tested in tests/hosts/rust.
CORE := -p seekauth --no-default-features --features doctor,redis,ring,tracing
WORKSPACE := --workspace --no-default-features --features seekauth/doctor,seekauth/redis,seekauth/ring,seekauth/tracing

# Drivers import the harness from there.
WITH_HARNESS := PYTHONPATH=$(CURDIR)/tests

# ---- what the suites run --------------------------------------------------------------------------

.PHONY: debug-rust debug-c debug-python debug-node debug-endurance
debug-rust:
	cargo build --quiet -p seekauth-sandbox
	cargo build --quiet -p seekauth-cli
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

debug-endurance: libcurl debug-rust debug-c debug-python debug-node
	cargo build --quiet -p seekauth-harness
	$(MAKE) --no-print-directory --silent -C tests/process/exit
	$(MAKE) --no-print-directory --silent -C tests/endurance/soak

# ---- sources --------------------------------------------------------------------------------------

.PHONY: lint header
lint: $(VENV)/.ready node/node_modules/.ready ## contribute: formatting and lints of all languages
	cargo fmt --all --check
	cargo fmt --manifest-path tests/security/fuzz/Cargo.toml --check
	cargo clippy --quiet $(WORKSPACE) --all-targets -- -D warnings
	cargo clippy --quiet -p seekauth-capi -p seekauth-python -p seekauth-node -p seekauth-harness --all-targets \
		--features seekauth-capi/manual-clock,seekauth-python/manual-clock,seekauth-node/manual-clock,seekauth-harness/manual-clock \
		-- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps $(CORE)
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps -p seekauth-sandbox -p seekauth-cli
	$(VENV)/bin/ruff check --quiet python tests
	$(VENV)/bin/ruff format --quiet --check python tests
	cd python && $(VENV)/bin/mypy
	cd tests/sandbox/python && $(VENV)/bin/mypy
	cd tests/bench/rust && cargo fmt --all --check && cargo update --quiet --workspace --locked
	cd tests/security/fuzz && cargo update --quiet --workspace --locked
	cd tests/hosts/rust && cargo fmt --all --check && cargo update --quiet --workspace --locked
	cd node && npm run --silent check

header: ## contribute: writes include/seekauth.h anew
	UPDATE_HEADER=1 cargo test --quiet -p seekauth-capi --features manual-clock --test header

# ---- languages ------------------------------------------------------------------------------------

.PHONY: test-rust test-transport test-command test-c test-python test-node cases model fleet
test-rust: ## contribute: tests of the core, the sandbox and the runner
	cargo test --quiet $(CORE)
	cargo test --quiet -p seekauth-sandbox
	cargo test --quiet -p seekauth-runner

test-transport: ## contribute: certificates, proxies, connections and rotated secrets, over real sockets
	cargo test --quiet -p seekauth-transport

test-command: ## contribute: the command seekauth: each stage that fails, over real sockets
	cargo test --quiet -p seekauth-cli

test-c: debug-rust debug-c ## contribute: C and C++ programs, header, symbols
	cargo test --quiet -p seekauth-capi --features manual-clock
	$(MAKE) --no-print-directory -C tests/c check
	@if command -v valgrind >/dev/null; then $(MAKE) --no-print-directory -C tests/c memcheck; \
	else echo "valgrind is not installed: the search for leaks is left out"; fi

test-python: debug-rust debug-python target/lowest/venv/.ready ## contribute: tests of the Python package
	cd python && SEEKAUTH_SANDBOX=$(SANDBOX) $(PY) -m pytest --quiet
	cd python && SEEKAUTH_SANDBOX=$(SANDBOX) ../target/lowest/venv/bin/python -m pytest --quiet \
		tests/test_proxy.py tests/test_adapters.py tests/test_doubles.py tests/test_tracebacks.py tests/test_metrics.py

# The lowest versions of what the package's extras take.
target/lowest/venv/.ready: python/requirements-lowest.txt
	$(PYTHON) -m venv target/lowest/venv
	target/lowest/venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

test-node: debug-rust debug-node ## contribute: tests of the Node package
	cd node && SEEKAUTH_SANDBOX=$(SANDBOX) npm test --silent

# The numbers must be equal: every language passes every case.
CASES := $(DEBUG)/seekauth-cases
cases: debug-rust debug-c debug-python debug-node ## contribute: the suite of cases in five languages
	@rm -f target/cases.txt target/adapters.jsonl
	@$(CASES) --language rust --results target/adapters.jsonl -- $(DEBUG)/seekauth-agent | tee -a target/cases.txt
	@$(CASES) --language c --results target/adapters.jsonl -- target/c/agent-c | tee -a target/cases.txt
	@$(CASES) --language c++ --results target/adapters.jsonl -- target/c/agent-cpp | tee -a target/cases.txt
	@PYTHONPATH=python $(CASES) --language python --results target/adapters.jsonl -- $(PY) python/tests/agent.py | tee -a target/cases.txt
	@$(CASES) --language node --results target/adapters.jsonl -- node node/test/agent.js | tee -a target/cases.txt
	@test "$$(grep -cE '^[a-z+]+: [0-9]+ passed, 0 failed$$' target/cases.txt)" = 5
	@test "$$(grep -E '^[a-z+]+: [0-9]+ passed' target/cases.txt | sed 's/^[^:]*: //' | sort -u | wc -l)" = 1
	@$(CASES) --table target/adapters.jsonl

model: ## contribute: explores thread interleavings of slot and flight, and of three engines with a store
	RUSTFLAGS="--cfg shuttle" cargo test --quiet $(CORE) --lib shuttle_ --target-dir target/model

fleet: ## contribute: simulates 10,000 processes over two days and writes docs/fleet.md
	SEEKAUTH_FLEET=$(CURDIR)/docs cargo test --quiet $(CORE) --lib cache::tests::fleet

# ---- processes ------------------------------------------------------------------------------------

.PHONY: test-exit test-blockers test-prefork fork-stress
test-exit: debug-endurance ## contribute: leaves processes at every stage, in every language
	$(WITH_HARNESS) $(PYTHON) tests/process/exit/run.py

test-blockers: debug-rust debug-c debug-python debug-node ## contribute: what never ends holds up nobody else, in every language
	$(MAKE) --no-print-directory --silent -C tests/process/blockers
	$(WITH_HARNESS) $(PYTHON) tests/process/blockers/run.py

target/prefork/venv/.ready: tests/process/prefork/requirements.txt
	$(PYTHON) -m venv target/prefork/venv
	target/prefork/venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

target/prefork/eventlet/.ready: tests/process/prefork/requirements-eventlet.txt
	$(PYTHON) -m venv target/prefork/eventlet
	target/prefork/eventlet/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

target/c/forking: tests/process/prefork/forking.c | debug-c
	cc -std=c99 -g -Wall -Wextra -Wpedantic -Werror -Iinclude $< -o $@ -Ltarget/c -Wl,-rpath,$(CURDIR)/target/c -lseekauth -pthread

test-prefork: debug-rust debug-c debug-python debug-node target/prefork/venv/.ready target/prefork/eventlet/.ready target/c/forking ## contribute: real prefork servers
	$(WITH_HARNESS) target/prefork/venv/bin/python tests/process/prefork/run.py

# Processes that share a token, and what befalls them and their store.
target/c/outliving: tests/process/fleet/outliving.c | debug-c
	cc -std=c99 -g -Wall -Wextra -Wpedantic -Werror -Iinclude $< -o $@ -Ltarget/c -Wl,-rpath,$(CURDIR)/target/c -lseekauth -pthread

.PHONY: test-sharing test-fleet
test-fleet: redis
test-sharing test-fleet: debug-rust debug-c target/c/outliving
	cargo build --quiet -p seekauth-harness --bin seekauth-member --features manual-clock
	$(WITH_HARNESS) $(PYTHON) tests/process/fleet/run.py $(if $(filter test-fleet,$@),--full)
	$(if $(filter test-fleet,$@),$(WITH_HARNESS) $(PYTHON) tests/process/redis/run.py --full)
test-sharing: ## contribute: processes that share a token, in a minute
test-fleet: ## contribute: the same and test-redis, with up to 200 processes and ten lifetimes

.PHONY: test-redis
test-redis: redis debug-rust debug-c target/c/outliving ## contribute: processes that share a token through Redis, and all that befalls it
	cargo build --quiet -p seekauth-harness --bin seekauth-member --features manual-clock
	$(WITH_HARNESS) $(PYTHON) tests/process/redis/run.py

fork-stress: debug-rust debug-c ## contribute: 12,000 forks under calls that fail
	$(MAKE) --no-print-directory -C tests/c fork-stress

# ---- endurance ------------------------------------------------------------------------------------

.PHONY: test-faults test-rotation soak
test-faults: debug-endurance ## contribute: each transient failure of the endpoint, in every language, in real time
	$(WITH_HARNESS) $(PYTHON) tests/endurance/faults/run.py

test-rotation: debug-endurance ## contribute: secrets exchanged under load, in every language
	$(WITH_HARNESS) $(PYTHON) tests/endurance/rotation/run.py

MINUTES ?= 20
soak: debug-endurance ## contribute: MINUTES=n of short tokens and random faults, all languages at once
	$(WITH_HARNESS) $(PYTHON) tests/endurance/soak/run.py $(MINUTES)

# ---- security -------------------------------------------------------------------------------------

.PHONY: test-canary sanitize fuzz test-fuzz
test-canary: libcurl debug-rust debug-c debug-python debug-node ## contribute: plants secrets and looks for them in all that is shown, written and left in memory
	cargo build --quiet -p seekauth-canary
	$(MAKE) --no-print-directory --silent -C tests/security/canary
	$(WITH_HARNESS) $(PYTHON) tests/security/canary/run.py

sanitize: libcurl debug-rust debug-c debug-python debug-node ## contribute: AddressSanitizer, ThreadSanitizer, Valgrind; ONLY=address for a part
	$(PYTHON) tests/security/sanitize/run.py $(ONLY)

FUZZ := target/tools/cargo-fuzz-0.13.2/bin/cargo-fuzz
$(FUZZ):
	$(install-tool)

SECONDS ?= 60
fuzz: $(FUZZ) ## contribute: SECONDS=n of hostile input for each target
	$(PYTHON) tests/security/fuzz/run.py --cargo-fuzz $(FUZZ) --seconds $(SECONDS)

test-fuzz: $(FUZZ) ## contribute: a little hostile input for each target
	$(PYTHON) tests/security/fuzz/run.py --cargo-fuzz $(FUZZ) --executions 5000
