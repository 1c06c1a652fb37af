"""An answer as the page shows it: citations numbered, each source named once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import cast

from api.shapes import AnswerJson, CitationJson, SentenceJson
from corpus.conversations import Message


@dataclass(frozen=True, slots=True)
class Numbered:
    """A citation with the number that a reader sees; one number for each page of a document."""

    number: int
    citation: CitationJson
    state: str = ""  # "newer" when it is not the version in force, "removed" when there is none


@dataclass(frozen=True, slots=True)
class ShownSentence:
    """A sentence and its numbered citations."""

    text: str
    citations: tuple[Numbered, ...]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One thing compared, with its cells in the order of the columns."""

    label: str
    cells: tuple[tuple[ShownSentence, ...], ...]


@dataclass(frozen=True, slots=True)
class ShownTable:
    """Things side by side."""

    columns: tuple[str, ...]
    rows: tuple[ShownRow, ...]


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer as the template takes it."""

    answer: AnswerJson
    sentences: tuple[ShownSentence, ...]
    table: ShownTable | None  # says what the sentences say, side by side
    sources: tuple[Numbered, ...]  # the first citation of each number, in their order

    @property
    def documents(self) -> int:
        """How many documents it rests on."""
        return len({source.citation["document_id"] for source in self.sources})


@dataclass(frozen=True, slots=True)
class ShownExchange:
    """A question and its answer."""

    question: str
    message_id: str
    shown: ShownAnswer


def shown_answer(answer: AnswerJson, in_force: Mapping[str, str] | None = None) -> ShownAnswer:
    """Number the citations in the order in which a reader meets them.

    `in_force` is the version in force of each document that there still is, where that matters.
    """
    sources: dict[tuple[str, int], Numbered] = {}

    def numbered(sentence: SentenceJson) -> ShownSentence:
        marks: list[Numbered] = []
        for citation in sentence["citations"]:
            place = (citation["version_id"], citation["page"])
            state = "" if in_force is None else _state(citation, in_force)
            first = sources.setdefault(place, Numbered(len(sources) + 1, citation, state))
            marks.append(Numbered(first.number, citation))
        return ShownSentence(sentence["text"], tuple(marks))

    sentences = tuple(numbered(sentence) for sentence in answer["sentences"])
    table = None
    if held := answer.get("table"):  # answers kept by an older release have none
        table = ShownTable(
            tuple(held["columns"]),
            tuple(
                ShownRow(
                    row["label"],
                    tuple(tuple(numbered(sentence) for sentence in cell) for cell in row["cells"]),
                )
                for row in held["rows"]
            ),
        )
    return ShownAnswer(answer, sentences, table, tuple(sources.values()))


def shown_exchanges(
    messages: Sequence[Message], in_force: Mapping[str, str] | None = None
) -> list[ShownExchange]:
    """The questions of a conversation with their answers."""
    return [
        ShownExchange(question.text, reply.id, shown_answer(answer_of(reply), in_force))
        for question, reply in _pairs(messages)
    ]


def answer_of(reply: Message) -> AnswerJson:
    """The answer that a message keeps."""
    return cast("AnswerJson", reply.answer)


def cited_documents(messages: Sequence[Message]) -> set[str]:
    """The ids of the documents that the answers cite."""
    return {
        citation["document_id"]
        for _, reply in _pairs(messages)
        for sentence in answer_of(reply)["sentences"]
        for citation in sentence["citations"]
    }


def shown_date(iso: str | None) -> str:
    """A publication date for a reader; the first of a month stands for a month or a year only."""
    if not iso:
        return ""
    published = date.fromisoformat(iso)
    if published.day > 1:
        return f"{published.day} {published:%B %Y}"
    return f"{published:%B %Y}" if published.month > 1 else f"{published:%Y}"


def shown_moment(moment: datetime) -> str:
    """A time that something happened here, to the minute, in the server's own time."""
    local = moment.astimezone()
    return f"{local.day} {local:%B %Y, %H:%M}"


def _state(citation: CitationJson, in_force: Mapping[str, str]) -> str:
    held = in_force.get(citation["document_id"])
    if held is None:
        return "removed"
    return "" if held == citation["version_id"] else "newer"


def _pairs(messages: Sequence[Message]) -> Iterable[tuple[Message, Message]]:
    for question, reply in pairwise(messages):
        if question.role == "user" and reply.role == "assistant" and reply.answer is not None:
            yield question, reply
