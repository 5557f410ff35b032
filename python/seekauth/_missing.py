"""Why there is no native library beside this package, and what to do. Imported only then."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def explanation() -> str:
    """The message of the ImportError."""
    if not FOLDER.is_dir():
        return (
            f"seekauth is in an archive ({_archive()}), and no system loads a native library from "
            "one. Make an archive that unpacks itself (shiv, pex), or install seekauth beside it: "
            "pip install --target site seekauth, and PYTHONPATH=site when the program starts"
        )
    if getattr(sys, "frozen", False) or "__compiled__" in globals():
        return (
            "the tool that froze this program left seekauth._native behind. PyInstaller: "
            "--hidden-import seekauth._native; Nuitka: --include-module=seekauth._native"
        )
    there = sorted(path.name for path in FOLDER.glob("_native.*") if path.suffix in (".so", ".pyd"))
    found = f"; there is {', '.join(there)}, for another" if there else ""
    return (
        f"seekauth in {FOLDER} has no native library for this Python ({_this_python()}){found}. "
        "Install it with the pip of this Python, on the system where the program runs"
    )


def _archive() -> Path:
    """The file that the package is in."""
    return next((parent for parent in FOLDER.parents if parent.is_file()), FOLDER)


def _this_python() -> str:
    version = platform.python_version()
    return f"{platform.python_implementation()} {version}, {sys.platform} {platform.machine()}"
