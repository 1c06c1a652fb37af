"""Pages to chunks: runs of whole sentences under one heading, short enough to embed whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from corpus.embedding import SpannedText
from corpus.sentences import page_sentences
from corpus.types import Block, BlockKind, Chunk, Page, Sentence

# About 150 words: with a title and headings in front it fits the model's 256 tokens.
MOST_CHARACTERS = 800
# A shorter last chunk joins the one before it, if both are under one heading.
LEAST_CHARACTERS = 160
SEPARATOR = " > "
_MARKER = re.compile(r"(?:[-–•▪●◦‣■□*]|\d{1,2}[.)]|\(?[a-z]\))\s+(?=\S)")


def chunk_pages(pages: Iterable[Page]) -> list[Chunk]:
    """The chunks of a document in order; version and document ids are empty until it is stored.

    Every sentence is in exactly one chunk, and no chunk crosses a page or a heading.
    """
    chunks: list[Chunk] = []
    headings: list[Block] = []
    titles: list[str] = []
    for page in pages:
        for heading_block, sentences in _sections(page):
            if heading_block is not None:
                while headings and headings[-1].level >= heading_block.level:
                    headings.pop()
                    titles.pop()
                headings.append(heading_block)
                titles.append(page.text[heading_block.start : heading_block.end])
            heading = SEPARATOR.join(titles)
            for run in _runs(sentences):
                start, end = run[0][0], run[-1][1]
                chunks.append(
                    Chunk(
                        version_id="",
                        document_id="",
                        page=page.number,
                        start=start,
                        end=end,
                        text=page.text[start:end],
                        heading=heading,
                        sentences=tuple((_after_marker(page.text, *span), span[1]) for span in run),
                    )
                )
    return chunks


def embedded_text(chunk: Chunk, title: str) -> SpannedText:
    """What is embedded for a chunk: its title and headings in front, quoted without them."""
    heads = [head for head in (title, *chunk.heading.split(SEPARATOR)) if head]
    # A document's first heading is usually its title again.
    unique = [head for index, head in enumerate(heads) if head not in heads[:index]]
    front = f"{'. '.join(unique)}\n" if unique else ""
    shift = len(front) - chunk.start
    return SpannedText(
        front + chunk.text, tuple((start + shift, end + shift) for start, end in chunk.sentences)
    )


def _sections(page: Page) -> Iterator[tuple[Block | None, list[Sentence]]]:
    """A page's sentences by the heading above them; None for those before its first heading."""
    marks = [block for block in page.blocks if block.kind is BlockKind.HEADING]
    sentences = page_sentences(page)
    bounds = [0, *(mark.start for mark in marks), len(page.text) + 1]
    position = 0
    for index, mark in enumerate([None, *marks]):
        section: list[Sentence] = []
        while position < len(sentences) and sentences[position].start < bounds[index + 1]:
            section.append(sentences[position])
            position += 1
        if mark is not None or section:
            yield mark, section


def _after_marker(text: str, start: int, end: int) -> int:
    """Where a sentence begins after the bullet or number of its list item, if it has one."""
    marker = _MARKER.match(text, start, end)
    return marker.end() if marker else start


def _runs(sentences: list[Sentence]) -> list[list[tuple[int, int]]]:
    """The sentences in runs that fit one chunk, each as (start, end)."""
    runs: list[list[tuple[int, int]]] = []
    for start, end in _pieces(sentences):
        if runs and end - runs[-1][0][0] <= MOST_CHARACTERS:
            runs[-1].append((start, end))
        else:
            runs.append([(start, end)])
    if len(runs) > 1:
        last = runs[-1][-1][1]
        short = last - runs[-1][0][0] < LEAST_CHARACTERS
        if short and last - runs[-2][0][0] <= MOST_CHARACTERS + LEAST_CHARACTERS:
            runs[-2:] = [runs[-2] + runs[-1]]
    return runs


def _pieces(sentences: list[Sentence]) -> Iterator[tuple[int, int]]:
    """Sentences, cut at spaces where one alone is longer than a chunk may be."""
    for sentence in sentences:
        start, text = sentence.start, sentence.text
        while len(text) > MOST_CHARACTERS:
            cut = text.rfind(" ", MOST_CHARACTERS // 2, MOST_CHARACTERS)
            cut = cut if cut > 0 else MOST_CHARACTERS
            yield start, start + cut
            rest = text[cut:].lstrip()
            start += len(text) - len(rest)
            text = rest
        if text:
            yield start, start + len(text)
