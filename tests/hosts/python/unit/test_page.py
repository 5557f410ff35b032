"""What docs/testing.md quotes is what runs here."""

import re
from pathlib import Path

HERE = Path(__file__).parent
QUOTED = re.compile(r"^```py\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_each_example_of_the_page_is_one_of_these_files() -> None:
    docs = HERE.parents[3] / "docs"
    for page in docs.glob("testing*.md"):
        for name, text in QUOTED.findall(page.read_text()):
            assert text == (HERE / name).read_text(), name
