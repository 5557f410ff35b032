#!/bin/sh
# symbols.sh HEADER LIBRARY [--test-clock] checks that the shared library exports the functions of the
# header and nothing else, and that its name for the linker is the one that programs are built against.
# With --test-clock the library has to have the test clock too; without, as in a release, it must not.
set -eu
header=$1
library=$2
here=$(dirname "$0")
directory=$(mktemp -d)
trap 'rm -r "$directory"' EXIT

sh "$here/functions.sh" "$header" >"$directory/declared"
if [ "${3:-}" = --test-clock ]; then
    for name in start advance elapsed_ms; do echo "seekauth_test_clock_$name"; done >>"$directory/declared"
fi
LC_ALL=C sort -o "$directory/declared" "$directory/declared"
nm -D --defined-only "$library" | awk '{ print $NF }' | LC_ALL=C sort >"$directory/exported"
if ! diff "$directory/declared" "$directory/exported"; then
    echo "$library does not export what $header declares (<: declared, >: exported)" >&2
    exit 1
fi
if ! readelf -d "$library" | grep -q 'SONAME.*\[libseekauth\.so\.0\]'; then
    echo "the SONAME of $library is not libseekauth.so.0" >&2
    exit 1
fi
echo "$(wc -l <"$directory/declared") symbols, all declared; SONAME libseekauth.so.0"
