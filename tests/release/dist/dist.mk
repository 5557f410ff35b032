# `make dist`: all that is published for Linux, built on one x86-64 machine into dist/. Included by the Makefile.
#
#   make dist                                    everything
#   make dist-x86_64-unknown-linux-gnu           wheel, npm package and tarball for one system
#   make dist-wheel-x86_64-unknown-linux-gnu     one of them; also dist-npm-… and dist-c-…
#   make test-dist                               what is in dist/: its floors, and a token on the oldest system there is
#
# zig links against the C library that a system is promised for, whatever this machine has; Rust's standard library for
# it comes from rustup.

DIST := $(CURDIR)/dist
LINUX := x86_64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-gnu aarch64-unknown-linux-musl
CROSS := $(CURDIR)/target/dist
CROSS_TOOLS := $(CROSS)/tools
LLVM = $(SYSROOT)/lib/rustlib/$(HOST)/bin

# What a triple is called by cargo-zigbuild and in a wheel's name, and what Rust has to be told for it.
ZIG_TARGET = $*$(if $(findstring gnu,$*),.2.17)
WHEEL_TAG = $(if $(findstring gnu,$*),manylinux2014,musllinux_1_2)
DIST_FLAGS = $(REMAPPED:%=--remap-path-prefix=%) $(if $(findstring musl,$*),-Ctarget-feature=-crt-static)
WITH_ZIG = PATH=$(CROSS_TOOLS)/bin:$$PATH RUSTFLAGS="$(strip $(DIST_FLAGS))"

$(CROSS_TOOLS)/.ready: tests/release/dist/requirements.txt
	@echo "dist: setting up zig in target/dist/tools"
	@$(PYTHON) -m venv --clear $(CROSS_TOOLS)
	@$(CROSS_TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Rust's standard library for a system, and the tools that read its files.
$(CROSS)/%/.rust: $(CROSS_TOOLS)/.ready
	@mkdir -p $(@D)
	@test -d "$$(rustc --print target-libdir --target $*)" || { echo "dist: Rust's standard library for $*"; rustup --quiet target add $*; }
	@test -x $(LLVM)/llvm-objcopy || rustup --quiet component add llvm-tools
	@touch $@

$(CROSS)/notices/.made: tests/release/supply/notice.py tests/release/supply/linked.py Cargo.lock $(CROSS_TOOLS)/.ready
	@$(PYTHON) $< --zig $(CROSS_TOOLS) --out $(@D)
	@touch $@

$(CROSS)/sbom/.made: tests/release/supply/sbom.py tests/release/supply/linked.py Cargo.lock $(CROSS_TOOLS)/.ready $(SUPPLY)/.ready
	@$(SUPPLY)/bin/python $< --zig $(CROSS_TOOLS) --out $(@D)
	@touch $@

.PRECIOUS: $(CROSS)/%/.rust
DIST_READY = $(CROSS)/%/.rust $(CROSS)/notices/.made $(CROSS)/sbom/.made

dist-c-%: $(DIST_READY)
	@echo "dist: C for $*"
	@$(WITH_ZIG) cargo zigbuild --quiet --release --target $(ZIG_TARGET) -p seekauth-capi
	@tests/release/dist/tarball.sh $(VERSION) $* $(CROSS) $(DIST) $(LLVM)

# maturin calls zig in a way of its own, and would undo what cargo-zigbuild has built.
dist-wheel-%: $(DIST_READY)
	@echo "dist: Python for $*"
	@mkdir -p $(DIST)
	$(lay-papers)
	@cd python && CARGO_TARGET_DIR=$(CROSS)/python $(WITH_ZIG) $(CROSS_TOOLS)/bin/maturin build --quiet --zig --release --target $* \
		--compatibility $(WHEEL_TAG) --out $(DIST) $(BILLED)
dist-wheel-%: PAPERS = $(CROSS)
dist-wheel-%: WHEELS =

dist-npm-%: $(DIST_READY)
	@echo "dist: Node for $*"
	@$(WITH_ZIG) cargo zigbuild --quiet --release --target $(ZIG_TARGET) -p seekauth-node
	@node node/scripts/pack-platform.js $* target/$*/release/libseekauth_node.so $(CROSS) $(DIST)

$(LINUX:%=dist-%): dist-%: dist-c-% dist-wheel-% dist-npm-%

.PHONY: dist dist-clean dist-sdist dist-npm dist-set test-dist $(LINUX:%=dist-%)
dist-sdist: $(CROSS_TOOLS)/.ready
	@echo "dist: Python's sources"
	@mkdir -p $(DIST) && rm -f python/LICENSE-* && cp LICENSE-* python/
	@cd python && $(CROSS_TOOLS)/bin/maturin sdist --quiet --out $(DIST)

dist-npm: node/package.json
	@echo "dist: Node's package"
	@node node/scripts/pack.js $(DIST)

# Refuses a set with a gap, or of several versions.
dist-set:
	@$(PYTHON) tests/release/dist/set.py $(DIST) $(VERSION) $(CROSS)/sbom

dist-clean:
	@rm -rf $(DIST) && mkdir -p $(DIST)

dist: dist-clean ## release: all packages for Linux, into dist/
	@started=$$(date +%s); \
	for part in $(LINUX:%=dist-%) dist-sdist dist-npm dist-set; do $(MAKE) --no-print-directory $$part || exit 1; \
	echo "dist: $$part, $$(($$(date +%s) - started)) s"; done
