"""Which documents a question is put to, as the form says it and as a reader is told."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date

from api.shapes import FiltersJson
from api.shelves import sector_name
from api.showing import shown_date
from corpus.filters import Filters
from corpus.library import Library
from corpus.types import Standing


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The fields of the form; empty ones leave nothing out."""

    collection: str = ""
    sectors: tuple[str, ...] = ()
    standings: tuple[str, ...] = ()
    published_from: str = ""  # ISO dates
    published_to: str = ""

    def __bool__(self) -> bool:
        return self != Narrowing()

    def filters(self) -> Filters:
        """The same as the assistant takes it; ValueError naming a date that is none."""
        first = _date(self.published_from, "from")
        last = _date(self.published_to, "up to")
        if first and last and first > last:
            raise ValueError("the first date is after the last; no document can lie between them")
        return Filters(
            collection=self.collection or None,
            sectors=self.sectors,
            standings=self.standings,
            published_from=first,
            published_to=last,
        )

    def fields(self) -> list[tuple[str, str]]:
        """The fields of a form that asks the same again."""
        one = {
            "collection": self.collection,
            "published_from": self.published_from,
            "published_to": self.published_to,
        }
        return [
            *((name, value) for name, value in one.items() if value),
            *(("sectors", sector) for sector in self.sectors),
            *(("standings", standing) for standing in self.standings),
        ]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the library's documents can be told apart by."""

    collections: tuple[str, ...]
    sectors: tuple[tuple[str, str], ...]  # (name, as a reader knows it)
    standings: tuple[str, ...]


class ChoicesBook:
    """The choices of one library, found again only when it has changed."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._held: tuple[int, Choices] | None = None

    def get(self) -> Choices:
        """What there is to choose from now."""
        generation = self._library.generation()
        with self._lock:
            if self._held is None or self._held[0] != generation:
                self._held = (generation, self._found())
            return self._held[1]

    def _found(self) -> Choices:
        documents = self._library.documents()
        standings = {document.details.standing for document in documents}
        sectors = {sector for document in documents for sector in document.details.sectors}
        return Choices(
            tuple(sorted({document.collection for document in documents})),
            tuple(sorted(((sector, sector_name(sector)) for sector in sectors), key=_by_words)),
            tuple(
                standing.value
                for standing in Standing  # in the order of their weight
                if standing in standings and standing is not Standing.UNKNOWN
            ),
        )


def narrowing_of(filters: FiltersJson | None) -> Narrowing:
    """The fields of the form that stand for the filters of an answer."""
    held = filters or FiltersJson()
    return Narrowing(
        held.get("collection", ""),
        tuple(held.get("sectors", ())),
        tuple(held.get("standings", ())),
        held.get("published_from", ""),
        held.get("published_to", ""),
    )


def narrowed_words(filters: FiltersJson | None) -> str:
    """What a reader is told of the part of the library that was asked; empty for all of it."""
    held = filters or FiltersJson()
    first, last = held.get("published_from"), held.get("published_to")
    parts = [
        f"collection {held['collection']}" if "collection" in held else "",
        " or ".join(sector_name(sector) for sector in held.get("sectors", ())),
        " or ".join(held.get("standings", ())),
        f"published from {shown_date(first)}" if first else "",
        f"published up to {shown_date(last)}" if last else "",
        f"{len(held['documents'])} chosen documents" if "documents" in held else "",
        f"principle {', '.join(map(str, held['principles']))}" if "principles" in held else "",
        f"place {held['place']}" if "place" in held else "",
        f"as of {shown_date(held['as_of'])}" if "as_of" in held else "",
    ]
    return "; ".join(part for part in parts if part)


def _by_words(choice: tuple[str, str]) -> str:
    return choice[1]


def _date(text: str, which: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"“published {which}” is {text[:40]!r}; write a date like 2015-04-01"
        ) from None
