"""Small documents stored without a model, for the tests of the library and its indexes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from corpus.embedding import Vector, Vectors
from corpus.library import PUBLIC, Incoming, Library
from corpus.types import Block, BlockKind, Chunk, Details, Document, Page

MODEL = "a model of these tests"
DIMENSIONS = 16


def vector_of(words: str) -> Vector:
    """A unit vector that is the same for the same words."""
    vector = np.random.default_rng(list(words.encode())).standard_normal(DIMENSIONS)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def vectors_of(texts: Sequence[str]) -> Vectors:
    """One row a text."""
    return np.stack([vector_of(text) for text in texts])


def incoming(
    name: str, pages: Sequence[Page], *, title: str = "", collection: str = PUBLIC
) -> Incoming:
    """What is to be stored about a document that names itself."""
    return Incoming(
        collection=collection,
        key=f"id:{name}",
        preferred_id=name,
        sha256=name.encode().hex().ljust(64, "0")[:64],
        file_name=f"{name}.md",
        path=f"/inbox/{name}.md",
        size=sum(len(page.text) for page in pages),
        row_sha256="",
        details=Details(title=title or name),
        pages=tuple(pages),
        warnings=(),
        hidden=(),
    )


def page_of(paragraphs: Sequence[str], *, number: int = 1) -> Page:
    """A page with each text a paragraph."""
    blocks: list[Block] = []
    text = ""
    for paragraph in paragraphs:
        blocks.append(Block(BlockKind.PARAGRAPH, len(text), len(text) + len(paragraph)))
        text += paragraph + "\n"
    return Page(number, text, tuple(blocks))


def chunks_of(page: Page) -> list[Chunk]:
    """Each block of a page a chunk of one sentence."""
    return [
        Chunk(
            version_id="",
            document_id="",
            page=page.number,
            start=block.start,
            end=block.end,
            text=page.text[block.start : block.end],
            sentences=((block.start, block.end),),
        )
        for block in page.blocks
    ]


def add(
    library: Library,
    name: str,
    *paragraphs: str,
    title: str = "",
    collection: str = PUBLIC,
    model: str = MODEL,
) -> Document:
    """Store a document of one page: each paragraph a chunk, with the vector of its words."""
    page = page_of(paragraphs)
    return library.add(
        incoming(name, [page], title=title, collection=collection),
        chunks_of(page),
        vectors_of(paragraphs),
        [vectors_of([paragraph]) for paragraph in paragraphs],
        fingerprint=model,
    )


def texts(library: Library, numbers: Sequence[int]) -> list[str]:
    """The chunks of these numbers, in their order."""
    found = library.chunks(numbers)
    return [found[number].chunk.text for number in numbers]
