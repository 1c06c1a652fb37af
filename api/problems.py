"""Errors over HTTP: RFC 9457 problem details, or a plain page for a person with a browser.

A problem has type, title, status, detail and instance, and `fix`: what to do next. What a caller
sent is never echoed, and an error of ours tells nothing but that it happened.
"""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from corpus.errors import ConfigurationError, UserError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_STATUS_BY_CODE = {"not_found": 404, "storage_full": 507, "too_large": 413}
_FIXES = {
    404: "Check the address; /docs lists what there is.",
    405: "Use one of the methods that the Allow header names.",
}


class Problem(HTTPException):
    """Raised where a request cannot be served: the status, what is wrong, and what to do."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        fix: str,
        code: str = "",
        headers: Mapping[str, str] | None = None,
        faults: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(status, detail, headers=dict(headers or {}))
        self.fix = fix
        self.code = code
        self.faults = tuple(faults)  # of single fields: {"field", "detail"}


HtmlError = Callable[[Request, Problem], Response]


def problem_from(error: UserError) -> Problem:
    """A caller's mistake as a problem; what only an operator can mend is no fault of theirs."""
    otherwise = 503 if isinstance(error, ConfigurationError) else 400
    status = _STATUS_BY_CODE.get(error.code, otherwise)
    return Problem(status, error.problem, fix=error.fix, code=error.code)


def internal_problem() -> Problem:
    """What a caller is told of a fault of ours."""
    return Problem(
        500,
        "Something went wrong here; the server's log says what.",
        fix="Try again. If it happens again, tell whoever runs this server.",
    )


def problem_body(problem: Problem, instance: str) -> dict[str, Any]:
    """The members of a problem."""
    body: dict[str, Any] = {
        "type": f"urn:plumbline:problem:{problem.code}" if problem.code else "about:blank",
        "title": HTTPStatus(problem.status_code).phrase,
        "status": problem.status_code,
        "detail": str(problem.detail),
        "instance": instance,
        "fix": problem.fix,
    }
    if problem.faults:
        body["errors"] = list(problem.faults)
    return body


def problem_response(problem: Problem, instance: str) -> Response:
    """The response that carries a problem."""
    # ASCII only: a lone surrogate in a name must not spoil the telling of it.
    content = json.dumps(problem_body(problem, instance)).encode("ascii")
    return Response(content, problem.status_code, problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI, html_error: HtmlError) -> None:
    """Let every error of `app` be answered by a problem, or by `html_error` for a page."""

    def respond(request: Request, problem: Problem) -> Response:
        if _wants_page(request):
            return html_error(request, problem)
        return problem_response(problem, request.url.path)

    def for_user_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, UserError)
        return respond(request, problem_from(error))

    def for_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(request, _problem_of_validation(request, error))

    def for_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        return respond(request, _problem_of_http(error))

    app.add_exception_handler(UserError, for_user_error)
    app.add_exception_handler(RequestValidationError, for_validation)
    app.add_exception_handler(StarletteHTTPException, for_http)


def _wants_page(request: Request) -> bool:
    api = request.url.path.startswith("/v1/")
    return not api and "text/html" in request.headers.get("accept", "")


def _problem_of_http(error: StarletteHTTPException) -> Problem:
    if isinstance(error, Problem):
        return error
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem(
            507,
            "There is no room left to store what was sent.",
            fix="Free some disk space and send it again.",
            code="storage_full",
        )
    detail = str(error.detail)
    if error.status_code == 404:
        detail = "There is nothing at this address."
    elif error.status_code == 405:
        detail = "This address does not take this method."
    return Problem(
        error.status_code,
        detail,
        fix=_FIXES.get(error.status_code, "See /docs for what can be sent here."),
        headers=error.headers,
    )


def _problem_of_validation(request: Request, error: RequestValidationError) -> Problem:
    found: Sequence[Any] = error.errors()
    if any(fault["type"] == "json_invalid" for fault in found):
        return Problem(
            400,
            "The body is not valid JSON.",
            fix="Send one JSON object, encoded as UTF-8.",
        )
    if any(tuple(fault["loc"]) == ("body",) for fault in found) and not _says_json(request):
        return Problem(
            415,
            "The body is not marked as JSON.",
            fix="Send a JSON object with the header Content-Type: application/json.",
        )
    faults = [
        {"field": _field(fault["loc"]), "detail": _plain(str(fault["msg"]))} for fault in found[:20]
    ]
    return Problem(
        422,
        "; ".join(f"{fault['field']}: {fault['detail']}" for fault in faults),
        fix="Correct what is named and send it again; /docs shows every field.",
        code="invalid",
        faults=faults,
    )


def _says_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json") or kind.startswith("multipart/")


def _field(location: Sequence[Any]) -> str:
    """Where a fault is, like "filters.place"; a name that a caller chose is shortened."""
    parts = [str(part)[:40] for part in location[1:]] or [str(location[0])]
    return ".".join(parts)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")
