"""The words that introduce a list ("We will:"), and which list of a draft they introduce."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class _LeadIn:
    """Words that introduce a list: a paragraph's or a heading's (level 0), or an item's."""

    level: int
    text: str
    indented: bool = False  # whether the items that it introduces are deeper than it is


@dataclass(slots=True)
class LeadIns:
    """Those of the lists that are open, the innermost last."""

    open: list[_LeadIn] = field(default_factory=list["_LeadIn"])

    @property
    def last(self) -> str:
        return self.open[-1].text if self.open else ""

    def begin(self, text: str) -> None:
        """A new list, or none where there are no words."""
        self.open = [_LeadIn(0, text)] if text else []

    def begin_within(self, level: int, text: str, *, indented: bool = False) -> None:
        """A list under an item; where it must be indented, no other item is one of its own."""
        while self.open and self.open[-1].level >= level:
            self.open.pop()
        self.open.append(_LeadIn(level, text, indented))

    def close_above(self, level: int) -> None:
        """An item ends the lists that are indented under items like it."""
        while self.open and self.open[-1].indented and level <= self.open[-1].level:
            self.open.pop()
        if self.open and 0 < self.open[-1].level < level:
            self.open[-1].indented = True
