"""A conversation, or one answer of it, as it is taken away: what was asked, said and cited."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.narrowing import narrowed_words
from api.shapes import AnswerJson, CitationJson
from api.showing import ShownExchange, shown_date

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0


@dataclass(frozen=True, slots=True)
class CitedDocument:
    """One document of the source list."""

    citation: CitationJson  # its first
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is taken away."""

    title: str
    begun_at: datetime
    server: str  # address, without a slash at its end
    exchanges: tuple[ShownExchange, ...]

    @property
    def file_name(self) -> str:
        """The title as the name of a file, without an ending."""
        words = re.findall(r"[a-z0-9]+", self.title.lower())
        return "-".join(words)[:60].strip("-") or "conversation"

    def documents(self) -> list[CitedDocument]:
        """The documents cited, in the order in which a reader meets them."""
        first: dict[str, CitationJson] = {}
        pages: dict[str, set[int]] = {}
        for exchange in self.exchanges:
            for citation in _citations(exchange):
                first.setdefault(citation["version_id"], citation)
                pages.setdefault(citation["version_id"], set()).add(citation["page"])
        return [
            CitedDocument(citation, tuple(sorted(pages[version])))
            for version, citation in first.items()
        ]

    def address(self, citation: CitationJson) -> str:
        """Where the cited words can be read: on this server, with the words marked."""
        return f"{self.server}{citation['link']}"


def source_facts(citation: CitationJson) -> str:
    """Publisher, date and standing, as far as they are known."""
    standing = citation["standing"] if citation["standing"] != "unknown" else ""
    facts = [citation["publisher"], shown_date(citation["published"]), standing]
    return ", ".join(fact for fact in facts if fact)


def original_of(citation: CitationJson) -> str:
    """The address of the publisher's own copy; empty where none is known."""
    url = citation.get("url", "")  # answers of an older release have none
    return url if url.startswith(("https://", "http://")) else ""


def standing_words(answer: AnswerJson) -> str:
    """How much of the question was answered."""
    if answer["declined"]:
        return "Not answered."
    words = {"complete": "Answered.", "partial": "Answered in part.", "none": "No evidence."}
    return words[answer["completeness"]]


def remarks(exchange: ShownExchange) -> Iterator[str]:
    """What is said of an answer besides its sentences."""
    answer = exchange.shown.answer
    if answer["message"]:
        yield answer["message"]
    elif not answer["sentences"]:
        yield "Nothing in the library answers this."
    if answer["missing"] and answer["sentences"]:
        yield f"The library has no evidence on: {'; '.join(answer['missing'])}."
    yield from answer["notes"]


def asked_of(answer: AnswerJson) -> str:
    """The part of the library that was asked; empty for all of it."""
    return narrowed_words(answer.get("filters"))


def pages_words(pages: Sequence[int]) -> str:
    """Page numbers for a reader."""
    return f"{'page' if len(pages) == 1 else 'pages'} {', '.join(map(str, pages))}"


def xml_text(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return _ILLEGAL.sub("", text)


def _citations(exchange: ShownExchange) -> Iterator[CitationJson]:
    for sentence in exchange.shown.sentences:
        for item in sentence.citations:
            yield item.citation
