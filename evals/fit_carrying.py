"""Fit `assistant/carrying.json`: how much of the earlier turns goes into a follow-up's query.

    python -m evals.fit_carrying --corpus corpus.jsonl --cases cases.jsonl

Takes a pool of judged passages with conversations (evals/README.md has the format). Prints what the
factors change on conversations that they were not fitted on (five folds), then fits on all and
writes the file. The ranking is that of `assistant.retrieval`, written so that it can be
differentiated; the loss is that of a softmax over each question's documents.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant import retrieval
from assistant.carrying import FACTORS, FEATURES, FILE, LEAST, MOST, nearness
from assistant.conversation import (
    ANSWER_SHARE,
    ANSWER_WORDS,
    DECAY,
    JOINED_SHARE,
    LEAST_GATE,
    USER_SHARE,
    USER_WORDS,
    answered_turns,
    leaning_of,
    rarest_words,
)
from assistant.types import Role
from corpus.settings import load_settings
from corpus.store import Store
from evals.folds import FOLDS, folds_of
from evals.pools import PoolCase, fill, load_cases, load_passages, pool_settings

UNITS = 8
STEPS = 120
BATCH = 160
RATE = 0.03
KEEP_NEAR = 0.02  # weight of the factors' squared logarithms in the loss
SHARPNESS = 14.0  # of the softmax over documents
STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.2)  # of the earlier turns, with which candidates are found
CANDIDATES = 100  # from each leg, with each strength
SENTENCES = 24  # of a chunk that are looked at
PARTS = 4  # of the dense query: the question, user turns, joined text, last answer

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """One judged question with its candidate chunks, whose scores are linear in its parts."""

    conversation: str
    features: tuple[float, ...]
    shares: Numbers  # (PARTS,), of the parts before factors
    word_shares: Numbers  # (2,), of user and answer words
    between: Numbers  # (PARTS, PARTS): the parts' products with each other
    chunks: Numbers  # (candidates, PARTS): cosines with the parts
    pages: Numbers
    sentences: Numbers  # (candidates, SENTENCES, PARTS)
    spoken: npt.NDArray[np.bool_]  # (candidates, SENTENCES), which of them there are
    words: Numbers  # (candidates, 3): BM25 of own, user and answer words
    fixed: Numbers  # (candidates,): the shares of word pairs and of the place on the page
    documents: npt.NDArray[np.int64]  # (candidates,)
    relevant: npt.NDArray[np.bool_]  # (candidates,)
    judged: int  # how many relevant documents there are


class Gatherer:
    """Finds each question's candidates in a store that holds the pool."""

    def __init__(self, store: Store) -> None:
        self._store = store
        held = store.library.chunk_vectors()
        self._numbers, self._vectors = held.numbers, held.vectors
        names, self._page = np.unique(held.versions, return_inverse=True)
        pages = np.zeros((len(names), held.vectors.shape[1]), dtype=np.float32)
        np.add.at(pages, self._page, held.vectors)
        self._pages = pages / np.linalg.norm(pages, axis=1, keepdims=True)
        keys = {
            file.document_id: file.key
            for file in store.library.stored_files()
            if file.collection == "pool"
        }
        key_of = {doc.version_id: keys[doc.id] for doc in store.library.documents()}
        self._keys = [key_of[str(name)] for name in names]

    def question(self, case: PoolCase) -> Question:
        """What the loss needs to know of one question."""
        store = self._store
        own_terms = tuple(dict.fromkeys(store.lexical.terms(case.question)))
        kept = answered_turns(case.history)
        users = [turn.text for turn in kept if turn.role is Role.USER]
        answers = [turn.text for turn in kept if turn.role is Role.ASSISTANT]
        embed = store.embedder.embed_query
        own = embed(case.question)
        asked = [embed(text) for text in users]
        joined = embed(f"{users[-1]} {case.question}") if users else None
        answer = embed(answers[-1]) if answers else None
        none = np.zeros_like(own)
        faded = [DECAY**back * vector for back, vector in enumerate(reversed(asked))]
        parts = np.stack(
            [
                own,
                np.sum(faded, axis=0) if faded else none,
                none if joined is None else joined,
                none if answer is None else answer,
            ]
        ).astype(np.float32)
        leaning = leaning_of(case.question, own_terms) if kept else 0.0
        gate = LEAST_GATE + (1 - LEAST_GATE) * leaning if kept else 0.0
        shares = np.array([1, gate * USER_SHARE, gate * JOINED_SHARE, gate * ANSWER_SHARE])
        word_shares = np.array([gate * USER_WORDS, gate * ANSWER_WORDS])
        dense = self._vectors @ parts.T
        words = self._words(own_terms, users, answers)
        rows = self._candidates(dense, words, shares, word_shares)
        found = store.library.chunks(self._numbers[rows].tolist())
        chunks = [found[number] for number in self._numbers[rows].tolist()]
        sentences = np.zeros((len(rows), SENTENCES, PARTS), dtype=np.float32)
        spoken = np.zeros((len(rows), SENTENCES), dtype=bool)
        for row, chunk in enumerate(chunks):
            vectors = chunk.sentence_vectors[:SENTENCES]
            if len(vectors):
                sentences[row, : len(vectors)] = vectors @ parts.T
                spoken[row, : len(vectors)] = True
        pairs = set(pairwise(own_terms))
        shared = np.array(
            [len(pairs & set(pairwise(store.lexical.terms(held.chunk.text)))) for held in chunks]
        )
        place = np.array([min(1.0, held.chunk.start / retrieval.FAR_DOWN) for held in chunks])
        return Question(
            conversation=case.conversation,
            features=nearness(own, asked, joined, answer, leaning),
            shares=shares.astype(np.float32),
            word_shares=word_shares.astype(np.float32),
            between=parts @ parts.T,
            chunks=dense[rows],
            pages=(self._pages @ parts.T)[self._page[rows]],
            sentences=sentences,
            spoken=spoken,
            words=words[rows],
            fixed=(
                retrieval.PAIRS * shared / max(1, shared.max()) + retrieval.LEAD * (1 - place)
            ).astype(np.float32),
            documents=np.unique(self._page[rows], return_inverse=True)[1],
            relevant=np.array([self._keys[page] in case.relevant for page in self._page[rows]]),
            judged=len(case.relevant),
        )

    def _words(
        self, own_terms: Sequence[str], users: Sequence[str], answers: Sequence[str]
    ) -> Numbers:
        """The BM25 score of every chunk for own, user and answer words, before their shares."""
        lexical = self._store.lexical
        own = dict.fromkeys(own_terms, 1.0)
        of_users: dict[str, float] = {}
        for back, text in enumerate(reversed(users)):
            for term in lexical.terms(text):
                if term not in own:
                    of_users.setdefault(term, DECAY**back)
        rarest = rarest_words(answers[-1], lexical) if answers else []
        of_answer = {term: 1.0 for term in rarest if term not in own and term not in of_users}
        scores = np.zeros((len(self._numbers), 3), dtype=np.float32)
        for column, weights in enumerate((own, of_users, of_answer)):
            for number, score in lexical.search(weights, limit=len(self._numbers)):
                scores[np.searchsorted(self._numbers, number), column] = score
        return scores

    def _candidates(
        self, dense: Numbers, words: Numbers, shares: Numbers, word_shares: Numbers
    ) -> npt.NDArray[np.int64]:
        rows: set[int] = set()
        for strength in STRENGTHS:
            near = dense @ np.array([1, *(strength * shares[1:])])
            said = words @ np.array([1, *(strength * word_shares)])
            rows |= set(np.argsort(-near)[:CANDIDATES].tolist())
            rows |= {row for row in np.argsort(-said)[:CANDIDATES].tolist() if said[row] > 0}
        return np.array(sorted(rows))


class Ranking:
    """The questions as padded tensors, scored and measured together."""

    def __init__(self, questions: Sequence[Question]) -> None:
        import torch

        self.torch: Any = torch
        most = max(len(question.documents) for question in questions)

        def stacked(name: str) -> Any:
            held: list[Any] = []
            for question in questions:
                values: Any = getattr(question, name)
                wide = np.zeros((most, *values.shape[1:]), dtype=values.dtype)
                wide[: len(values)] = values
                held.append(wide)
            return torch.tensor(np.stack(held))

        self.chunks, self.pages, self.sentences = map(stacked, ("chunks", "pages", "sentences"))
        self.words, self.fixed, self.documents = map(stacked, ("words", "fixed", "documents"))
        self.spoken, self.relevant = stacked("spoken"), stacked("relevant")
        self.there = torch.tensor(
            np.array([np.arange(most) < len(question.documents) for question in questions])
        )
        self.between = torch.tensor(np.stack([question.between for question in questions]))
        self.shares = torch.tensor(np.stack([question.shares for question in questions]))
        self.word_shares = torch.tensor(np.stack([question.word_shares for question in questions]))
        self.judged = np.array([question.judged for question in questions])

    def documents_of(self, rows: Any, logarithms: Any | None) -> tuple[Any, Any]:
        """The score of every document of the questions, and which are relevant."""
        torch = self.torch
        there, shares, word_shares = self.there[rows], self.shares[rows], self.word_shares[rows]
        if logarithms is not None:
            factors = torch.exp(logarithms.clamp(LEAST, MOST))
            shares = torch.cat([shares[:, :1], shares[:, 1:] * factors[:, :3]], 1)
            word_shares = word_shares * factors[:, 3:]
        length = torch.einsum("bi,bij,bj->b", shares, self.between[rows], shares)
        parts = shares / length.clamp_min(1e-6).sqrt()[:, None]
        chunk = torch.einsum("bkp,bp->bk", self.chunks[rows], parts)
        page = torch.einsum("bkp,bp->bk", self.pages[rows], parts)
        spoken = self.spoken[rows]
        each = torch.einsum("bksp,bp->bks", self.sentences[rows], parts)
        finest = torch.where(spoken, each, -1.0).amax(2)
        finest = torch.where(spoken.any(2), finest, 0.0)
        words = self.words[rows]
        said = words[:, :, 0] + (words[:, :, 1:] * word_shares[:, None, :]).sum(2)
        floor = torch.where(there, chunk, 1e4).amin(1, keepdim=True)
        fused = (
            retrieval.CHUNK_SHARE * self._scaled(chunk, there, floor)
            + retrieval.PAGE_SHARE * self._scaled(page, there)
            + retrieval.SENTENCE_SHARE * self._scaled(finest, there, floor)
            + retrieval.WORDS_SHARE * self._scaled(said, there, torch.zeros_like(floor))
            + self.fixed[rows]
        )
        fused = torch.where(there, fused, -1e4)
        places = self.documents[rows]
        scores = torch.full(fused.shape, -1e4).scatter_reduce(1, places, fused, "amax")
        good = (self.relevant[rows] & there).float()
        return scores, torch.zeros(fused.shape).scatter_reduce(1, places, good, "amax") > 0

    def _scaled(self, scores: Any, there: Any, floor: Any | None = None) -> Any:
        torch = self.torch
        low = torch.where(there, scores, 1e4).amin(1, keepdim=True) if floor is None else floor
        high = torch.where(there, scores, -1e4).amax(1, keepdim=True)
        return (scores - low) / (high - low).clamp_min(1e-6)

    def measured(self, rows: Any, logarithms: Any | None) -> tuple[Any, Any]:
        """nDCG@10 and R@5 of the questions."""
        torch = self.torch
        scores, good = self.documents_of(rows, logarithms)
        order = torch.argsort(scores, dim=1, descending=True, stable=True)[:, :10]
        hits = torch.gather(good, 1, order).numpy()
        gains = 1 / np.log2(np.arange(10) + 2)
        judged = self.judged[rows.numpy()]
        ideal = np.array([gains[: min(10, count)].sum() for count in judged])
        return (hits * gains).sum(1) / ideal, hits[:, :5].sum(1) / judged


def network(torch: Any, seed: int) -> Any:
    """A network whose factors are all 1 before it is fitted."""
    torch.manual_seed(seed)
    out = torch.nn.Linear(UNITS, len(FACTORS))
    torch.nn.init.zeros_(out.weight)
    torch.nn.init.zeros_(out.bias)
    return torch.nn.Sequential(torch.nn.Linear(len(FEATURES), UNITS), torch.nn.Tanh(), out)


def train(ranking: Ranking, features: Any, rows: npt.NDArray[np.int64], seed: int) -> Any:
    """A network fitted on those of the questions that have turns before them."""
    torch = ranking.torch
    torch.set_num_threads(1)
    model = network(torch, seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    draw = np.random.default_rng(seed)
    follow_ups = rows[ranking.shares[rows, 1:].numpy().any(1)]
    for step in range(STEPS):
        batch = draw.choice(follow_ups, min(BATCH, len(follow_ups)), replace=False)
        chosen = torch.tensor(batch)
        logarithms = model(features[chosen])
        scores, good = ranking.documents_of(chosen, logarithms)
        likely = torch.log_softmax(scores * SHARPNESS, 1)
        found = torch.where(good, likely, 0.0).sum(1) / good.sum(1).clamp_min(1)
        loss = KEEP_NEAR * (logarithms**2).mean() - found.mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
    return model.eval()


def main() -> None:
    """Fit in folds and report, then fit on all and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    arguments = parser.parse_args()
    store = Store(pool_settings(load_settings(), arguments.corpus))
    fill(store.library, store.embedder, load_passages(arguments.corpus))
    store.catch_up()
    gatherer = Gatherer(store)
    questions = [gatherer.question(case) for case in load_cases(arguments.cases) if case.relevant]
    store.close()
    ranking = Ranking(questions)
    torch = ranking.torch
    table = np.array([question.features for question in questions])
    follow_ups = np.array([question.shares[1:].any() for question in questions])
    mean, scale = table[follow_ups].mean(0), table[follow_ups].std(0) + 1e-6
    features = torch.tensor(np.clip((table - mean) / scale, -3, 3), dtype=torch.float32)
    every = np.arange(len(questions))
    with torch.no_grad():
        before = ranking.measured(torch.tensor(every), None)
    print(f"factors of 1: nDCG@10 {before[0].mean():.4f}, R@5 {before[1].mean():.4f}")
    for seed in range(3):
        places = folds_of([question.conversation for question in questions], seed)
        after = np.zeros((2, len(questions)))
        for number in range(FOLDS):
            model = train(ranking, features, every[places != number], seed)
            held_out = torch.tensor(every[places == number])
            with torch.no_grad():
                after[:, places == number] = ranking.measured(held_out, model(features[held_out]))
        ndcg, recall = after.mean(1)
        print(f"not fitted on, split {seed}: nDCG@10 {ndcg:.4f}, R@5 {recall:.4f}", flush=True)
    model = train(ranking, features, every, 0)
    layers = {
        name: np.concatenate([layer.weight.detach(), layer.bias.detach()[:, None]], axis=1)
        for name, layer in (("hidden", model[0]), ("out", model[2]))
    }
    held = {
        "features": list(FEATURES),
        "factors": list(FACTORS),
        "mean": mean.round(5).tolist(),
        "scale": scale.round(5).tolist(),
        **{name: layer.round(5).tolist() for name, layer in layers.items()},
    }
    FILE.write_text(json.dumps(held) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
