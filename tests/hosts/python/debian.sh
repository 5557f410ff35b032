#!/bin/sh
# The newest interpreters that Debian has, unpacked below a folder: debian.sh FOLDER PATCHELF VERSION…
# Nothing of the system changes, and nothing of it is used but apt: they bring a C library of their own.
set -eu
folder=$1 patchelf=$2
shift 2
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
: >"$folder/status"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/$')
echo "deb [signed-by=$keys] $mirror sid main" >"$folder/sources.list"
in_folder() {
    apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists="$folder/lists" -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache" \
        -o APT::Sandbox::User="$(id -un)" -o APT::Install-Recommends=false "$@"
}
in_folder update
for version; do
    in_folder install --yes --download-only "python$version" || echo "Debian has no python$version" >&2
done
for package in "$folder"/cache/archives/*.deb; do
    dpkg -x "$package" "$folder/root"
done
libraries=$folder/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu)
for program in "$folder"/root/usr/bin/python3.*; do
    "$patchelf" --set-interpreter "$(ls "$folder"/root/usr/lib64/ld-linux-*)" --force-rpath --set-rpath "$libraries" "$program"
done
