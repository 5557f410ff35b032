"""Certificates that only the test knows the authority of."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Certificates:
    """An authority of the test's own, and a certificate for this machine from it."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.certificate, self.key = (folder / name for name in ("ca.pem", "server.pem", "server.key"))
        authority_key = folder / "ca.key"
        make = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ]
        for subject, key, certificate, rest in (
            ("authority", authority_key, self.authority, ["-addext", "keyUsage=critical,keyCertSign"]),
            (
                "server",
                self.key,
                self.certificate,
                [
                    *("-CA", self.authority, "-CAkey", authority_key),
                    *("-addext", "basicConstraints=critical,CA:FALSE"),
                    *("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
                ],
            ),
        ):
            command = [
                *make,
                "-subj",
                f"/CN=seekauth test {subject}",
                "-keyout",
                key,
                "-out",
                certificate,
                "-days",
                "2",
                *rest,
            ]
            subprocess.run(command, check=True, capture_output=True)
