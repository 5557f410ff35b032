#!/bin/sh
# debian.sh makes of the image rust:1.95-bookworm, Debian 12 with Rust, a machine as CONTRIBUTING.md asks for.
set -eu
git config --global --add safe.directory "$GITHUB_WORKSPACE"
rustup component add clippy rustfmt
apt-get update -qq
apt-get install -y -qq libcurl4-openssl-dev nginx-light pkg-config python3-pip python3-venv valgrind
