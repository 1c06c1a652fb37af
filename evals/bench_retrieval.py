"""`make bench-retrieval`: what one question costs at 50,000 chunks, filters and history included.

The chunks are runs of about 800 characters, mixed by a seeded shuffle from the sentences of the
repository's own manuscripts. A sentence's vector is the model's; a chunk's is the mean of its
sentences', so that nearness is spread as in real prose while 50,000 chunks need no hour to embed.
Everything else is what a person's question goes through: the model, both legs, the library. In the
conversation each question follows on those before it, so that their vectors are at hand.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from assistant.conversation import understand
from assistant.retrieval import Retriever
from assistant.types import Role, Turn
from corpus.embedding import Vectors
from corpus.filters import Filters
from corpus.library import PUBLIC, Incoming
from corpus.settings import load_settings
from corpus.store import Store
from corpus.types import Block, BlockKind, Chunk, Details, Page, Standing
from evals.bench_lexical import questions, sentences
from evals.machine import machine

CHUNKS = 50_000
CHARACTERS = 800
PAGES = 25  # of a document
ON_A_PAGE = 4  # chunks
QUESTIONS = 60
WARMING = 5
LIMIT = 12  # passages, as an answer asks for
ANSWER = 3  # sentences of an answer in a conversation
TURNS = 4  # messages before a question: it is the third of its conversation
SECTORS = tuple(f"sector-{number}" for number in range(10))


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of this process's processor time and by the clock: medians of all questions."""

    cpu: float
    wall: float
    cpu_p95: float


def fill(store: Store, many: int, *, seed: int = 1) -> None:
    """Store documents until there are `many` chunks."""
    choose = random.Random(seed)
    known = sentences()
    vectors = store.embedder.embed_documents(known)
    made = 0
    number = 0
    while made < many:
        pages, chunks, whole, parts = _document(choose, known, vectors, many - made)
        store.library.add(
            Incoming(
                collection=PUBLIC,
                key=f"id:bench-{number}",
                preferred_id=f"bench-{number}",
                sha256=f"{number:064x}",
                file_name=f"bench-{number}.md",
                path=f"/bench/{number}.md",
                size=sum(len(page.text) for page in pages),
                row_sha256="",
                details=Details(
                    title=choose.choice(known)[:60],
                    published=date(2000, 1, 1) + timedelta(days=number * 17),
                    standing=list(Standing)[number % len(Standing)],
                    place="England" if number % 2 else "Wales",
                    sectors=(SECTORS[number % len(SECTORS)],),
                    principles=((number % 7 + 1, "supports"),),
                ),
                pages=tuple(pages),
                warnings=(),
                hidden=(),
            ),
            chunks,
            whole,
            parts,
            fingerprint=store.embedder.fingerprint,
        )
        made += len(chunks)
        number += 1


def _document(
    choose: random.Random, known: tuple[str, ...], vectors: Vectors, most: int
) -> tuple[list[Page], list[Chunk], Vectors, list[Vectors]]:
    pages: list[Page] = []
    chunks: list[Chunk] = []
    parts: list[Vectors] = []
    for page_number in range(1, PAGES + 1):
        if len(chunks) >= most:
            break
        text = ""
        blocks: list[Block] = []
        for _ in range(min(ON_A_PAGE, most - len(chunks))):
            start = len(text)
            spans: list[tuple[int, int]] = []
            drawn: list[int] = []
            while len(text) - start < CHARACTERS - 60:
                index = choose.randrange(len(known))
                spans.append((len(text), len(text) + len(known[index])))
                drawn.append(index)
                text += known[index] + " "
            end = len(text) - 1
            blocks.append(Block(BlockKind.PARAGRAPH, start, end))
            chunks.append(
                Chunk("", "", page_number, start, end, text[start:end], sentences=tuple(spans))
            )
            parts.append(vectors[drawn])
        pages.append(Page(page_number, text, tuple(blocks)))
    whole = np.stack([part.mean(axis=0) for part in parts])
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    return pages, chunks, whole.astype(np.float32), parts


def measure(store: Store) -> dict[str, Cost]:
    """Each way of asking, over questions of its own: a question asked twice costs less."""
    retriever = Retriever(store)
    conversation = _Conversation()

    def ask(text: str, *, turns: Sequence[Turn] = (), filters: Filters | None = None) -> None:
        query = understand(text, turns, store.embedder, store.lexical)
        retriever.retrieve(query, limit=LIMIT, filters=filters)

    def follow_up(text: str) -> None:
        ask(text, turns=conversation.turns)
        conversation.go_on(text)

    ways: dict[str, Callable[[str], object]] = {
        "a question": ask,
        "its vector alone": store.embedder.embed_query,
        "a question in a conversation": follow_up,
    }
    for name, filters in _filters().items():
        ways[f"a question, {name}"] = partial(ask, filters=filters)
    return {
        name: _middle(questions(QUESTIONS + WARMING, seed=seed), work)
        for seed, (name, work) in enumerate(ways.items(), start=2)
    }


class _Conversation:
    """The turns before a question; each answer is some sentences of the manuscripts."""

    def __init__(self) -> None:
        self._choose = random.Random(1)
        self.turns: list[Turn] = []

    def go_on(self, question: str) -> None:
        answer = " ".join(self._choose.choices(sentences(), k=ANSWER))
        self.turns += [Turn(Role.USER, question), Turn(Role.ASSISTANT, answer)]
        self.turns = self.turns[-TURNS:]


def _filters() -> dict[str, Filters]:
    return {
        "one document": Filters(documents=("bench-7",)),
        "one sector": Filters(sectors=SECTORS[:1]),
        "nine sectors": Filters(sectors=SECTORS[:9]),
        "one place": Filters(place="Wales"),
        "a standing": Filters(standings=(Standing.REVIEW.value,)),
        "a principle": Filters(principles=(4,)),
        "from a date": Filters(published_from=date(2005, 1, 1)),
        "a collection": Filters(collection=PUBLIC),
    }


def _middle(asked: list[str], work: Callable[[str], object]) -> Cost:
    cpu: list[float] = []
    wall: list[float] = []
    for text in asked:
        begun, began = time.process_time(), time.perf_counter()
        work(text)
        cpu.append((time.process_time() - begun) * 1000)
        wall.append((time.perf_counter() - began) * 1000)
    cpu, wall = cpu[WARMING:], wall[WARMING:]
    return Cost(median(cpu), median(wall), float(np.percentile(cpu, 95)))


def report(figures: dict[str, Cost], chunks: int) -> Iterator[str]:
    """The table for people, and the line for programs."""
    yield f"{chunks:,} chunks; milliseconds a warm question, medians of {QUESTIONS}"
    yield f"{'':34}{'processor':>10}{'95th':>8}{'wall':>8}"
    for name, cost in figures.items():
        yield f"{name:34}{cost.cpu:10.1f}{cost.cpu_p95:8.1f}{cost.wall:8.1f}"
    yield json.dumps(
        {
            "bench": "retrieval",
            "chunks": chunks,
            "machine": machine(),
            **{name: asdict(cost) for name, cost in figures.items()},
        }
    )


def main() -> int:
    """Build, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench_retrieval", description=__doc__)
    parser.add_argument("--chunks", type=int, default=CHUNKS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a data folder to build in and use again")
    asked = parser.parse_args()
    threadpool_limits(asked.threads, user_api="blas")  # one, in `plumbline serve`
    with tempfile.TemporaryDirectory() as name:
        settings = load_settings().model_copy(
            update={
                "data_dir": asked.keep or Path(name),
                "database_url": None,
                "threads": asked.threads,
            }
        )
        store = Store(settings)
        if not store.library.current_versions():
            fill(store, asked.chunks)
        store.catch_up()
        figures = measure(store)
        chunks = sum(store.library.current_versions().values())
        store.close()
    print("\n".join(report(figures, chunks)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
