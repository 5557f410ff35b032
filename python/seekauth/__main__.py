"""The command `seekauth`, also as `python -m seekauth`: `seekauth --help` tells what it does."""

import platform
import signal
import sys
from importlib.metadata import PackageNotFoundError, distribution

from seekauth import _native


def main() -> int:
    """Runs the command with the arguments of the process and returns the exit code."""
    # Python's handler would wait for the native code to end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    facts = [("python", f"{platform.python_implementation()} {platform.python_version()}")]
    facts += [("wheel", tag) for tag in _tags()]
    return _native.run_command(sys.argv[1:], facts)


def _tags() -> list[str]:
    """For which systems the wheel is that was installed, if one was."""
    try:
        wheel = distribution("seekauth").read_text("WHEEL") or ""
    except PackageNotFoundError:
        return []
    return [line.removeprefix("Tag: ") for line in wheel.splitlines() if line.startswith("Tag: ")]


if __name__ == "__main__":
    sys.exit(main())
