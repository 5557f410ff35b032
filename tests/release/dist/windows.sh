#!/bin/sh
# windows.sh builds the wheel and the npm packages for Windows into dist/, in the shell that comes with Git there.
# `make wheel npm-package` does it elsewhere.
set -eu
python -m pip install --quiet maturin==1.16.0 -r tests/release/supply/requirements.txt
python tests/release/supply/notice.py
python tests/release/supply/sbom.py
cp LICENSE-* target/notices/python/LICENSE-* target/sbom/seekauth-python.cdx.json python/
(cd python && maturin build --quiet --release --out ../dist --sbom-include seekauth-python.cdx.json)
node node/scripts/build.js --release
node node/scripts/pack-platform.js "$(rustc -vV | sed -n 's/^host: //p')" node/seekauth.win32-x64-msvc.node target dist
node node/scripts/pack.js dist
