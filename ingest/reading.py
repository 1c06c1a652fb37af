"""The readers' common shape: bytes of a file in, pages out.

Each format has one module with `read(path) -> Reading`. They run in a child process
(see `sandbox.py`) because a hostile file may crash, hang or fill the memory of its reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from corpus.types import Page


class HiddenKind(StrEnum):
    """Why text was not visible to a person reading the document."""

    WHITE = "white text"
    INVISIBLE = "invisible text"
    TINY = "text too small to read"
    OFF_PAGE = "text outside the page"
    ZERO_WIDTH = "zero-width or tag characters"
    COMMENT = "HTML comment"
    HIDDEN_ELEMENT = "hidden element"


@dataclass(frozen=True, slots=True)
class HiddenText:
    """Text that was dropped because a person would not see it."""

    page: int
    kind: HiddenKind
    text: str  # the first 200 characters of it


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found in one file."""

    pages: tuple[Page, ...]
    title: str = ""  # as the file itself states it; empty where it does not
    author: str = ""
    published: str = ""  # ISO date as the file itself states it; empty where it does not
    hidden: tuple[HiddenText, ...] = ()
    warnings: tuple[str, ...] = ()  # e.g. "page 3: no text layer"
    front_matter: dict[str, object] = field(default_factory=dict[str, object])  # Markdown only
