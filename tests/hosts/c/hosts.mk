# C and C++ with the compilers, event loops and tools that programs bring. Included by tests/hosts/hosts.mk.

HOSTS += test-hosts-c
HOSTS_QUICK += test-hosts-c-quick

# The distribution's own compilers, the newest ones that it has beside them, and what the recipes and searches need.
.PHONY: hosts-c-tools
hosts-c-tools:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! { command -v clang doxygen valgrind && [ -e /usr/include/uv.h ] \
		&& [ -e /usr/include/asio.hpp ]; } >/dev/null; then \
		echo "installing compilers, event loops and tools"; apt-get update -qq; \
		newest=$$(apt-cache search --names-only '^(clang|g[+][+])-[0-9]+$$' | cut -d' ' -f1 | sort -V | awk -F- '{ last[$$1] = $$0 } END { for (name in last) print last[name] }'); \
		apt-get install -y -qq clang doxygen valgrind libuv1-dev libasio-dev $$newest >/dev/null; fi

.PHONY: test-hosts-c test-hosts-c-quick
test-hosts-c: debug-rust debug-c hosts-c-tools
	$(WITH_SANDBOX) $(PYTHON) tests/hosts/c/run.py target/c

test-hosts-c-quick: debug-rust debug-c hosts-c-tools
	$(WITH_SANDBOX) $(PYTHON) tests/hosts/c/run.py --quick target/c
