#!/bin/sh
# systems.sh FOLDER ARCH lays out the old systems that packages for x86_64 or aarch64 are tried on, each in a folder of
# its own; nothing of this machine's changes. From Debian, npm and PyPI:
#   glibc-2.17/ARCH    the C library of CentOS 7, as a cross toolchain carries it
#   musl-1.2.3/ARCH    that of Alpine 3.17, from Debian 12
#   debian-bookworm-arm64  CPython 3.11 and what Node needs, for arm64
#   node-20/ARCH       Node 20.0.0
#   bun-musl/ARCH      Bun with musl 1.2.6 and the libraries of GCC, which a wheel carries: it is what there is with
#                      Node's interface and musl
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd)
architecture=$2
cd "$folder"

# debian SUITE ARCHITECTURE PACKAGE... unpacks packages and all that they need below debian-SUITE-ARCHITECTURE.
debian() {
    suite=$1 port=$2 place=$folder/debian-$1-$2
    shift 2
    mkdir -p "$place/lists/partial" "$place/cache/archives/partial"
    : >"$place/status"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/$')
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$place/sources.list"
    for step in update "install --yes --download-only $*"; do
        apt-get -qq -o Dir::Etc::sourcelist="$place/sources.list" -o Dir::Etc::sourceparts=- \
            -o APT::Architecture="$port" -o APT::Architectures="$port" \
            -o Dir::State::lists="$place/lists" -o Dir::State::status="$place/status" -o Dir::Cache="$place/cache" \
            -o APT::Sandbox::User="$(id -un)" -o APT::Install-Recommends=false $step
    done
    for package in "$place"/cache/archives/*.deb; do dpkg -x "$package" "$place/root"; done
    rm -rf "$place/cache" "$place/lists"
}

# npm_package NAME@VERSION PLACE
npm_package() {
    mkdir -p "$2"
    tarball=$(npm pack --silent "$1")
    tar -xzf "$tarball" -C "$2" --strip-components=1
    rm "$tarball"
}

case $architecture in
x86_64) debian=amd64 node=x64 bun=@oven/bun-linux-x64-musl@1.4.5 toolchain=1.0.0 ;;
aarch64) debian=arm64 node=arm64 bun=@oven/bun-linux-aarch64-musl@1.4.5 toolchain=1.0.3 ;;
esac
work=$folder/work-$architecture
rm -rf "$work"

npm_package "@napi-rs/cross-toolchain-x64-target-$architecture@$toolchain" "$work"
mkdir -p "glibc-2.17/$architecture"
tar -xJf "$work/$architecture-unknown-linux-gnu.tar.xz" -C "glibc-2.17/$architecture" --strip-components=3 \
    --wildcards '*/sysroot/lib/*'

debian bookworm "$debian" musl
mkdir -p "musl-1.2.3/$architecture/lib"
cp "debian-bookworm-$debian/root/lib/$architecture-linux-musl/libc.so" "musl-1.2.3/$architecture/lib/"

npm_package "node-linux-$node@20.0.0" "node-20/$architecture"

npm_package "$bun" "bun-musl/$architecture"
chmod +x "bun-musl/$architecture/bin/bun"
debian sid "$debian" musl
cp "debian-sid-$debian/root/usr/lib/$architecture-linux-musl/libc.so" "bun-musl/$architecture/"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --platform "musllinux_1_2_$architecture" --python-version 3.11 --dest "$work" greenlet==3.5.6
python3 -m zipfile -e "$work"/greenlet-*.whl "$work"
for library in libstdc++.so.6 libgcc_s.so.1; do
    cp "$work"/greenlet.libs/"${library%%.*}"-* "bun-musl/$architecture/"
    (cd "bun-musl/$architecture" && ln -sf "$(ls "${library%%.*}"-*)" "$library")
done
rm -r "$work"

if [ "$architecture" = aarch64 ]; then debian bookworm arm64 libpython3.11-stdlib libstdc++6 python3.11-minimal; fi
