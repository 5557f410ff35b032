"""Installs the built wheel and the packed npm tarball into empty environments, runs the README's
one-liners there against the sandbox, and looks into what is shipped.

Takes the wheel, the two tarballs and the released libseekauth.so as arguments and the sandbox's
addresses from the environment, as tests/c/with-sandbox.sh sets them.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from readme import ROOT, environment

FORBIDDEN = (b"test_clock", b"testClock", b"STORE_CHECKPOINTS")
"""What only test builds have: a clock that can be set, steps at which they can be stopped."""


UNIT_TESTS = ROOT / "tests" / "hosts" / "python" / "unit"
"""What a program's own tests do with a fake client, which takes ways of its own in a release."""


def one_liners() -> dict[str, list[str]]:
    """The README's commands that check credentials, by program."""
    blocks = re.findall(
        r"^```sh\n((?:python|node) .*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    commands = [shlex.split(block) for block in blocks]
    return {command[0]: command[1:] for command in commands}


def run(command: list[object], **options: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **options)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_shown(text: str) -> None:
    """The token's facts are shown, its value is not."""
    assert "Token" in text, text
    assert "sandbox-seek-api-" not in text and "Bearer" not in text, "a token is shown"


def check_told(text: str) -> None:
    """The command of the package says whose credentials these are."""
    assert text.startswith("partner: Sandbox partner "), text


def wheel_installs(wheel: Path, folder: Path) -> None:
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    run(
        [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            wheel,
        ]
    )
    check_shown(run([python, *one_liners()["python"]], env=environment(), cwd=folder))
    check_told(run([folder / "venv" / "bin" / "seekauth", "whoami"], env=environment(), cwd=folder))
    # unittest speaks on stderr alone.
    command = [python, "-m", "unittest", "-q", "test_unittest"]
    subprocess.run(command, cwd=UNIT_TESTS, check=True, capture_output=True, timeout=300)
    names = run([python, "-c", "import seekauth._native as n; print(dir(n))"], cwd=folder)
    assert "test_clock" not in names, names


def tarball_installs(tarball: Path, platform: Path, folder: Path) -> None:
    run(["npm", "init", "--yes", "--silent"], cwd=folder)
    subprocess.run(["npm", "install", "--silent", "--offline", tarball, platform], cwd=folder, check=True, timeout=300)
    check_shown(run(["node", *one_liners()["node"]], env=environment(), cwd=folder))
    check_told(run([folder / "node_modules" / ".bin" / "seekauth", "whoami"], env=environment(), cwd=folder))
    assert "withScopes" in run(
        [
            "node",
            "--input-type=module",
            "-e",
            "import { Client } from 'seekauth'; console.log(Object.getOwnPropertyNames(Client.prototype).join())",
        ],
        cwd=folder,
    )


def versions_agree(wheel: Path, *tarballs: Path) -> None:
    manifest = (ROOT / "Cargo.toml").read_text()
    version = re.search(r'^\[workspace.package\]\nversion = "(.*)"$', manifest, re.MULTILINE).group(1)
    npm = json.loads((ROOT / "node" / "package.json").read_text())["version"]
    assert npm == version, f"node/package.json says {npm}, Cargo.toml {version}"
    assert f"-{version}-" in wheel.name, wheel.name
    assert all(tarball.name.endswith(f"-{version}.tgz") for tarball in tarballs), tarballs


def wheel_holds_sources_alone(wheel: Path) -> None:
    """Nothing that a working folder happens to hold, such as compiled files of another day."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("seekauth/")}
    folder = ROOT / "python"
    kinds = ("*.py", "*.pyi", "py.typed")
    sources = {path.relative_to(folder).as_posix() for kind in kinds for path in (folder / "seekauth").rglob(kind)}
    assert names == sources | {"seekauth/_native.abi3.so"}, names ^ sources


def nothing_of_test_builds(*shipped: Path) -> None:
    for path in shipped:
        found = [word for word in FORBIDDEN if word in path.read_bytes()]
        assert not found, (path, found)


def main() -> None:
    wheel, tarball, platform, library = (Path(argument).resolve() for argument in sys.argv[1:5])
    with tempfile.TemporaryDirectory() as python, tempfile.TemporaryDirectory() as node:
        versions_agree(wheel, tarball, platform)
        wheel_holds_sources_alone(wheel)
        wheel_installs(wheel, Path(python))
        tarball_installs(tarball, platform, Path(node))
        natives = [*Path(python).rglob("_native*.so"), *Path(node).rglob("*.node")]
        assert len(natives) == 2, natives
        nothing_of_test_builds(library, *natives)
        for path in (library, *natives, wheel, tarball, platform):
            print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
    print("packaging: 5 passed, 0 failed")


if __name__ == "__main__":
    main()
