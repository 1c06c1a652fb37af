"""How a reader says that it cannot read a file: the file's name, what is wrong, what to do."""

from __future__ import annotations

from pathlib import Path

from corpus.errors import UnreadableFile

LONGEST_NAME = 120  # characters of a file name that are shown


def shown_name(path: Path) -> str:
    """The file's name, fit to print: odd characters escaped, long names cut."""
    name = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in path.name or str(path)
    )
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def refusal(path: Path, code: str, problem: str, *, fix: str) -> UnreadableFile:
    """The error for one file; `code` is one of those that `UnreadableFile` lists."""
    return UnreadableFile(code, f"{shown_name(path)}: {problem}", fix=fix)
