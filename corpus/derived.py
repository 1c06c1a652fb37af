"""What every derived index needs: to know which versions it holds, and to be caught up.

An index keeps beside itself a stamp with the versions it has taken in, written only after the
index's own commit. A process killed in between finds a stamp that is behind, and applies the
difference once more; applying it twice changes nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast


@dataclass(frozen=True, slots=True)
class Difference:
    """What an index lacks, and what it holds that the library has retired."""

    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.surplus)


def difference(held: dict[str, int], current: dict[str, int]) -> Difference:
    """Compare the versions an index holds with the library's current ones (id to chunk count)."""
    return Difference(
        missing=tuple(sorted(current.keys() - held.keys())),
        surplus=tuple(sorted(held.keys() - current.keys())),
    )


def read_stamp(path: Path) -> dict[str, int] | None:
    """The versions an index says it holds; None when it says nothing that can be believed."""
    try:
        stamp: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # absent or torn: the index is made again, which is always right
    return cast("dict[str, int]", stamp) if isinstance(stamp, dict) else None


def write_stamp(path: Path, versions: dict[str, int]) -> None:
    """Replace the stamp in one step, on the disk before it counts."""
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(versions, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
