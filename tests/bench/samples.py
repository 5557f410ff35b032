"""What was measured: for each library in each language, each kind of figure with a value for every round."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field

from subjects import Subject


@dataclass(frozen=True)
class Spread:
    """The median of all rounds, and the lowest and the highest of them."""

    median: float
    low: float
    high: float


@dataclass
class Samples:
    values: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, subject: Subject, kind: str, *values: float) -> None:
        self.values[subject.language, subject.name, kind] += values

    def spread(self, language: str, name: str, kind: str) -> Spread | None:
        values = self.values.get((language, name, kind))
        return Spread(statistics.median(values), min(values), max(values)) if values else None

    def median(self, language: str, name: str, kind: str) -> float:
        """The median; a figure that was not measured is an error of this program."""
        return statistics.median(self.values[language, name, kind])

    def names(self, language: str, kind: str) -> list[str]:
        """Which libraries have such a figure."""
        return [name for of, name, what in self.values if (of, what) == (language, kind)]
