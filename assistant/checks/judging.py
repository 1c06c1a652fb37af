"""Judges: what each clause does to each principle, and the words on which that turns."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from assistant.checks.embedded_judge import EmbeddedJudge, Verdicts
from assistant.checks.masking import masked
from corpus.embedding import Embedder, Vectors
from corpus.principles import SHIPPED, Principle, load_principles

MOST_PARTS = 10  # that a clause is cut into to find the telling words
LEAST_WORDS = 2  # of a part
SHARE_OF_DROP = 0.6  # of the greatest fall, from which a part is telling too

LEAST_LIKENESS = 0.42  # cosine from which a clause is about a criterion, where nothing is trained
LEAST_MARGIN = 0.03  # between the two polarities
_BREAK = re.compile(r"(?<=[,;:—–])\s+|\s+(?=(?:and|or|but|so|by|with|where|unless|if|without)\b)")
_WORD = re.compile(r"\S+")


class Judge(Protocol):
    """Says of texts what they do to each of its principles."""

    principles: tuple[Principle, ...]
    least_confidence: float  # below it a verdict is unsure
    note: str  # what a reader of the report should know about it; empty when nothing

    def judge(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Verdicts:
        """Verdicts on texts, as arrays (texts, principles)."""
        ...


class TrainedJudge:
    """The embedded judge over the shipped principles, blind to party, politician and slogan."""

    note = ""

    def __init__(self, *, threads: int = 0) -> None:
        self.principles = load_principles()
        self._model = EmbeddedJudge(threads=threads)
        self.least_confidence = self._model.least_confidence

    def judge(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Verdicts:
        """Verdicts on texts, as arrays (texts, principles)."""
        return self._model.judge([masked(text) for text in texts], progress=progress)


class LikenessJudge:
    """For another organisation's principles, which nothing was trained for.

    A clause goes with what it is most like: a criterion or an example that supports, or what
    conflict looks like; or with neither. It confuses a measure with its opposite more often than
    the trained judge does.
    """

    def __init__(self, principles: Sequence[Principle], embedder: Embedder) -> None:
        self.principles = tuple(principles)
        self.least_confidence = 0.5
        examples = sum(len(principle.examples) for principle in principles)
        self.note = (
            "These principles come from a file that no model was trained on: verdicts are by "
            "likeness to its criteria"
            + (f" and {examples} examples" if examples else ", as it has no examples")
            + ", and are less reliable."
        )
        self._embedder = embedder
        self._sides: list[tuple[Vectors, Vectors, Vectors]] = [
            (
                self._vectors(_said(principle, "supports")),
                self._vectors(_said(principle, "conflicts")),
                self._vectors([e.text for e in principle.examples if e.label == "silent"]),
            )
            for principle in principles
        ]

    def judge(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Verdicts:
        """Verdicts on texts, as arrays (texts, principles)."""
        vectors = self._embedder.embed_documents(
            [masked(text) for text in texts], progress=progress
        )
        scores = np.zeros((len(texts), len(self.principles), 3))
        for column, sides in enumerate(self._sides):
            likeness = np.stack([_nearest(vectors, side) for side in sides], axis=1)
            best = likeness[:, :2].max(1)
            about = best - np.maximum(LEAST_LIKENESS, likeness[:, 2])
            scores[:, column, 0] = -about / LEAST_MARGIN
            scores[:, column, 1] = (likeness[:, 0] - likeness[:, 1]) / LEAST_MARGIN
            scores[:, column, 2] = (likeness[:, 1] - likeness[:, 0]) / LEAST_MARGIN
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        return Verdicts(shares.argmax(-1), shares.max(-1), scores)

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, 1), dtype=np.float32)
        return self._embedder.embed_documents(list(texts))


def open_judge(embedder: Embedder, principles: Sequence[Principle] | None = None) -> Judge:
    """The trained judge for the shipped principles; likeness for any others."""
    if principles is None or tuple(principles) == load_principles(SHIPPED):
        return TrainedJudge(threads=embedder.threads)
    return LikenessJudge(principles, embedder)


def telling_parts(
    judge: Judge, wanted: Sequence[tuple[str, int, int]]
) -> list[tuple[tuple[int, int], ...]]:
    """For each (text, principle's position, label number): the parts on which the label turns.

    Measured by leaving each part of the text out: those without which the label's score falls the
    most are telling. Offsets are in the text; empty where no part alone matters.
    """
    parts_of = {text: parts_in(text) for text, _, _ in wanted}
    variants: dict[str, int] = {}  # each text once, however many principles ask for it
    for text, parts in parts_of.items():
        for variant in (text, *(_without(text, part) for part in parts)):
            variants.setdefault(variant, len(variants))
    scores = judge.judge(list(variants)).scores if variants else np.zeros((0, 1, 3))
    found: list[tuple[tuple[int, int], ...]] = []
    for text, position, label in wanted:
        parts = parts_of[text]
        rows = [variants[text], *(variants[_without(text, part)] for part in parts)]
        of_label = scores[rows, position, :]
        lead = of_label[:, label] - np.delete(of_label, label, axis=1).max(1)
        drops = lead[0] - lead[1:]
        greatest = drops.max(initial=0.0)
        found.append(
            tuple(
                part
                for part, drop in zip(parts, drops, strict=True)
                if greatest > 0 and drop >= SHARE_OF_DROP * greatest
            )
        )
    return found


def in_original(
    parts: Sequence[tuple[int, int]], neutral: str, text: str
) -> tuple[tuple[int, int], ...]:
    """Where parts of the text without names stand in the text as it is.

    A part that holds a masked name is found by its words after the name, or else before it; one
    that cannot be found is left out.
    """
    found: list[tuple[int, int]] = []
    for start, end in parts:
        words = neutral[start:end].split()
        tries = [words[first:] for first in range(len(words))]
        tries += [words[:last] for last in range(len(words) - 1, 0, -1)]
        for some in tries:
            place = re.search(r"\s+".join(map(re.escape, some)), text, re.IGNORECASE)
            if place is not None:
                found.append((place.start(), place.end()))
                break
    return tuple(found)


def _without(text: str, part: tuple[int, int]) -> str:
    return f"{text[: part[0]]} {text[part[1] :]}"


def parts_in(text: str) -> list[tuple[int, int]]:
    """A text in a few parts, at its punctuation and conjunctions; long parts are halved."""
    edges = [0, *(found.end() for found in _BREAK.finditer(text)), len(text)]
    parts = [(start, end) for start, end in itertools.pairwise(edges) if start < end]
    parts = [part for piece in parts for part in _halved(text, *piece)]
    joined: list[tuple[int, int]] = []
    for start, end in parts:
        short = len(text[start:end].split()) < LEAST_WORDS
        if joined and (short or len(joined) >= MOST_PARTS):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(start, start + len(text[start:end].rstrip())) for start, end in joined]


def _halved(text: str, start: int, end: int, most_words: int = 6) -> list[tuple[int, int]]:
    words = [found.start() + start for found in _WORD.finditer(text[start:end])]
    if len(words) <= most_words:
        return [(start, end)]
    pieces = -(-len(words) // most_words)
    size = -(-len(words) // pieces)
    cuts = [start, *words[size::size], end]
    return list(itertools.pairwise(cuts))


def _said(principle: Principle, label: str) -> list[str]:
    """All that a principle's file says of one polarity."""
    if label == "supports":
        own = [principle.statement, *(criterion.text for criterion in principle.criteria)]
    else:
        own = [principle.conflict, *(criterion.conflict for criterion in principle.criteria)]
    return [text for text in own if text] + [
        example.text for example in principle.examples if example.label == label
    ]


def _nearest(vectors: Vectors, side: Vectors) -> Vectors:
    if not len(side):
        return np.zeros(len(vectors), dtype=np.float32)
    return (vectors @ side.T).max(1)
