#!/bin/sh
# example.sh PROGRAM runs an example of the crate, with the settings that its reader is told to make and the sandbox in
# SEEK's place, as tests/c/with-sandbox.sh says where it is.
set -eu
SEEKAUTH_SERVICE=seek_api SEEKAUTH_ENVIRONMENT=live SEEKAUTH_CLIENT_ID=sandbox-live \
    SEEKAUTH_CLIENT_SECRET=sandbox-live-secret SEEKAUTH_USER_AGENT=Example/1.0 SEEKAUTH_TOKEN_URL=$SANDBOX_TOKEN_URL \
    SEEKAUTH_API_URL=$SANDBOX_GRAPHQL_URL NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 "$1" | grep -E '"partner"|good for'
