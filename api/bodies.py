"""What callers send: checked here, turned into our own types, and not seen further in."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from assistant.types import Role, Turn
from corpus.feedback import Rating, Reason
from corpus.filters import Filters
from corpus.types import Standing

MOST_CHARACTERS = 4000  # of a question: about 600 words
MOST_DRAFT = 400_000  # characters of a draft that is sent as text


def plain_text(text: str) -> str:
    """The text without white space around it; ValueError for a character that cannot be kept."""
    if "\0" in text:
        raise ValueError("it holds a character that cannot be kept (U+0000)")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError("it holds half of a character (a lone surrogate)") from error
    return text.strip()


def question_text(text: str) -> str:
    """A question as it is asked; ValueError naming what is wrong with it."""
    text = plain_text(text)
    if not text:
        raise ValueError("it is empty; write a question")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"it has {len(text):,} characters; at most {MOST_CHARACTERS:,} can be read"
        )
    return text


def title_text(text: str) -> str:
    """A title as it is kept; ValueError naming what is wrong with it."""
    text = " ".join(plain_text(text).split())
    if not 1 <= len(text) <= 200:
        raise ValueError(f"a title has 1 to 200 characters, and this one {len(text):,}")
    return text


Question = Annotated[str, AfterValidator(question_text)]
ShortText = Annotated[str, Field(max_length=200), AfterValidator(plain_text)]
Few = Field(default=[], max_length=100)


class _Body(BaseModel):
    # A misspelt field is told, not ignored.
    model_config = ConfigDict(extra="forbid", frozen=True)


class FiltersBody(_Body):
    """Which part of the library a question is put to; all conditions must hold."""

    collection: ShortText | None = None
    documents: Annotated[list[ShortText], Few] = []
    sectors: Annotated[list[ShortText], Few] = []
    principles: Annotated[list[Annotated[int, Field(ge=1, le=99)]], Few] = []
    standings: Annotated[list[Standing], Few] = []
    published_from: date | None = None
    published_to: date | None = None
    place: ShortText = ""

    def filters(self) -> Filters:
        """The same as the assistant takes it."""
        return Filters(
            collection=self.collection,
            documents=tuple(self.documents),
            sectors=tuple(self.sectors),
            principles=tuple(self.principles),
            standings=tuple(standing.value for standing in self.standings),
            published_from=self.published_from,
            published_to=self.published_to,
            place=self.place,
        )


def filters_of(body: FiltersBody | None) -> Filters | None:
    """The filters sent; None when there were none."""
    return body.filters() if body else None


class ChatBody(_Body):
    """A message to the assistant; without a conversation_id it starts a conversation."""

    message: Question
    conversation_id: ShortText | None = None
    filters: FiltersBody | None = None
    # The id that the answer is to have. A caller who chooses it can ask for the answer again
    # (GET /v1/messages/{id}/events) after losing a connection that never said what it is.
    message_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    # An earlier answer of the conversation: the question is understood as that one's was.
    instead_of: ShortText | None = None


class SearchBody(_Body):
    """What to look for."""

    query: Question
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    filters: FiltersBody | None = None


class CheckBody(_Body):
    """A draft to check, as text."""

    text: Annotated[str, Field(max_length=MOST_DRAFT), AfterValidator(plain_text)]
    name: ShortText = ""
    supports: bool = False
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    against: Annotated[str, Field(max_length=32)] = ""


class WaiverBody(_Body):
    """A finding that a named person accepts, with a reason, until a day."""

    fingerprint: Annotated[str, Field(min_length=1, max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(plain_text)]
    reason: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(plain_text)]
    expires: date


class WaiversBody(_Body):
    """All the waivers of a check."""

    waivers: Annotated[list[WaiverBody], Field(max_length=10_000)]


class TitleBody(_Body):
    """A conversation's new title."""

    title: Annotated[str, AfterValidator(title_text)]


class FeedbackBody(_Body):
    """What a reader says of an answer."""

    rating: Rating | None = None
    reasons: Annotated[list[Reason], Field(default=[], max_length=20)] = []
    comment: Annotated[str, Field(max_length=4000), AfterValidator(plain_text)] = ""
    wanted_in_tests: bool = False


class TurnBody(_Body):
    """One earlier turn."""

    role: Literal["user", "assistant"]
    text: Annotated[str, Field(max_length=100_000), AfterValidator(plain_text)]
    declined: bool = False

    def turn(self) -> Turn:
        """The same as the assistant takes it."""
        return Turn(Role(self.role), self.text, declined=self.declined)


class LocalAskBody(_Body):
    """A question of the command line, with the turns before it; it is not kept."""

    question: Question
    turns: list[TurnBody] = []
    filters: FiltersBody | None = None


class LocalIngestBody(_Body):
    """Files and folders of this machine, for the command line."""

    paths: Annotated[list[str], Field(max_length=10_000)] = []  # absolute
    collection: ShortText = "public"
    prune: bool = False
    rebuild: bool = False
    sources: Annotated[list[ShortText], Field(max_length=1000)] = []  # ids of the catalogue

    @model_validator(mode="after")
    def _something_to_do(self) -> Self:
        if not (self.paths or self.sources or self.rebuild):
            raise ValueError("name at least one path or source")
        return self
