# Benchmarks, and what authentication adds to a request. Included by the Makefile.

BENCH := tests/bench
RELEASED = $(PACKAGED)

.PHONY: bench bench-quick bench-instructions bench-profiles bench-events overhead
bench: libcurl $(PACKAGES) ## release: seekauth beside its peers; writes docs/benchmarks.md
	$(PY) $(BENCH)/install.py --peers $(RELEASED)
	$(PYTHON) $(BENCH)/run.py $(RELEASED)

bench-quick: libcurl $(PACKAGES) ## contribute: seekauth beside hand-written code, in a few minutes
	$(PY) $(BENCH)/install.py $(RELEASED)
	$(PYTHON) $(BENCH)/run.py --quick $(RELEASED)

bench-instructions: $(PACKAGES) ## contribute: counts the hot calls' instructions; UPDATE=1 keeps them
	@if command -v valgrind >/dev/null; then $(PY) $(BENCH)/install.py --counting $(RELEASED) && \
		$(PYTHON) $(BENCH)/instructions.py $(if $(UPDATE),--update); \
	else echo "valgrind is not installed: instructions are not counted"; fi

bench-profiles: libcurl $(PACKAGES) ## release: builds the library in several profiles and compares them
	$(PY) $(BENCH)/install.py $(RELEASED)
	$(PYTHON) $(BENCH)/profiles.py

overhead: libcurl debug-rust $(VENV)/.ready node/node_modules/.ready ## contribute: what authentication adds to a request, against the bare HTTP clients
	$(MAKE) --no-print-directory -C $(BENCH)/overhead
	cargo build --quiet --release -p seekauth-python
	cp $(RELEASE)/lib_native.so python/seekauth/.new && mv python/seekauth/.new python/seekauth/_native.abi3.so
	PYTHONPATH=python:tests $(PY) $(BENCH)/overhead/python.py
	cd node && npm run --silent build && node ../$(BENCH)/overhead/node.mjs

TURNS ?= 4000
bench-events: $(VENV)/.ready node/node_modules/.ready ## contribute: what a listener adds to a renewal, in Rust, Python and Node; TURNS=n
	cargo build --quiet --release -p seekauth-harness --bin seekauth-events
	cargo build --quiet --release -p seekauth-python
	cp $(RELEASE)/lib_native.so python/seekauth/.new && mv python/seekauth/.new python/seekauth/_native.abi3.so
	cd node && npm run --silent build
	PYTHONPATH=python $(RELEASE)/seekauth-events $(TURNS) $(PY) $(BENCH)/events/python.py node $(BENCH)/events/node.mjs
