# Rust programs with runtimes and HTTP clients of their own. Included by tests/hosts/hosts.mk.

HOSTS += hosts-rust
HOSTS_QUICK += hosts-rust

.PHONY: hosts-rust
hosts-rust: debug-rust ## contribute: Rust with other runtimes, reqwest of its own with and without TLS
	@mkdir -p target/hosts
	cd tests/hosts/rust && cargo build --quiet --locked -p bare --target-dir ../../../target \
		&& cargo build --quiet --locked -p defaults --target-dir ../../../target
	@for program in bare defaults; do sh tests/c/with-sandbox.sh --tls $(SANDBOX) $(DEBUG)/$$program; \
		done | tee target/hosts/rust.tsv
	@test "$$(grep -c 'passed$$' target/hosts/rust.tsv)" = 11
