"""Reads the workflows: every target that they make is one of the Makefile, and every file that they run is there. A
release hands each package to npm once. That they are workflows at all, check-jsonschema says.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML
from set import promised

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = ROOT / ".github" / "workflows"


def commands(workflow: Path) -> list[str]:
    """The lines of each step's script, with the values of the matrix in place."""
    lines = []
    for job in YAML(typ="safe").load(workflow)["jobs"].values():
        matrix = job.get("strategy", {}).get("matrix", {})
        for step in job["steps"]:
            lines += expanded(step.get("run", ""), matrix)
    return lines


def expanded(script: str, matrix: dict[str, list[str]]) -> list[str]:
    name = re.search(r"\$\{\{ matrix\.(\w+) \}\}", script)
    if name is None:
        return script.splitlines()
    return [line for value in matrix[name[1]] for line in script.replace(name[0], value).splitlines()]


def known() -> set[str]:
    """The targets of the Makefile."""
    database = subprocess.run(["make", "-pRrq", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    return set(re.findall(r"^([\w-]+):", database, re.MULTILINE))


def made(line: str) -> list[str]:
    """The targets of a call of make."""
    call = re.search(r"\bmake ([^;|&)\"]+)", line)
    return [word for word in call[1].split() if not word.startswith("-")] if call else []


def published(version: str) -> list[str]:
    """The packages that a release gives to npm, in their order."""
    steps = YAML(typ="safe").load(WORKFLOWS / "release.yml")["jobs"]["npm"]["steps"]
    script = next(step["run"] for step in steps if "npm publish" in step.get("run", ""))
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "release"
        folder.mkdir()
        for name in promised(version):
            (folder / name).touch()
        done = subprocess.run(
            ["bash", "-e", "-c", f'npm() {{ echo "$2"; }}\n{script}'],
            cwd=work,
            env=os.environ | {"GITHUB_REF_NAME": f"v{version}"},
            capture_output=True,
            text=True,
            check=True,
        )
    return [Path(line).name for line in done.stdout.splitlines()]


def main() -> int:
    problems = []
    targets = 0
    rules = known()
    for workflow in sorted(WORKFLOWS.glob("*.yml")):
        for line in commands(workflow):
            for target in made(line):
                targets += 1
                if target not in rules:
                    problems.append(f"{workflow.name}: the Makefile has no {target}")
            program = line.split()[0] if line.split() else ""
            if "/" in program and not os.access(ROOT / program, os.X_OK):
                problems.append(f"{workflow.name}: {program} is no program")
    for version in ("1.2.3", "1.2.3-rc.1"):
        names = published(version)
        packages = [name for name in promised(version) if name.endswith(".tgz")]
        last = [f"seekauth-sandbox-{version}.tgz", f"seekauth-{version}.tgz"]
        if sorted(names) != sorted(packages) or names[-2:] != last:
            problems.append(f"release.yml: of version {version} npm gets {names}")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"workflows: {targets} targets of the Makefile, {len(problems)} problems")
    return 1 if problems or targets == 0 else 0


if __name__ == "__main__":
    raise SystemExit(main())
