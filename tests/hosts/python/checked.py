"""Checks what the papers show with a type checker as strict as it gets: every Python block of README.md, the pages of
docs/ and python/README.md, and the examples.

    checked.py mypy
    checked.py pyright FOLDER     where npm has put it
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from harness.paths import PACKAGE, PYTHON, ROOT

WORK = ROOT / "target" / "hosts" / "python" / "checked"


# A file of a project, with its name in front, is checked where it runs.
IS_FILE = re.compile(r"# [\w./-]+\.py\n")


def write_programs() -> int:
    """Each block as a file of its own, and how many there are."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    count = 0
    for page in [ROOT / "README.md", PACKAGE / "README.md", *sorted(ROOT.glob("docs/*.md"))]:
        blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
        folder = page.parent.name if page.name == "README.md" else page.stem
        programs = [block for block in blocks if not IS_FILE.match(block)]
        for number, block in enumerate(programs, 1):
            (WORK / f"{folder.replace('-', '_')}_{number}.py").write_text(block)
            count += 1
    for example in (PACKAGE / "examples").glob("*.py"):
        shutil.copy(example, WORK)
        count += 1
    return count


def mypy() -> list[str]:
    # What has no types is a matter of whoever made it.
    options = ["--strict", "--python-version", "3.10", "--disable-error-code", "import-untyped"]
    return [str(PYTHON), "-m", "mypy", *options, "--cache-dir", str(WORK / "cache"), str(WORK)]


def pyright(folder: str) -> list[str]:
    settings = {
        "include": ["*.py"],
        "extraPaths": [str(PACKAGE)],
        "typeCheckingMode": "strict",
        "reportMissingTypeStubs": False,
    }
    (WORK / "pyrightconfig.json").write_text(json.dumps(settings))
    program = Path(folder).resolve() / "node_modules" / "pyright" / "index.js"
    return ["node", str(program), "--pythonpath", str(PYTHON), "--project", str(WORK)]


def main() -> int:
    count = write_programs()
    assert count, "the papers have no Python"
    command = mypy() if sys.argv[1] == "mypy" else pyright(sys.argv[2])
    environment = {**os.environ, "MYPYPATH": str(PACKAGE)}
    return subprocess.run(command, cwd=WORK, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
