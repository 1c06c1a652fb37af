"""The original bytes of every version, kept under the data folder by their sha256."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from corpus.errors import UserError


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class FileStore:
    """A folder of originals; a file is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str, file_name: str) -> Path:
        """Where an original is or would be; the extension is kept so that readers know it."""
        return self._folder / sha256[:2] / (sha256 + Path(file_name).suffix.lower())

    def keep(self, source: Path, sha256: str) -> Path:
        """Copy a file in, unless it is there. Raises UserError when it cannot be stored."""
        target = self.path(sha256, source.name)
        if target.is_file():
            return target
        draft = target.with_name(f"{target.name}.{os.getpid()}.draft")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as original, draft.open("wb") as copy:
                shutil.copyfileobj(original, copy)
                copy.flush()
                os.fsync(copy.fileno())
            draft.replace(target)
        except OSError as error:
            if draft.exists():
                draft.unlink()
            raise UserError(
                f"{source.name} could not be stored: {error.strerror or error}.",
                fix="Free some disk space, or check that the data folder is writable, and run the "
                "same command again.",
                code="storage_full",
            ) from error
        return target

    def discard(self, sha256: str) -> None:
        """Delete the original with this digest, whatever its extension."""
        for path in (self._folder / sha256[:2]).glob(sha256 + "*"):
            path.unlink(missing_ok=True)
