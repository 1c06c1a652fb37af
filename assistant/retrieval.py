"""Finding passages: nearness in meaning and shared words, fused; best first."""

from __future__ import annotations

from collections.abc import Collection

from assistant.conversation import Query
from corpus.filters import Filters
from corpus.library import FoundChunk
from corpus.store import Store
from corpus.types import Passage

CANDIDATES = 60  # from each leg
# Shares in the fused score; chosen by measurement (see evals/README.md).
DENSE_SHARE = 0.75  # a third each: the chunk, its page, and the best sentence in it
# A document already chosen this often lets another, nearly as good one, go first.
CROWDING = 0.04


class Retriever:
    """Hybrid search over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def retrieve(
        self, query: Query, *, limit: int, filters: Filters | None = None
    ) -> list[Passage]:
        """The best passages, best first, near-copies folded and no document crowding out others.

        Empty when the library, or the filter, holds none.
        """
        return _spread(self.rank(query, filters=filters), limit)

    def rank(self, query: Query, *, filters: Filters | None = None) -> list[Passage]:
        """Every candidate of either leg with its fused score, best first."""
        store = self._store
        store.catch_up()
        versions = self._versions(filters) if filters else None
        if versions is not None and not versions:
            return []
        dense = store.matrix.search(query.vector, limit=CANDIDATES, versions=versions)
        lexical = store.lexical.search(query.terms, limit=CANDIDATES, versions=versions)
        numbers = list(dict.fromkeys(number for number, _ in (*dense, *lexical)))
        cosines = store.matrix.scores(query.vector, numbers)
        chunks = store.library.chunks([number for number in numbers if number in cosines])
        return _fuse(query, chunks, cosines, dict(lexical))

    def _versions(self, filters: Filters) -> set[str]:
        return {
            document.version_id
            for document in self._store.library.documents(collection=filters.collection)
            if filters.admit(document.id, document.collection, document.details)
        }


def _fuse(
    query: Query,
    found: dict[int, FoundChunk],
    cosines: dict[int, tuple[float, float]],
    words: dict[int, float],
) -> list[Passage]:
    """Every candidate with its fused score, best first.

    A convex combination of scores, each scaled to 0..1 over the candidates; it ranks better than
    reciprocal ranks here (+0.03 nDCG@10), because how much better a passage is matters.
    """
    sentence_cosines = {
        number: tuple(float(score) for score in chunk.sentence_vectors @ query.vector)
        if len(chunk.sentence_vectors)
        else ()
        for number, chunk in found.items()
    }
    whole = _scaled({number: cosines[number][0] for number in found})
    page = _scaled({number: cosines[number][1] for number in found})
    finest = _scaled({number: max(sentence_cosines[number], default=0.0) for number in found})
    lexical = _scaled({number: words.get(number, 0.0) for number in found}, least=0.0)
    passages = [
        Passage(
            chunk=chunk.chunk,
            score=DENSE_SHARE * (whole[number] + page[number] + finest[number]) / 3
            + (1 - DENSE_SHARE) * lexical[number],
            details=chunk.details,
            cosine=cosines[number][0],
            sentence_cosines=sentence_cosines[number],
        )
        for number, chunk in found.items()
    ]
    return sorted(passages, key=lambda passage: (-passage.score, passage.chunk.id))


def _scaled(scores: dict[int, float], *, least: float | None = None) -> dict[int, float]:
    """Scores moved to 0..1; all 0 when they do not differ."""
    if not scores:
        return {}
    low = min(scores.values()) if least is None else least
    width = max(scores.values()) - low
    return {key: (score - low) / width if width > 0 else 0.0 for key, score in scores.items()}


def _spread(passages: Collection[Passage], limit: int) -> list[Passage]:
    """The best passages, with near-copies folded and no document crowding out the others."""
    chosen: list[Passage] = []
    taken: dict[str, int] = {}
    texts: set[str] = set()
    waiting = list(passages)
    while waiting and len(chosen) < limit:
        best = max(
            waiting[: limit * 2],
            key=lambda passage: passage.score - CROWDING * taken.get(passage.chunk.document_id, 0),
        )
        waiting.remove(best)
        words = " ".join(best.chunk.text.lower().split())
        if words in texts:
            continue
        texts.add(words)
        taken[best.chunk.document_id] = taken.get(best.chunk.document_id, 0) + 1
        chosen.append(best)
    return chosen
