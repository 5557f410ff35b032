#!/bin/sh
# examples.sh BUILD runs the examples against the sandbox, each with its own service; the one in C with the
# shared and with the static library, and those with libcurl with a token that the API rejects first, as a
# server may that has not heard of it yet: the same token is sent once more, a moment later.
set -eu
build=$1

seek_api() {
    SEEKAUTH_SERVICE=seek_api SEEKAUTH_ENVIRONMENT=playground SEEKAUTH_USER_AGENT=acme-ats/1.0 \
        SEEKAUTH_CLIENT_ID=sandbox-playground SEEKAUTH_CLIENT_SECRET=sandbox-playground-secret \
        SEEKAUTH_TOKEN_URL=$SANDBOX_TOKEN_URL SEEKAUTH_API_URL=$SANDBOX_GRAPHQL_URL "$build/$1"
}

seek_pass() {
    SEEKAUTH_SERVICE=seek_pass SEEKAUTH_ENVIRONMENT=staging SEEKAUTH_SCOPES=write.education \
        SEEKAUTH_CLIENT_ID=sandbox-pass SEEKAUTH_CLIENT_SECRET='sandbox-pass-secret & more=100%' \
        SEEKAUTH_USER_AGENT=acme-ats/1.0 SEEKAUTH_BASE_URL=$SANDBOX_PASS_URL "$build/$1"
}

# arrived ENDPOINT NUMBER says whether so many requests have arrived since the last reset.
arrived() {
    "$build/admin" GET /counts | grep -q "\"$1\":$2[,}]" || {
        echo "not $2 requests arrived at $1: $("$build/admin" GET /counts)" >&2
        exit 1
    }
}

seek_api example-c
seek_api example-static
seek_pass example-cpp

"$build/admin" POST /reset '{}' >/dev/null
"$build/admin" POST /script '{"endpoint": "seek_pass_api", "error": "invalid_token"}' >/dev/null
seek_pass example_curl
arrived seek_pass_api 2
arrived seek_pass_token 1

"$build/admin" POST /reset '{}' >/dev/null
"$build/admin" POST /script '{"endpoint": "graphql", "error": "UNAUTHENTICATED"}' >/dev/null
seek_api example_curl_graphql
arrived graphql 2
arrived seek_api_token 1
