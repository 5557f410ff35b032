"""Reads the papers: links lead somewhere, files that are named exist, tables are complete, lines are short.

Needs nothing that was built. The tables of settings and errors are compared in core/tests/papers.rs, the examples are
run by readme.py.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CORE = ROOT / "core" / "src"
AT_ROOT = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
# Where a file that a paper names may be looked for.
BASES = [ROOT, CORE, CORE / "store", CORE / "sys"]
NAMING_FILES = ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/abi.md"]
SUFFIXES = r"\.(rs|py|pyi|js|mjs|ts|md|h|hpp|c|cpp|toml|json|sh|mk)$"
LINE = 110
README_LINES = 150


def tracked(pattern: str) -> list[str]:
    listing = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return listing.stdout.split()


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """What the headings of a page can be linked by."""
    headings = re.findall(r"^#+ (.*)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[str]:
    """Links between files of this repository, in all of its pages."""
    problems = []
    for page in tracked("*.md"):
        text = without_code((ROOT / page).read_text())
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (ROOT / page).parent / name if name else ROOT / page
            if not target.exists():
                problems.append(f"{page}: {link} leads nowhere")
            elif anchor and anchor not in anchors(target.read_text()):
                problems.append(f"{page}: {link} is no heading there")
    return problems


def expanded(path: str) -> list[str]:
    """`a{b,c}` as `ab` and `ac`."""
    parts = [part.split(",") if index % 2 else [part] for index, part in enumerate(re.split(r"[{}]", path))]
    return ["".join(choice) for choice in product(*parts)]


def named_files() -> list[str]:
    """Code spans that look like a file or a folder."""
    problems = []
    for page in NAMING_FILES:
        spans = re.findall(r"`([^`\n]+)`", without_code((ROOT / page).read_text()))
        paths = {
            span
            for span in spans
            if re.fullmatch(r"[\w.{},*/-]+", span)
            and not span.startswith((".", "/"))
            and ("/" in span or re.search(SUFFIXES, span))
        }
        each = {path for span in paths for path in expanded(span)}
        problems += [f"{page}: there is no {path}" for path in sorted(each) if not exists(path)]
    return problems


def exists(path: str) -> bool:
    """Below the repository's root or the core's; a file of the core without its ending; or a file's bare name."""
    if "/" not in path:
        return bool(tracked(f"*{path}"))
    return any(list(base.glob(path.rstrip("/"))) or list(base.glob(f"{path}.rs")) for base in BASES)


def rooms() -> list[str]:
    """ARCHITECTURE lists every room, from the top floor down as the test of imports has them, and all of its files."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    problems = []
    source = (ROOT / "core" / "tests" / "rooms.rs").read_text()
    ground_up = re.findall(r'"(\w+)"', source.split("const FLOORS")[1].split("];")[0])
    drawn = re.findall(r"^\| \d+ \| `(\w+)/?`", text, re.MULTILINE)
    if [*drawn[::-1], "lib"] != ground_up:
        problems.append("ARCHITECTURE.md: the floors are not those of core/tests/rooms.rs")
    listed = {}
    for folder, files in re.findall(r"^- `(\w+)/`: ((?:`[\w/]+`,?\s*)+)$", text, re.MULTILINE):
        listed[folder] = set(re.findall(r"`([\w/]+)`", files))
    for folder in sorted(path.name for path in CORE.iterdir() if path.is_dir() and path.name != "tests"):
        files = (path.relative_to(CORE / folder) for path in (CORE / folder).rglob("*.rs"))
        there = {str(path.with_suffix("")) for path in files if "tests" not in path.with_suffix("").parts}
        if listed.get(folder) != there:
            different = sorted(there ^ listed.get(folder, set()))
            problems.append(f"ARCHITECTURE.md: {folder}/ has other files than listed: {', '.join(different)}")
    return problems


def dependencies() -> list[str]:
    """ARCHITECTURE says why of every crate that a manifest of the workspace asks for, and of no other."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    packages = json.loads(metadata.stdout)["packages"]
    own = {package["name"] for package in packages}
    asked = {dependency["name"] for package in packages for dependency in package["dependencies"]} - own
    section = (ROOT / "ARCHITECTURE.md").read_text().split("## Dependencies\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    told = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    return [f"ARCHITECTURE.md: dependencies differ from the manifests: {name}" for name in sorted(asked ^ told)]


def lines() -> list[str]:
    """Lines are short, but for the rows of the pages' tables and for code, which has rules of its own."""
    problems = []
    for page in tracked("*.md"):
        text = (ROOT / page).read_text()
        code = False
        for number, line in enumerate(text.splitlines(), 1):
            code ^= line.startswith("```")
            is_row = line.startswith("|") and page not in AT_ROOT
            if len(line) > LINE and not code and not is_row:
                problems.append(f"{page}:{number} has {len(line)} characters, more than {LINE}")
    if (ROOT / "README.md").read_text().count("\n") > README_LINES:
        problems.append(f"README.md has more than {README_LINES} lines")
    return problems


def index() -> list[str]:
    """Each page of docs/ is listed by the index there."""
    text = (ROOT / "docs" / "README.md").read_text()
    pages = (page.name for page in ROOT.glob("docs/*.md") if page.name != "README.md")
    return [f"docs/README.md does not list {page}" for page in sorted(pages) if f"({page})" not in text]


def main() -> int:
    problems = [problem for check in (links, named_files, rooms, dependencies, lines, index) for problem in check()]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"papers: {len(tracked('*.md'))} read, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
