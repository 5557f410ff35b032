#!/bin/sh
# functions.sh HEADER prints the names of the functions that the header declares.
set -eu
grep -v '^[ /]*[/*]' "$1" | grep -o 'seekauth_[a-z0-9_]*(' | tr -d '(' | LC_ALL=C sort -u
