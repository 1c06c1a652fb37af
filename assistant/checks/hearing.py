"""Two judges heard together: where they differ, nobody is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.checks.model_judge import ModelJudge, Opinion, Opinions, span_of
from assistant.checks.types import Clause, JudgedClause, Judgement, Verdict


def heard(
    judged: Sequence[JudgedClause], opinions: Opinions, model: ModelJudge | None
) -> tuple[list[JudgedClause], list[str]]:
    """The embedded judge's verdicts beside the chat model's, and what a reader should know.

    Where the two agree, the model's reason is shown; where they differ, the verdict is unsure with
    both reasons; where the model gave none, the embedded judge's stands.
    """
    name = model.model.name if model else "the chat model"
    together = [
        JudgedClause(
            item.clause,
            tuple(
                _both(item.clause, judgement, opinions.held.get((row, column)), name)
                for column, judgement in enumerate(item.judgements)
            ),
        )
        for row, item in enumerate(judged)
    ]
    return together, _notes(opinions, name, len(judged))


def _both(clause: Clause, judgement: Judgement, said: Opinion | None, name: str) -> Judgement:
    if said is None:
        return judgement
    if said.verdict is judgement.likely:
        if said.verdict is Verdict.SILENT:
            return replace(judgement, verdict=Verdict.SILENT)
        return replace(
            judgement,
            verdict=said.verdict,
            confidence=max(judgement.confidence, said.confidence),
            telling=_telling(clause, said) or judgement.telling,
            criterion=said.criterion or judgement.criterion,
            reason=f"{said.reason}. {judgement.reason}" if said.reason else judgement.reason,
        )
    # A doubt about a verdict is more worth showing than a doubt about silence.
    likely = said.verdict if said.verdict is not Verdict.SILENT else judgement.likely
    embedded = judgement.reason.rstrip(".") or "it says nothing on this principle"
    model_says = said.verdict.value + (f": {said.reason}" if said.reason else "")
    return Judgement(
        judgement.principle,
        Verdict.UNSURE,
        min(judgement.confidence, said.confidence),
        likely,
        telling=_telling(clause, said) or judgement.telling,
        criterion=said.criterion or judgement.criterion,
        reason=f"The judges differ. The embedded judge ({judgement.likely.value}): {embedded}. "
        f"{name}: {model_says}.",
    )


def _telling(clause: Clause, said: Opinion) -> tuple[tuple[int, int], ...]:
    span = span_of(said.quote, clause.text)
    return ((clause.start + span[0], clause.start + span[1]),) if span else ()


def _notes(opinions: Opinions, name: str, clauses: int) -> list[str]:
    notes = [
        f"Judged by the embedded judge and by {name}; where they differ, the verdict is unsure "
        "and both reasons are given."
    ]
    if opinions.faults:
        failed = sum(opinions.faults.values())
        reasons = "; ".join(
            f"{reason} ({count})" for reason, count in opinions.faults.most_common(3)
        )
        notes.append(
            f"{name} gave nothing on {failed} of {clauses} clauses, where the embedded judge's "
            f"verdicts stand: {reasons}."
        )
    if opinions.unproved:
        notes.append(
            f"{opinions.unproved} of its verdicts could not be proved by the words of the clause, "
            "or had not the form asked for, and were left out."
        )
    return notes
