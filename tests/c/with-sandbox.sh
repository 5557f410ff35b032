#!/bin/sh
# with-sandbox.sh [--tls] SANDBOX COMMAND... runs the command while a sandbox of its own is up, and tells it
# where in SANDBOX_TOKEN_URL, SANDBOX_GRAPHQL_URL, SANDBOX_PASS_URL, SANDBOX_FOREIGN_URL and
# SANDBOX_ADMIN_URL; with --tls also in SANDBOX_CA_FILE what it is to trust.
set -eu
tls=
if [ "$1" = --tls ]; then
    tls=--tls
    shift
fi
sandbox=$1
shift
directory=$(mktemp -d)
mkfifo "$directory/urls"
"$sandbox" --show-secrets $tls >"$directory/urls" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -r "$directory"' EXIT
read -r urls <"$directory/urls"
url() { printf '%s\n' "$urls" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
SANDBOX_TOKEN_URL=$(url token_url)
SANDBOX_GRAPHQL_URL=$(url graphql_url)
SANDBOX_PASS_URL=$(url pass)
SANDBOX_FOREIGN_URL=$(url foreign)
SANDBOX_ADMIN_URL=$(url admin)
SANDBOX_CA_FILE=$(url ca_file)
export SANDBOX_TOKEN_URL SANDBOX_GRAPHQL_URL SANDBOX_PASS_URL SANDBOX_FOREIGN_URL SANDBOX_ADMIN_URL SANDBOX_CA_FILE
"$@"
