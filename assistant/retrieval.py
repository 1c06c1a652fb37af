"""Finding passages: nearness in meaning and shared words, fused; best first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from assistant.conversation import Query
from assistant.reranking import Reranker
from corpus.filters import Filters
from corpus.library import FoundChunk
from corpus.store import Store
from corpus.types import Document, Passage

CANDIDATES = 100  # from each leg
KEPT = 40  # of them, by all but their sentences; only these are read from the library
WORDED = 4  # times as many are scored by words: a chunk near in meaning has its words counted too
# Shares in the fused score; chosen by measurement (see evals/README.md).
CHUNK_SHARE = 0.32
PAGE_SHARE = 0.215
SENTENCE_SHARE = 0.215  # of the best sentence in the chunk
WORDS_SHARE = 0.25
# On top: two of the question's words side by side, as in the question; and how far down its page
# a chunk begins, of FAR_DOWN characters, since a page's opening says what it is about.
PAIRS = 0.05
LEAD = 0.04
FAR_DOWN = 2_000
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
        cosines: dict[int, tuple[float, float]] = {}
        words: dict[int, float] = {}
        if versions is None or versions:
            dense = store.matrix.search(query.vector, limit=candidates, versions=versions)
            worded = store.lexical.search(query.terms, limit=candidates * WORDED, versions=versions)
            numbers = [number for number, _ in (*dense, *worded[:candidates])]
            cosines = store.matrix.scores(query.vector, list(dict.fromkeys(numbers)))
            words = {number: score for number, score in worded if number in cosines}
        older = _Older()
        if then and filters:
            older = self._older(query, then, filters, most=max(words.values(), default=1.0))
            cosines |= older.cosines
            words |= older.words
        rough = _rough(cosines, words)
        kept = sorted(rough, key=lambda number: -rough[number])[
            : KEPT if candidates == CANDIDATES else None
        ]
        found = store.library.chunks([number for number in kept if number not in older.found])
        found |= {number: older.found[number] for number in kept if number in older.found}
        return self._fuse(query, found, cosines, rough)

    def _versions(self, filters: Filters, *, leaving_out: Collection[str]) -> set[str]:
        return {
            document.version_id
            for document in self._documents()
            if document.id not in leaving_out
            and filters.admit(document.id, document.collection, document.details)
        }

    def _documents(self) -> list[Document]:
        """Every document, read again only when the library has changed."""
        generation, documents = self._catalogue
        if (now := self._store.generation) != generation:
            documents = self._store.library.documents()
            self._catalogue = (now, documents)
        return documents

    def _fuse(
        self,
        query: Query,
        found: dict[int, FoundChunk],
        cosines: dict[int, tuple[float, float]],
        rough: dict[int, float],
    ) -> list[Passage]:
        """Chunks with their whole score, best first."""
        sentence_cosines = {
            number: tuple((chunk.sentence_vectors @ query.vector).tolist())
            if len(chunk.sentence_vectors)
            else ()
            for number, chunk in found.items()
        }
        # From the same floor as chunks: the kept ones alone would spread it too far.
        finest = _scaled(
            {number: max(sentence_cosines[number], default=0.0) for number in found},
            least=min((chunk for chunk, _ in cosines.values()), default=0.0),
        )
        asked = set(pairwise(query.own_terms))
        terms = self._store.lexical.terms
        pairs = _scaled(
            {
                number: float(len(asked.intersection(pairwise(terms(held.chunk.text)))))
                if asked
                else 0.0
                for number, held in found.items()
            },
            least=0.0,
        )
        passages = [
            Passage(
                chunk=held.chunk,
                score=rough[number]
                + SENTENCE_SHARE * finest[number]
                + PAIRS * pairs[number]
                + LEAD * (1 - min(1.0, held.chunk.start / FAR_DOWN)),
                details=held.details,
                cosine=cosines[number][0],
                sentence_cosines=sentence_cosines[number],
            )
            for number, held in found.items()
        ]
        return sorted(passages, key=lambda passage: (-passage.score, passage.chunk.id))

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


def _rough(cosines: dict[int, tuple[float, float]], words: dict[int, float]) -> dict[int, float]:
    """The part of the fused score that needs no text, by chunk number.

    A convex combination of scores, each scaled to 0..1 over the candidates; it ranks better than
    reciprocal ranks here (+0.03 nDCG@10), because how much better a passage is matters.
    """
    whole = _scaled({number: chunk for number, (chunk, _) in cosines.items()})
    page = _scaled({number: page for number, (_, page) in cosines.items()})
    lexical = _scaled({number: words.get(number, 0.0) for number in cosines}, least=0.0)
    return {
        number: CHUNK_SHARE * whole[number]
        + PAGE_SHARE * page[number]
        + WORDS_SHARE * lexical[number]
        for number in cosines
    }


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
    unlike = (word for word in words if not word.isalpha())  # most are, and are quickly told
    return _Wording(words, frozenset(word for word in unlike if any(map(str.isdigit, word))))


def _nearly_alike(one: _Wording, other: _Wording) -> bool:
    """Whether a person who has read one learns nothing from the other.

    Two rows or years of one report differ in little but their figures, and both are needed.
    """
    if one.figures != other.figures:
        return False
    return len(one.words & other.words) >= ALIKE * len(one.words | other.words)
