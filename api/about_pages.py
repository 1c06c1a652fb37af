"""The page that says how it decides, how well, and where it falls short."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from fastapi import APIRouter, Request
from starlette.responses import Response

import evals
from api.page_frame import framed
from api.service import ServiceDep
from corpus.principles import load_principles

router = APIRouter(include_in_schema=False, default_response_class=Response)

FIGURES = Path(evals.__file__).parent / "figures.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure with its interval (95%) and how to measure it again."""

    name: str
    value: float
    n: int  # of cases
    low: float | None  # None where no interval was measured
    high: float | None
    command: str
    set: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of the latest run that was kept with the program."""

    date: date
    commit: str
    figures: tuple[Figure, ...]


def read_figures(file: Path = FIGURES) -> Figures | None:
    """The measured figures; None where none come with this copy.

    Raises ValueError for a wrong file.
    """
    if not file.is_file():
        return None
    held = cast("dict[str, Any]", json.loads(file.read_text(encoding="utf-8")))
    try:
        return Figures(
            date.fromisoformat(held["date"]),
            str(held.get("commit", "")),
            tuple(
                Figure(
                    name=str(entry["name"]),
                    value=float(entry["value"]),
                    n=int(entry["n"]),
                    low=_number(entry.get("low")),
                    high=_number(entry.get("high")),
                    command=str(entry.get("command", "")),
                    set=str(entry.get("set", "")),
                )
                for entry in held["figures"]
            ),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file.name} is not as it should be: {error!r}") from error


@router.get("/about")
def about(request: Request, service: ServiceDep) -> Response:
    """How it decides, measured figures, limits, the principles, accessibility, privacy."""
    settings = service.settings
    return framed(
        request,
        "about.html",
        here="About",
        figures=read_figures(),
        principles=load_principles(),
        documents=len(service.store.library.documents()),
        chat_model=settings.chat_model,
        keyed=settings.api_key is not None,
    )


def _number(value: object) -> float | None:
    return None if value is None else float(cast("float", value))
