# What programs for Node bring: test runners, newer Nodes, Bun, Deno, strict TypeScript. Included by
# tests/hosts/hosts.mk.

HOSTS += hosts-node
HOSTS_QUICK += hosts-node-quick

NODE_HOSTS := target/hosts/node
RUN_NODE_HOSTS = SEEKAUTH_SANDBOX=$(SANDBOX) node tests/hosts/node/run.mjs $(NODE_HOSTS)

$(NODE_HOSTS)/node_modules/.ready: tests/hosts/node/package-lock.json
	@mkdir -p $(NODE_HOSTS)
	cp tests/hosts/node/package.json tests/hosts/node/package-lock.json $(NODE_HOSTS)/
	cd $(NODE_HOSTS) && npm ci --silent --no-audit --no-fund
	@touch $@

# Packages that carry a runtime's program.
$(NODE_HOSTS)/runtimes/node_modules/.ready: tests/hosts/node/runtimes/package-lock.json
	@mkdir -p $(NODE_HOSTS)/runtimes
	cp tests/hosts/node/runtimes/package.json tests/hosts/node/runtimes/package-lock.json $(NODE_HOSTS)/runtimes/
	cd $(NODE_HOSTS)/runtimes && npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: hosts-node hosts-node-quick
hosts-node: debug-rust debug-node $(NODE_HOSTS)/node_modules/.ready $(NODE_HOSTS)/runtimes/node_modules/.ready ## contribute: Node's test runners, newer Nodes, Bun, Deno, strict TypeScript
	$(RUN_NODE_HOSTS)

hosts-node-quick: debug-rust debug-node $(NODE_HOSTS)/node_modules/.ready
	$(RUN_NODE_HOSTS) --quick
