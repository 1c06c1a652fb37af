"""The pages that keep house: all conversations, another title for one, the end of one."""

from __future__ import annotations

import re
from math import ceil
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from api.bodies import title_text
from api.page_frame import framed
from api.service import ServiceDep

router = APIRouter(include_in_schema=False, default_response_class=Response)

PAGE = 20  # conversations on one page of the list


@router.get("/conversations")
def conversations(
    request: Request,
    service: ServiceDep,
    q: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[str, Query(max_length=20)] = "1",
    deleted: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """All conversations, last used first, or those with some words in them."""
    words = " ".join(q.replace("\0", " ").split())
    number = int(page) if re.fullmatch(r"[1-9][0-9]{0,5}", page) else 1
    found, total = service.conversations.list(
        containing=words, limit=PAGE, offset=(number - 1) * PAGE
    )
    return framed(
        request,
        "conversations.html",
        here="Ask",
        conversations=found,
        total=total,
        q=words,
        deleted=deleted,
        page=number,
        pages=max(1, ceil(total / PAGE)),
        earlier=_address(words, number - 1),
        later=_address(words, number + 1),
    )


@router.get("/conversations/{conversation_id}/rename")
def renaming(request: Request, conversation_id: str, service: ServiceDep) -> Response:
    """Ask for another title."""
    held = service.conversations.get(conversation_id)
    return framed(
        request,
        "conversation-rename.html",
        here="Ask",
        conversation=held,
        typed=held.title,
        problem="",
    )


@router.post("/conversations/{conversation_id}/rename")
def rename(
    request: Request,
    conversation_id: str,
    service: ServiceDep,
    title: Annotated[str, Form()] = "",
) -> Response:
    """Give a conversation another title."""
    held = service.conversations.get(conversation_id)
    try:
        wanted = title_text(title)
    except ValueError as fault:
        return framed(
            request,
            "conversation-rename.html",
            422,
            here="Ask",
            conversation=held,
            typed=title,
            problem=f"The title could not be used: {fault}.",
        )
    service.conversations.rename(conversation_id, wanted)
    return RedirectResponse(f"/conversations/{conversation_id}", 303)


@router.get("/conversations/{conversation_id}/delete")
def deleting(request: Request, conversation_id: str, service: ServiceDep) -> Response:
    """Ask before a conversation is deleted."""
    held = service.conversations.get(conversation_id)
    return framed(request, "conversation-delete.html", here="Ask", conversation=held)


@router.post("/conversations/{conversation_id}/delete")
def delete(conversation_id: str, service: ServiceDep) -> Response:
    """Delete a conversation, and go back to the list, which says so."""
    held = service.conversations.get(conversation_id)
    service.conversations.delete(conversation_id)
    return RedirectResponse(f"/conversations?{urlencode({'deleted': held.title[:200]})}", 303)


def _address(words: str, page: int) -> str:
    asked = {"q": words, "page": "" if page == 1 else str(page)}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/conversations?{query}" if query else "/conversations"
