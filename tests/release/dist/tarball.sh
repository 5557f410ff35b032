#!/bin/sh
# tarball.sh VERSION TRIPLE CROSS DIST LLVM makes of the libraries that cargo built for a system the tarball and the
# wrap file of meson that are published for it. LLVM is the folder of the tools that know every system's files.
set -eu
version=$1 triple=$2 cross=$3 dist=$4 llvm=$5
name=seekauth-$version-$triple
root=$(cd "$(dirname "$0")/../../.." && pwd)
stage=$cross/$triple/$name
package=$root/bindings/c/package
rm -rf "$stage"
LD="$llvm/rust-lld -flavor gnu" OBJCOPY=$llvm/llvm-objcopy AR=$llvm/llvm-ar \
    make --no-print-directory --silent -C "$root" install-files DESTDIR="$stage" PREFIX= 'PC_PREFIX=$${pcfiledir}/../..' \
    BUILT="$root/target/$triple/release" NOTICES="$cross/notices"
cp "$cross/sbom/seekauth-c.cdx.json" "$stage/share/doc/seekauth/"
# The stand-in for SEEK, for tests.
install -D -m 755 "$cross/sandbox/${triple%%-*}-unknown-linux-musl/release/seekauth-sandbox" "$stage/bin/seekauth-sandbox"
install -D -m 644 "$cross/notices/sandbox/LICENSE-THIRD-PARTY" "$stage/share/doc/seekauth/sandbox/LICENSE-THIRD-PARTY"
cp "$cross/sbom/seekauth-sandbox.cdx.json" "$stage/share/doc/seekauth/sandbox/"
for file in CMakeLists.txt meson.build; do
    sed "s|@version@|$version|" "$package/$file.in" >"$stage/$file"
done
mkdir -p "$dist"
# The same bytes each time: no owner, no moment, one order.
tar -C "$cross/$triple" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -9n >"$dist/$name.tar.gz"
repository=$(sed -n 's/^repository = "\(.*\)"/\1/p' "$root/Cargo.toml")
sha256=$(sha256sum "$dist/$name.tar.gz" | cut -d' ' -f1)
sed -e "s|@directory@|$name|" -e "s|@repository@|$repository|" -e "s|@version@|$version|" -e "s|@sha256@|$sha256|" \
    "$package/seekauth.wrap.in" >"$dist/$name.wrap"
echo "dist/$name.tar.gz"
