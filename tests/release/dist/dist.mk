# `make dist`: all that is published for Linux, built on one x86-64 machine into dist/. Included by the Makefile.
#
#   make dist                                    everything
#   make dist-x86_64-unknown-linux-gnu           wheel, npm package and tarball for one system
#   make dist-wheel-x86_64-unknown-linux-gnu     one of them; also dist-npm-… and dist-c-…
#   make dist-sandbox-x86_64-unknown-linux-musl  wheel and npm package of the stand-in for SEEK
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
PATH_FLAGS = $(REMAPPED:%=--remap-path-prefix=%)
DIST_FLAGS = $(PATH_FLAGS) $(if $(findstring musl,$*),-Ctarget-feature=-crt-static)
WITH_ZIG = PATH=$(CROSS_TOOLS)/bin:$$PATH RUSTFLAGS="$(strip $(DIST_FLAGS))"
# A program of musl's has its C library in it; one of glibc's looks names up as the others on its system do.
WITH_ZIG_ALONE = PATH=$(CROSS_TOOLS)/bin:$$PATH RUSTFLAGS="$(strip $(PATH_FLAGS))"

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

# The stand-in for SEEK is a program with a C library in it: one for each processor is for every Linux.
SANDBOXES := $(filter %-musl,$(LINUX))
SANDBOX_OF = $(CROSS)/sandbox/$(1)/release/seekauth-sandbox

dist-sandbox-%: $(DIST_READY)
	@echo "dist: the sandbox for $*"
	@mkdir -p $(DIST)
	@cp LICENSE-* $(CROSS)/notices/sandbox/LICENSE-* $(CROSS)/sbom/seekauth-sandbox.cdx.json tests/sandbox/python/
	@cd tests/sandbox/python && PATH=$(CROSS_TOOLS)/bin:$$PATH RUSTFLAGS="$(REMAPPED:%=--remap-path-prefix=%)" \
		CARGO_TARGET_DIR=$(CROSS)/sandbox $(CROSS_TOOLS)/bin/maturin build --quiet --zig --release --target $* \
		--compatibility manylinux2014 musllinux_1_2 --out $(DIST) --sbom-include seekauth-sandbox.cdx.json --compression-level 9
	@node tests/sandbox/node/scripts/pack-platform.js $* $(call SANDBOX_OF,$*) $(CROSS) $(DIST)

# The C package takes the program along.
dist-c-%: $(DIST_READY)
	@$(MAKE) --no-print-directory dist-sandbox-$(firstword $(subst -, ,$*))-unknown-linux-musl
	@echo "dist: C for $*"
	@$(WITH_ZIG) cargo zigbuild --quiet --release --target $(ZIG_TARGET) -p seekauth-capi
	@$(WITH_ZIG_ALONE) cargo zigbuild --quiet --release --target $(ZIG_TARGET) -p seekauth-cli
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

.PHONY: dist dist-clean dist-sdist dist-npm dist-sandbox dist-set test-dist test-dist-quick version $(LINUX:%=dist-%) $(LINUX:%=test-dist-%)
dist-sdist: $(CROSS_TOOLS)/.ready
	@echo "dist: Python's sources"
	@mkdir -p $(DIST) && rm -f python/LICENSE-* && cp LICENSE-* python/
	@cd python && $(CROSS_TOOLS)/bin/maturin sdist --out $(DIST) 2>$(CROSS)/sdist.log || { cat $(CROSS)/sdist.log >&2; exit 1; }

dist-npm: node/package.json
	@echo "dist: Node's package"
	@node node/scripts/pack.js $(DIST)

# The packages of the sandbox that are for all systems; the image has those that were built.
dist-sandbox:
	@echo "dist: the sandbox's package and image"
	@node tests/sandbox/node/scripts/pack.js $(DIST)
	@$(PYTHON) tests/release/dist/image.py $(VERSION) $(DIST)/seekauth-sandbox-$(VERSION).oci.tar tests/sandbox/python \
		$(foreach triple,$(SANDBOXES),$(addprefix $(firstword $(subst -, ,$(triple)))=,$(wildcard $(call SANDBOX_OF,$(triple)))))

# Refuses a set with a gap, or of several versions.
dist-set:
	@$(PYTHON) tests/release/dist/set.py $(DIST) $(VERSION) $(CROSS)/sbom

dist-clean:
	@rm -rf $(DIST) && mkdir -p $(DIST)

dist: dist-clean ## release: all packages for Linux, into dist/
	@started=$$(date +%s); \
	for part in $(LINUX:%=dist-%) dist-sdist dist-npm dist-sandbox dist-set; do $(MAKE) --no-print-directory $$part || exit 1; \
	echo "dist: $$part, $$(($$(date +%s) - started)) s"; done

version:
	@echo $(VERSION)

# ---- trials ---------------------------------------------------------------------------------------

SYSTEMS := $(CROSS)/systems
DIST_PROGRAMS := qemu-aarch64-static cmake meson ninja abidiff groff

# Emulators and build systems of other projects.
.PHONY: dist-programs
dist-programs:
	@missing=; for program in $(DIST_PROGRAMS); do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ] && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "installing$$missing"; apt-get update -qq; \
		apt-get install -y -qq abigail-tools cmake groff-base meson ninja-build qemu-user-static >/dev/null; \
	elif [ -n "$$missing" ]; then echo "please install:$$missing" >&2; exit 1; fi

$(SYSTEMS)/.ready-%: tests/release/dist/systems.sh
	@echo "dist: setting up the old systems for $*, in target/dist/systems"
	@sh $< $(SYSTEMS) $*
	@touch $@

$(SYSTEMS)/.python-musl-%: tests/release/dist/python-musl.sh $(CROSS_TOOLS)/.ready
	@echo "dist: building CPython for musl on $*"
	@sh $< $(SYSTEMS) $(CROSS_TOOLS) $*
	@touch $@

.PRECIOUS: $(SYSTEMS)/.ready-% $(SYSTEMS)/.python-musl-%
TRY = $(WITH_HARNESS) $(PYTHON) tests/release/dist/run.py $(DIST) $(VERSION) $(CROSS)

# What is in dist/ for one system, for those of this processor, and for all.
.SECONDEXPANSION:
$(LINUX:%=test-dist-%): test-dist-%: debug-sandbox dist-programs $(SYSTEMS)/.ready-$$(firstword $$(subst -, ,$$*))
	@$(TRY) $*

test-dist-quick: debug-sandbox dist-programs $(SYSTEMS)/.ready-x86_64 $(SYSTEMS)/.python-musl-x86_64 $(filter dist-x86_64-%,$(LINUX:%=dist-%)) dist-npm ## release: builds and tries the packages for Linux on x86-64
	@$(TRY) $(filter x86_64-%,$(LINUX))

test-dist: $(foreach processor,x86_64 aarch64,$(SYSTEMS)/.ready-$(processor) $(SYSTEMS)/.python-musl-$(processor))
test-dist: debug-sandbox dist-programs ## release: what is in dist/, each package on the oldest system it promises
	@$(TRY) $(LINUX)
	@$(PYTHON) tests/release/dist/test_set.py $(DIST) $(VERSION) $(CROSS)/sbom
	@$(WITH_HARNESS) $(PYTHON) tests/release/dist/managers.py $(DIST) $(VERSION) $(CROSS)

.PHONY: debug-sandbox test-abi test-build-systems test-workflows
debug-sandbox:
	cargo build --quiet -p seekauth-sandbox

test-abi: dist-programs ## release: the C header's ABI, against the frozen one
	$(PYTHON) tests/c/abi/compare.py tests/c/abi/seekauth-0.1.h include/seekauth.h

# `make install` as a distribution calls it, of the library that is published.
test-build-systems: gtest debug-sandbox dist-programs dist-c-x86_64-unknown-linux-gnu ## release: the C package, as pkg-config, CMake and meson find it
	@rm -rf $(CROSS)/installed
	@$(MAKE) --no-print-directory --silent install-files DESTDIR=$(CROSS)/installed PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu \
		BUILT=target/x86_64-unknown-linux-gnu/release NOTICES=$(CROSS)/notices
	$(WITH_SANDBOX) $(PYTHON) tests/release/dist/build_systems.py $(DIST)/seekauth-$(VERSION)-x86_64-unknown-linux-gnu.tar.gz $(CROSS)/installed

$(CROSS)/workflows/.ready: tests/release/dist/requirements-workflows.txt
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

test-workflows: $(CROSS)/workflows/.ready ## release: the workflows, against their published schema and the Makefile
	@$(<D)/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(<D)/bin/python tests/release/dist/workflows.py
