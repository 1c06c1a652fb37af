"""A draft under check, what is said of its clauses, and the report made of that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from corpus.types import Citation


class Verdict(StrEnum):
    """What a clause does to a principle."""

    SUPPORTS = "supports"
    CONFLICTS = "conflicts"
    SILENT = "silent"
    UNSURE = "unsure"  # the likeliest of the three is not likely enough to be shown


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a draft that makes one commitment: `page.text[start:end]`.

    `lead_in` is what a list item goes on from ("We will:"), and is judged with it; it is empty for
    other clauses and never counted in the offsets.
    """

    id: str  # "c1", "c2"… in the order of the draft
    text: str
    page: int
    start: int
    end: int
    lead_in: str = ""
    heading: str = ""  # the headings above it, outermost first, joined by " > "
    goes_on: str = ""  # what it goes on with on the next page, or after an inset; judged with it

    @property
    def judged_text(self) -> str:
        """The clause with its lead-in and what it goes on with, as one text."""
        return f"{self._led_in}{self.text}{' ' if self.goes_on else ''}{self.goes_on}"

    @property
    def offset(self) -> int:
        """What an offset in `judged_text` becomes one in the page by."""
        return self.start - len(self._led_in)

    @property
    def _led_in(self) -> str:
        return f"{self.lead_in.rstrip(':').rstrip()} " if self.lead_in else ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one clause does to one principle."""

    principle: str  # "P1" to "P7", or as the principles' file names them
    verdict: Verdict
    confidence: float  # how likely `likely` is, from 0 to 1
    likely: Verdict  # the likeliest label, also where the verdict is unsure
    telling: tuple[tuple[int, int], ...] = ()  # offsets in the page of the words it turns on
    criterion: str = ""  # "P2.3", of the criterion concerned; empty when silent
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JudgedClause:
    """A clause with its judgement on every principle, in the order of the principles."""

    clause: Clause
    judgements: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True)
class Precedent:
    """What happened where something like a clause was tried, with its proof."""

    document_id: str
    title: str
    stance: str  # how the document bears on the principle: supports or conflicts
    citation: Citation


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that a named person accepts, with a reason, until a day."""

    fingerprint: str
    name: str
    reason: str
    expires: date
    inline: bool = False  # whether it stands in the draft itself


class Change(StrEnum):
    """How a finding stands to the draft compared with."""

    NEW = "new"
    UNCHANGED = "unchanged"
    MOVED = "moved"  # the same words in another place
    FIXED = "fixed"  # it was in the other draft and is gone


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement worth showing."""

    fingerprint: str  # the same for the same words and principle, wherever they stand
    clause: Clause
    judgement: Judgement
    precedents: tuple[Precedent, ...] = ()
    rewording: str = ""  # a suggestion whose verdict is better; empty when there is none
    waiver: Waiver | None = None
    change: Change | None = None  # None when nothing was compared with


@dataclass(frozen=True, slots=True)
class CriterionCoverage:
    """How many clauses of a whole draft bear on one criterion, either way."""

    id: str
    title: str
    supports: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a whole draft does to one principle, in numbers of clauses."""

    principle: str
    title: str
    supports: int
    conflicts: int
    unsure: int
    criteria: tuple[CriterionCoverage, ...] = ()

    @property
    def mentioned(self) -> bool:
        """Whether any clause bears on it, as far as can be told."""
        return bool(self.supports or self.conflicts or self.unsure)

    @property
    def criteria_met(self) -> tuple[str, ...]:
        """The ids of criteria that a clause supports."""
        return tuple(held.id for held in self.criteria if held.supports)

    @property
    def criteria_absent(self) -> tuple[str, ...]:
        """The ids of criteria that no clause bears on."""
        return tuple(held.id for held in self.criteria if not held.supports and not held.conflicts)


@dataclass(frozen=True, slots=True)
class Report:
    """All that is said of a draft.

    `notes` are for the person who reads it: tracked changes accepted, a language not judged,
    no examples in the principles' file, and the like.
    """

    name: str
    clauses: tuple[JudgedClause, ...]
    findings: tuple[Finding, ...]  # the gravest first
    coverage: tuple[Coverage, ...]
    fixed: tuple[Finding, ...] = ()  # of the draft compared with
    notes: tuple[str, ...] = ()
