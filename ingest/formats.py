"""Which reader reads which file: by what the file is, not only by what it is called."""

from __future__ import annotations

import importlib
import os
import re
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast

from ingest.reading import Reading
from ingest.refusing import refusal

MOST_BYTES = 200_000_000  # a larger file is refused unread

_READERS = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".odt": "odt",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
}
SUPPORTED = tuple(_READERS)
"""The extensions that are read, in lower case, with their dot."""

_NAMES = {
    "pdf": "a PDF",
    "docx": "a Word document (.docx)",
    "odt": "an OpenDocument text (.odt)",
    "html": "an HTML page",
    "markdown": "Markdown",
    "text": "plain text",
}
_SAVE_AGAIN = f"Save it as one of {', '.join(SUPPORTED)} and add it again."
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (  # (first bytes, what it is)
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\x00", "a database"),
    (b"%!PS", "a PostScript file"),
    (b"\x00\x00\x00\x1cftyp", "a video"),
    (b"ID3", "a sound recording"),
    (b"RIFF", "a sound, video or picture file"),
)
_HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])",
    re.I | re.S,
)


class _Reader(Protocol):
    def read(self, path: Path) -> Reading: ...


def read(path: Path) -> Reading:
    """The pages of a file in any supported format. Raises UnreadableFile.

    A file that is of another supported format than its extension says is read as what it
    is, with a warning.
    """
    check(path)
    named = _READERS[path.suffix.lower()]
    found = sniff(path, named)
    module = cast("_Reader", importlib.import_module(f"ingest.{found}"))
    reading = module.read(path)
    if found == named:
        return reading
    warning = f"the file is {_NAMES[found]}, although its extension is {path.suffix}"
    return replace(reading, warnings=(warning, *reading.warnings))


def check(path: Path) -> None:
    """Raises UnreadableFile unless the path is a file with something in it, of a known format."""
    try:
        status = path.stat()
    except OSError as error:
        if os.path.islink(path):
            raise refusal(
                path,
                "not_found",
                "it is a link that leads to no file.",
                fix="Mend the link, or add the file that it should lead to.",
            ) from error
        raise refusal(
            path,
            "not_found",
            f"it cannot be opened ({os.strerror(error.errno or 0)}).",
            fix="Check that the file is there and that its name is right.",
        ) from error
    except ValueError as error:
        raise refusal(
            path, "not_found", "no file can have this name.", fix="Check the file's name."
        ) from error
    if stat.S_ISDIR(status.st_mode):
        raise refusal(
            path, "unreadable", "it is a folder.", fix="Give the files in it, or rename the folder."
        )
    if not stat.S_ISREG(status.st_mode):
        raise refusal(
            path,
            "unreadable",
            "it is a pipe or a device, not a file.",
            fix="Copy its content to a file and add that.",
        )
    if path.suffix.lower() not in _READERS:
        raise refusal(
            path,
            "unsupported",
            f"files with the extension {path.suffix!r} are not read."
            if path.suffix
            else "the file's name has no extension.",
            fix=_SAVE_AGAIN,
        )
    if status.st_size == 0:
        raise refusal(
            path, "empty", "the file is empty.", fix="Download or save it again; nothing is in it."
        )
    if status.st_size > MOST_BYTES:
        raise refusal(
            path,
            "too_large",
            f"it has {status.st_size:,} bytes, and the most that is read is {MOST_BYTES:,}.",
            fix="Split it, or take out its pictures.",
        )
    if not os.access(path, os.R_OK):
        raise refusal(
            path, "unreadable", "this account may not read it.", fix="Change its permissions."
        )


def sniff(path: Path, named: str) -> str:
    """The reader for what the file's first bytes show it to be; `named` where they show nothing.

    Raises UnreadableFile for what no reader here reads.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if b"%PDF-" in head[:1024] and (named in ("pdf", "docx", "odt") or head.startswith(b"%PDF-")):
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(path, named)
    if head.startswith(_OLE):
        raise _ole_refusal(path)
    for start, name in _FOREIGN:
        # A text may begin with the letters of a picture's mark; RTF and PostScript are letters.
        may_be_text = named in ("text", "markdown", "html") and start[:1] not in b"{%"
        if head.startswith(start) and not (may_be_text and _reads_as_text(head)):
            raise refusal(path, "wrong_type", f"it is {name}.", fix=_SAVE_AGAIN)
    if named == "pdf":
        return _sniff_text(path, head) if _reads_as_text(head) else named
    if named in ("docx", "odt"):
        if _reads_as_text(head):
            return _sniff_text(path, head)
        raise refusal(
            path,
            "wrong_type",
            f"its content is not that of {_NAMES[named]}.",
            fix="Open it in the program that made it and save it again.",
        )
    if named == "text" and _HTML_START.match(head):
        return "html"
    return named


def _archive(path: Path, named: str) -> str:
    """What a zip archive holds. A broken one goes to the reader its name asks for."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.replace("\\", "/").lstrip("/").lower() for name in archive.namelist()}
            if "mimetype" in names and "content.xml" in names:
                kind = archive.read("mimetype")[:100].strip()
                if kind.startswith(b"application/vnd.oasis.opendocument.text"):
                    return "odt"
            elif any(name.startswith("word/") for name in names) and "[content_types].xml" in names:
                return "docx"
            elif named in ("docx", "odt") and not any(
                name.startswith(("xl/", "ppt/", "visio/")) for name in names
            ):
                return named
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError):
        if named in ("docx", "odt"):
            return named
        raise refusal(path, "wrong_type", "it is a damaged zip archive.", fix=_SAVE_AGAIN) from None
    raise refusal(
        path,
        "wrong_type",
        "it is a zip archive, a spreadsheet or a presentation, not a text document.",
        fix=_SAVE_AGAIN,
    )


def _ole_refusal(path: Path) -> Exception:
    """Old Office files, and new ones behind a password, begin with the same bytes."""
    with path.open("rb") as file:
        content = file.read(MOST_BYTES)
    if "EncryptedPackage".encode("utf-16-le") in content:
        return refusal(
            path,
            "encrypted",
            "it is protected with a password.",
            fix="Open it, remove the password (File, Info, Protect Document), and save it again.",
        )
    return refusal(
        path,
        "wrong_type",
        "it is in the old Word format (.doc) or another old Office format.",
        fix="Open it in Word or LibreOffice and save it as .docx.",
    )


def _reads_as_text(head: bytes) -> bool:
    controls = sum(1 for byte in head if byte < 32 and byte not in (9, 10, 12, 13, 27))
    return bool(head) and controls * 50 <= len(head) and 0 not in head


def _sniff_text(path: Path, head: bytes) -> str:
    if _HTML_START.match(head):
        return "html"
    if head.lstrip().startswith(b"<?xml"):
        raise refusal(path, "wrong_type", "it is an XML file.", fix=_SAVE_AGAIN)
    return "text"
