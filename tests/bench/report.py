"""Writes docs/benchmarks.md and its plots from what was measured."""

from __future__ import annotations

from typing import Any

from chart import Bar, bars, number
from machine import Machine
from paths import HERE, ROOT
from samples import Samples
from targets import Row
from wrap import wrapped

DOCS = ROOT / "docs"
PICTURES = DOCS / "img"
LANGUAGES = ("Python", "Node", "Rust", "C")


def table(headings: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def cell(value: float | None) -> str:
    return "" if value is None else number(value)


class Report:
    """The page, piece by piece."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def spread(self, language: str, name: str, kind: str, scale: float = 1.0) -> str:
        found = self.samples.spread(language, name, kind)
        if found is None:
            return "–"
        median, low, high = (number(each * scale) for each in (found.median, found.low, found.high))
        return median if low == high else f"{median} ({low}–{high})"

    def names(self, language: str, kind: str) -> list[str]:
        return [name for name in self.samples.names(language, kind) if " on " not in name]

    def libraries(self, language: str, kinds: dict[str, str], first: str) -> str:
        """A table of the libraries of one language."""
        rows = [
            [name, *(self.spread(language, name, kind) for kind in kinds.values())]
            for name in self.names(language, first)
        ]
        return table(["", *kinds], rows)

    def plot(
        self,
        name: str,
        title: str,
        unit: str,
        kinds: dict[str, str],
        logarithmic: bool = True,
        limits: dict[str, float] | None = None,
    ) -> str:
        """Writes one plot, and says how it is shown. `kinds`: which figure of each language."""
        rows: list[Bar] = []
        for language, kind in kinds.items():
            names = self.names(language, kind)
            if not names:
                continue
            rows.append(Bar(language))
            for library in names:
                found = self.samples.spread(language, library, kind)
                if found is None:
                    continue
                ours = library.startswith("seekauth")
                way = f"{language} (asyncio)" if library.endswith("(asyncio)") else language
                limit = (limits or {}).get(way) if ours else None
                rows.append(Bar(library, found.median, found.low, found.high, ours, limit))
        (PICTURES / f"benchmarks-{name}.svg").write_text(bars(title, unit, rows, logarithmic))
        return f"![{title}](img/benchmarks-{name}.svg)"


def targets(rows: list[Row]) -> str:
    text = []
    for group in dict.fromkeys(row.group for row in rows):
        lines = [
            [
                row.name,
                f"{number(row.value)} {row.unit}".strip(),
                row.spread,
                f"{row.target} {row.unit}".strip(),
                "yes" if row.holds else "**no**",
                row.peer,
            ]
            for row in rows
            if row.group == group
        ]
        text.append(f"### {group[0].upper()}{group[1:]}\n")
        text.append(table(["what", "seekauth", "rounds", "target", "holds", "best peer"], lines) + "\n")
    return "\n".join(text)


def write(
    samples: Samples,
    rows: list[Row],
    growth: dict[str, list[dict[str, Any]]],
    sizes: dict[str, float],
    installed: dict[tuple[str, str], float],
    crates: list[tuple[str, float]],
    instructions: dict[str, dict[str, float]],
    machine: Machine,
) -> None:
    report = Report(samples)
    held = sum(row.holds for row in rows)
    fill = {
        "held": f"{held} of {len(rows)}",
        "machine": machine.text(),
        "targets": targets(rows),
        "hot_plot": report.plot(
            "hot",
            "A cached value: cost beside hand-written code",
            "times a class or empty async def (Python), async closure (Node), locked copy (C), Instant::now() (Rust)",
            dict.fromkeys(LANGUAGES, "hot_ratio"),
            limits={"Python": 0.45, "Python (asyncio)": 1.4, "Node": 1.1, "Rust": 1.67},
        ),
        "hot_tables": "\n\n".join(
            f"**{language}**\n\n"
            + report.libraries(language, {"cached call, ns": "hot_ns", against: "hot_ratio"}, "hot_ns")
            for language, against in (
                ("Python", "× hand-written class, or empty `async def`"),
                ("Node", "× hand-written async closure"),
                ("Rust", "× `Instant::now()`"),
                ("C", "× hand-written copy under a mutex"),
            )
        ),
        "instructions": table(
            ["", "in seekauth's own code", "in all"],
            [[language, cell(count["own"]), cell(count["all"])] for language, count in instructions.items()],
        ),
        "counts_plot": report.plot(
            "burst",
            "Token requests of a cold burst",
            "requests; callers: 200 threads or 1,000 tasks (Python), 1,000 (Node), 10,000 (Rust), 200 (C)",
            dict.fromkeys(LANGUAGES, "burst_requests"),
            limits=dict.fromkeys((*LANGUAGES, "Python (asyncio)"), 1),
        ),
        "stall_plot": report.plot(
            "stall",
            "Event-loop stall in a cold burst of 1,000",
            "milliseconds in which nothing else ran",
            {"Python": "stall_ms", "Node": "stall_ms"},
            limits={"Python (asyncio)": 10, "Node": 10},
        ),
        "count_tables": "\n\n".join(
            f"**{language}**\n\n"
            + report.libraries(
                language,
                {
                    "requests of a cold burst": "burst_requests",
                    "longest wait, ms": "burst_longest_ms",
                    "loop stall, ms": "stall_ms",
                    "of 50 wait at 120 s left": "left_120_blocked",
                    "at 250 s left": "left_250_blocked",
                    "of 50 fail in an outage, 120 s left": "outage_errors",
                    "requests for 100 calls at 60 s": "short_60_requests",
                },
                "burst_requests",
            )
            for language in LANGUAGES
        ),
        "start_plot": report.plot(
            "start",
            "Import, require, dlopen",
            "milliseconds in a fresh process",
            dict.fromkeys(("Python", "Node", "C"), "import_ms"),
            limits={"Python": 5, "Node": 5, "C": 1},
        ),
        "memory_plot": report.plot(
            "memory",
            "Memory added, first token included",
            "megabytes over the bare interpreter",
            dict.fromkeys(("Python", "Node", "C"), "token_mb"),
            logarithmic=False,
            limits=dict.fromkeys(("Python", "Node", "C"), 6),
        ),
        "start_tables": "\n\n".join(
            f"**{language}**\n\n" + start_table(report, installed, language) for language in ("Python", "Node", "C")
        ),
        "renewal_plot": report.plot(
            "renewal",
            "A renewal on a connection that is open",
            "microseconds, server on another core",
            dict.fromkeys(LANGUAGES, "refresh_us"),
            logarithmic=False,
        ),
        "renewal_tables": "\n\n".join(
            f"**{language}**\n\n"
            + report.libraries(language, {"µs": "refresh_us", "× the first": "refresh_ratio"}, "refresh_us")
            for language in LANGUAGES
        ),
        "threads": grid(growth["threads"]),
        "keys": grid(growth["keys"]),
        "callers": grid(growth["callers"]),
        "client_bytes": ", ".join(
            f"{number(value)} bytes in {language}" for language, value in growth["clients"][0].items()
        ),
        **grown(growth),
        "shipped": table(["artefact", "MB"], [[name, f"{size:.2f}"] for name, size in sizes.items()]),
        "crates": table(["crate", "KB", "share"], crate_rows(crates)),
        "profiles": profiles(),
        "versions": machine.versions_text(),
    }
    page = (HERE / "benchmarks.md.in").read_text()
    for name, text in fill.items():
        page = page.replace(f"@{name}@", text)
    (DOCS / "benchmarks.md").write_text(wrapped(page))


def start_table(report: Report, installed: dict[tuple[str, str], float], language: str) -> str:
    kinds = ("import_ms", "import_mb", "token_mb", "token_threads")
    rows = [
        [name, *(report.spread(language, name, kind) for kind in kinds), cell(installed.get((language, name)))]
        for name in report.names(language, "import_ms")
    ]
    headings = ["", "import, ms", "memory, MB", "with the first token, MB", "threads then", "installed, MB"]
    return table(headings, rows)


def grid(rows: list[dict[str, Any]]) -> str:
    return table(list(rows[0]), [[cell(value) for value in row.values()] for row in rows])


def crate_rows(crates: list[tuple[str, float]]) -> list[list[str]]:
    whole = sum(size for _, size in crates)
    shown = [entry for entry in crates if entry[1] >= whole / 200]
    rest = whole - sum(size for _, size in shown)
    return [[name, number(size), f"{size / whole:.1%}"] for name, size in [*shown, ("all others", rest)]]


def profiles() -> str:
    file = HERE / "profiles.md"
    return file.read_text().strip() if file.exists() else "Not measured."


def grown(growth: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """The figures that the text about scale mentions."""
    threads, keys, callers = growth["threads"], growth["keys"], growth["callers"]
    waits = (f"{number(callers[0][each])} to {number(callers[-1][each])} ms in {each}" for each in LANGUAGES)
    return {
        "most_threads": number(threads[-1]["threads"]),
        "c_threads": number(threads[-1]["C ÷ one"]),
        "rust_threads": number(threads[-1]["Rust ÷ one"]),
        "most_keys": number(keys[-1]["keys"]),
        "c_few_keys": number(keys[1]["C"]),
        "c_most_keys": number(keys[-1]["C"]),
        "c_key_bytes": number(keys[-1]["C bytes"]),
        "few_callers": number(callers[0]["callers"]),
        "most_callers": number(callers[-1]["callers"]),
        "waits": ", ".join(waits),
    }
