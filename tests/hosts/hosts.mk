# A good guest: small suites that run inside the tools that programs are made and tested with. Included by the
# Makefile; each language's part is beside what it runs and adds its targets to the two lists.
# A suite writes a line `host<TAB>what was tried<TAB>passed, or why not` to target/hosts/<language>.tsv.

HOSTS :=
HOSTS_QUICK :=
include $(wildcard tests/hosts/*/hosts.mk)

.PHONY: test-hosts test-hosts-quick
test-hosts: ## contribute: test runners, event loops, compilers and runtimes that programs bring, all of them
	@rm -rf target/hosts/*.tsv; mkdir -p target/hosts
	@for suite in $(HOSTS); do $(MAKE) --no-print-directory $$suite || exit 1; done
	@$(PYTHON) tests/hosts/matrix.py target/hosts

test-hosts-quick: ## contribute: the half of test-hosts that takes minutes
	@rm -rf target/hosts/*.tsv; mkdir -p target/hosts
	@for suite in $(HOSTS_QUICK); do $(MAKE) --no-print-directory $$suite || exit 1; done
	@$(PYTHON) tests/hosts/matrix.py target/hosts
