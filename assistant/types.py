"""An answer and the events on the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from assistant.checks.types import Report
from corpus.types import Citation, Passage


class Role(StrEnum):
    """Who said a turn."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of a conversation."""

    role: Role
    text: str
    declined: bool = False  # an assistant's turn that refused the question before it


class Completeness(StrEnum):
    """How much of the question the library's evidence answers."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NONE = "none"


class Decline(StrEnum):
    """Why a question is not answered although it was understood."""

    PERSUASION = "persuasion"
    ADVICE = "advice"
    PREDICTION = "prediction"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence of an answer with the citations that prove it; never without one."""

    text: str
    citations: tuple[Citation, ...]

    def __post_init__(self) -> None:
        if not self.citations:
            raise ValueError("A sentence of an answer needs at least one citation.")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One thing compared: a cell for each column, empty where the library has no evidence."""

    label: str
    document_id: str
    cells: tuple[tuple[AnswerSentence, ...], ...]


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """Things side by side; `columns` are the aspects asked about, without the rows' labels."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a question, sentence by sentence, and what could not be said.

    `message` is what a person reads where there are no sentences (nothing found, or declined)
    or beside them; it never states a fact from a document. `notes` tell how the answer came to
    be: documents read, a newer version, a chat model that failed.
    """

    completeness: Completeness
    sentences: tuple[AnswerSentence, ...] = ()
    declined: Decline | None = None
    missing: tuple[str, ...] = ()  # parts of the question that the library has no evidence for
    message: str = ""
    notes: tuple[str, ...] = ()
    table: AnswerTable | None = None  # its sentences are among `sentences` too
    read: int | None = None  # documents looked through, where that was all of them
    elapsed_ms: float = 0.0
    check: Report | None = None  # of wording that was checked; its precedents are the sentences

    @property
    def text(self) -> str:
        """The answer as plain text, without its citations."""
        said = " ".join(sentence.text for sentence in self.sentences)
        return f"{said} {self.message}".strip()


@dataclass(frozen=True, slots=True)
class Searched:
    """The first event: the library has been searched."""

    question: str  # as it was understood, with what earlier turns add to it
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Wrote:
    """One more sentence, already proved."""

    sentence: AnswerSentence


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event: the whole answer."""

    answer: Answer


AnswerEvent = Searched | Wrote | Finished
