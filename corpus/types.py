"""The nouns of the domain: what a document is made of and what an answer points to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class BlockKind(StrEnum):
    """What a run of text on a page is, as its author laid it out."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    FOOTNOTE = "footnote"
    CAPTION = "caption"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One laid-out piece of a page: `page.text[start:end]`, without the line break that ends it."""

    kind: BlockKind
    start: int  # offsets within the page's text, in characters
    end: int
    level: int = 0  # headings: 1 is the highest; list items: depth, counted from 1; otherwise 0

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"A block needs 0 <= start < end, not {self.start}..{self.end}.")


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is kept and quoted: every citation is an offset pair into `text`.

    Blocks are in reading order, do not overlap, and are separated in `text` by line breaks.
    A page without a text layer has empty text and no blocks.
    """

    number: int  # counted from 1, as a PDF viewer shows it; without pages, the section's number
    text: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a page, with its offsets in the page's text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of sentences of one page: what gets embedded and what gets quoted."""

    version_id: str
    document_id: str
    page: int
    start: int
    end: int
    text: str  # equals the page's text from start to end
    heading: str = ""  # the headings above it, outermost first, joined by " > "
    sentences: tuple[tuple[int, int], ...] = ()  # (start, end) of each, as offsets in the page

    @property
    def id(self) -> str:
        """Same version, same place, same id: ingesting twice overwrites, never duplicates."""
        return f"{self.version_id}:p{self.page}:{self.start}"


class Standing(StrEnum):
    """What kind of source a document is, which answers show beside it."""

    STATUTE = "statute"
    OFFICIAL_STATISTICS = "official statistics"
    AUDIT = "audit"
    EVALUATION = "evaluation"
    REVIEW = "review"
    BRIEF = "brief"
    POLICY = "policy"
    MANIFESTO = "manifesto"
    OPINION = "opinion"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Details:
    """What is known about a document besides its text; empty values mean not known."""

    title: str = ""
    publisher: str = ""
    published: date | None = None
    standing: Standing = Standing.UNKNOWN
    url: str = ""
    place: str = ""
    kind: str = ""  # what the publisher calls it: "example", "principle", "sector"…
    licence: str = ""
    sectors: tuple[str, ...] = ()
    principles: tuple[tuple[int, str], ...] = ()  # (number, stance), e.g. (4, "supports")
    sources: tuple[str, ...] = ()  # addresses that the document itself rests on


@dataclass(frozen=True, slots=True)
class Document:
    """One publication in the library, at its current version."""

    id: str
    collection: str
    version_id: str
    version: int  # counted from 1; a changed file makes the next one
    details: Details
    pages: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was retrieved, with its score and its document's details."""

    chunk: Chunk
    score: float  # higher is better; comparable within one search only
    details: Details
    cosine: float = 0.0  # of the chunk and the question
    sentence_cosines: tuple[float, ...] = ()  # of each of the chunk's sentences and the question


@dataclass(frozen=True, slots=True)
class Citation:
    """Exact characters of a page that support a sentence of an answer.

    Made only by `assistant.proving`, which has found `quote` at that place of the library.
    """

    document_id: str
    version_id: str
    title: str
    page: int
    start: int
    end: int
    quote: str
