"""An answer as the page shows it: citations numbered, each source named once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import Any, cast

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
class ShownVerdict:
    """What was found of one clause and one principle."""

    principle: str  # "P4 Prevention first"
    verdict: str
    confidence: str  # "87%"
    reason: str
    rewording: str


@dataclass(frozen=True, slots=True)
class ShownClause:
    """A clause that was checked, as runs of words, each marked or not, and what was found."""

    runs: tuple[tuple[str, bool], ...]
    verdicts: tuple[ShownVerdict, ...]  # those that say something


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer as the template takes it."""

    answer: AnswerJson
    sentences: tuple[ShownSentence, ...]
    table: ShownTable | None  # says what the sentences say, side by side
    sources: tuple[Numbered, ...]  # the first citation of each number, in their order
    clauses: tuple[ShownClause, ...] = ()  # of wording that was checked

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
    clauses = shown_clauses(answer.get("check"))
    return ShownAnswer(answer, sentences, table, tuple(sources.values()), clauses)


def shown_clauses(check: Mapping[str, Any] | None) -> tuple[ShownClause, ...]:
    """The clauses of a report that an answer brings, with the words that tell marked."""
    if not check:  # answers kept by an older release have none
        return ()
    titles = {name: row["title"] for name, row in check["coverage"].items()}
    rewordings = {
        (found["clause"], found["principle"]): str(found["rewording"] or "")
        for found in check["findings"]
    }
    return tuple(
        ShownClause(
            _runs(clause),
            tuple(
                ShownVerdict(
                    f"{held['principle']} {titles.get(held['principle'], '')}".strip(),
                    held["verdict"],
                    f"{held['confidence']:.0%}",
                    held["reason"],
                    rewordings.get((clause["id"], held["principle"]), ""),
                )
                for held in clause["verdicts"]
                if held["verdict"] != "silent"
            ),
        )
        for clause in check["clauses"]
    )


def _runs(clause: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    """The words of a clause, divided where the words that tell begin and end."""
    text, begin = str(clause["text"]), int(clause["start"])
    telling = {
        place
        for held in clause["verdicts"]
        if held["verdict"] != "silent"
        for span in held["telling"]
        for place in range(span["start"] - begin, span["end"] - begin)
    }
    runs: list[tuple[str, bool]] = []
    for marked, places in groupby(range(len(text)), key=telling.__contains__):
        runs.append(("".join(text[place] for place in places), marked))
    return tuple(runs)


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
