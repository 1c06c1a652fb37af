"""`plumbline check`: a draft in, a report out, and an exit status to gate on."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

from api.commands import opened
from assistant.bootstrap import open_checker
from assistant.checks.checking import Checker, Wanted
from assistant.checks.commenting import commented
from assistant.checks.formats import FORMATS
from assistant.checks.types import Report, Verdict, Waiver
from corpus.errors import ConfigurationError
from corpus.principles import load_principles
from corpus.settings import load_settings
from ingest.reading import Reading
from ingest.sandbox import Sandbox

FAIL_ON = {
    "conflicts": frozenset({Verdict.CONFLICTS}),
    "unsure": frozenset({Verdict.CONFLICTS, Verdict.UNSURE}),
}


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
            earlier = check_file(checker, against, bare)
        report = check_file(
            checker, draft, wanted, against=earlier, waivers=held, progress=tell_progress
        )
    if format_ == "docx":
        cast("Path", out).write_bytes(commented(draft.read_bytes(), report))
    else:
        text = FORMATS[format_](report)
        if out is not None:
            out.write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(text)
    if fail_on and any(
        found.judgement.verdict in FAIL_ON[fail_on] and found.waiver is None
        for found in report.findings
    ):
        sys.exit(1)


def check_file(
    checker: Checker,
    draft: Path,
    wanted: Wanted,
    *,
    against: Report | None = None,
    waivers: Sequence[Waiver] = (),
    progress: Any = None,
) -> Report:
    """The report on one file, or on standard input for "-". Raises UserError."""
    if str(draft) == "-":
        reading, name = read_text(sys.stdin.buffer.read()), "standard input"
    else:
        if not draft.exists():
            raise ConfigurationError(f"{draft} is not there.", fix="Check the path.")
        with Sandbox() as sandbox:
            reading, name = sandbox.read(draft), draft.name
    return checker.check(
        name,
        reading.pages,
        wanted=wanted,
        against=against,
        waivers=waivers,
        notes=reading.warnings,
        progress=progress,
    )


def read_text(data: bytes) -> Reading:
    """Pasted text as a draft: read as Markdown, whose plain text is itself."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        file = Path(folder) / "draft.md"
        file.write_bytes(data)
        return sandbox.read(file)


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
