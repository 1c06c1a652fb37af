"""Retrieval benchmarks in the MT-RAG pool format, as a library of ours.

`corpus.jsonl`: id, title, text, domain. Cases: id, domain, history, question, rewrite, relevant,
answerability. Each passage becomes a document of one page, so that what is measured is the
retriever that people use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from assistant.types import Role, Turn
from corpus.embedding import Embedder
from corpus.errors import ConfigurationError
from corpus.library import Incoming, Library
from corpus.settings import Settings
from corpus.types import Block, BlockKind, Chunk, Details, Page
from ingest.chunking import chunk_pages, embedded_text

BATCH = 512  # chunks embedded together


@dataclass(frozen=True, slots=True)
class PoolPassage:
    """One passage of a pool."""

    id: str
    title: str
    text: str
    domain: str


@dataclass(frozen=True, slots=True)
class PoolCase:
    """One conversational question with the ids of the passages judged relevant."""

    id: str
    domain: str
    history: tuple[Turn, ...]
    question: str
    rewrite: str | None
    relevant: tuple[str, ...]
    answerability: str

    @property
    def conversation(self) -> str:
        """What its turns share: resampled and split together."""
        return self.id.rsplit("<::>", 1)[0]


def load_passages(file: Path) -> list[PoolPassage]:
    """The passages of a pool. Raises ConfigurationError naming the line that is wrong."""
    return [
        PoolPassage(
            id=str(row["id"]),
            title=str(row.get("title") or ""),
            text=str(row["text"]),
            domain=str(row.get("domain") or ""),
        )
        for row in _rows(file, ("id", "text"))
    ]


def load_cases(file: Path) -> list[PoolCase]:
    """The questions of a pool. Raises ConfigurationError naming the line that is wrong."""
    return [
        PoolCase(
            id=str(row["id"]),
            domain=str(row.get("domain") or ""),
            history=tuple(
                Turn(Role(turn["role"]), str(turn["text"])) for turn in row.get("history") or ()
            ),
            question=str(row["question"]),
            rewrite=row.get("rewrite"),
            relevant=tuple(row.get("relevant") or ()),
            answerability=str(row.get("answerability") or ""),
        )
        for row in _rows(file, ("id", "question"))
    ]


def pool_settings(settings: Settings, corpus: Path) -> Settings:
    """The same settings with a data folder for this pool, so that the library stays as it is."""
    digest = hashlib.sha256(corpus.read_bytes()).hexdigest()[:16] if corpus.is_file() else "none"
    return settings.model_copy(
        update={"data_dir": settings.data_dir / "pools" / digest, "database_url": None}
    )


def fill(
    library: Library,
    embedder: Embedder,
    passages: Sequence[PoolPassage],
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Store every passage as a document of its own id, unless the library has it already."""
    waiting: list[tuple[PoolPassage, Page, list[Chunk]]] = []
    for passage in passages:
        digest = hashlib.sha256(passage.text.encode()).hexdigest()
        held = library.find("pool", key=passage.id)
        if held is not None and held.sha256 == digest:
            continue
        page = _page(passage.text)
        waiting.append((passage, page, chunk_pages([page])))
        if sum(len(chunks) for _, _, chunks in waiting) >= BATCH:
            _store(library, embedder, waiting)
            waiting = []
        if progress is not None:
            progress(1)
    _store(library, embedder, waiting)


def _store(
    library: Library,
    embedder: Embedder,
    waiting: Iterable[tuple[PoolPassage, Page, list[Chunk]]],
) -> None:
    ready = list(waiting)
    vectors, sentence_vectors = embedder.embed_spans(
        [embedded_text(chunk, passage.title) for passage, _, chunks in ready for chunk in chunks]
    )
    first = 0
    for passage, page, chunks in ready:
        last = first + len(chunks)
        library.add(
            Incoming(
                collection="pool",
                key=passage.id,
                preferred_id=hashlib.sha256(passage.id.encode()).hexdigest()[:32],
                sha256=hashlib.sha256(passage.text.encode()).hexdigest(),
                file_name=passage.id,
                path="",
                size=len(passage.text),
                row_sha256="",
                details=Details(title=passage.title or passage.text.split("\n", 1)[0][:80]),
                pages=(page,),
                warnings=(),
                hidden=(),
            ),
            chunks,
            vectors[first:last],
            sentence_vectors[first:last],
            fingerprint=embedder.fingerprint,
        )
        first = last


def _page(text: str) -> Page:
    """A passage as a page, each of its lines a paragraph."""
    clean = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    blocks: list[Block] = []
    position = 0
    for line in clean.split("\n"):
        if stripped := line.strip():
            start = position + line.index(stripped)
            blocks.append(Block(BlockKind.PARAGRAPH, start, start + len(stripped)))
        position += len(line) + 1
    return Page(1, clean, tuple(blocks))


def _rows(file: Path, required: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error}.", fix="Name a file of JSON lines."
        ) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except ValueError as error:
            raise ConfigurationError(
                f"{file}:{number}: not JSON ({error}).", fix="Correct the line."
            ) from error
        held = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
        for name in required:
            if name not in held:
                raise ConfigurationError(
                    f"{file}:{number}: {name!r} is missing.", fix="evals/README.md has the format."
                )
        rows.append(held)
    return rows
