"""Installs the npm packages of dist/ as npm, pnpm and Yarn do, and the sdist as pip does, and gets a token with each.

    managers.py DIST VERSION CROSS

No registry has the packages, so each manager is told which files they are; which of them fit this machine it finds out
by itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

from harness.sandbox import Sandbox

PNPM = "pnpm@9.8.0"
YARN = "@yarnpkg/cli-dist@4.18.1"
PROGRAM = """
require('seekauth').Client.fromEnv().getToken().then((token) => console.log(token.remainingMs > 0 ? 'token' : 'none'));
"""
PYTHON_PROGRAM = "import seekauth; print('token' if seekauth.Client.from_env().get_token().remaining > 0 else 'none')"


class Failure(Exception):
    """A manager or a program did not do what it should."""


def run(*command: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, cwd=cwd, env=os.environ | (env or {}))
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Release:
    """The packages, and the sandbox that their tokens come from."""

    def __init__(self, dist: Path, version: str, cross: Path, sandbox: Sandbox) -> None:
        self.dist = dist
        self.version = version
        self.cross = cross
        self.sandbox = sandbox

    def files(self) -> dict[str, str]:
        """The packages of npm by their names."""
        found = {"seekauth": f"file:{self.dist / f'seekauth-{self.version}.tgz'}"}
        for path in self.dist.glob(f"seekauth-*-*-{self.version}.tgz"):
            name = path.name.removeprefix("seekauth-").removesuffix(f"-{self.version}.tgz")
            found[f"@seekauth/{name}"] = f"file:{path}"
        return found

    def project(self, folder: Path, told: Callable[[dict[str, str]], dict[str, object]]) -> None:
        files = self.files()
        platforms = {name: file for name, file in files.items() if name != "seekauth"}
        manifest = {"name": "user", "private": True, "dependencies": {"seekauth": files["seekauth"]}}
        (folder / "package.json").write_text(json.dumps(manifest | told(platforms)))
        (folder / "user.cjs").write_text(PROGRAM)

    def tool(self, package: str) -> Path:
        """The folder of a manager, which is installed once."""
        folder = self.cross / "managers"
        folder.mkdir(parents=True, exist_ok=True)
        name = package.rsplit("@", 1)[0]
        if not (folder / "node_modules" / name).exists():
            run("npm", "install", "--silent", "--no-audit", "--no-fund", package, cwd=folder)
        return folder / "node_modules" / name

    def expect_token(self, *command: object, cwd: Path) -> None:
        if (said := run(*command, cwd=cwd, env=self.sandbox.environment("Managers/1.0")).strip()) != "token":
            raise Failure(f"{command[0]} printed {said!r}")

    def npm(self, folder: Path) -> None:
        """npm ci --ignore-scripts --omit=dev"""
        self.project(folder, lambda platforms: {"overrides": platforms})
        run("npm", "install", "--package-lock-only", "--no-audit", "--no-fund", cwd=folder)
        run("npm", "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", cwd=folder)
        self.only_what_fits(folder / "node_modules" / "@seekauth")
        self.expect_token("node", "user.cjs", cwd=folder)

    def pnpm(self, folder: Path) -> None:
        """pnpm install --prod --ignore-scripts"""
        self.project(folder, lambda platforms: {"pnpm": {"overrides": platforms}})
        program = self.tool(PNPM) / "bin" / "pnpm.cjs"
        store = ["--store-dir", folder / "store"]
        run("node", program, "install", "--prod", "--ignore-scripts", *store, cwd=folder)
        self.expect_token("node", "user.cjs", cwd=folder)

    def yarn(self, folder: Path) -> None:
        """Yarn, Plug'n'Play"""
        self.project(folder, lambda platforms: {"resolutions": platforms})
        settings = ["enableScripts: false", "enableTelemetry: false", f"globalFolder: {folder / 'global'}"]
        (folder / ".yarnrc.yml").write_text("\n".join(["nodeLinker: pnp", *settings]) + "\n")
        (folder / "yarn.lock").touch()
        yarn = self.tool(YARN) / "bin" / "yarn.js"
        run("node", yarn, "install", cwd=folder, env={"YARN_ENABLE_IMMUTABLE_INSTALLS": "false"})
        self.expect_token("node", yarn, "node", "user.cjs", cwd=folder)

    def pip(self, folder: Path) -> None:
        """pip install of the sdist, with Rust and nothing else"""
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        sdist = self.dist / f"seekauth-{self.version}.tar.gz"
        # Only that it builds matters: the library is not optimised.
        quick = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0"}
        quick |= {"CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16", "CARGO_TARGET_DIR": str(self.cross / "sdist")}
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", sdist, cwd=folder, env=quick)
        self.expect_token(python, "-c", PYTHON_PROGRAM, cwd=folder)

    def only_what_fits(self, folder: Path) -> None:
        if len(found := sorted(path.name for path in folder.iterdir())) != 1:
            raise Failure(f"{found} were installed, and not only what fits this machine")


MANAGERS: tuple[Callable[[Release, Path], None], ...] = (Release.npm, Release.pnpm, Release.yarn, Release.pip)


def main() -> int:
    failed = 0
    dist, version, cross = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]).resolve()
    with Sandbox(tls=True) as sandbox:
        release = Release(dist, version, cross, sandbox)
        for manager in MANAGERS:
            folder = Path(tempfile.mkdtemp())
            try:
                manager(release, folder)
                print(f"ok: {manager.__doc__}", flush=True)
            except Failure as failure:
                failed += 1
                print(f"FAILED: {manager.__doc__}\n{failure}", file=sys.stderr)
            shutil.rmtree(folder)
    print(f"managers: {len(MANAGERS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
