"""Whether what was found answers the question: complete, partial or none."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.conversation import Query
from assistant.quoting import Quotation
from assistant.types import Completeness

# Least score and least share of the question's words, by rarity, of the best quotation.
LEAST_SCORE = 0.40
LEAST_COVERAGE = 0.35
WHOLE_COVERAGE = 0.60


def enough(query: Query, ranked: Sequence[Quotation]) -> Completeness:
    """How much of the question the ranked quotations answer."""
    if not ranked:
        return Completeness.NONE
    best = ranked[0]
    coverage = max(quotation.coverage for quotation in ranked[:3])
    if best.score < LEAST_SCORE or (query.leaning == 0 and coverage < LEAST_COVERAGE):
        return Completeness.NONE
    if query.leaning == 0 and coverage < WHOLE_COVERAGE:
        return Completeness.PARTIAL
    return Completeness.COMPLETE
