"""What happened where something like a clause was tried: up to three documents, both ways."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assistant.checks.types import Precedent
from assistant.proving import prove
from corpus.embedding import Vector, Vectors
from corpus.store import Store
from corpus.types import Chunk, Details, Passage

MOST = 3
NEAR = 0.36  # cosine of a document's best passage to a clause, from which it is something like it
LEAST_WORDS = 7  # of a sentence that is quoted
# What a sentence gains by saying what came of it; the cosine of a sentence varies by about 0.2.
RESULT_SECTION = 0.08
FIGURE = 0.08
OUTCOME = 0.10
_STANCES = ("supports", "conflicts")

_RESULTS = re.compile(
    r"\b(?:happened|results?|in short|findings?|outcomes?|impact|effects?)\b", re.I
)
_LISTING = re.compile(r"\b(?:sources|references|contents|principles it bears on)\b", re.I)
_FIGURE = re.compile(r"(?<![\d/-])\d[\d,.]*(?:\s?(?:million|billion|per cent|%))?")
_SOURCE = re.compile(r"\([^()]*\)")
_YEAR = re.compile(r"(?:19|20)\d\d(?:[-/]\d\d)?\.?")
_OUTCOME = re.compile(
    r"\b(?:fell|fallen|rose|risen|saved?|savings|reduc\w+|increas\w+|found|cut|missed|failed|"
    r"improv\w+|abandoned|ended|closed|dropped|cost|grew|lost|gained|halved|doubled|lower|higher|"
    r"fewer|more than|less than|no (?:difference|effect|evidence)|worse|better)\b",
    re.IGNORECASE,
)
_ABOUT_ITSELF = re.compile(
    r"\b(?:principles?|in this library|classed|collected here|statements? (?:collected|here)|"
    r"plumbline brief|sources? (?:collected|here)|cannot be (?:told|known)|stance|"
    r"should be checked)\b",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:it|its|they|their|this|these|that|those|he|she|his|her|such|however|but|and|also|instead|"
    r"in addition|as a result)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence that may be quoted, and what it gains by saying what came of it."""

    passage: Passage
    start: int
    end: int
    gain: float


@dataclass(frozen=True, slots=True)
class _Held:
    """Every document that is tagged with a principle, ready to be compared with clauses."""

    generation: int
    documents: tuple[tuple[str, tuple[tuple[int, str], ...]], ...]  # id, (principle, stance) each
    chunk_owners: npt.NDArray[np.int64]  # the position of each chunk's document
    chunks: Vectors
    sentences: tuple[_Sentence, ...]
    sentence_owners: npt.NDArray[np.int64]
    vectors: Vectors  # of the sentences
    gains: npt.NDArray[np.float32]


class Precedents:
    """Looks in one library for documents tagged with a principle."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: _Held | None = None
        self._reading = threading.Lock()

    def of(self, vector: Vector, principle: int) -> tuple[Precedent, ...]:
        """The nearest documents that bear on a principle, each with what came of it, proved.

        `vector` is the clause's. Where a document that bears the other way is near enough, it is
        among them. Empty when the library has none.
        """
        held = self._read()
        nearness = np.full(len(held.documents), -1.0, dtype=np.float32)
        if len(held.chunks):
            np.maximum.at(nearness, held.chunk_owners, held.chunks @ vector)
        stances = [dict(tagged).get(principle) for _, tagged in held.documents]
        near = [
            position
            for position in map(int, np.argsort(-nearness, kind="stable"))
            if stances[position] in _STANCES and nearness[position] >= NEAR
        ]
        scores = held.vectors @ vector + held.gains if len(held.vectors) else held.gains
        found: list[Precedent] = []
        for position in _both_ways(near, stances):
            rows = np.flatnonzero(held.sentence_owners == position)
            best = rows[np.argsort(-scores[rows], kind="stable")]
            for sentence in (held.sentences[int(row)] for row in best):
                citation = prove(
                    self._store.library, sentence.passage, sentence.start, sentence.end
                )
                if citation is not None:
                    stance = stances[position] or ""
                    found.append(Precedent(citation.document_id, citation.title, stance, citation))
                    break
        return tuple(found)

    def _read(self) -> _Held:
        with self._reading:
            generation = self._store.library.generation()
            if self._held is None or self._held.generation != generation:
                self._held = self._tagged(generation)
            return self._held

    def _tagged(self, generation: int) -> _Held:
        library = self._store.library
        tagged = {
            document.version_id: document
            for document in library.documents()
            if any(stance in _STANCES for _, stance in document.details.principles)
        }
        places = {version_id: position for position, version_id in enumerate(tagged)}
        vectors: list[Vectors] = []
        owners: list[int] = []
        sentences: list[_Sentence] = []
        sentence_owners: list[int] = []
        sentence_vectors: list[Vectors] = []
        for rows in library.chunk_rows(list(tagged)):
            details = tagged[rows.version_id].details
            vectors.append(rows.vectors)
            owners += [places[rows.version_id]] * len(rows.numbers)
            for found in library.chunks(rows.numbers).values():
                for place, sentence in _quotable(found.chunk, details):
                    sentences.append(sentence)
                    sentence_owners.append(places[rows.version_id])
                    sentence_vectors.append(found.sentence_vectors[place : place + 1])
        return _Held(
            generation,
            tuple((held.id, held.details.principles) for held in tagged.values()),
            np.array(owners, dtype=np.int64),
            np.concatenate(vectors) if vectors else np.zeros((0, 0), dtype=np.float32),
            tuple(sentences),
            np.array(sentence_owners, dtype=np.int64),
            np.concatenate(sentence_vectors)
            if sentence_vectors
            else np.zeros((0, 0), dtype=np.float32),
            np.array([sentence.gain for sentence in sentences], dtype=np.float32),
        )


def _both_ways(near: Sequence[int], stances: Sequence[str | None]) -> list[int]:
    """The nearest documents, with one of the other stance among them where there is one."""
    if not near:
        return []
    first = near[0]
    other = next((position for position in near if stances[position] != stances[first]), None)
    chosen = list(near[:MOST])
    if other is not None and other not in chosen:
        chosen = [*near[: MOST - 1], other]
    return chosen


def _quotable(chunk: Chunk, details: Details) -> Iterator[tuple[int, _Sentence]]:
    """The sentences of a chunk that can stand alone as what came of something, with their place."""
    if _LISTING.search(chunk.heading.rsplit(" > ", 1)[-1]):
        return
    section = RESULT_SECTION if _RESULTS.search(chunk.heading.rsplit(" > ", 1)[-1]) else 0.0
    passage = Passage(chunk, 0.0, details)
    for place, (start, end) in enumerate(chunk.sentences):
        text = chunk.text[start - chunk.start : end - chunk.start]
        if len(text.split()) < LEAST_WORDS or _ABOUT_ITSELF.search(text) or _DANGLING.match(text):
            continue
        bare = _SOURCE.sub("", text)
        figures = [held for held in _FIGURE.findall(bare) if not _YEAR.fullmatch(held)]
        gain = section + FIGURE * bool(figures) + OUTCOME * bool(_OUTCOME.search(bare))
        yield place, _Sentence(passage, start, end, gain)
