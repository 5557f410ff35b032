"""A sample service in each language with the suites of docs/testing.md, installed from the packages into an empty
environment. What is installed from a registry is installed before; the suites run without a network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from examples import ROOT, lay
from loopback import run

HERE = Path(__file__).resolve().parent


@dataclass
class Packages:
    """What was built, for this machine."""

    version: str
    dist: Path
    wheel: Path
    node: list[Path]
    c: Path

    @property
    def sandbox_wheel(self) -> Path:
        [wheel] = self.dist.glob(f"seekauth_sandbox-{self.version}-py3-none-*_{os.uname().machine}.whl")
        return wheel

    @property
    def sandbox_node(self) -> list[Path]:
        platform = {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]
        names = ["sandbox", f"sandbox-linux-{platform}"]
        return [self.dist / f"seekauth-{name}-{self.version}.tgz" for name in names]

    @property
    def image(self) -> Path:
        return self.dist / f"seekauth-sandbox-{self.version}.oci.tar"


def install(command: list[object], folder: Path) -> None:
    """What needs the network."""
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"kit: {' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def python(packages: Packages, work: Path) -> str:
    install([sys.executable, "-m", "venv", "venv"], work)
    programs = work / "venv" / "bin"
    pip = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install([*pip, "-r", HERE / "requirements.txt"], work)
    install([*pip, "--no-index", "--no-deps", packages.wheel, packages.sandbox_wheel], work)
    tests = [f"test_{name}.py" for name in ("service", "receiver", "service_unittest", "app", "views")]
    lay(work, "service.py", "receiver.py", "app.py", "views.py", *tests)
    shutil.copy(HERE / "test_plugin.py", work)
    pytest = [programs / "python", "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    passed = [count(run([*pytest], work))]
    passed += [count(run([*pytest, "-n", "2"], work))]
    passed += [count(run([*pytest, "-o", "seekauth_sandbox_tls=true"], work))]
    assert "OK" in run([programs / "python", "-W", "error", "-m", "unittest", "test_service_unittest"], work)
    assert len(set(passed)) == 1, passed
    said = run([programs / "seekauth-sandbox", "--version"], work)
    assert said == f"seekauth-sandbox {packages.version}\n", said
    assert run([programs / "python", "-m", "seekauth_sandbox", "--version"], work) == said
    # pip has other places too, which are not on the path.
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for option, place in {"target": "", "prefix": f"lib/python{version}/site-packages"}.items():
        folder = work / option
        elsewhere = ["--no-index", "--no-deps", "--ignore-installed", f"--{option}", folder]
        install([*pip, *elsewhere, packages.sandbox_wheel], work)
        code = "import seekauth_sandbox; print(seekauth_sandbox.find_sandbox_bin())"
        found = run([sys.executable, "-S", "-c", code], work, PYTHONPATH=str(folder / place)).strip()
        assert found == str(folder / "bin" / "seekauth-sandbox"), found
    return f"pytest {passed[0]} passed; the same with two workers and over https; unittest"


def count(said: str) -> int:
    """How many tests passed, as pytest says it."""
    found = re.search(r"^(\d+) passed", said, re.MULTILINE)
    assert found and "failed" not in said and "skipped" not in said, said
    return int(found[1])


def node(packages: Packages, work: Path) -> str:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "tests" / "hosts" / "node" / name, work)
    quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    install(["npm", "ci", *quiet], work)
    install(["npm", "install", "--no-save", *quiet, *packages.node, *packages.sandbox_node], work)
    lay(work, "service.js", "service.node.js", "service.test.js", "service.spec.mjs")
    shutil.copy(HERE / "program.test.cjs", work)
    said = run(["node", "--test", "service.node.js", "program.test.cjs"], work)
    assert re.search(r"fail 0\b", said) and not re.search(r"pass 0\b", said), said
    passed = re.search(r"pass (\d+)", said)[1]
    jest = run(["npx", "--no-install", "jest", "--detectOpenHandles", "service.test.js"], work)
    assert "1 passed" in jest and "open handle" not in jest, jest
    vitest = run(["npx", "--no-install", "vitest", "run", "service.spec.mjs"], work, NO_COLOR="1")
    assert "1 passed" in vitest, vitest
    types(work)
    return f"node:test {passed} passed; jest, vitest, types"


def types(work: Path) -> None:
    """What TypeScript says of the package's types, with the compiler of the checkout."""
    shutil.copy(HERE / "types.ts", work)
    compiler = ROOT / "node" / "node_modules" / "typescript" / "bin" / "tsc"
    options = ["--noEmit", "--strict", "--module", "node20", "--target", "es2022", "--lib", "es2022,esnext.disposable"]
    run(["node", compiler, *options, "--types", "", "types.ts"], work)


def c(packages: Packages, work: Path) -> str:
    lay(work, "CMakeLists.txt", "test_service.c", "forbidden.sh")
    settings = [f"-DCMAKE_PREFIX_PATH={packages.c}", "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror"]
    run(["cmake", "-S", ".", "-B", "build", *settings], work)
    run(["cmake", "--build", "build"], work)
    said = run(["ctest", "--test-dir", "build", "--output-on-failure", "--parallel", "2"], work)
    assert "100% tests passed" in said and "out of 2" in said, said
    return "CTest 2 passed"


def rust(packages: Packages, work: Path) -> str:
    """Against the crate as it is published, unpacked."""
    name = f"seekauth-sandbox-{packages.version}"
    with tarfile.open(ROOT / "target" / "package" / f"{name}.crate") as archive:
        archive.extractall(work, filter="data")
    lay(work, "tests/service.rs")
    (work / "src").mkdir()
    (work / "src" / "lib.rs").touch()
    # The workspace's own versions, so that nothing is built twice.
    shutil.copy(ROOT / "Cargo.lock", work)
    (work / "Cargo.toml").write_text(f"""
[package]
name = "service"
version = "0.0.0"
edition = "2024"

[dependencies]
seekauth = {{ path = "{ROOT / "core"}", default-features = false, features = ["ring"] }}

[dev-dependencies]
seekauth-sandbox = {{ path = "{name}" }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}

[profile.dev]
debug = "line-tables-only"

[workspace]
""")
    cargo = ["cargo", "test", "--quiet", "--target-dir", ROOT / "target"]
    install([*cargo, "--no-run"], work)
    said = run([*cargo, "--offline", "--test", "service"], work)
    assert "1 passed" in said, said
    return "cargo test 1 passed"
