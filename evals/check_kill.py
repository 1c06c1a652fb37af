"""`make check-kill N=50`: is anything lost when a writer is killed at a random moment?

One data folder grows through the whole run. A writer takes generated Markdown files in through
the real ingester, then brings the lexical index and Chroma up to the library, round after round,
and says on its output what it is doing and which documents have been acknowledged. It is killed
(signal 9) within a phase chosen at random. Then a fresh process opens everything as a server
would and looks for what is missing.

Only the vectors are not the real thing: a text's vector is the sum of random directions, one a
word, so that a round takes a second and the kills fall on the writing and not on the embedding.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import count, product
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import sqlalchemy as sql

from corpus import tables
from corpus.chroma import ChromaIndex
from corpus.embedding import Embedder, SpannedText, Vector, Vectors
from corpus.files import FileStore
from corpus.lexical import LexicalIndex
from corpus.library import Library
from corpus.vectors import VectorMatrix
from ingest.ingesting import Ingester, Result

DIMENSIONS = 384
SAMPLE = 40  # chunks looked for after each kill; after the last, all of them
NEAREST = 5  # a chunk must be among so many: others may say the same
FILES_A_ROUND = 20
MOST_ROUNDS = 6  # before a kill
REWRITTEN = 0.2  # share of a round's files that change a document of an earlier round
# Where kills are aimed, with their weights. The rest of a round is SQL.
AIMS = {"opening": 1, "storing": 4, "removing": 1, "lexical": 5, "chroma": 9}
START_SECONDS = 120.0

SYLLABLES = "ba ce di fo gu ka le mi no pu ra se ti vo zu".split()
WORDS = ["".join(three) for three in product(SYLLABLES, repeat=3)]
TOPIC = 80  # words that one brief is written with, so that two briefs are little alike


class StandIn(Embedder):
    """Vectors from words alone: quick, the same in every process, and alike for like texts."""

    @property
    def fingerprint(self) -> str:
        return "stand-in"

    def embed_spans(
        self,
        texts: Sequence[SpannedText],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, list[Vectors]]:
        if progress is not None:
            progress(len(texts))
        if not texts:
            return np.zeros((0, 0), dtype=np.float32), []
        return (
            np.stack([_vector(spanned.text) for spanned in texts]),
            [
                np.stack([_vector(spanned.text[start:end]) for start, end in spanned.spans])
                for spanned in texts
            ],
        )


def _vector(words: str) -> Vector:
    total = np.sum([_direction(word) for word in words.lower().split()], axis=0)
    return (total / np.linalg.norm(total)).astype(np.float32)


@cache
def _direction(word: str) -> Vector:
    generator = np.random.default_rng(list(word.encode()))
    return generator.standard_normal(DIMENSIONS).astype(np.float32)


# -- the writer ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """One data folder, opened as a server opens it; the embedder is the stand-in."""

    library: Library
    files: FileStore
    lexical: LexicalIndex
    matrix: VectorMatrix
    chroma: ChromaIndex
    chroma_fault: str | None  # what had been wrong with Chroma's folder, and is mended


def open_folder(folder: Path) -> Opened:
    """Open everything and bring the indexes up to the library."""
    library = Library.open(f"sqlite:///{folder / 'library.sqlite3'}")
    lexical, matrix = LexicalIndex(folder / "lexical"), VectorMatrix()
    lexical.catch_up(library)
    matrix.catch_up(library)
    chroma = ChromaIndex(folder / "chroma")
    fault = chroma.open_checked(library)
    return Opened(library, FileStore(folder / "files"), lexical, matrix, chroma, fault)


def write(folder: Path, seed: int) -> None:
    """Write until killed, telling each step before it is begun and each success after."""
    choose = random.Random(seed)
    _say("opening")
    store = open_folder(folder)
    ingester = Ingester(store.library, store.files, StandIn())
    inbox = folder / "inbox"
    inbox.mkdir(exist_ok=True)
    written = sorted(path.stem for path in inbox.glob("*.md"))
    for turn in count():
        fresh = [f"brief-{seed:04}-{turn:04}-{index:02}" for index in range(FILES_A_ROUND)]
        again = choose.sample(written, min(len(written), int(FILES_A_ROUND * REWRITTEN)))
        paths: list[Path] = []
        for name in (*fresh, *again):
            path = inbox / f"{name}.md"
            path.write_text(_brief(name, choose), encoding="utf-8")
            paths.append(path)
        written += fresh
        _say("storing")
        ingester.ingest(paths, acknowledged=_acknowledge)
        _say("removing")
        gone = choose.choice(fresh)
        _say("removing", document=gone)
        ingester.remove(gone)
        (inbox / f"{gone}.md").unlink()
        written.remove(gone)
        _say("removed", document=gone)
        _say("lexical")
        store.lexical.catch_up(store.library)
        _say("chroma")
        store.chroma.catch_up(store.library)
        _say("rested")


def _acknowledge(result: Result) -> None:
    _say("acknowledged", document=result.document_id, version=result.version)


def _say(what: str, **details: object) -> None:
    print(json.dumps({"what": what, **details}), flush=True)


def _brief(name: str, choose: random.Random) -> str:
    """A Markdown file of a few sections; every sentence has a word that no other has."""
    topic = choose.sample(WORDS, TOPIC)
    lines = ["---", f"id: {name}", f"title: Brief {name}", "---"]
    for section in range(choose.randint(2, 4)):
        sentences = [
            f"The {' '.join(choose.choices(topic, k=choose.randint(8, 18)))} "
            f"{choose.getrandbits(48):012x}."
            for _ in range(choose.randint(4, 14))
        ]
        lines += ["", f"## Part {section + 1}", "", " ".join(sentences)]
    return "\n".join(lines) + "\n"


# -- the check after a kill ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """What a fresh process found."""

    faults: list[str]
    chroma_fault: str | None = None  # what had been wrong with Chroma's folder, and is mended
    documents: int = 0
    chunks: int = 0
    looked_for: int = 0  # chunks, in every index
    chroma_missed: int = 0  # of them, by Chroma's approximate search
    opened_s: float = 0.0


def verify(folder: Path, expected: dict[str, Any], *, everything: bool, seed: int) -> None:
    """Open the folder as a server would; prints what is wrong and what is there, as JSON."""
    started = time.perf_counter()
    store = open_folder(folder)
    opened = time.perf_counter() - started
    reached = _reach(store, everything=everything, seed=seed)
    faults = [*_lost(store, expected), *_halves(store.library), *reached.faults]
    state = State(
        faults=faults,
        chroma_fault=store.chroma_fault,
        documents=len(store.library.documents()),
        chunks=len(store.matrix),
        looked_for=reached.looked_for,
        chroma_missed=reached.chroma_missed,
        opened_s=opened,
    )
    print(json.dumps(asdict(state)))


def _lost(store: Opened, expected: dict[str, Any]) -> list[str]:
    """Documents that were acknowledged and are not there, or are there although removed."""
    library = store.library
    held = {document.id: document.version for document in library.documents()}
    versions: dict[str, int] = expected["versions"]
    begun = set(expected["removing"])  # may have been removed, without word of it
    faults = [
        f"{document} was acknowledged at version {version} and is at {held.get(document)}"
        for document, version in versions.items()
        if held.get(document, 0) < version and not (document in begun and document not in held)
    ]
    faults += [
        f"{document} was removed and is there"
        for document in expected["removed"]
        if document in held
    ]
    for file in library.stored_files():
        if not store.files.path(file.sha256, file.file_name).is_file():
            faults.append(f"the original of {file.version_id} is missing")
    return faults


def _halves(library: Library) -> list[str]:
    """Versions whose pages or chunks are not as many as they say, and damage to the database."""
    version, page, chunk = tables.version, tables.page, tables.chunk
    pages = sql.select(sql.func.count()).where(page.c.version_id == version.c.id).scalar_subquery()
    chunks = (
        sql.select(sql.func.count()).where(chunk.c.version_id == version.c.id).scalar_subquery()
    )
    halves = sql.select(version.c.id).where(
        (pages != version.c.page_count) | (chunks != version.c.chunk_count)
    )
    current = sql.func.count(version.c.id)
    headless = (
        sql.select(tables.document.c.id)
        .outerjoin(
            version,
            (version.c.document_id == tables.document.c.id) & version.c.retired_at.is_(None),
        )
        .group_by(tables.document.c.id)
        .having(current != 1)
    )
    with library.engine.connect() as connection:
        faults = [f"{name} is stored by half" for name in connection.scalars(halves)]
        faults += [f"{name} has not one current version" for name in connection.scalars(headless)]
        integrity = connection.scalar(sql.text("pragma integrity_check"))
    return faults if integrity == "ok" else [*faults, f"integrity_check says {integrity}"]


@dataclass(frozen=True, slots=True)
class Reached:
    """What the indexes find of what they hold."""

    faults: list[str]
    looked_for: int
    chroma_missed: int


def _reach(store: Opened, *, everything: bool, seed: int) -> Reached:
    """Compare the indexes with the library by count, and look for chunks by themselves.

    Chroma's search is approximate by nature: it is a fault when more than one chunk in a thousand
    escapes it, and the number is told. The searches that answers come from may miss none.
    """
    expected = sum(store.library.current_versions().values())
    counts = {
        "the lexical index": len(store.lexical),
        "the matrix": len(store.matrix),
        "Chroma": store.chroma.count(),
    }
    faults = [
        f"{name} holds {held} chunks and the library {expected}"
        for name, held in counts.items()
        if held != expected
    ]
    numbers, _, _, vectors = store.library.chunk_vectors()
    rows = list(range(len(numbers)))
    if not everything:
        rows = random.Random(seed).sample(rows, min(SAMPLE, len(rows)))
    missed = Counter[str]()
    for row in rows:
        number = int(numbers[row])
        words = store.library.chunks([number])[number].chunk.text
        weights = dict.fromkeys(store.lexical.terms(words), 1.0)
        found = {
            "the lexical index": store.lexical.search(weights, limit=NEAREST),
            "the matrix": store.matrix.search(vectors[row], limit=NEAREST),
            "Chroma": store.chroma.search(vectors[row], limit=NEAREST),
        }
        for name, hits in found.items():
            missed[name] += number not in [hit for hit, _ in hits]
    faults += [
        f"{name} does not find {many} of {len(rows)} chunks"
        for name, many in missed.items()
        if many > (len(rows) // 1000 if name == "Chroma" else 0)
    ]
    return Reached(faults, len(rows), missed["Chroma"])


# -- the run ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Told:
    """What writers have said, over the whole run."""

    versions: dict[str, int] = field(default_factory=dict[str, int])
    removing: list[str] = field(default_factory=list[str])
    removed: list[str] = field(default_factory=list[str])
    phase: str = ""
    rounds: int = 0  # finished by the present writer

    def take(self, line: str) -> None:
        said = json.loads(line)
        match said["what"]:
            case "acknowledged":
                self.versions[said["document"]] = said["version"]
            case "removing" if "document" in said:
                self.removing.append(said["document"])
            case "removed":
                del self.versions[said["document"]]
                self.removed.append(said["document"])
            case "rested":
                self.rounds += 1
            case phase:
                self.phase = phase


def run(times: int, seed: int, folder: Path) -> int:
    """Kill and check so many times; prints the table and returns the exit status."""
    choose = random.Random(seed)
    told = Told()
    seconds: dict[str, list[float]] = {}  # that each phase was seen to take
    phases: Counter[str] = Counter()
    faults: list[str] = []
    state = State([])
    rebuilt: list[str] = []
    print("kill  aimed at  in        acknowledged  documents  chunks  opened in s  faults")
    for kill in range(1, times + 1):
        aim = choose.choices(list(AIMS), list(AIMS.values()))[0]
        before = len(told.versions) + len(told.removed)
        phase = _write_and_kill(folder, kill, aim, choose, told, seconds)
        phases[phase] += 1
        state = _verified(folder, told, everything=kill == times, seed=kill)
        found = [f"kill {kill} in {phase}: {fault}" for fault in state.faults]
        faults += found
        if state.chroma_fault:
            rebuilt.append(f"kill {kill} in {phase}: {state.chroma_fault}")
        print(
            f"{kill:4}  {aim:8}  {phase:8}  {len(told.versions) + len(told.removed) - before:12}"
            f"  {state.documents:9}  {state.chunks:6}  {state.opened_s:11.2f}"
            f"  {len(state.faults)}",
            flush=True,
        )
        for line in found:
            print(f"FAULT after {line}", flush=True)
    for line in rebuilt:
        print(f"Chroma was made again after {line}")
    summary = {
        "check": "kill",
        "kills": times,
        "seed": seed,
        "in_phase": dict(phases),
        "acknowledged": len(told.versions),
        "removed": len(told.removed),
        "chunks_at_the_end": state.chunks,
        "looked_for_at_the_end": state.looked_for,
        "missed_by_chroma_at_the_end": state.chroma_missed,
        "chroma_made_again": len(rebuilt),
        "faults": len(faults),
    }
    print(json.dumps(summary))
    return 1 if faults else 0


def _write_and_kill(
    folder: Path,
    kill: int,
    aim: str,
    choose: random.Random,
    told: Told,
    seconds: dict[str, list[float]],
) -> str:
    """Let a writer write, kill it; returns the phase that it was in by its own word."""
    told.rounds = 0
    told.phase = ""
    wanted = 0 if aim == "opening" else choose.randint(0, MOST_ROUNDS - 1)  # rounds before it
    writer = subprocess.Popen(
        [sys.executable, "-m", "evals.check_kill", "--write", str(folder), "--seed", str(kill)],
        stdout=subprocess.PIPE,
        bufsize=0,  # so that what has been said is on the pipe, and not in a buffer of ours
    )
    output = cast("IO[bytes]", writer.stdout)
    began = time.monotonic()
    give_up = began + START_SECONDS + 60 * MOST_ROUNDS
    try:
        while True:
            line = output.readline()
            if not line:
                raise RuntimeError(f"The writer ended by itself, with status {writer.wait()}.")
            last, since = told.phase, began
            told.take(line.decode())
            if told.phase != last:
                began = time.monotonic()
                seconds.setdefault(last, []).append(began - since)
            if told.phase == aim and told.rounds >= wanted:
                break
            if time.monotonic() > give_up:
                raise RuntimeError(f"The writer never came to {aim!r}.")
        # Evenly over the shortest time that the phase has taken. What it fell into is counted.
        end = time.monotonic() + choose.uniform(0, min(seconds.get(aim, [0.1])))
        rest = b""
        while (left := end - time.monotonic()) > 0:
            if select.select([output], [], [], left)[0]:
                rest += os.read(output.fileno(), 65536)
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    for line in (rest + output.read()).splitlines(keepends=True):
        if line.endswith(b"\n"):
            told.take(line.decode())
    return told.phase


def _verified(folder: Path, told: Told, *, everything: bool, seed: int) -> State:
    """What a fresh process finds; its own failure is a fault like any other."""
    child = subprocess.run(
        [sys.executable, "-m", "evals.check_kill", "--verify", str(folder), "--seed", str(seed)]
        + (["--everything"] if everything else []),
        input=json.dumps(
            {"versions": told.versions, "removing": told.removing, "removed": told.removed}
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode != 0:
        last = (child.stderr.strip().splitlines() or ["no word"])[-1]
        fault = f"the restart failed with status {child.returncode}: {last}"
        return State([fault])
    return State(**json.loads(child.stdout.splitlines()[-1]))


def main() -> int:
    """Run, or be one of the processes of a run."""
    parser = argparse.ArgumentParser(prog="python -m evals.check_kill", description=__doc__)
    parser.add_argument("--times", type=int, default=50, help="kills (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and of the texts")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--verify", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--everything", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write is not None:
        write(asked.write, asked.seed)
    elif asked.verify is not None:
        verify(asked.verify, json.load(sys.stdin), everything=asked.everything, seed=asked.seed)
    else:
        with tempfile.TemporaryDirectory() as folder:
            return run(asked.times, asked.seed, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
