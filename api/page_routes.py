"""Pages that belong to no part of their own: a source, the interface for programs, signing in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, FastAPI, Form, Request
from starlette.responses import RedirectResponse, Response

from api.document_routes import End, Start, Version
from api.guarding import COOKIE, same_secret, session_of
from api.opening import opened_page
from api.page_frame import framed
from api.page_text import laid_out
from api.service import ServiceDep

router = APIRouter(include_in_schema=False, default_response_class=Response)


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
