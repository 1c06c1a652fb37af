"""A draft through all the steps: clauses, verdicts, telling words, precedents, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from assistant.checks.clauses import is_english, split_clauses, whole_clause
from assistant.checks.comparing import compared, fingerprint, waived
from assistant.checks.embedded_judge import Verdicts
from assistant.checks.hearing import heard
from assistant.checks.judging import Judge, in_original, telling_parts
from assistant.checks.masking import masked
from assistant.checks.model_judge import ModelJudge, Opinions
from assistant.checks.precedents import Precedents
from assistant.checks.rewording import rewordings
from assistant.checks.types import (
    Clause,
    Coverage,
    CriterionCoverage,
    Finding,
    JudgedClause,
    Judgement,
    Report,
    Verdict,
    Waiver,
)
from assistant.checks.waiving import InlineWaivers, placed
from corpus.embedding import Embedder, Vectors
from corpus.errors import UserError
from corpus.principles import Principle
from corpus.types import Page

LABELS = (Verdict.SILENT, Verdict.SUPPORTS, Verdict.CONFLICTS)  # by label number
_GRAVITY = {Verdict.CONFLICTS: 0, Verdict.UNSURE: 1, Verdict.SUPPORTS: 2}

Telling = Callable[[str, int, int], None]  # what is being done, how many are done, of how many


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a draft is to be checked."""

    min_confidence: float = 0.0  # findings of less confidence are left out
    supports: bool = False  # whether clauses that support a principle are findings too
    precedents: bool = True
    rewordings: bool = True
    fragments: bool = False  # whether wording too short for a draft is judged as it is


class Checker:
    """Checks drafts against one set of principles."""

    def __init__(
        self,
        judge: Judge,
        embedder: Embedder,
        precedents: Precedents | None,
        second: ModelJudge | None = None,
    ) -> None:
        self._judge = judge
        self._second = second
        self._embedder = embedder
        self._precedents = precedents
        self._criteria = [_Criteria(principle, embedder) for principle in judge.principles]

    def check(
        self,
        name: str,
        pages: Sequence[Page],
        *,
        wanted: Wanted | None = None,
        against: Report | None = None,
        waivers: Sequence[Waiver] = (),
        inline: InlineWaivers | None = None,
        today: date | None = None,
        notes: Sequence[str] = (),
        progress: Telling | None = None,
    ) -> Report:
        """The report on a draft. Raises UserError when it is empty or in another language."""
        wanted = wanted or Wanted()
        clauses = split_clauses(pages)
        if not clauses and wanted.fragments and pages and pages[0].text.strip():
            clauses = [whole_clause(pages[0])]
        if not clauses:
            raise UserError(
                f"{name} has no clause to check.",
                fix="Check that it holds sentences and not only headings or pictures.",
            )
        if not is_english(pages):
            raise UserError(
                f"{name} does not read as English, so it was not judged.",
                fix="Check a version in English: the judge was trained on nothing else.",
            )
        texts = [clause.judged_text for clause in clauses]
        # Whose wording it is must not choose its criterion and its precedents either.
        vectors = self._embedder.embed_documents([masked(text) for text in texts])
        judged = self._judged(clauses, vectors, progress)
        opinions = self._opinions(texts, progress)
        judged, model_notes = heard(judged, opinions, self._second) if opinions else (judged, [])
        findings = self._findings(judged, vectors, opinions, wanted, progress)
        fixed: list[Finding] = []
        if against is not None:
            findings, fixed = compared(findings, against.findings)
        at_clauses, inline_notes = placed(inline or InlineWaivers(), clauses)
        findings, waiver_notes = waived(findings, [*waivers, *at_clauses], today or date.today())
        findings.sort(
            key=lambda found: (
                _GRAVITY[found.judgement.verdict],
                -found.judgement.confidence,
                int(found.clause.id[1:]),
            )
        )
        all_notes = [
            *notes,
            *inline_notes,
            *waiver_notes,
            *([self._judge.note] if self._judge.note else []),
            *model_notes,
        ]
        return Report(
            name,
            tuple(judged),
            tuple(findings),
            tuple(self._coverage(judged)),
            fixed=tuple(fixed),
            notes=tuple(all_notes),
        )

    @property
    def principles(self) -> tuple[Principle, ...]:
        """What is checked against, in order."""
        return self._judge.principles

    # -- judging ----------------------------------------------------------------------------

    def verdicts(self, texts: Sequence[str]) -> Verdicts:
        """The bare verdicts on texts, for measuring."""
        return self._judge.judge(texts)

    def _judged(
        self, clauses: Sequence[Clause], vectors: Vectors, progress: Telling | None
    ) -> list[JudgedClause]:
        done = 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            if progress is not None:
                progress("judging clauses", done, len(clauses))

        texts = [clause.judged_text for clause in clauses]
        verdicts = self._judge.judge(texts, progress=count)
        rows, columns = np.nonzero(verdicts.likely)
        speaking = list(zip(map(int, rows), map(int, columns), strict=True))
        # Cut where no name is: the parts of a clause are the same whoever it is about.
        neutral = [masked(text) for text in texts]
        telling = [
            in_original(parts, neutral[row], texts[row])
            for (row, _), parts in zip(
                speaking,
                telling_parts(
                    self._judge,
                    [
                        (neutral[row], column, int(verdicts.likely[row, column]))
                        for row, column in speaking
                    ],
                ),
                strict=True,
            )
        ]
        told = dict(zip(speaking, telling, strict=True))
        return [
            JudgedClause(
                clause,
                tuple(
                    self._judgement(
                        clause,
                        column,
                        int(verdicts.likely[row, column]),
                        float(verdicts.confidence[row, column]),
                        told.get((row, column), ()),
                        vectors[row],
                    )
                    for column in range(len(self._judge.principles))
                ),
            )
            for row, clause in enumerate(clauses)
        ]

    def _opinions(self, texts: Sequence[str], progress: Telling | None) -> Opinions | None:
        """What the chat model says, where there is one."""
        if self._second is None:
            return None
        done = 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            if progress is not None:
                progress("asking the chat model", done, len(texts))

        return self._second.opinions(texts, progress=count)

    def _judgement(
        self,
        clause: Clause,
        column: int,
        label: int,
        confidence: float,
        parts: Sequence[tuple[int, int]],
        vector: Vectors,
    ) -> Judgement:
        principle, likely = self._judge.principles[column], LABELS[label]
        sure = confidence >= self._judge.least_confidence
        verdict = likely if sure else Verdict.UNSURE
        if likely is Verdict.SILENT:
            return Judgement(principle.id, verdict, confidence, likely)
        # What is judged with the clause is no part of it.
        telling = tuple(
            (max(clause.start, start + clause.offset), min(clause.end, end + clause.offset))
            for start, end in parts
            if end + clause.offset > clause.start and start + clause.offset < clause.end
        )
        criterion, title = self._criteria[column].nearest(vector, likely)
        words = " … ".join(
            clause.text[start - clause.start : end - clause.start].strip(" ,;.")
            for start, end in telling
        )
        verb = "supports" if likely is Verdict.SUPPORTS else "conflicts with"
        reason = f"{'Probably ' if not sure else ''}{verb} principle {principle.number}"
        reason = reason[0].upper() + reason[1:]
        if title:
            reason += f" ({principle.title}): {title[0].lower()}{title[1:]}"
        if words:
            reason += f". It turns on “{words}”"
        return Judgement(
            principle.id,
            verdict,
            confidence,
            likely,
            telling=telling,
            criterion=criterion,
            reason=f"{reason}.",
        )

    # -- findings ---------------------------------------------------------------------------

    def _findings(
        self,
        judged: Sequence[JudgedClause],
        vectors: Vectors,
        opinions: Opinions | None,
        wanted: Wanted,
        progress: Telling | None,
    ) -> list[Finding]:
        shown = {Verdict.CONFLICTS, Verdict.UNSURE} | (
            {Verdict.SUPPORTS} if wanted.supports else set[Verdict]()
        )
        worth = [
            (row, item, column)
            for row, item in enumerate(judged)
            for column, judgement in enumerate(item.judgements)
            if judgement.verdict in shown and judgement.likely is not Verdict.SILENT
            if judgement.confidence >= wanted.min_confidence
        ]
        found: list[Finding] = []
        for done, (row, item, column) in enumerate(worth, start=1):
            judgement, principle = item.judgements[column], self._judge.principles[column]
            finding = Finding(fingerprint(item.clause, judgement.principle), item.clause, judgement)
            if wanted.precedents and self._precedents is not None:
                precedents = self._precedents.of(vectors[row], principle.number)
                finding = replace(finding, precedents=precedents)
            if wanted.rewordings and judgement.verdict is Verdict.CONFLICTS:
                said = opinions.held.get((row, column)) if opinions else None
                suggested = said.rewording if said else ""
                finding = replace(finding, rewording=self._reworded(item, column, suggested))
            found.append(finding)
            if progress is not None:
                progress("looking for precedents", done, len(worth))
        return found

    def _reworded(self, item: JudgedClause, column: int, suggested: str) -> str:
        """The first suggestion that no longer conflicts and makes no other verdict worse."""
        candidates = list(rewordings(item.clause.text, self._judge.principles[column].number))
        if suggested:
            candidates.insert(0, suggested)
        if not candidates:
            return ""
        lead_in = item.clause.lead_in.rstrip(":")
        likely = self._judge.judge([f"{lead_in} {text}".strip() for text in candidates]).likely
        before = [judgement.likely is Verdict.CONFLICTS for judgement in item.judgements]
        for text, labels in zip(candidates, likely, strict=True):
            worse = any(
                LABELS[label] is Verdict.CONFLICTS and not had
                for label, had in zip(labels, before, strict=True)
            )
            if not worse and LABELS[labels[column]] is not Verdict.CONFLICTS:
                return text
        return ""

    def _coverage(self, judged: Sequence[JudgedClause]) -> list[Coverage]:
        rows: list[Coverage] = []
        for column, principle in enumerate(self._judge.principles):
            of_it = [item.judgements[column] for item in judged]
            verdicts = Counter(held.verdict for held in of_it if held.likely is not Verdict.SILENT)
            bearing = Counter((held.criterion, held.verdict) for held in of_it)
            rows.append(
                Coverage(
                    principle.id,
                    principle.title,
                    supports=verdicts[Verdict.SUPPORTS],
                    conflicts=verdicts[Verdict.CONFLICTS],
                    unsure=verdicts[Verdict.UNSURE],
                    criteria=tuple(
                        CriterionCoverage(
                            criterion.id,
                            criterion.title,
                            bearing[criterion.id, Verdict.SUPPORTS],
                            bearing[criterion.id, Verdict.CONFLICTS],
                        )
                        for criterion in principle.criteria
                    ),
                )
            )
        return rows


class _Criteria:
    """One principle's criteria as vectors, for each polarity."""

    def __init__(self, principle: Principle, embedder: Embedder) -> None:
        self._criteria = principle.criteria
        self._sides: dict[Verdict, Vectors] = {}
        if principle.criteria:
            self._sides[Verdict.SUPPORTS] = embedder.embed_documents(
                [criterion.text for criterion in principle.criteria]
            )
            self._sides[Verdict.CONFLICTS] = embedder.embed_documents(
                [criterion.conflict or criterion.text for criterion in principle.criteria]
            )

    def nearest(self, vector: Vectors, polarity: Verdict) -> tuple[str, str]:
        """The id of the criterion concerned, and it or its opposite in words; empty when none."""
        if not self._criteria:
            return "", ""
        position = int((self._sides[polarity] @ vector).argmax())
        criterion = self._criteria[position]
        said = criterion.title if polarity is Verdict.SUPPORTS else criterion.conflict
        return criterion.id, (said or criterion.title).rstrip(".")
