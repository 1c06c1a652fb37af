"""What a target said to a question, as an output line holds it: facts, and no scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cited:
    """One citation of a sentence; `verified` is whether the page named holds the quote there."""

    document_id: str
    title: str
    page: int
    quote: str
    verified: bool


@dataclass(frozen=True, slots=True)
class SaidSentence:
    """One sentence with what it cites; systems without citations cite nothing."""

    text: str
    citations: tuple[Cited, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One passage that the answer was made from, best first."""

    document_id: str
    page: int
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    sentences: tuple[SaidSentence, ...]
    completeness: str  # complete, partial or none; empty where the target does not say
    declined: str = ""
    message: str = ""
    passages: tuple[Found, ...] = ()
    probability: float | None = None  # that the question is answered, where the target says

    @property
    def refused(self) -> bool:
        """Whether nothing was answered."""
        return not self.sentences or self.completeness == "none"

    @property
    def text(self) -> str:
        """The answer as plain text."""
        said = " ".join(sentence.text for sentence in self.sentences)
        return f"{said} {self.message}".strip()

    def as_json(self) -> dict[str, Any]:
        """The same as an output line holds it."""
        return asdict(self)


def reply_from(held: Mapping[str, Any]) -> Reply:
    """A reply read back from an output line."""
    return Reply(
        sentences=tuple(
            SaidSentence(sentence["text"], tuple(Cited(**cited) for cited in sentence["citations"]))
            for sentence in held["sentences"]
        ),
        completeness=held["completeness"],
        declined=held["declined"],
        message=held["message"],
        passages=tuple(Found(**passage) for passage in held["passages"]),
        probability=held["probability"],
    )
