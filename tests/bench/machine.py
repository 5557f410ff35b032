"""What the figures were measured on, and how busy it was meanwhile."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from dataclasses import dataclass, field

from paths import HERE, ROOT


def told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def processor() -> str:
    with open("/proc/cpuinfo") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    return found[1] if found else platform.machine()


@dataclass
class Machine:
    """The machine during one run."""

    began: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))
    loads: list[float] = field(default_factory=lambda: [os.getloadavg()[0]])
    interpreters: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Notes the load, between two rounds."""
        self.loads.append(os.getloadavg()[0])

    def text(self) -> str:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        return (
            f"{os.cpu_count()} processors ({processor()}), {memory:.0f} GiB, {platform.system()} {platform.release()}, "
            f"on {self.began:%Y-%m-%d %H:%M} UTC. The benchmarks keep about one processor busy; the load average was "
            f"{min(self.loads):.1f} to {max(self.loads):.1f}."
        )

    def versions_text(self) -> str:
        compiler = told("cc", "--version").splitlines()[0]
        pins = (HERE / "python" / "requirements.txt").read_text()
        python = ", ".join(re.findall(r"^[A-Za-z].*==.*$", pins.split("# What these")[0], re.MULTILINE))
        node = re.findall(r'^    "(.*)": "(.*)"', (HERE / "node" / "package.json").read_text(), re.MULTILINE)
        lock = (HERE / "rust" / "Cargo.lock").read_text()
        rust = [
            f"{name} {found[1]}"
            for name in ("azure_identity", "google-cloud-auth", "aws-smithy-runtime", "reqwest", "tokio")
            if (found := re.search(rf'name = "{name}"\nversion = "(.*)"', lock))
        ]
        packages = ", ".join(f"{name} {version}" for name, version in node if "." in version)
        return "\n".join(
            [
                f"- seekauth at commit {told('git', '-C', str(ROOT), 'rev-parse', '--short', 'HEAD')}",
                f"- CPython {', '.join(self.interpreters)}; the peers on {platform.python_version()}: {python}",
                f"- Node {told('node', '--version')}: {packages}",
                f"- {told('rustc', '--version')}: {', '.join(rust)}",
                f"- {compiler}; {told('curl-config', '--version')}",
            ]
        )
