"""Writes the license notice of each artefact to target/notices: which crates are linked into it,
under which of their licenses they are used, and the texts of those. Fails for a crate whose
license is not one of those that deny.toml allows, or whose text is nowhere to be found.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

from linked import ARTEFACTS, ROOT, Crate, Runtime, arguments, runtimes, third_party

TEXTS = Path(__file__).resolve().parent / "texts"
NAME = "LICENSE-THIRD-PARTY"
# Published without the text that their repository has.
ELSEWHERE = {"napi": TEXTS / "napi.txt", "napi-sys": TEXTS / "napi.txt"}
# The licenses in the order of preference, where a crate offers several: first the short ones that
# name its authors. By these words a text is known to be the license's, and not one beside it.
PHRASES = {
    "MIT": "Permission is hereby granted, free of charge",
    "ISC": "Permission to use, copy, modify, and",
    "BSD-3-Clause": "Redistribution and use in source and binary forms",
    "BSL-1.0": "Boost Software License",
    "Unicode-3.0": "UNICODE LICENSE V3",
    "Apache-2.0": "Apache License",
}
STANDARD = "the Rust standard library"
IS_TEXT = re.compile(r"(?i)^(licen[cs]e|copying|unlicense|notice)")


class MissingError(Exception):
    """A crate cannot be shipped as it is."""


def allowed() -> set[str]:
    found = re.search(
        r"^\[licenses\]$.*?^allow = (\[.*?\])$", (ROOT / "deny.toml").read_text(), re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise MissingError("deny.toml allows no license")
    return set(json.loads(found.group(1)))


def chosen(crate: Crate) -> list[str]:
    """The licenses under which the crate is used: all of one of its alternatives."""
    if not crate.license:
        raise MissingError(f"{crate.key} names no license")
    alternatives = [
        re.split(r" AND ", alternative.strip("() "))
        for alternative in re.split(r" OR |/", crate.license.replace(" / ", "/"))
    ]
    possible = [each for each in alternatives if set(each) <= allowed()]
    if not possible:
        raise MissingError(f"{crate.key} is under {crate.license}, which deny.toml does not allow")
    return min(possible, key=lambda each: max(list(PHRASES).index(name) for name in each))


def texts(crate: Crate) -> list[str]:
    """The texts of the chosen licenses, from the crate's own files."""
    licenses = chosen(crate)
    files = sorted(path for path in crate.folder.iterdir() if path.is_file() and IS_TEXT.match(path.name))
    word = licenses[0].split("-")[0]
    own = [path for path in files if re.search(rf"(?i)[-_.]{word}\b(?!.*WITH)", path.name)]
    if len(licenses) > 1 or not own:
        # One file for all, or several that belong together.
        own = files
    if not own and crate.name in ELSEWHERE:
        own = [ELSEWHERE[crate.name]]
    found = [path.read_text(encoding="utf-8").strip("\n") for path in own]
    for name in licenses:
        if not any(PHRASES[name] in " ".join(text.split()) for text in found):
            raise MissingError(f"{crate.key} comes without the text of {name}")
    return found


def notice(artefact: str, others: list[Runtime]) -> str:
    crates = third_party(artefact)
    holders: dict[str, list[Crate]] = defaultdict(list)
    for crate in crates:
        for text in texts(crate):
            holders[text].append(crate)
    lines = [
        "seekauth contains the following software of others, each under the license named here.",
        "The texts of the licenses follow.",
        "",
        *(f"{crate.name} {crate.version}: {' AND '.join(chosen(crate))}" for crate in crates),
        f"{STANDARD}: MIT",
        *(f"{runtime.key}: {runtime.license}" for runtime in others),
    ]
    for text, users in holders.items():
        names = ", ".join(f"{crate.name} {crate.version}" for crate in users)
        lines += ["", "-" * 80, names, "-" * 80, "", text]
    standard = (STANDARD, (TEXTS / "rust.txt").read_text())
    for name, text in [standard, *((runtime.key, runtime.text.read_text()) for runtime in others)]:
        lines += ["", "-" * 80, name, "-" * 80, "", text.strip("\n")]
    return "\n".join(lines) + "\n"


def listed(text: str) -> list[str]:
    """The crates that a notice names, as `name version`."""
    head = text.split("-" * 80, maxsplit=1)[0]
    return re.findall(r"^(\S+ \d\S*): ", head, re.MULTILINE)


def main() -> None:
    given = arguments("notices")
    try:
        for artefact in ARTEFACTS:
            path = given.out / artefact / NAME
            path.parent.mkdir(parents=True, exist_ok=True)
            text = notice(artefact, runtimes(artefact, given.zig))
            path.write_text(text, encoding="utf-8")
            print(f"{path.resolve().relative_to(ROOT)}: {len(listed(text))} crates, {len(text) // 1024} KiB")
    except MissingError as problem:
        sys.exit(f"license notice: {problem}")


if __name__ == "__main__":
    main()
