"""The zip archives that .docx and .odt files are: opened with limits, their XML without traps."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from ingest.markup import Element, TooDeep, parse_xml
from ingest.refusing import refusal

MOST_UNPACKED = 200_000_000  # bytes of all parts together
HIGHEST_RATIO = 200  # unpacked to packed; office files reach about 30
SMALL = 20_000_000  # bytes unpacked below which the ratio does not matter
MOST_PARTS = 20_000

_SAVE_AGAIN = "Open it in the program that made it, save it again, and add that."


class Archive:
    """The parts of one office file. A context manager. Raises UnreadableFile.

    Part names are compared without regard to case, leading slashes or the direction of slashes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.warnings: list[str] = []
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise refusal(
                path,
                "truncated",
                "the file is cut off or damaged: its table of contents cannot be read.",
                fix="Download or copy it again.",
            ) from error
        self._parts = {_key(info.filename): info for info in self._zip.infolist()}
        try:
            self._check_size()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._parts

    def names(self) -> list[str]:
        """The names of all parts, in lower case."""
        return list(self._parts)

    def bytes_of(self, name: str) -> bytes:
        """The content of a part; empty when there is none of that name."""
        info = self._parts.get(_key(name))
        if info is None:
            return b""
        if info.flag_bits & 0x1:
            raise refusal(
                self._path,
                "encrypted",
                "it is protected with a password.",
                fix="Remove the password and save it again.",
            )
        try:
            with self._zip.open(info) as part:
                content = part.read(MOST_UNPACKED + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise refusal(
                self._path,
                "truncated",
                f"the file is cut off or damaged at its part {name!r}.",
                fix="Download or copy it again.",
            ) from error
        if len(content) > MOST_UNPACKED:
            raise self._too_large()
        return content

    def xml(self, name: str, *, rename: Mapping[bytes, bytes] | None = None) -> Element | None:
        """The root element of a part; None when there is no such part or it is empty.

        `rename`: namespace addresses to replace before parsing.
        """
        content = self.bytes_of(name)
        if not content.strip():
            return None
        # No office program defines entities; they are only there to unpack without end.
        if b"<!ENTITY" in content.replace(b"\x00", b""):
            raise refusal(
                self._path,
                "too_large",
                "its XML defines entities, which can unpack without end.",
                fix=_SAVE_AGAIN,
            )
        for old, new in (rename or {}).items():
            content = content.replace(old, new)
        try:
            root, was_mended = parse_xml(content)
        except TooDeep as error:
            raise refusal(
                self._path,
                "unreadable",
                f"its part {name!r} nests elements too deeply.",
                fix=_SAVE_AGAIN,
            ) from error
        if was_mended:
            self.warnings.append(f"the part {name} is damaged: some of it may be missing")
        if root is None:
            raise refusal(
                self._path,
                "unreadable",
                f"its part {name!r} is not XML.",
                fix=_SAVE_AGAIN,
            )
        return root

    def _check_size(self) -> None:
        infos = self._zip.infolist()
        unpacked = sum(info.file_size for info in infos)
        packed = max(self._path.stat().st_size, 1)
        if len(infos) > MOST_PARTS or unpacked > MOST_UNPACKED:
            raise self._too_large()
        if unpacked > SMALL and unpacked > HIGHEST_RATIO * packed:
            raise self._too_large()

    def _too_large(self) -> Exception:
        return refusal(
            self._path,
            "too_large",
            f"unpacked it would take more than {MOST_UNPACKED // 1_000_000} MB, "
            "or unpacks as no real document does.",
            fix="If it is a real document, take out its pictures or split it.",
        )


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
