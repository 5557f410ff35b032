# Tools that make one thing of a program and all that it uses: it has to work where they put it. Included by the
# Makefile. What is tried is what is published, as in supply.mk.

.PHONY: test-bundlers test-freezers test-carried-quick
BUNDLERS := target/bundlers
$(BUNDLERS)/node_modules/.ready: tests/release/bundlers/package-lock.json
	@mkdir -p $(BUNDLERS)
	cp tests/release/bundlers/package.json tests/release/bundlers/package-lock.json $(BUNDLERS)/
	cd $(BUNDLERS) && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# It traces files from the folder that it builds in, and so has to be in there.
$(BUNDLERS)/next/node_modules/.ready: tests/release/bundlers/next/package-lock.json
	@mkdir -p $(BUNDLERS)/next
	cp tests/release/bundlers/next/package.json tests/release/bundlers/next/package-lock.json $(BUNDLERS)/next/
	cd $(BUNDLERS)/next && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

FREEZERS := target/freezers/venv
$(FREEZERS)/.ready: tests/release/freezers/requirements.txt
	$(PYTHON) -m venv $(FREEZERS)
	$(FREEZERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

RUN_BUNDLERS = $(WITH_HARNESS) $(PYTHON) tests/release/bundlers/run.py
RUN_FREEZERS = $(WITH_HARNESS) $(PYTHON) tests/release/freezers/run.py

test-bundlers: debug-rust $(BUNDLERS)/node_modules/.ready $(BUNDLERS)/next/node_modules/.ready $(PACKAGES) ## release: bundlers, single executables and package managers of Node
	$(RUN_BUNDLERS) $(BUNDLERS) $(PACKAGED_JS) $(PACKAGED_NODE)

test-freezers: debug-rust $(FREEZERS)/.ready $(PACKAGES) ## release: freezers and archives of Python
	$(RUN_FREEZERS) $(FREEZERS)/bin/python $(PACKAGED_WHEEL)

test-carried-quick: debug-rust $(BUNDLERS)/node_modules/.ready $(FREEZERS)/.ready $(PACKAGES) ## release: esbuild, file tracers and PyInstaller
	$(RUN_BUNDLERS) --quick $(BUNDLERS) $(PACKAGED_JS) $(PACKAGED_NODE)
	$(RUN_FREEZERS) --quick $(FREEZERS)/bin/python $(PACKAGED_WHEEL)
