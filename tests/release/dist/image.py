"""Writes the container image of the sandbox, as an OCI layout in a tarball that `docker load`, `podman load` and skopeo
read. Nothing but the program is in it, for each processor; the same programs make the same bytes.

    image.py VERSION OUT LICENSES ARCHITECTURE=PROGRAM...
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What the images of other projects call the processors of a triple."""
MOMENT = "1970-01-01T00:00:00Z"
PORT = 4100
TYPES = "application/vnd.oci.image"


def member(archive: tarfile.TarFile, name: str, content: bytes | None, mode: int) -> None:
    """Adds a file, or without content a folder, of nobody and no moment."""
    info = tarfile.TarInfo(name)
    info.mode = mode
    if content is None:
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    else:
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))


def layer(program: bytes, licenses: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        member(archive, "seekauth-sandbox", program, 0o755)
        # Certificates lie there.
        member(archive, "tmp", None, 0o1777)
        member(archive, "licenses", None, 0o755)
        for license in sorted(licenses.glob("LICENSE-*")):
            member(archive, f"licenses/{license.name}", license.read_bytes(), 0o644)
    return buffer.getvalue()


class Layout:
    """Blobs by their digests."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def add(self, content: bytes, media_type: str) -> dict[str, object]:
        """Keeps a blob; returns what refers to it."""
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def add_json(self, content: object, media_type: str) -> dict[str, object]:
        return self.add(json.dumps(content, sort_keys=True).encode(), media_type)

    def image(self, architecture: str, program: bytes, version: str, licenses: Path) -> dict[str, object]:
        files = layer(program, licenses)
        ports = {f"{port}/tcp": {} for port in range(PORT, PORT + 5)}
        config = {
            "created": MOMENT,
            "architecture": architecture,
            "os": "linux",
            "config": {
                "Entrypoint": ["/seekauth-sandbox"],
                "Cmd": ["--listen", "0.0.0.0", "--first-port", str(PORT)],
                "WorkingDir": "/tmp",
                "ExposedPorts": ports,
                "Labels": {
                    "org.opencontainers.image.title": "seekauth-sandbox",
                    "org.opencontainers.image.version": version,
                    "org.opencontainers.image.licenses": "MIT OR Apache-2.0",
                },
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(files).hexdigest()}"]},
            "history": [{"created": MOMENT, "created_by": "the program and its licenses"}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{TYPES}.manifest.v1+json",
            "config": self.add_json(config, f"{TYPES}.config.v1+json"),
            "layers": [self.add(gzip.compress(files, 9, mtime=0), f"{TYPES}.layer.v1.tar+gzip")],
        }
        reference = self.add_json(manifest, f"{TYPES}.manifest.v1+json")
        return {**reference, "platform": {"architecture": architecture, "os": "linux"}}

    def write(self, path: Path, images: list[dict[str, object]], version: str) -> None:
        """One name for the images of all processors."""
        media_type = f"{TYPES}.index.v1+json"
        of_all = self.add_json({"schemaVersion": 2, "mediaType": media_type, "manifests": images}, media_type)
        name = f"seekauth-sandbox:{version}"
        names = {"org.opencontainers.image.ref.name": version, "io.containerd.image.name": f"docker.io/library/{name}"}
        index = {"schemaVersion": 2, "mediaType": media_type, "manifests": [{**of_all, "annotations": names}]}
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
            member(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}', 0o644)
            member(archive, "index.json", json.dumps(index, sort_keys=True).encode(), 0o644)
            for digest, content in sorted(self.blobs.items()):
                member(archive, f"blobs/sha256/{digest}", content, 0o644)


def main() -> None:
    version, out, licenses = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    layout = Layout()
    images = []
    for given in sys.argv[4:]:
        architecture, program = given.split("=", 1)
        images.append(layout.image(ARCHITECTURES[architecture], Path(program).read_bytes(), version, licenses))
    layout.write(out, images, version)
    print(out)


if __name__ == "__main__":
    main()
