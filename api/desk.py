"""A checked draft as the review desk shows it: numbered findings, filters, the map, coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from api.draft_text import ClauseMark, Flag
from assistant.checks.types import Change, Clause, Finding, JudgedClause, Judgement, Report, Verdict
from corpus.principles import Criterion, Principle

GRAVITY = (Verdict.CONFLICTS, Verdict.UNSURE, Verdict.SUPPORTS)
# Confidence in words, from the least of each downwards; the judge's figures are calibrated
# (evals/README.md), so that "very sure" is right about nine times in ten.
WORDS = ((0.9, "very sure"), (0.75, "sure"), (0.6, "fairly sure"), (0.0, "not sure"))
LEAST = {"very": 0.9, "sure": 0.75, "fairly": 0.6}
VERDICTS = {
    "conflicts": "conflicts",
    "unsure": "unsure",
    "supports": "supports",
}
CHANGES = {
    "new": "new",
    "unchanged": "unchanged",
    "moved": "moved",
}
SYMBOLS = {
    Verdict.SUPPORTS: "✓",
    Verdict.CONFLICTS: "✕",
    Verdict.UNSURE: "?",
    Verdict.SILENT: "·",
}
QUOTED = 600  # characters of a clause beside its finding; the draft has all of it
CLAUSES_TOGETHER = 120  # of a long draft on one page of the desk


@dataclass(frozen=True, slots=True)
class Asked:
    """What the desk is asked to show, as its address says it; empty values ask for everything."""

    principle: str = ""
    verdict: str = ""
    confidence: str = ""  # a key of LEAST
    change: str = ""
    waived: str = ""  # "no" or "only"
    order: str = ""  # "gravest"; otherwise as the draft goes
    against: str = ""  # the id of an earlier check
    part: int = 1

    def query(self, **instead: str | int) -> str:
        """The question mark and what follows it, with some of it changed; empty for nothing."""
        asked = replace(self, **instead)  # pyright: ignore[reportArgumentType]
        held = {
            "principle": asked.principle,
            "verdict": asked.verdict,
            "confidence": asked.confidence,
            "change": asked.change,
            "waived": asked.waived,
            "order": asked.order,
            "against": asked.against,
            "part": "" if asked.part == 1 else str(asked.part),
        }
        query = urlencode({name: value for name, value in held.items() if value})
        return f"?{query}" if query else ""

    def kept(self) -> str:
        """The same without what narrows the findings: what another view takes over."""
        return Asked(against=self.against).query()

    @property
    def narrows(self) -> bool:
        """Whether any finding may be left out."""
        return bool(self.principle or self.verdict or self.confidence or self.change or self.waived)


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding with its number in the draft and what its principle and criterion say."""

    number: int
    finding: Finding
    principle: Principle | None  # None when the draft was checked against another file
    criterion: Criterion | None

    @property
    def anchor(self) -> str:
        """Its id on the page."""
        return f"f{self.number}"

    @property
    def verdict(self) -> str:
        """ "conflicts", "unsure" or "supports"."""
        return self.finding.judgement.verdict.value

    @property
    def flag(self) -> Flag:
        """What the draft shows of it."""
        kind = "waived" if self.finding.waiver else self.verdict
        return Flag(self.number, self.anchor, self.words, kind)

    @property
    def words(self) -> str:
        """The whole of it in a few words."""
        waived = ", waived" if self.finding.waiver else ""
        return f"Finding {self.number}: {said(self.finding.judgement)}{waived}"

    @property
    def confidence(self) -> str:
        """Its confidence in words, with the figure."""
        sure = self.finding.judgement.confidence
        figure = "over 99%" if sure >= 0.995 else f"{sure:.0%}"
        return f"{confidence_words(sure)} ({figure})"

    @property
    def asks(self) -> str:
        """What the criterion asks for, or what runs against it; empty where the reason says it."""
        if self.criterion is None:
            return ""
        against = self.finding.judgement.likely is Verdict.CONFLICTS and self.criterion.conflict
        words = against or self.criterion.text
        told = words.rstrip(".").casefold() in self.finding.judgement.reason.casefold()
        return "" if told else words

    @property
    def quoted(self) -> tuple[tuple[str, bool], ...]:
        """The clause's text in pieces, each with whether it is telling; a long one is cut."""
        pieces: list[tuple[str, bool]] = []
        left = QUOTED
        for text, telling in marked_text(self.finding.clause, self.finding.judgement):
            pieces.append((text if len(text) <= left else f"{text[:left].rstrip()}…", telling))
            left -= len(text)
            if left < 0:
                break
        return tuple(pieces)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Pages of the draft that the desk shows together."""

    number: int
    pages: tuple[int, ...]
    findings: int  # of those asked for


@dataclass(frozen=True, slots=True)
class Cell:
    """One clause and one principle in the map."""

    verdict: str
    symbol: str
    words: str
    address: str  # of the finding or of the clause


@dataclass(frozen=True, slots=True)
class Glance:
    """The whole map as a picture: a column for each clause and a row for each principle."""

    clauses: int
    marks: tuple[tuple[int, int, str], ...]  # (column, row, verdict) of all that is not silent

    def of(self, verdict: str) -> list[tuple[int, int]]:
        """The columns and rows of one verdict."""
        return [(column, row) for column, row, held in self.marks if held == verdict]


@dataclass(frozen=True, slots=True)
class MapRow:
    """One clause in the map."""

    clause: Clause
    address: str
    cells: tuple[Cell, ...]


def numbered(report: Report, principles: Sequence[Principle]) -> list[ShownFinding]:
    """Every finding, numbered as the draft goes."""
    by_id = {principle.id: principle for principle in principles}
    order = {item.clause.id: place for place, item in enumerate(report.clauses)}
    rank = {row.principle: place for place, row in enumerate(report.coverage)}
    ordered = sorted(
        report.findings,
        key=lambda found: (
            order.get(found.clause.id, 0),
            rank.get(found.judgement.principle, 0),
        ),
    )
    return [
        ShownFinding(
            number,
            found,
            principle := by_id.get(found.judgement.principle),
            _criterion(principle, found.judgement.criterion),
        )
        for number, found in enumerate(ordered, start=1)
    ]


def admitted(findings: Iterable[ShownFinding], asked: Asked) -> list[ShownFinding]:
    """The findings that meet every condition."""
    least = LEAST.get(asked.confidence, 0.0)
    return [
        shown
        for shown in findings
        if (judgement := shown.finding.judgement)
        and asked.principle in ("", judgement.principle)
        and asked.verdict in ("", judgement.verdict.value)
        and judgement.confidence >= least
        and asked.change in ("", shown.finding.change.value if shown.finding.change else None)
        and (asked.waived != "no" or shown.finding.waiver is None)
        and (asked.waived != "only" or shown.finding.waiver is not None)
    ]


def gravest_first(findings: Iterable[ShownFinding]) -> list[ShownFinding]:
    """Conflicts, then doubts, then supports, the surest of each first; those waived last."""
    return sorted(
        findings,
        key=lambda shown: (
            shown.finding.waiver is not None,
            GRAVITY.index(shown.finding.judgement.verdict),
            -shown.finding.judgement.confidence,
            shown.number,
        ),
    )


def clause_marks(
    clauses: Iterable[JudgedClause], findings: Iterable[ShownFinding]
) -> dict[int, list[ClauseMark]]:
    """What the draft shows of its clauses, by page: all of them, with these findings on them."""
    by_clause: dict[str, list[ShownFinding]] = {}
    for shown in findings:
        by_clause.setdefault(shown.finding.clause.id, []).append(shown)
    marks: dict[int, list[ClauseMark]] = {}
    for item in clauses:
        held = by_clause.get(item.clause.id, [])
        verdicts = {shown.finding.judgement.verdict for shown in held if not shown.finding.waiver}
        gravest = next((verdict.value for verdict in GRAVITY if verdict in verdicts), "")
        marks.setdefault(item.clause.page, []).append(
            ClauseMark(
                item.clause.id,
                item.clause.start,
                item.clause.end,
                gravest or ("waived" if held else ""),
                tuple(shown.flag for shown in held),
                tuple(span for shown in held for span in shown.finding.judgement.telling),
            )
        )
    return marks


def stretches(
    report: Report, pages: Sequence[int], findings: Iterable[ShownFinding]
) -> list[Stretch]:
    """The draft's pages in runs that are short enough to be shown together."""
    clauses = Counter(item.clause.page for item in report.clauses)
    found = Counter(shown.finding.clause.page for shown in findings)
    runs: list[list[int]] = []
    held = 0
    for page in pages:
        if not runs or (held and held + clauses[page] > CLAUSES_TOGETHER):
            runs.append([])
            held = 0
        runs[-1].append(page)
        held += clauses[page]
    return [
        Stretch(number, tuple(run), sum(found[page] for page in run))
        for number, run in enumerate(runs, start=1)
    ]


def map_rows(
    clauses: Iterable[JudgedClause],
    findings: Iterable[ShownFinding],
    desk: str,
    part_of: Mapping[int, int],
    asked: Asked,
) -> list[MapRow]:
    """The rows of the map; `desk` is the address of the draft, `part_of` says where a page is."""
    numbers = {
        (shown.finding.clause.id, shown.finding.judgement.principle): shown for shown in findings
    }
    rows: list[MapRow] = []
    for item in clauses:
        # Filters are left off: whatever a cell points to is there.
        there = Asked(against=asked.against, part=part_of.get(item.clause.page, 1)).query()
        cells: list[Cell] = []
        for judgement in item.judgements:
            verdict = shown_verdict(judgement)
            found = numbers.get((item.clause.id, judgement.principle))
            cells.append(
                Cell(
                    verdict.value,
                    SYMBOLS[verdict],
                    f"{verdict.value}, finding {found.number}" if found else verdict.value,
                    f"{desk}{there}#{found.anchor}" if found else "",
                )
            )
        rows.append(MapRow(item.clause, f"{desk}{there}#{item.clause.id}", tuple(cells)))
    return rows


def at_a_glance(report: Report) -> Glance:
    """The picture of a report's map."""
    return Glance(
        len(report.clauses),
        tuple(
            (column, row, verdict.value)
            for column, item in enumerate(report.clauses)
            for row, judgement in enumerate(item.judgements)
            if (verdict := shown_verdict(judgement)) is not Verdict.SILENT
        ),
    )


def shown_verdict(judgement: Judgement) -> Verdict:
    """The verdict as the map shows it: a doubt whether a clause is silent is no finding."""
    return Verdict.SILENT if judgement.likely is Verdict.SILENT else judgement.verdict


def said(judgement: Judgement) -> str:
    """A judgement in a few words: "conflicts with P4"."""
    verb = {
        Verdict.CONFLICTS: "conflicts with",
        Verdict.SUPPORTS: "supports",
        Verdict.UNSURE: "unsure about",
        Verdict.SILENT: "silent on",
    }[judgement.verdict]
    return f"{verb} {judgement.principle}"


def confidence_words(confidence: float) -> str:
    """How sure the judge is, in words."""
    return next(words for least, words in WORDS if confidence >= least)


def marked_text(clause: Clause, judgement: Judgement) -> Iterable[tuple[str, bool]]:
    """A clause's text in pieces, each with whether it is telling."""
    at = clause.start
    for start, end in sorted(judgement.telling):
        start, end = max(start, at), min(end, clause.end)
        if start >= end:
            continue
        if start > at:
            yield clause.text[at - clause.start : start - clause.start], False
        yield clause.text[start - clause.start : end - clause.start], True
        at = end
    if at < clause.end:
        yield clause.text[at - clause.start :], False


def changes(report: Report) -> dict[str, int]:
    """How many findings there are of each change."""
    counted = Counter(found.change for found in report.findings if found.change)
    return {
        change.value: counted[change] for change in (Change.NEW, Change.UNCHANGED, Change.MOVED)
    }


def _criterion(principle: Principle | None, criterion_id: str) -> Criterion | None:
    if principle is None:
        return None
    return next((held for held in principle.criteria if held.id == criterion_id), None)
