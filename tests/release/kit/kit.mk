# The packages of the stand-in for SEEK, as the tests of a partner use them: the suites of docs/testing.md, each from
# the built packages in an empty environment. Included by the Makefile. What is tried is what is published, so it is for
# Linux on x86-64, where that can be built.

.PHONY: test-kit
test-kit: node/node_modules/.ready dist-programs $(PACKAGES) ## release: the sandbox's packages, in suites of pytest, unittest, node:test, jest, vitest, CTest and cargo
	@$(MAKE) --no-print-directory dist-sandbox
	@cargo package --quiet --allow-dirty --no-verify -p seekauth-sandbox
	@$(PYTHON) tests/release/kit/run.py $(VERSION) $(DIST) $(PACKAGED_WHEEL) $(PACKAGED_C) $(PACKAGED_JS) $(PACKAGED_NODE) $(if $(ONLY),--only $(ONLY))
