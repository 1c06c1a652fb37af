"""Finding passages: nearness in meaning and shared words, fused; best first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from assistant.conversation import Query
from assistant.reranking import Reranker
from corpus.filters import Filters
from corpus.library import FoundChunk
from corpus.store import Store
from corpus.types import Document, Passage

CANDIDATES = 60  # from each leg
# Shares in the fused score; chosen by measurement (see evals/README.md).
DENSE_SHARE = 0.75  # a third each: the chunk, its page, and the best sentence in it
# A document already chosen this often lets another, nearly as good one, go first.
CROWDING = 0.04
# Share of all their words that two passages have in common, from which they are copies.
ALIKE = 0.85
_WORD = re.compile(r"\w+(?:[.,]\d+)*")


class Retriever:
    """Hybrid search over one store, and a second look by a reranker where there is one."""

    def __init__(self, store: Store, reranker: Reranker | None = None) -> None:
        self._store = store
        self._reranker = reranker
        self._catalogue: tuple[int, list[Document]] = (-1, [])

    def retrieve(
        self, query: Query, *, limit: int, filters: Filters | None = None
    ) -> list[Passage]:
        """The best passages, best first, near-copies folded and no document crowding out others.

        Empty when the library, or the filter, holds none.
        """
        ranked = self.rank(query, filters=filters)
        if self._reranker is not None:
            ranked = self._reranker.rerank(query.text, ranked)
        return spread(ranked, limit)

    def rank(
        self, query: Query, *, filters: Filters | None = None, candidates: int = CANDIDATES
    ) -> list[Passage]:
        """Every candidate of either leg with its fused score, best first."""
        store = self._store
        store.catch_up()
        then = store.library.versions_in_force(filters.as_of) if filters and filters.as_of else {}
        versions = self._versions(filters, leaving_out=then.keys()) if filters else None
        found: dict[int, FoundChunk] = {}
        cosines: dict[int, tuple[float, float]] = {}
        words: dict[int, float] = {}
        if versions is None or versions:
            dense = store.matrix.search(query.vector, limit=candidates, versions=versions)
            words = dict(store.lexical.search(query.terms, limit=candidates, versions=versions))
            numbers = list(dict.fromkeys((*(number for number, _ in dense), *words)))
            cosines = store.matrix.scores(query.vector, numbers)
            found = store.library.chunks([number for number in numbers if number in cosines])
        if then and filters:
            older = self._older(query, then, filters, most=max(words.values(), default=1.0))
            found |= older.found
            cosines |= older.cosines
            words |= older.words
        return _fuse(query, found, cosines, words)

    def _versions(self, filters: Filters, *, leaving_out: Collection[str]) -> set[str]:
        return {
            document.version_id
            for document in self._documents()
            if document.id not in leaving_out
            and filters.admit(document.id, document.collection, document.details)
        }

    def _documents(self) -> list[Document]:
        """Every document, read again only when the library has changed."""
        library = self._store.library
        generation, documents = self._catalogue
        if (now := library.generation()) != generation:
            documents = library.documents()
            self._catalogue = (now, documents)
        return documents

    def _older(
        self, query: Query, then: Mapping[str, str], filters: Filters, *, most: float
    ) -> _Older:
        """The chunks of retired versions, which no index holds, scored one by one.

        `most` is what the best chunk scored in words: one with all of the query's words gets it.
        """
        library, lexical = self._store.library, self._store.lexical
        owners = {document.id: document for document in self._documents()}
        wanted = [
            version_id
            for document_id, version_id in then.items()
            if (owner := owners.get(document_id)) is not None
            and filters.admit(document_id, owner.collection, owner.details)
        ]
        older = _Older()
        total = sum(query.terms.values()) or 1.0
        for rows in library.chunk_rows(wanted):
            older.found |= library.chunks(rows.numbers)
            for number, chunk, cosine in zip(
                rows.numbers, rows.chunks, rows.vectors @ query.vector, strict=True
            ):
                held = set(lexical.terms(chunk.text))
                share = sum(weight for term, weight in query.terms.items() if term in held) / total
                older.cosines[number] = (float(cosine), float(cosine))
                older.words[number] = share * most
        return older


@dataclass(slots=True)
class _Older:
    """Chunks of retired versions with their scores, by number."""

    found: dict[int, FoundChunk] = field(default_factory=dict[int, FoundChunk])
    cosines: dict[int, tuple[float, float]] = field(default_factory=dict[int, tuple[float, float]])
    words: dict[int, float] = field(default_factory=dict[int, float])


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


def spread(passages: Collection[Passage], limit: int) -> list[Passage]:
    """The best passages, with near-copies folded and no document crowding out the others."""
    chosen: list[Passage] = []
    taken: dict[str, int] = {}
    held: list[_Wording] = []
    waiting = list(passages)
    while waiting and len(chosen) < limit:
        best = max(
            waiting[: limit * 2],
            key=lambda passage: passage.score - CROWDING * taken.get(passage.chunk.document_id, 0),
        )
        waiting.remove(best)
        wording = _wording(best.chunk.text)
        if any(_nearly_alike(wording, other) for other in held):
            continue
        held.append(wording)
        taken[best.chunk.document_id] = taken.get(best.chunk.document_id, 0) + 1
        chosen.append(best)
    return chosen


@dataclass(frozen=True, slots=True)
class _Wording:
    """A text without its line breaks, case and punctuation."""

    words: frozenset[str]
    figures: frozenset[str]


def _wording(text: str) -> _Wording:
    words = frozenset(_WORD.findall(text.lower()))
    return _Wording(words, frozenset(word for word in words if any(map(str.isdigit, word))))


def _nearly_alike(one: _Wording, other: _Wording) -> bool:
    """Whether a person who has read one learns nothing from the other.

    Two rows or years of one report differ in little but their figures, and both are needed.
    """
    if one.figures != other.figures:
        return False
    return len(one.words & other.words) >= ALIKE * len(one.words | other.words)
