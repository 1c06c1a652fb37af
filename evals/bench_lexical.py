"""`make bench-lexical`: SQLite FTS5 and tantivy as the lexical index, at 50,000 chunks.

The chunks are of about 800 characters, mixed by a seeded shuffle from the sentences of the
repository's own manuscripts, so that words are as frequent as in real prose. Both indexes stem
English, fold accents and get the same questions without stop words. Each stores what it needs to
rank and the chunk's number; the text itself is in the library.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from importlib.metadata import version
from itertools import count
from pathlib import Path
from statistics import median
from typing import IO, Protocol, cast

import tantivy

from corpus.lexical import STOP_WORDS, WRITER_MEMORY, LexicalIndex, analyzer
from corpus.sentences import split_sentences
from evals.machine import machine

ROOT = Path(__file__).resolve().parent.parent
CHUNKS = 50_000
CHARACTERS = 800
DOCUMENT = 50  # chunks of the document that is added and deleted
QUESTIONS = 100
WORDS = 10  # of a question
LIMIT = 50
CHANGES = 5  # repetitions of adding and deleting
KILLS = 10
BATCH = 200  # chunks a transaction, for the kills


class Index(Protocol):
    """What both can do. A chunk is (number, text); numbers grow."""

    def add(self, chunks: Sequence[tuple[int, str]], version: str) -> None:
        """Add a document's chunks; when it returns they are committed."""
        ...

    def delete(self, version: str) -> None:
        """Delete a document's chunks."""
        ...

    def search(self, words: str) -> list[int]:
        """The numbers of the best chunks for any of some words, best first."""
        ...

    def count(self) -> int:
        """How many chunks there are."""
        ...


class Fts5:
    """SQLite's full-text index, set as research on it advises: external content, Porter stems."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "fts.sqlite3")
        self._database.execute("pragma journal_mode=wal")
        self._database.execute("pragma synchronous=normal")
        self._database.executescript(
            """
            create table if not exists chunk (id integer primary key, version text, body text);
            create index if not exists chunk_version on chunk (version);
            create virtual table if not exists fts using fts5(
                body, content='chunk', content_rowid='id',
                tokenize='porter unicode61 remove_diacritics 2');
            create trigger if not exists added after insert on chunk begin
                insert into fts (rowid, body) values (new.id, new.body); end;
            create trigger if not exists gone after delete on chunk begin
                insert into fts (fts, rowid, body) values ('delete', old.id, old.body); end;
            """
        )

    def add(self, chunks: Sequence[tuple[int, str]], version: str) -> None:
        with self._database:
            self._database.executemany(
                "insert into chunk values (?, ?, ?)",
                [(number, version, body) for number, body in chunks],
            )

    def delete(self, version: str) -> None:
        with self._database:
            self._database.execute("delete from chunk where version = ?", (version,))

    def search(self, words: str) -> list[int]:
        kept = [word for word in words.lower().split() if word not in STOP_WORDS]
        match = " OR ".join(f'"{word}"' for word in kept)
        found = self._database.execute(
            "select rowid from fts where fts match ? order by rank limit ?", (match, LIMIT)
        )
        return [number for (number,) in found]

    def count(self) -> int:
        return self._database.execute("select count(*) from chunk").fetchone()[0]


class Tantivy:
    """tantivy with the schema and the analyser of `corpus.lexical`."""

    def __init__(self, folder: Path) -> None:
        self._ours = LexicalIndex(folder / "tantivy")
        index = tantivy.Index.open(str(folder / "tantivy"))
        index.register_tokenizer("english", analyzer())
        self._writer = index.writer(heap_size=WRITER_MEMORY, num_threads=1)

    def add(self, chunks: Sequence[tuple[int, str]], version: str) -> None:
        for number, body in chunks:
            entry = tantivy.Document()
            entry.add_unsigned("number", number)
            entry.add_text("version", version)
            entry.add_text("text", body)
            self._writer.add_document(entry)
        self._commit()

    def delete(self, version: str) -> None:
        self._writer.delete_documents_by_term("version", version)
        self._commit()

    def search(self, words: str) -> list[int]:
        weights = dict.fromkeys(self._ours.terms(words), 1.0)
        return [number for number, _ in self._ours.search(weights, limit=LIMIT)]

    def count(self) -> int:
        return len(self._ours)

    def _commit(self) -> None:
        self._writer.commit()
        self._ours.refresh()


KINDS: dict[str, Callable[[Path], Index]] = {"fts5": Fts5, "tantivy": Tantivy}


# -- texts --------------------------------------------------------------------------------------


@cache
def sentences() -> tuple[str, ...]:
    """Every sentence of the manuscripts, in the order of the files, once each."""
    found: dict[str, None] = {}
    for path in sorted((ROOT / "corpus" / "manuscripts").glob("*.md")):
        body = path.read_text(encoding="utf-8").split("\n---\n", 1)[-1]
        found.update(dict.fromkeys(sentence.text for sentence in split_sentences(body)))
    return tuple(found)


def chunks(many: int, seed: int) -> Iterator[str]:
    """Runs of sentences of about CHARACTERS, drawn anew for each chunk."""
    choose = random.Random(seed)
    for _ in range(many):
        run = choose.choice(sentences())
        while len(run) < CHARACTERS - 60:
            run += " " + choose.choice(sentences())
        yield run


def questions(many: int, seed: int) -> list[str]:
    """Ten words in a row from sentences."""
    choose = random.Random(seed)
    found: list[str] = []
    while len(found) < many:
        words = re.findall(r"[a-zA-Z]+", choose.choice(sentences()))
        if len(words) >= WORDS:
            first = choose.randint(0, len(words) - WORDS)
            found.append(" ".join(words[first : first + WORDS]))
    return found


# -- measuring ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock and of this process's processor time."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Cost:
    """What something costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each."""
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))


@dataclass(frozen=True, slots=True)
class Killed:
    """What came of killing a writer again and again on one growing index."""

    kills: int
    lost: int  # acknowledged chunks that were gone
    halves: int  # times that a document was there by half
    unopened: int  # times that it did not open
    unwritable: int  # times that it opened and took no more


@dataclass(frozen=True, slots=True)
class Measured:
    """One index's figures."""

    build: Cost
    query: Cost
    adding: Cost
    deleting: Cost
    megabytes: float  # on the disk, without the texts themselves
    killed: Killed


def measure(kind: str, many: int, kills: int) -> Measured:
    """Build, ask, change and kill one kind of index."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = KINDS[kind](folder)
        numbered = list(enumerate(chunks(many, seed=1), start=1))
        build = timed(partial(index.add, numbered, "held"))
        megabytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
        if kind == "fts5":
            megabytes -= sum(len(text.encode()) for _, text in numbered) / 1e6
        asked = questions(QUESTIONS, seed=2)
        for question in asked[:5]:
            index.search(question)
        query = middle([timed(partial(index.search, question)) for question in asked])
        document = list(enumerate(chunks(DOCUMENT, seed=3), start=many + 1))
        adding: list[Cost] = []
        deleting: list[Cost] = []
        for turn in range(CHANGES):
            adding.append(timed(partial(index.add, document, f"new.{turn}")))
            deleting.append(timed(partial(index.delete, f"new.{turn}")))
    return Measured(
        build, query, middle(adding), middle(deleting), megabytes, kill_writers(kind, kills)
    )


def kill_writers(kind: str, kills: int) -> Killed:
    """Kill a writer at random moments, and look each time what is there.

    An index that does not open, or takes no more, is begun anew.
    """
    choose = random.Random(4)
    lost = halves = unopened = unwritable = 0
    with tempfile.TemporaryDirectory() as name:
        for _ in range(kills):
            writer = subprocess.Popen(
                [sys.executable, "-m", "evals.bench_lexical", "--write", kind, name],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
            output = cast("IO[bytes]", writer.stdout)
            begun = output.readline()
            time.sleep(choose.uniform(0.05, 2.0))
            writer.send_signal(signal.SIGKILL)
            failed = writer.wait() != -signal.SIGKILL
            least = int((begun + output.read()).split(b"\n")[-2]) if begun else 0
            held = subprocess.run(
                [sys.executable, "-m", "evals.bench_lexical", "--count", kind, name],
                capture_output=True,
                text=True,
                check=False,
            )
            unopened += held.returncode != 0
            unwritable += failed
            if held.returncode == 0:
                lost += max(0, least - int(held.stdout))
                halves += int(held.stdout) % BATCH != 0
            if failed or held.returncode != 0:
                shutil.rmtree(name)
                os.mkdir(name)
    return Killed(kills, lost, halves, unopened, unwritable)


def write(kind: str, folder: Path) -> None:
    """Add batches and delete one in three until killed.

    Says how many chunks there must be at the least, whatever of the next step is done.
    """
    index = KINDS[kind](folder)
    held = index.count()
    print(held, flush=True)
    texts = list(chunks(BATCH, seed=5))
    number = time.time_ns() // 1000  # above all numbers of an earlier writer
    for turn in count(1):
        name = f"{os.getpid()}.{turn}"
        index.add(list(enumerate(texts, start=number)), name)
        number += BATCH
        if turn % 3 == 0:
            print(held, flush=True)
            index.delete(name)
        else:
            held += BATCH
            print(held, flush=True)


def main() -> int:
    """Measure both, or be one of the processes of the killing."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench_lexical", description=__doc__)
    parser.add_argument("--chunks", type=int, default=CHUNKS)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--write", nargs=2, metavar=("KIND", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--count", nargs=2, metavar=("KIND", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        write(asked.write[0], Path(asked.write[1]))
    elif asked.count:
        print(KINDS[asked.count[0]](Path(asked.count[1])).count())
    else:
        report({kind: measure(kind, asked.chunks, asked.kills) for kind in KINDS}, asked.chunks)
    return 0


def report(figures: dict[str, Measured], size: int) -> None:
    """Print the table and the line for programs."""
    print(f"{size:,} chunks of about {CHARACTERS} characters; medians; wall (processor)")
    print(f"{'':28}" + "".join(f"{kind:>22}" for kind in figures))
    rows: dict[str, Callable[[Measured], str]] = {
        "building, s": lambda one: f"{one.build.wall:.1f} ({one.build.cpu:.1f})",
        f"a {WORDS}-word question, ms": lambda one: _ms(one.query),
        f"adding {DOCUMENT} chunks, ms": lambda one: _ms(one.adding),
        f"deleting {DOCUMENT} chunks, ms": lambda one: _ms(one.deleting),
        "on disk without texts, MB": lambda one: f"{one.megabytes:.1f}",
        "kills": lambda one: f"{one.killed.kills}",
        "  acknowledged chunks lost": lambda one: f"{one.killed.lost}",
        "  documents by half": lambda one: f"{one.killed.halves}",
        "  did not open": lambda one: f"{one.killed.unopened}",
        "  took no more writing": lambda one: f"{one.killed.unwritable}",
    }
    for name, value in rows.items():
        print(f"{name:28}" + "".join(f"{value(one):>22}" for one in figures.values()))
    print(
        json.dumps(
            {
                "bench": "lexical",
                "chunks": size,
                "machine": machine(),
                "versions": {
                    "sqlite": sqlite3.sqlite_version,
                    "tantivy": version("tantivy"),
                },
                **{kind: asdict(one) for kind, one in figures.items()},
            }
        )
    )


def _ms(cost: Cost) -> str:
    return f"{cost.wall * 1000:.1f} ({cost.cpu * 1000:.1f})"


if __name__ == "__main__":
    sys.exit(main())
