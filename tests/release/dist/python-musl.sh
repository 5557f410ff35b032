#!/bin/sh
# python-musl.sh FOLDER TOOLS ARCH builds Debian's CPython 3.11 for musl, with zig, into FOLDER/python-musl/ARCH: no
# registry has one. It has what the wheel's trial needs; some modules do not build.
set -eu
mkdir -p "$1/python-source-$3"
folder=$(cd "$1" && pwd)
tools=$2 architecture=$3
cd "$folder/python-source-$architecture"
mkdir -p lists/partial cache/archives/partial
: >status
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/$')
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" >sources.list
for step in update 'source --download-only python3.11'; do
    apt-get -qq -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$PWD/lists" \
        -o Dir::State::status="$PWD/status" -o Dir::Cache="$PWD/cache" -o APT::Sandbox::User="$(id -un)" $step
done
tar -xzf python3.11_*.orig.tar.gz --strip-components=1 --one-top-level=tree

# One of the same version runs while the other is built.
for interpreter in python3.11 "$(command -v pyenv >/dev/null && ls -d "$(pyenv root)"/versions/3.11.*/bin/python3.11 | head -1)"; do
    if "$interpreter" --version >/dev/null 2>&1; then build=$interpreter; fi
done
mkdir -p build
cd build
zig="$tools/bin/python -m ziglang"
../tree/configure -q --host="$architecture-linux-musl" --build=x86_64-linux-gnu --with-build-python="$build" \
    --prefix="$folder/python-musl/$architecture" --disable-test-modules --without-ensurepip --disable-ipv6 \
    CC="$zig cc -target $architecture-linux-musl" AR="$zig ar" RANLIB="$zig ranlib" READELF=/usr/bin/readelf \
    LDFLAGS="-dynamic" OPT="-O1 -fPIC -Wno-date-time" ac_cv_file__dev_ptmx=yes ac_cv_file__dev_ptc=no \
    ac_cv_func_preadv2=no ac_cv_func_pwritev2=no >configure.log 2>&1
make -s -j2 LINKFORSHARED="-pie -Xlinker -export-dynamic" >make.log 2>&1
make -s install >install.log 2>&1
rm -rf "$folder/python-source-$architecture"
