#!/bin/sh
# with-sandbox.sh SANDBOX COMMAND... runs the command while a sandbox of its own is up, and tells it where
# in SANDBOX_TOKEN_URL, SANDBOX_GRAPHQL_URL, SANDBOX_PASS_URL and SANDBOX_ADMIN_URL.
set -eu
sandbox=$1
shift
directory=$(mktemp -d)
mkfifo "$directory/urls"
"$sandbox" >"$directory/urls" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -r "$directory"' EXIT
read -r urls <"$directory/urls"
url() { printf '%s\n' "$urls" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
SANDBOX_TOKEN_URL=$(url token_url)
SANDBOX_GRAPHQL_URL=$(url graphql_url)
SANDBOX_PASS_URL=$(url pass)
SANDBOX_ADMIN_URL=$(url admin)
export SANDBOX_TOKEN_URL SANDBOX_GRAPHQL_URL SANDBOX_PASS_URL SANDBOX_ADMIN_URL
"$@"
