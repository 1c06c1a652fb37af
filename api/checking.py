"""`plumbline check`: a draft in, a report out, and an exit status to gate on."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

from api.commands import opened
from assistant.bootstrap import open_checker
from assistant.checks.checking import Checker, Telling, Wanted
from assistant.checks.commenting import commented
from assistant.checks.formats import FORMATS
from assistant.checks.side_by_side import side_by_side
from assistant.checks.types import Report, Verdict, Waiver
from assistant.checks.waiving import InlineWaivers, read_inline_waivers
from corpus.errors import ConfigurationError
from corpus.principles import load_principles
from corpus.settings import load_settings
from corpus.types import Page
from ingest.sandbox import Sandbox

FAIL_ON = {
    "conflicts": frozenset({Verdict.CONFLICTS}),
    "unsure": frozenset({Verdict.CONFLICTS, Verdict.UNSURE}),
}

_WITH_COMMENTS = frozenset({".md", ".markdown", ".html", ".htm"})


COMPARING = ("text", "json", "md")  # the forms of two proposals side by side


def compare_drafts(
    one: Path, other: Path, *, format_: str, principles: Path | None, out: Path | None
) -> None:
    """Print or write two proposals side by side on the same principles."""
    if format_ not in COMPARING:
        raise ConfigurationError(
            f"Two proposals cannot be compared as {format_!r}.",
            fix=f"Choose among {', '.join(COMPARING)}.",
        )
    given = load_principles(principles) if principles else None
    with opened(load_settings()) as store:
        store.catch_up()
        checker = open_checker(store, given)
        wanted = Wanted(supports=True, precedents=False, rewordings=False)
        mine, theirs = (
            check_one(checker, read_draft(path), wanted, progress=tell_progress)
            for path in (one, other)
        )
    _give(side_by_side(mine, theirs, format_), out)


def check_draft(
    draft: Path,
    *,
    against: Path | None,
    format_: str,
    min_confidence: float,
    fail_on: str,
    principles: Path | None,
    waivers: Path | None,
    supports: bool,
    out: Path | None,
) -> None:
    """Print or write the report on a draft; exits 1 when it has what `fail_on` names."""
    if format_ not in (*FORMATS, "docx"):
        raise ConfigurationError(
            f"There is no format {format_!r}.", fix=f"Choose among {', '.join(FORMATS)}, docx."
        )
    if fail_on and fail_on not in FAIL_ON:
        raise ConfigurationError(
            f"--fail-on {fail_on!r} is neither conflicts nor unsure.", fix="Name one of them."
        )
    if format_ == "docx" and (draft.suffix.lower() != ".docx" or out is None):
        raise ConfigurationError(
            "Comments are put into a .docx only, and written to a file.",
            fix="Give a .docx as the draft, and --out FILE.docx.",
        )
    given = load_principles(principles) if principles else None
    held = read_waivers(waivers) if waivers else []
    with opened(load_settings()) as store:
        store.catch_up()
        checker = open_checker(store, given)
        wanted = Wanted(min_confidence=min_confidence, supports=supports)
        earlier = None
        if against is not None:
            bare = Wanted(
                min_confidence=min_confidence, supports=supports, precedents=False, rewordings=False
            )
            earlier = check_one(checker, read_draft(against), bare)
        report = check_one(
            checker,
            read_draft(draft),
            wanted,
            against=earlier,
            waivers=held,
            progress=tell_progress,
        )
    if format_ == "docx":
        cast("Path", out).write_bytes(commented(draft.read_bytes(), report))
    else:
        _give(FORMATS[format_](report), out)
    if fail_on and any(
        found.judgement.verdict in FAIL_ON[fail_on] and found.waiver is None
        for found in report.findings
    ):
        sys.exit(1)


def _give(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it was read."""

    name: str
    pages: tuple[Page, ...]
    notes: tuple[str, ...]  # what its reader has to say
    waivers: InlineWaivers  # that stand in it


def read_draft(path: Path) -> Draft:
    """A draft from a file, or from standard input for "-". Raises UserError."""
    if str(path) == "-":
        return read_pasted(sys.stdin.buffer.read(), "standard input")
    if not path.exists():
        raise ConfigurationError(f"{path} is not there.", fix="Check the path.")
    with Sandbox() as sandbox:
        reading = sandbox.read(path)
    inline = InlineWaivers()
    if path.suffix.lower() in _WITH_COMMENTS:
        inline = read_inline_waivers(path.read_text(encoding="utf-8", errors="replace"))
    return Draft(path.name, reading.pages, reading.warnings, inline)


def read_pasted(data: bytes, name: str) -> Draft:
    """Pasted text as a draft: read as Markdown, whose plain text is itself."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "draft.md"
        file.write_bytes(data)
        return replace(read_draft(file), name=name)


def check_one(
    checker: Checker,
    draft: Draft,
    wanted: Wanted,
    *,
    against: Report | None = None,
    waivers: Sequence[Waiver] = (),
    progress: Telling | None = None,
) -> Report:
    """The report on one draft. Raises UserError."""
    return checker.check(
        draft.name,
        draft.pages,
        wanted=wanted,
        against=against,
        waivers=waivers,
        inline=draft.waivers,
        notes=draft.notes,
        progress=progress,
    )


def read_waivers(file: Path) -> list[Waiver]:
    """The waivers of a TOML file. Raises ConfigurationError naming the one that is wrong."""
    try:
        held = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error}.", fix="Name a TOML file of [[waiver]] tables."
        ) from error
    found: list[Waiver] = []
    for number, entry in enumerate(cast("list[dict[str, Any]]", held.get("waiver", [])), start=1):
        expires = entry.get("expires")
        texts = [entry.get(name) for name in ("fingerprint", "name", "reason")]
        if not all(isinstance(text, str) and text for text in texts) or not isinstance(
            expires, date
        ):
            raise ConfigurationError(
                f"{file.name}: waiver {number} is not whole.",
                fix="It needs fingerprint, name and reason as text, and expires like 2027-01-31.",
            )
        fingerprint, name, reason = cast("list[str]", texts)
        found.append(Waiver(fingerprint, name, reason, expires))
    return found


def tell_progress(doing: str, done: int, total: int) -> None:
    """Progress on a terminal; nothing where standard error is none."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{doing}: {done} of {total} ", end=end, file=sys.stderr, flush=True)
