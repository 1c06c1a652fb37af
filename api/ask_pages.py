"""The Ask page: ask, follow up, say what is wrong. All of it works without JavaScript too."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from api.bodies import MOST_CHARACTERS, plain_text, question_text
from api.chatting import Exchange
from api.narrowing import Narrowing, narrowed_words, narrowing_of
from api.page_frame import PAGE_FOLDER, framed
from api.service import MetricsDep, Service, ServiceDep
from api.shapes import AnswerJson, FiltersJson
from api.showing import ShownAnswer, cited_documents, shown_exchanges
from corpus.browsing import versions_in_force
from corpus.conversations import Message, title_from
from corpus.errors import NotFound
from corpus.feedback import Feedback, Rating, Reason

router = APIRouter(include_in_schema=False, default_response_class=Response)

EXAMPLES = 5
RECENT = 4  # conversations that the start page names
REASONS = {
    Reason.WRONG.value: "A sentence is wrong",
    Reason.SOURCE.value: "A source does not say that",
    Reason.BESIDE.value: "It does not answer the question",
    Reason.INCOMPLETE.value: "Something is missing",
    Reason.OLD.value: "It is out of date",
    Reason.UNCLEAR.value: "It is hard to understand",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A question and its answer with all that stands around them."""

    conversation_id: str
    message_id: str
    question: str
    shown: ShownAnswer
    feedback: Feedback | None
    narrowed: str
    fields: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Typed:
    """What is in the form: of a page that is shown first, or again because of a problem."""

    question: str = ""
    narrowing: Narrowing = Narrowing()  # noqa: RUF009 (frozen)
    instead_of: str = ""
    problem: str = ""


def narrowing_typed(
    collection: Annotated[str, Form(max_length=200)] = "",
    sectors: Annotated[list[str], Form(max_length=100)] = [],  # noqa: B006 (fastapi copies it)
    standings: Annotated[list[str], Form(max_length=100)] = [],  # noqa: B006
    published_from: Annotated[str, Form(max_length=100)] = "",
    published_to: Annotated[str, Form(max_length=100)] = "",
) -> Narrowing:
    """The part of the form that narrows the question."""
    return Narrowing(
        collection, tuple(sectors), tuple(standings), published_from.strip(), published_to.strip()
    )


@router.get("/")
def start(request: Request, service: ServiceDep) -> Response:
    """The page to start from."""
    return _page(request, service, "", Typed())


@router.post("/")
def ask(
    request: Request,
    service: ServiceDep,
    metrics: MetricsDep,
    narrowing: Annotated[Narrowing, Depends(narrowing_typed)],
    question: Annotated[str, Form()] = "",
    conversation_id: Annotated[str, Form()] = "",
    instead_of: Annotated[str, Form()] = "",
) -> Response:
    """Ask by the form, for browsers without JavaScript."""
    typed = Typed(question, narrowing, instead_of)
    try:
        asked = question_text(question)
        filters = narrowing.filters()
    except ValueError as fault:
        problem = f"Your question could not be put: {fault}."
        return _page(request, service, conversation_id, replace(typed, problem=problem))
    exchange = Exchange(
        service,
        metrics,
        asked,
        conversation_id=conversation_id or None,
        filters=filters,
        instead_of=instead_of or None,
    )
    answer = exchange.finish()
    return RedirectResponse(
        f"/conversations/{exchange.conversation_id}#answer-{answer['message_id']}", 303
    )


@router.get("/conversations/{conversation_id}")
def conversation(
    request: Request,
    conversation_id: str,
    service: ServiceDep,
    edit: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """A conversation that was kept, to read on or to follow up; `edit` is an answer's id."""
    return _page(request, service, conversation_id, Typed(instead_of=edit))


@router.get("/conversations/{conversation_id}/exchanges")
def exchanges(
    request: Request,
    conversation_id: str,
    service: ServiceDep,
    after: Annotated[str, Query(max_length=64)] = "",
    only: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The questions and answers after one that the page has already, or only one of them."""
    title, messages, waiting = _held(service, conversation_id)
    items = _items(service, conversation_id, messages)
    places = {item.message_id: place for place, item in enumerate(items)}
    if only:
        items = [item for item in items if item.message_id == only]
    elif after in places:
        items = items[places[after] + 1 :]
    return framed(
        request,
        "exchanges.html",
        title=title,
        exchanges=items,
        waiting=[] if only else waiting,
        reasons=REASONS,
    )


@router.post("/messages/{message_id}/feedback")
def feedback(
    message_id: str,
    service: ServiceDep,
    conversation_id: Annotated[str, Form(pattern=r"^[0-9a-f]{32}$")],
    rating: Annotated[Rating | None, Form()] = None,
    reasons: Annotated[list[Reason], Form(max_length=20)] = [],  # noqa: B006
    comment: Annotated[str, Form(max_length=4000)] = "",
    wanted_in_tests: Annotated[str, Form(max_length=8)] = "",
    whole: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Keep what a button or the form under an answer says of it, beside what was said before."""
    given = service.feedback.get(message_id) or Feedback(message_id, None)
    if rating is not None:
        given = replace(given, rating=rating)
    if wanted_in_tests:
        given = replace(given, wanted_in_tests=wanted_in_tests == "yes")
    if whole:
        given = replace(given, reasons=tuple(dict.fromkeys(reasons)), comment=_kept_text(comment))
    service.feedback.give(given)
    return RedirectResponse(f"/conversations/{conversation_id}#feedback-{message_id}", 303)


def _page(request: Request, service: Service, conversation_id: str, typed: Typed) -> Response:
    """The start page, or a conversation's."""
    title, messages, waiting = "", list[Message](), list[Exchange]()
    if conversation_id:
        title, messages, waiting = _held(service, conversation_id)
    items = _items(service, conversation_id, messages)
    edited = next((item for item in items if item.message_id == typed.instead_of), None)
    if edited is None:
        typed = replace(typed, instead_of="")
    elif not typed.problem:
        typed = replace(typed, question=edited.question)
    narrowing = typed.narrowing
    if items and not typed.problem:  # a follow-up is put to the same documents
        narrowing = narrowing_of(_filters(items[-1].shown.answer))
    recent = [] if conversation_id else service.conversations.list(limit=RECENT)[0]
    return framed(
        request,
        "chat.html",
        422 if typed.problem else 200,
        here="Ask",
        most_characters=MOST_CHARACTERS,
        conversation_id=conversation_id,
        title=title,
        exchanges=items,
        waiting=waiting,
        examples=[] if conversation_id else _examples(service),
        recent=recent,
        problem=typed.problem,
        question=typed.question,
        instead_of=typed.instead_of,
        narrowing=narrowing,
        choices=service.choices.get(),
        reasons=REASONS,
    )


def _held(service: Service, conversation_id: str) -> tuple[str, list[Message], list[Exchange]]:
    """A conversation's title, its messages, and the exchanges that are not finished.

    Raises NotFound when there is neither the one nor the others.
    """
    waiting = service.exchanges.unfinished(conversation_id)
    try:
        held = service.conversations.get(conversation_id)
        return held.title, service.conversations.messages(conversation_id), waiting
    except NotFound:
        if not waiting:
            raise
        return title_from(waiting[0].asked), [], waiting


def _items(service: Service, conversation_id: str, messages: Sequence[Message]) -> list[Item]:
    if not messages:
        return []
    in_force = versions_in_force(service.store.library, cited_documents(messages))
    given = service.feedback.of(conversation_id)
    return [
        Item(
            conversation_id,
            held.message_id,
            held.question,
            held.shown,
            given.get(held.message_id),
            narrowed_words(_filters(held.shown.answer)),
            narrowing_of(_filters(held.shown.answer)).fields(),
        )
        for held in shown_exchanges(messages, in_force)
    ]


def _filters(answer: AnswerJson) -> FiltersJson | None:
    return answer.get("filters")  # answers of an older release have none


def _kept_text(comment: str) -> str:
    try:
        return plain_text(comment)
    except ValueError:
        return ""  # a browser's form does not send such characters


def _examples(service: Service) -> list[str] | None:
    """Questions to start with that this library answers; None when it holds nothing at all."""
    documents = service.store.library.documents()
    if not documents:
        return None
    held = {document.id for document in documents}
    written = tomllib.loads((PAGE_FOLDER / "examples.toml").read_text(encoding="utf-8"))["example"]
    known = [str(example["question"]) for example in written if example["document"] in held]
    # Another library: what its documents are called is the best hint at what to ask.
    titles = [f"What does “{document.details.title}” say?" for document in documents]
    return (known or titles)[:EXAMPLES]
