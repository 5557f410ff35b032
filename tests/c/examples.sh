#!/bin/sh
# examples.sh BUILD runs the examples against the sandbox, each with its own service; the one in C with the
# shared and with the static library.
set -eu
for example in example-c example-static; do
    SEEKAUTH_CLIENT_ID=sandbox-playground SEEKAUTH_CLIENT_SECRET=sandbox-playground-secret \
        SEEKAUTH_TOKEN_URL=$SANDBOX_TOKEN_URL "$1/$example"
done
SEEKAUTH_SERVICE=seek_pass SEEKAUTH_ENVIRONMENT=staging SEEKAUTH_SCOPES=write.education \
    SEEKAUTH_CLIENT_ID=sandbox-pass SEEKAUTH_CLIENT_SECRET='sandbox-pass-secret & more=100%' \
    SEEKAUTH_USER_AGENT=acme-ats/1.0 SEEKAUTH_BASE_URL=$SANDBOX_PASS_URL "$1/example-cpp"
