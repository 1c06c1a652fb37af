"""A question and the turns before it, as one weighted query.

Earlier turns are not glued to the question, which spoils more than it helps. They are added with
weights: decayed vectors of earlier user turns and of the last answer to the question's vector, and
their telling words, at a fraction of full weight, to its words. How much is added depends on how
little the question says by itself, and on how near it is to what was said (`carrying.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.carrying import load_carrying, nearness
from assistant.types import Role, Turn
from corpus.embedding import Embedder, Vector
from corpus.lexical import LexicalIndex

# Chosen on the development half of MT-RAG (see evals/README.md); `carrying.py` moves each.
USER_SHARE = 0.20  # of earlier user turns in the dense query
JOINED_SHARE = 0.25  # of the user turn before and the question, read as one text
ANSWER_SHARE = 0.40  # of the last answer in the dense query
USER_WORDS = 0.15  # weight of a new word from the user turn before
ANSWER_WORDS = 0.20  # weight of a rare word from the last answer
DECAY = 0.5  # of a user turn for each turn that came after it
LEAST_GATE = 0.3  # even a question that stands alone belongs to its conversation
RARE_WORDS = 10
# Of a whole question beside one of its parts.
WHOLE_SHARE = 0.6
WHOLE_WORDS = 0.4

_POINTING = re.compile(
    r"\b(it|its|they|them|their|that|this|those|these|he|she|him|her|there|then|"
    r"the same|the other|another|either|both|neither|one|ones|instead|former|latter)\b",
    re.IGNORECASE,
)
_CARRYING_ON = re.compile(
    r"^\s*(and|but|so|or|also|what about|how about|why|then|ok|okay|yes|no|any|which of|"
    r"tell me more|more|really|anything else|what else|in what way|such as|for example)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: a unit vector, and terms (as the lexical index knows them) by weight.

    `own_terms` are the question's own, each at weight 1; `leaning` says how much the question
    leans on the turns before it, from 0 (stands alone) to 1.
    """

    text: str
    vector: Vector
    terms: dict[str, float]
    own_terms: tuple[str, ...]
    leaning: float


def understand(
    question: str, turns: Sequence[Turn], embedder: Embedder, lexical: LexicalIndex
) -> Query:
    """The query for a question in its conversation; declined turns are left out."""
    own_terms = tuple(dict.fromkeys(lexical.terms(question)))
    vector = embedder.embed_query(question)
    terms = dict.fromkeys(own_terms, 1.0)
    kept = answered_turns(turns)
    if not kept:
        return Query(question, vector, terms, own_terms, 0.0)
    leaning = leaning_of(question, own_terms)
    gate = LEAST_GATE + (1 - LEAST_GATE) * leaning
    users = [turn.text for turn in kept if turn.role is Role.USER]
    answers = [turn.text for turn in kept if turn.role is Role.ASSISTANT]
    asked = [embedder.embed_query(text) for text in users]
    joined = embedder.embed_query(f"{users[-1]} {question}") if users else None
    answer = embedder.embed_query(answers[-1]) if answers else None
    factors = load_carrying().factors(nearness(vector, asked, joined, answer, leaning))
    mixed = vector.astype(np.float32, copy=True)
    for back, (text, before) in enumerate(zip(reversed(users), reversed(asked), strict=True)):
        decay = gate * DECAY**back
        mixed += decay * USER_SHARE * factors.users * before
        for term in lexical.terms(text):
            terms.setdefault(term, decay * USER_WORDS * factors.user_words)
    if joined is not None:
        mixed += gate * JOINED_SHARE * factors.joined * joined
    if answer is not None:
        mixed += gate * ANSWER_SHARE * factors.answer * answer
        for term in rarest_words(answers[-1], lexical):
            terms.setdefault(term, gate * ANSWER_WORDS * factors.answer_words)
    mixed /= np.linalg.norm(mixed)
    return Query(question, mixed, terms, own_terms, leaning)


def part_of(whole: Query, part: Query) -> Query:
    """The query for one of the questions in a question: its own, and less of the rest."""
    vector = part.vector + WHOLE_SHARE * whole.vector
    vector /= np.linalg.norm(vector)
    rest = {term: weight * WHOLE_WORDS for term, weight in whole.terms.items()}
    return replace(part, vector=vector, terms={**rest, **part.terms}, leaning=whole.leaning)


def answered_turns(turns: Sequence[Turn]) -> list[Turn]:
    """The turns without those that were declined and the questions that they declined."""
    kept: list[Turn] = []
    for turn in turns:
        if turn.role is Role.ASSISTANT and turn.declined:
            if kept and kept[-1].role is Role.USER:
                kept.pop()
            continue
        kept.append(turn)
    return kept


def leaning_of(question: str, own_terms: Sequence[str]) -> float:
    """How much a question leans on what was said before, from 0 to 1, by how it is worded."""
    pointing = bool(_POINTING.search(question))
    carrying_on = bool(_CARRYING_ON.match(question))
    few_words = len(own_terms) <= 3
    return min(1.0, 0.4 * pointing + 0.4 * carrying_on + 0.4 * few_words)


def rarest_words(text: str, lexical: LexicalIndex) -> list[str]:
    """The words of a text that the library uses least, but does use."""
    frequencies = {term: lexical.frequency(term) for term in set(lexical.terms(text))}
    known = [term for term, frequency in frequencies.items() if frequency]
    return sorted(known, key=lambda term: (frequencies[term], term))[:RARE_WORDS]
