# What is shipped: that it works as its README says, what it contains, and where that came from.
# Included by the Makefile.

.PHONY: test-readme test-packaging
test-readme: debug-rust debug-c debug-python debug-node ## release: every example of the README and the recipes
	$(PYTHON) tests/release/packaging/papers.py
	PYTHONPATH=python $(WITH_SANDBOX) $(PY) tests/release/packaging/readme.py target/c

test-packaging: debug-rust release-c wheel npm-package ## release: the built packages, where they are installed
	cd node && npm run --silent test:package
	$(MAKE) --no-print-directory -C tests/c check-release LIBDIR=$(RELEASE)
	$(WITH_SANDBOX) $(PY) tests/release/packaging/packages.py target/wheels/*.whl target/npm/*.tgz $(RELEASE)/libseekauth.so

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

test-supply: deny sbom wheel npm-package ## release: what the packages link, against their notices and bills
	rm -rf target/installed
	$(MAKE) --no-print-directory install DESTDIR=$(CURDIR)/target/installed
	$(PYTHON) tests/release/supply/packages.py target/wheels/*.whl target/npm/*.tgz target/installed

reproducible: release-c wheel npm-package ## release: builds all packages again in another folder and compares
	$(PYTHON) tests/release/supply/reproduce.py $$(echo target/release/libseekauth.so target/release/libseekauth.a target/wheels/*.whl target/npm/*.tgz) \
		-- release-c wheel npm-package
