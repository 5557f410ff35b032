"""Where installers put the program, which is not always on the path."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

NAME = "seekauth-sandbox" + (sysconfig.get_config_var("EXE") or "")


def find_sandbox_bin() -> str:
    """The path of the program `seekauth-sandbox` that came with this package."""
    tried = [folder / NAME for folder in dict.fromkeys(_folders())]
    for program in tried:
        if program.is_file():
            return str(program)
    listed = "\n  ".join(map(str, tried))
    raise FileNotFoundError(f"seekauth-sandbox is in none of the places where it is installed:\n  {listed}")


def _folders() -> list[Path]:
    package = Path(__file__).resolve().parent
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    # Of `pip install --prefix`: <prefix>/lib/python3.13/site-packages/seekauth_sandbox.
    above = package.parents[2 if sys.platform == "win32" else 3]
    return [
        Path(sysconfig.get_path("scripts")),
        Path(sysconfig.get_path("scripts", vars={"base": sys.base_prefix})),
        above / scripts,
        # Of `pip install --target`.
        package.parent / "bin",
        Path(sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))),
    ]
