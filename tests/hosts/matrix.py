"""Prints what the suites of hosts wrote, as one table, and fails where a row did not pass."""

import sys
from pathlib import Path


def main(folder: Path) -> int:
    rows = [
        [path.stem, *line.split("\t")]
        for path in sorted(folder.glob("*.tsv"))
        for line in path.read_text().splitlines()
    ]
    if not rows:
        print("no suite has written anything", file=sys.stderr)
        return 1
    rows.insert(0, ["language", "host", "what was tried", "result"])
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    return int(any(not row[3].startswith(("passed", "not here: ")) for row in rows[1:]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
