#!/bin/sh
# static.sh IN OUT makes of libseekauth.a, as cargo left it, one whose only global symbols are seekauth_*. The rest, the
# whole of Rust's standard library among it, would else collide with that of another static library from Rust in the
# same program. LD, OBJCOPY and AR may name tools for another system.
set -eu
if [ "$(uname)" = Darwin ]; then
    cp "$1" "$2" # Apple's tools have no objcopy.
    exit
fi
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
${LD:-ld} -r --whole-archive "$1" -o "$folder/all.o"
# The compiler's own form of the standard library is of no use to a linker, and stops some tools.
${OBJCOPY:-objcopy} --remove-section=.llvmbc --remove-section=.llvmcmd \
    --wildcard --keep-global-symbol='seekauth_*' --strip-unneeded "$folder/all.o" "$folder/seekauth.o"
rm -f "$2"
${AR:-ar} rcsD "$2" "$folder/seekauth.o"
