# What is shipped: that it works as its README says, what it contains, and where that came from.
# Included by the Makefile.

.PHONY: test-readme test-packaging
test-readme: gtest debug-rust debug-c debug-python debug-node ## release: every example of the README and the recipes
	$(PYTHON) tests/release/packaging/papers.py
	PYTHONPATH=python $(WITH_SANDBOX) $(PY) tests/release/packaging/readme.py target/c

# What is tested is what is published; where that cannot be built, this system's own packages: the wheel, the two of
# npm, the library, and the folder that the C package has become.
ifeq ($(shell uname -sm),Linux x86_64)
PACKAGES := dist-x86_64-unknown-linux-gnu dist-npm
PACKAGED_WHEEL = $(DIST)/seekauth-$(VERSION)-cp310-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl
PACKAGED_NODE = $(DIST)/seekauth-linux-x64-gnu-$(VERSION).tgz
PACKAGED_JS = $(DIST)/seekauth-$(VERSION).tgz
PACKAGED_C = $(CROSS)/x86_64-unknown-linux-gnu/seekauth-$(VERSION)-x86_64-unknown-linux-gnu
PACKAGED_SANDBOX = $(DIST)/seekauth_sandbox-$(VERSION)-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_2_x86_64.whl
PACKAGED_PAPERS = $(CROSS)/sbom $(CROSS_TOOLS) $(PACKAGED_SANDBOX)
else
PACKAGES := wheel npm-package installed
PACKAGED_WHEEL = $(wildcard target/wheels/*.whl)
PACKAGED_NODE = $(wildcard target/npm/seekauth-*-$(VERSION).tgz)
PACKAGED_JS = target/npm/seekauth-$(VERSION).tgz
PACKAGED_C = target/installed$(PREFIX)
PACKAGED_PAPERS = target/sbom
endif
PACKAGED = $(PACKAGED_WHEEL) $(PACKAGED_JS) $(PACKAGED_NODE) $(PACKAGED_C)/lib/libseekauth.so.$(SONAME)

.PHONY: installed
installed: release-c notices
	rm -rf target/$@
	@$(MAKE) --no-print-directory install-files DESTDIR=$(CURDIR)/target/$@

test-packaging: debug-rust node/node_modules/.ready $(VENV)/.ready $(PACKAGES) ## release: the built packages, where they are installed
	cd node && SEEKAUTH_PACKAGES="$(abspath $(PACKAGED_JS) $(PACKAGED_NODE))" npm run --silent test:package
	sh tests/c/symbols.sh include/seekauth.h $(PACKAGED_C)/lib/libseekauth.so
	$(WITH_SANDBOX) $(PY) tests/release/packaging/packages.py $(PACKAGED)

SUPPLY ?= $(CURDIR)/target/supply/venv
$(SUPPLY)/.ready: tests/release/supply/requirements.txt
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

DENY := target/tools/cargo-deny-0.20.2/bin/cargo-deny
$(DENY):
	$(install-tool)

.PHONY: deny notices sbom test-supply reproducible
deny: $(DENY) ## release: licenses, sources, duplicates; advisories where their database can be reached
	$(DENY) --log-level warn --locked check bans licenses sources
	@if $(DENY) --log-level off fetch db 2>/dev/null; then $(DENY) --log-level warn --locked check advisories; \
	else echo "advisories: NOT checked, their database cannot be reached from here"; fi

notices:
	@$(PYTHON) tests/release/supply/notice.py

sbom: $(SUPPLY)/.ready ## release: writes target/sbom/*.cdx.json, a bill of materials for each package
	@$(SUPPLY)/bin/python tests/release/supply/sbom.py

test-supply: deny sbom notices $(PACKAGES) ## release: what the packages link, against their notices and bills
	$(PYTHON) tests/release/supply/packages.py $(PACKAGED_WHEEL) $(PACKAGED_NODE) $(PACKAGED_C) $(PACKAGED_PAPERS)

reproducible: release-c wheel npm-package ## release: builds all packages again in another folder and compares
	$(PYTHON) tests/release/supply/reproduce.py $$(echo target/release/libseekauth.so target/release/libseekauth.a target/wheels/*.whl target/npm/*.tgz) \
		-- release-c wheel npm-package
