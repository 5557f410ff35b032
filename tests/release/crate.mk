# The crate as it is published: what is in it, that it builds from that alone and with the oldest Rust that it names,
# its examples, and its public interface. Included by the Makefile.

RUST_VERSION := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
# The listing is made from rustdoc's JSON, whose format is another with each version; the tool knows that of this one.
API_RUST := 1.95.0
API_TOOL := target/tools/cargo-public-api-0.51.0/bin/cargo-public-api
API := core/public-api.txt
API_FEATURES := --no-default-features --features doctor,redis,ring,reqwest-middleware

# A toolchain that this machine does not have comes from rustup.
define toolchain
@rustup run $(1) rustc --version >/dev/null 2>&1 || rustup --quiet toolchain install $(1) --profile minimal
endef

$(API_TOOL):
	$(install-tool)

.PHONY: test-crate test-msrv test-api
CRATES := seekauth seekauth-sandbox seekauth-cli
test-crate: test-msrv test-api debug-sandbox ## release: the crates as they are published, with the oldest Rust, and its public interface
	cargo package --quiet --allow-dirty --no-verify $(CRATES:%=--package %)
	@for crate in $(CRATES); do $(PYTHON) tests/release/crate.py target/package/$$crate-$(VERSION).crate; done
	@for example in graphql blocking; do \
		cargo build --quiet $(CORE) --example $$example; \
		$(WITH_SANDBOX) sh tests/release/example.sh target/debug/examples/$$example; done

# Each way to choose the cryptography, and all that is optional.
test-msrv: ## release: the crates with the oldest Rust that Cargo.toml names
	$(call toolchain,$(RUST_VERSION).0)
	cargo +$(RUST_VERSION).0 check --quiet --locked --target-dir target/msrv $(API_FEATURES) -p seekauth
	cargo +$(RUST_VERSION).0 check --quiet --locked --target-dir target/msrv -p seekauth
	cargo +$(RUST_VERSION).0 check --quiet --locked --target-dir target/msrv -p seekauth-sandbox
	cargo +$(RUST_VERSION).0 check --quiet --locked --target-dir target/msrv -p seekauth-cli

test-api: $(API_TOOL) ## release: the crate's public interface, against core/public-api.txt; UPDATE=1 writes it
	$(call toolchain,$(API_RUST))
	@mkdir -p target/api
	@RUSTUP_TOOLCHAIN=$(API_RUST) RUSTC_BOOTSTRAP=1 $(API_TOOL) public-api -p seekauth $(API_FEATURES) -ss \
		--target-dir target/api >target/api/listing.txt 2>target/api/log.txt || { cat target/api/log.txt >&2; exit 1; }
	$(if $(UPDATE),cp target/api/listing.txt $(API))
	@diff $(API) target/api/listing.txt || { echo "the public interface is not the one of $(API) (<): make test-api UPDATE=1" >&2; exit 1; }
	@echo "public interface: $$(wc -l <$(API)) items, as listed"

# What is for Unix alone compiles away elsewhere: a check needs no linker and no system library. Node's binding is left
# out: its build asks for Node's own import library, which only Windows has.
ELSEWHERE := x86_64-pc-windows-gnu
.PHONY: check-windows
check-windows: $(ELSEWHERE:%=$(CROSS)/%/.rust) ## release: the core, the C library, the Python module, the command and the sandbox compile for Windows
	@PATH=$(CROSS_TOOLS)/bin:$$PATH cargo-zigbuild check --quiet --target $(ELSEWHERE) --target-dir target/elsewhere \
		-p seekauth-capi -p seekauth-python -p seekauth-cli -p seekauth-sandbox
	@echo "Windows: core, C, Python, the command and the sandbox compile"
