"""Places that the drivers share."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEBUG = ROOT / "target" / "debug"
SANDBOX = Path(os.environ.get("SEEKAUTH_SANDBOX", DEBUG / "seekauth-sandbox"))
PACKAGE = ROOT / "python"
"""The folder that has the Python package in it."""
PYTHON = PACKAGE / ".venv" / "bin" / "python"
