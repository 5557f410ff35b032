"""Packs a small program with each of the tools that carry Node programs along, moves the bundle to another folder and
gets a token there, then looks what the bundle says without its library. A tool that cannot carry native code has to
say so at build time, and docs/packaging.md what it needs.

    run.py [--quick] TOOLS PACKAGES...

TOOLS is a folder with what package.json names in its node_modules; PACKAGES are the tarballs of npm, that of seekauth
first. Prints a table; what this machine cannot have is a row that says so.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.carried import NOT_HERE, Carrier, Row, TrialError, attempt, build, refused
from harness.carried import conclude as print_table
from harness.paths import ROOT
from harness.process import inherited
from harness.sandbox import Sandbox

HERE = Path(__file__).resolve().parent
NODE = shutil.which("node") or "node"
LIBRARY = "*.node"
BUN = "@oven/bun-linux-x64"
COPY = "--loader:.node=copy"
# What docs/packaging.md says: `require` as Node has it, for a bundle that has none or another.
IN_MODULE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
IN_EXECUTABLE = "require = require('node:module').createRequire(process.execPath);"
LOADER = "module: { rules: [{ test: /\\.node$/, loader: 'node-loader' }] }"
EXTERNAL = "serverExternalPackages: ['seekauth']"
FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2"


@dataclass
class Bundlers:
    tools: Path
    packages: list[Path]
    carrier: Carrier

    @property
    def app(self) -> Path:
        return self.carrier.source

    def program(self, name: str) -> Path:
        return self.tools / "node_modules" / ".bin" / name

    def version(self, package: str) -> str:
        manifest = self.tools / "node_modules" / package / "package.json"
        return json.loads(manifest.read_text())["version"] if manifest.exists() else ""

    def prepare(self) -> None:
        """The program's folder, with the packages installed as a user does. What is tried is what the page says."""
        page = (ROOT / "docs" / "packaging.md").read_text()
        assert LOADER in (HERE / "loader.config.cjs").read_text()
        assert EXTERNAL in (HERE / "next" / "next.config.mjs").read_text()
        said = (COPY, IN_MODULE, IN_EXECUTABLE, LOADER, EXTERNAL)
        assert all(words in page for words in said), "the page says something else"
        self.app.mkdir()
        for name in ("main.cjs", "main.mjs", "loader.config.cjs"):
            shutil.copy(HERE / name, self.app)
        (self.app / "package.json").write_text('{"private": true}\n')
        flags = ["--silent", "--offline", "--no-audit", "--no-fund", "--ignore-scripts"]
        build(["npm", "install", *flags, *self.packages], self.app)

    # ---- bundlers ----

    def esbuild(self) -> Iterator[Row]:
        row = self.rows("esbuild", "esbuild")
        plain = [self.program("esbuild"), "main.cjs", "--bundle", "--platform=node", "--log-level=error"]
        told = 'No loader is configured for ".node" files'
        yield row("no option", lambda: refused([*plain, "--outdir=plain"], self.app, told))
        yield row(COPY, lambda: self.node_bundle("esbuild-cjs", [*plain, COPY], "main.js"))
        module = [self.program("esbuild"), "main.mjs", *plain[2:], "--format=esm", f"--banner:js={IN_MODULE}"]
        module.append("--out-extension:.js=.mjs")
        yield row(f"{COPY}, ES module", lambda: self.node_bundle("esbuild-esm", [*module, COPY], "main.mjs"))

    def node_bundle(self, name: str, command: list[object], entry: str) -> str:
        made = self.app / name
        build([*command, f"--outdir={made}"], self.app)
        return self.carrier.moved(made, lambda place: [NODE, place / entry], name, without=LIBRARY)

    def webpack(self) -> Iterator[Row]:
        row = self.rows("webpack", "webpack")
        command = [self.program("webpack"), "--no-color"]
        plain = [*command, "./main.cjs", "--mode=production", "--target=node", "-o", "plain"]
        yield row("no option", lambda: refused(plain, self.app, "You may need an appropriate loader"))

        def loader() -> str:
            made = self.app / "webpack"
            settings = ["--config", "loader.config.cjs", "--resolve-loader-modules", self.tools / "node_modules"]
            build([*command, *settings, "-o", made], self.app)
            return self.carrier.moved(made, lambda place: [NODE, place / "main.js"], "webpack", without=LIBRARY)

        yield row("node-loader", loader)

    def ncc(self) -> Iterator[Row]:
        def trial() -> str:
            made = self.app / "ncc"
            build([self.program("ncc"), "build", "main.cjs", "-o", made], self.app)
            return self.carrier.moved(made, lambda place: [NODE, place / "index.cjs"], "ncc", without=LIBRARY)

        yield self.rows("ncc", "@vercel/ncc")("no option", trial)

    def nft(self) -> Iterator[Row]:
        def trial() -> str:
            made = self.app / "nft"
            tracer = self.tools / "trace.mjs"
            shutil.copy(HERE / "trace.mjs", tracer)
            for name in build([NODE, tracer], self.app).splitlines():
                target = made / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.app / name, target)
            return self.carrier.moved(made, lambda place: [NODE, place / "main.cjs"], "nft", without=LIBRARY)

        yield self.rows("@vercel/nft", "@vercel/nft")("no option (serverless deployments)", trial)

    def next(self) -> Iterator[Row]:
        folder = self.tools / "next"
        manifest = folder / "node_modules" / "next" / "package.json"
        row = partial(attempt, "Next.js", json.loads(manifest.read_text())["version"])
        command = [folder / "node_modules" / ".bin" / "next", "build"]
        carrier = Carrier(self.carrier.sandbox, folder)

        def laid(without: str = "") -> None:
            """The program anew, with seekauth installed and without a line of its configuration."""
            for name in (".next", "node_modules/seekauth", "node_modules/@seekauth"):
                shutil.rmtree(folder / name, ignore_errors=True)
            shutil.copytree(HERE / "next", folder, dirs_exist_ok=True)
            for name in ("seekauth", "@seekauth"):
                shutil.copytree(self.app / "node_modules" / name, folder / "node_modules" / name)
            configuration = (HERE / "next" / "next.config.mjs").read_text()
            (folder / "next.config.mjs").write_text(configuration.replace(without, ""))

        def refusal() -> str:
            laid(without=f"{EXTERNAL},")
            return refused(command, folder, "(node addon) is not placeable", "seekauth/lib/native.js")

        def standalone() -> str:
            laid()
            build(command, folder, {**inherited(), "NEXT_TELEMETRY_DISABLED": "1"})
            made = folder / ".next" / "standalone"
            shutil.copy(HERE / "next" / "ask.mjs", made)
            return carrier.moved(made, lambda _: [NODE, "ask.mjs"], "next", without=f"seekauth.{LIBRARY}")

        yield row("no option", refusal)
        yield row("serverExternalPackages, standalone", standalone)

    # ---- single executables ----

    def bun(self) -> Iterator[Row]:
        row = self.rows("bun build --compile", BUN)

        def trial() -> str:
            if not self.version(BUN):
                return f"{NOT_HERE}npm has it for linux-x64 in this set of tools"
            made = self.app / "bun"
            made.mkdir()
            program = self.tools / "node_modules" / BUN / "bin" / "bun"
            build([program, "build", "--compile", "main.cjs", "--outfile", made / "main"], self.app)
            return self.carrier.moved(made, lambda place: [place / "main"], "bun")

        yield row("no option", trial)

    def executable(self) -> Iterator[Row]:
        """Node's own: the bundle in a copy of Node, the library beside it."""

        def trial() -> str:
            made = self.app / "executable"
            bundle = [self.program("esbuild"), "main.cjs", "--bundle", "--platform=node", COPY, "--log-level=error"]
            build([*bundle, f"--banner:js={IN_EXECUTABLE}", f"--outdir={made}"], self.app)
            blob = self.app / "executable.blob"
            settings = {"main": "executable/main.js", "output": blob.name, "disableExperimentalSEAWarning": True}
            (self.app / "executable.json").write_text(json.dumps(settings))
            build([NODE, "--experimental-sea-config", "executable.json"], self.app)
            shutil.copy(build([NODE, "-p", "process.execPath"], self.app).strip(), made / "main")
            inject = [self.program("postject"), made / "main", "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE]
            build(inject, self.app)
            (made / "main.js").unlink()
            return self.carrier.moved(made, lambda place: [place / "main"], "executable", without=LIBRARY)

        version = build([NODE, "--version"], HERE).strip().removeprefix("v")
        yield attempt("Node single executable", version, f"esbuild {COPY}, the library beside it", trial)
        yield Row("@yao-pkg/pkg", "", "", f"{NOT_HERE}it downloads a Node of its own, from no package registry")

    # ---- package managers ----

    def pnpm(self) -> Iterator[Row]:
        def trial() -> str:
            made = self.installation("pnpm", {})
            (made / "pnpm-workspace.yaml").write_text(json.dumps({"overrides": self.platforms()}))
            store = f"--config.store-dir={made.parent / 'pnpm-store'}"
            build(
                [self.program("pnpm"), "install", "--offline", "--ignore-scripts", "--prod", store], made, inherited()
            )
            return self.carrier.token([NODE, "main.cjs"], made, "pnpm")

        yield self.rows("pnpm", "pnpm")("install --prod --ignore-scripts", trial)

    def yarn(self) -> Iterator[Row]:
        def trial() -> str:
            made = self.installation("yarn", {"resolutions": self.platforms()})
            settings = {"nodeLinker": "pnp", "enableNetwork": False, "enableTelemetry": False, "enableScripts": False}
            settings |= {"globalFolder": str(made.parent / "yarn-global"), "enableImmutableInstalls": False}
            (made / ".yarnrc.yml").write_text(json.dumps(settings))
            (made / "yarn.lock").touch()
            build([self.program("yarn"), "install"], made, inherited("YARN_"))
            if (made / "node_modules").exists():
                raise TrialError("Yarn made a node_modules: this is no Plug'n'Play")
            return self.carrier.token([NODE, "--require", "./.pnp.cjs", "main.cjs"], made, "yarn")

        yield self.rows("Yarn Plug'n'Play", "@yarnpkg/cli-dist")("install, no scripts", trial)

    def platforms(self) -> dict[str, str]:
        """The packages of the platforms come from here, not from the registry."""
        manifest = json.loads((self.app / "node_modules" / "seekauth" / "package.json").read_text())
        return {name: f"file:{self.tarball(name)}" for name in manifest["optionalDependencies"]}

    def tarball(self, name: str) -> Path:
        stem = name.replace("@seekauth/", "seekauth-")
        found = list(self.packages[0].parent.glob(f"{stem}-*.tgz"))
        if len(found) != 1:
            raise TrialError(f"there are {len(found)} tarballs of {name}")
        return found[0]

    def installation(self, name: str, rest: dict[str, object]) -> Path:
        made = self.app.parent / name
        made.mkdir()
        shutil.copy(HERE / "main.cjs", made)
        manifest = {"name": name, "private": True, "dependencies": {"seekauth": f"file:{self.packages[0]}"}, **rest}
        (made / "package.json").write_text(json.dumps(manifest))
        return made

    def rows(self, tool: str, package: str) -> Callable[[str, Callable[[], str]], Row]:
        return lambda how, trial: attempt(tool, self.version(package), how, trial)


def main() -> None:
    parser = argparse.ArgumentParser(description="Packs a program with each tool and runs it elsewhere.")
    parser.add_argument("--quick", action="store_true", help="esbuild and nft only")
    parser.add_argument("tools", type=Path)
    parser.add_argument("packages", nargs="+", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seekauth-bundlers-") as work, Sandbox(tls=True) as sandbox:
        packages = [package.resolve() for package in given.packages]
        bundlers = Bundlers(given.tools.resolve(), packages, Carrier(sandbox, Path(work) / "app"))
        bundlers.prepare()
        suites = [bundlers.esbuild, bundlers.nft]
        if not given.quick:
            suites += [bundlers.next, bundlers.webpack, bundlers.ncc, bundlers.bun, bundlers.executable]
            suites += [bundlers.pnpm, bundlers.yarn]
        rows = [row for suite in suites for row in suite()]
    print_table("bundlers", rows)


if __name__ == "__main__":
    main()
