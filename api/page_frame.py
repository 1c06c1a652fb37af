"""What every page is made with: the templates, the navigation, the static files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, cast

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from api.problems import Problem
from api.showing import shown_date, shown_moment

PAGE_FOLDER = Path(__file__).parent / "page"
# Not no-referrer: under it a browser hides from us that our own form was sent from our own page.
_HEADERS = {"Referrer-Policy": "same-origin"}


class Place(NamedTuple):
    """A part of the site; a page marks it as the present one by giving its name as `here`."""

    name: str
    address: str


NAVIGATION = (
    Place("Ask", "/"),
    Place("Check", "/check"),
    Place("Library", "/documents"),
    Place("About", "/about"),
)

_templates = Jinja2Templates(directory=PAGE_FOLDER / "templates")
_filters = cast("dict[str, Any]", _templates.env.filters)
_filters["shown_date"] = shown_date
_filters["shown_moment"] = shown_moment
cast("dict[str, Any]", _templates.env.globals)["navigation"] = NAVIGATION


def framed(
    request: Request, template: str, status: int = 200, *, here: str = "", **values: Any
) -> Response:
    """A page from its template; `here` is the part of the site it belongs to."""
    return _templates.TemplateResponse(
        request, template, {"here": here, **values}, status_code=status, headers=_HEADERS
    )


def error_page(request: Request, problem: Problem) -> Response:
    """A problem for a person with a browser."""
    return framed(request, "error.html", problem.status_code, problem=problem)


class _Static(StaticFiles):
    """Files that a browser may keep, and asks about each time: a new release is seen at once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def mount_static(app: FastAPI) -> None:
    """Serve the style sheets and the scripts."""
    app.mount("/static", _Static(directory=PAGE_FOLDER / "static"), name="static")
