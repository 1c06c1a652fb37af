"""The original bytes of every version, kept under the data folder by their sha256."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
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
        fault = self.keep_all([(source, sha256)])[0]
        if fault is not None:
            raise fault
        return self.path(sha256, source.name)

    def keep_all(self, originals: Sequence[tuple[Path, str]]) -> list[UserError | None]:
        """Copy in the files that are not there; for each, what went wrong, or None.

        They are all written before the disk is waited for, which takes half the time.
        """
        targets = [self.path(sha256, source.name) for source, sha256 in originals]
        faults: dict[Path, UserError] = {}
        drafts: dict[Path, tuple[Path, Path]] = {}  # target → draft, source
        for target, (source, _) in zip(targets, originals, strict=True):
            if target in drafts or target.is_file():
                continue
            draft = target.with_name(f"{target.name}.{os.getpid()}.draft")
            drafts[target] = (draft, source)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, draft)
            except OSError as error:
                faults[target] = _not_stored(source, draft, error)
        for target, (draft, source) in drafts.items():
            if target in faults:
                continue
            try:
                with draft.open("rb") as written:
                    os.fsync(written.fileno())
                draft.replace(target)
            except OSError as error:
                faults[target] = _not_stored(source, draft, error)
        return [faults.get(target) for target in targets]

    def discard(self, sha256: str) -> None:
        """Delete the original with this digest, whatever its extension."""
        for path in (self._folder / sha256[:2]).glob(sha256 + "*"):
            path.unlink(missing_ok=True)


def _not_stored(source: Path, draft: Path, error: OSError) -> UserError:
    if draft.exists():
        draft.unlink()
    return UserError(
        f"{source.name} could not be stored: {error.strerror or error}.",
        fix="Free some disk space, or check that the data folder is writable, and run the "
        "same command again.",
        code="storage_full",
    )
