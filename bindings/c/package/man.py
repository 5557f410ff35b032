"""Writes the reference page of the C library, seekauth(3), from seekauth.h: the contract that opens it, then every
declaration under its title, with the words above it.

    man.py VERSION < include/seekauth.h > seekauth.3
"""

from __future__ import annotations

import re
import sys


def escaped(text: str) -> str:
    """Words as roff takes them literally."""
    return re.sub(
        r"^(?=[.'])",
        r"\\&",
        text.replace("\\", r"\e").replace("-", r"\-"),
        flags=re.MULTILINE,
    )


def verbatim(lines: list[str]) -> str:
    return "\n".join([".nf", ".RS 4", escaped("\n".join(lines)), ".RE", ".fi"])


def prose(lines: list[str]) -> str:
    """Paragraphs between empty lines; what is indented by four spaces is a program."""
    blocks = [
        block.split("\n")
        for block in re.split(r"\n\s*\n", "\n".join(lines).strip("\n"))
    ]
    written = []
    for block in blocks:
        if all(line.startswith("    ") for line in block):
            written.append(verbatim([line[4:] for line in block]))
        else:
            written.append(".PP\n" + escaped(" ".join(line.strip() for line in block)))
    return "\n".join(written)


def contract(header: str) -> str:
    """The comment that opens the header; each paragraph begins with its subject."""
    comment = re.search(r"/\*\*\n(.*?)\*/", header, re.DOTALL)
    assert comment is not None
    lines = [re.sub(r"^ \* ?", "", line) for line in comment.group(1).split("\n")]
    text = prose([line for line in lines if not line.startswith("@file")])
    return re.sub(
        r"^(\.PP\n)([A-Z][\w()]*(?:\\-\w+)?)\. ",
        r"\1\\fB\2.\\fR ",
        text,
        flags=re.MULTILINE,
    )


def declaration(paragraph: str) -> str:
    lines = paragraph.split("\n")
    words = [line[4:] for line in lines if line.startswith("///")]
    code = [re.sub(r"^SEEKAUTH_NODISCARD ?", "", line) for line in lines if not line.startswith("///")]
    return "\n".join(
        [
            ".PP",
            ".nf",
            *(f"\\fB{escaped(line)}\\fR" for line in code if line),
            ".fi",
            ".RS 4",
            prose(words),
            ".RE",
        ]
    )


def page(version: str, header: str) -> str:
    parts = [
        f'.TH SEEKAUTH 3 "" "seekauth {version}" "Library Functions"',
        ".SH NAME\nseekauth \\- SEEK partner tokens and SEEK Pass tokens, obtained, cached and renewed",
        ".SH SYNOPSIS\n.nf\n.B #include <seekauth.h>\n\ncc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs seekauth)\n.fi",
        ".SH DESCRIPTION\n" + contract(header),
    ]
    for section in re.split(
        r"^/\* --- ", header.split("#ifdef __cplusplus\n}")[0], flags=re.MULTILINE
    )[1:]:
        title, rest = section.split(" -", 1)
        parts.append(f".SH {escaped(title).upper()}")
        paragraphs = rest.split("*/", 1)[1].strip("\n")
        # A comment may have empty lines of its own, which begin with `///`; between declarations they do not.
        parts += [declaration(paragraph) for paragraph in paragraphs.split("\n\n")]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1], sys.stdin.read()))
