"""The page: ask, follow up, open a source. All of it works without JavaScript too."""

from __future__ import annotations

import tomllib
from typing import Annotated

from fastapi import APIRouter, FastAPI, Form, Request
from starlette.responses import RedirectResponse, Response

from api.bodies import MOST_CHARACTERS, question_text
from api.chatting import Exchange
from api.document_routes import End, Start, Version
from api.guarding import COOKIE, same_secret, session_of
from api.opening import opened_page
from api.page_frame import PAGE_FOLDER, framed
from api.page_text import laid_out
from api.service import MetricsDep, Service, ServiceDep
from api.showing import shown_exchanges

_EXAMPLES = 4

router = APIRouter(include_in_schema=False, default_response_class=Response)


@router.get("/")
def start(request: Request, service: ServiceDep) -> Response:
    """The page to start from."""
    return _start_page(request, service)


@router.post("/")
def ask(
    request: Request,
    service: ServiceDep,
    metrics: MetricsDep,
    question: Annotated[str, Form()] = "",
    conversation_id: Annotated[str, Form()] = "",
) -> Response:
    """Ask by the form, for browsers without JavaScript."""
    try:
        asked = question_text(question)
    except ValueError as fault:
        problem = f"Your question could not be read: {fault}."
        kept = question[:MOST_CHARACTERS]
        if conversation_id:
            return _conversation_page(request, service, conversation_id, problem, kept)
        return _start_page(request, service, problem, kept)
    exchange = Exchange(
        service, metrics, asked, conversation_id=conversation_id or None, filters=None
    )
    answer = exchange.finish()
    return RedirectResponse(
        f"/conversations/{exchange.conversation_id}#answer-{answer['message_id']}", 303
    )


@router.get("/conversations/{conversation_id}")
def conversation(request: Request, conversation_id: str, service: ServiceDep) -> Response:
    """A conversation that was kept, to read on or to follow up."""
    return _conversation_page(request, service, conversation_id)


@router.get("/documents/{document_id}/pages/{number}")
def page(
    request: Request,
    document_id: str,
    number: int,
    service: ServiceDep,
    version: Version = None,
    start: Start = 0,
    end: End = 0,
) -> Response:
    """A page of a source with the cited words marked: what a citation's link opens."""
    opened = opened_page(service, document_id, number, version)
    return framed(
        request,
        "source.html",
        here="Library",
        opened=opened,
        document=opened.document,
        blocks=laid_out(opened.page, start=start, end=end),
        marked=opened.page.text[start:end],
        start=start,
        end=end,
    )


@router.get("/docs")
def interface(request: Request) -> Response:
    """The HTTP interface, as the application describes itself."""
    app: FastAPI = request.app
    return framed(request, "docs.html", schema=app.openapi())


@router.get("/sign-in")
def sign_in_form(request: Request) -> Response:
    """Ask for the key, where the server has one."""
    return framed(request, "sign-in.html", wrong=False)


@router.post("/sign-in")
def sign_in(request: Request, key: Annotated[str, Form()] = "") -> Response:
    """Let a browser in that knows the key."""
    held: str | None = request.app.state.api_key
    if held is None:
        return RedirectResponse("/", 303)
    if not same_secret(key.strip().encode().decode("latin-1"), held):
        return framed(request, "sign-in.html", 401, wrong=True)
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE,
        session_of(held),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _start_page(
    request: Request, service: Service, problem: str = "", question: str = ""
) -> Response:
    return framed(
        request,
        "chat.html",
        422 if problem else 200,
        here="Ask",
        most_characters=MOST_CHARACTERS,
        exchanges=[],
        conversation=None,
        examples=_examples(service),
        problem=problem,
        question=question,
    )


def _conversation_page(
    request: Request,
    service: Service,
    conversation_id: str,
    problem: str = "",
    question: str = "",
) -> Response:
    held = service.conversations.get(conversation_id)
    return framed(
        request,
        "chat.html",
        422 if problem else 200,
        here="Ask",
        most_characters=MOST_CHARACTERS,
        exchanges=shown_exchanges(service.conversations.messages(conversation_id)),
        conversation=held,
        examples=[],
        problem=problem,
        question=question,
    )


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
    return (known or titles)[:_EXAMPLES]
