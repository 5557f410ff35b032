"""The container image, looked into and run without a container engine: its digests, its layers laid out as the only
files that there are, and the program started there as the image says.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from suites import Packages

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CHROOT = ["chroot"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "chroot"]


class Image:
    """The image for this machine's processor, as an engine reads it."""

    def __init__(self, path: Path) -> None:
        with tarfile.open(path) as archive:
            self._files = {name: archive.extractfile(name).read() for name in archive.getnames()}
        assert json.loads(self._files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
        [named] = json.loads(self._files["index.json"])["manifests"]
        images = json.loads(self.blob(named))["manifests"]
        architecture = ARCHITECTURES[os.uname().machine]
        [mine] = [one for one in images if one["platform"] == {"architecture": architecture, "os": "linux"}]
        manifest = json.loads(self.blob(mine))
        self.config = json.loads(self.blob(manifest["config"]))
        self.layers = [self.blob(layer) for layer in manifest["layers"]]
        assert (self.config["architecture"], self.config["os"]) == (architecture, "linux")

    def blob(self, reference: dict[str, object]) -> bytes:
        """What a reference names, if it is that."""
        content = self._files[f"blobs/{str(reference['digest']).replace(':', '/')}"]
        assert len(content) == reference["size"]
        assert reference["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        return content

    def unpack(self, root: Path) -> None:
        for layer, digest in zip(self.layers, self.config["rootfs"]["diff_ids"], strict=True):
            files = gzip.decompress(layer)
            assert digest == f"sha256:{hashlib.sha256(files).hexdigest()}"
            with tarfile.open(fileobj=io.BytesIO(files)) as archive:
                archive.extractall(root, filter="tar")


def image(packages: Packages, work: Path) -> str:
    found = Image(packages.image)
    root = work / "root"
    found.unpack(root)
    program = found.config["config"]["Entrypoint"]
    assert found.config["config"]["Cmd"] == ["--listen", "0.0.0.0", "--first-port", "4100"]
    # Ports of its own choice, for this machine may use those of the image.
    command = [*CHROOT, str(root), *program, "--listen", "0.0.0.0", "--host", "localhost", "--tls", "--exit-with-stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        urls = json.loads(process.stdout.readline())
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        pem = direct.open(f"{urls['admin']}/ca.pem").read()
        assert pem.startswith(b"-----BEGIN CERTIFICATE-----")
        assert (root / urls["ca_file"].lstrip("/")).read_bytes() == pem
        process.stdin.close()
    if process.returncode != 0:
        sys.exit(f"kit: the image's program ended with {process.returncode}")
    assert sorted(path.name for path in root.iterdir()) == ["licenses", "seekauth-sandbox", "tmp"]
    return f"{packages.image.stat().st_size / 1e6:.2f} MB; started from its own files alone"
