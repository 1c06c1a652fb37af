"""The library as a person browses it: what is asked for, what is found, and counts beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from urllib.parse import urlencode

from corpus.browsing import Spot, spot_of, versions_with_words
from corpus.library import Library
from corpus.principles import Principle
from corpus.types import Details, Document, Standing

PAGE = 20  # documents on one page of the list
MOST_WORDS = 12  # of a search that are looked for
_SECTORS = {  # where the words of the id are not enough
    "childrens-social-care": "Children’s social care",
    "cross-cutting": "Cross-cutting",
    "housing-homelessness": "Housing and homelessness",
    "prisons-probation": "Prisons and probation",
}
_STANCES = {"conflicts": "conflicts with"}
SORTS = {"title": "Title, A to Z", "newest": "Newest first", "oldest": "Oldest first"}


@dataclass(frozen=True, slots=True)
class Browsed:
    """What a person asked to see, as the address says it; empty values ask for everything."""

    q: str = ""
    sector: str = ""
    principle: str = ""  # its number
    standing: str = ""
    year: str = ""
    collection: str = ""
    sort: str = "title"
    page: int = 1

    def instead(self, **changed: str | int) -> Browsed:
        """The same with some of it changed, from its first page."""
        return replace(self, **{"page": 1, **changed})  # pyright: ignore[reportArgumentType]

    def address(self) -> str:
        """The address of this view."""
        asked = {
            "q": self.q,
            "sector": self.sector,
            "principle": self.principle,
            "standing": self.standing,
            "year": self.year,
            "collection": self.collection,
            "sort": "" if self.sort == "title" else self.sort,
            "page": "" if self.page == 1 else str(self.page),
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"/documents?{query}" if query else "/documents"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that the list can be narrowed to, and how many documents that would leave."""

    label: str
    count: int
    chosen: bool
    address: str  # narrows to it, or, when it is chosen, no longer does


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow the list."""

    title: str
    choices: tuple[Choice, ...]

    @property
    def chosen(self) -> Choice | None:
        """The choice that is in force."""
        return next((choice for choice in self.choices if choice.chosen), None)


@dataclass(frozen=True, slots=True)
class Shelved:
    """A document in the list."""

    document: Document
    sectors: tuple[str, ...]
    stances: tuple[str, ...]
    spot: Spot | None  # where the words of the search stand


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of the list and all that stands around it."""

    browsed: Browsed
    documents: tuple[Shelved, ...]
    found: int
    held: int  # in the whole library
    first: int  # counted from 1; 0 where there is none
    facets: tuple[Facet, ...]
    pages: int
    earlier: str  # addresses of the pages beside this one; empty at an end
    later: str


def shelf(library: Library, principles: Sequence[Principle], browsed: Browsed) -> Shelf:
    """What is found for what was asked, one page of it."""
    everything = library.documents()
    words = browsed.q.split()[:MOST_WORDS]
    if words:
        with_words = versions_with_words(library, words)
        sought = [document for document in everything if document.version_id in with_words]
    else:
        sought = everything
    ways = _ways(principles)
    found = _sorted(_kept(sought, browsed, ways), browsed.sort)
    pages = max(1, ceil(len(found) / PAGE))
    browsed = replace(browsed, page=min(max(browsed.page, 1), pages))
    start = (browsed.page - 1) * PAGE
    shown = found[start : start + PAGE]
    return Shelf(
        browsed=browsed,
        documents=tuple(
            Shelved(
                document,
                tuple(sector_name(sector) for sector in document.details.sectors),
                tuple(stances(document.details)),
                spot_of(library, document.version_id, words) if words else None,
            )
            for document in shown
        ),
        found=len(found),
        held=len(everything),
        first=start + 1 if shown else 0,
        facets=tuple(
            facet for way in ways if (facet := _facet(way, ways, sought, browsed)).choices
        ),
        pages=pages,
        earlier=replace(browsed, page=browsed.page - 1).address() if browsed.page > 1 else "",
        later=replace(browsed, page=browsed.page + 1).address() if browsed.page < pages else "",
    )


def sector_name(sector: str) -> str:
    """A sector for a reader: "childrens-social-care" is "Children’s social care"."""
    words = _SECTORS.get(sector) or sector.replace("-", " ")
    return words[:1].upper() + words[1:]


def stances(details: Details) -> list[str]:
    """How a document bears on principles, like "supports principles 1 and 4"."""
    numbers: dict[str, list[int]] = {}
    for number, stance in details.principles:
        numbers.setdefault(stance, []).append(number)
    return [
        f"{_STANCES.get(stance, stance)} {'principle' if len(held) == 1 else 'principles'} "
        f"{_listed([str(number) for number in sorted(held)])}"
        for stance, held in numbers.items()
    ]


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to narrow: its field in Browsed, and the values that a document has of it."""

    field: str
    title: str
    values: Callable[[Document], Iterable[str]]
    label: Callable[[str], str]
    order: Callable[[str], int] | None = None  # None puts the most common first


def _ways(principles: Sequence[Principle]) -> list[_Way]:
    titles = {str(principle.number): principle.title for principle in principles}
    standings = [standing.value for standing in Standing]
    return [
        _Way("sector", "Sector", lambda held: held.details.sectors, sector_name),
        _Way(
            "principle",
            "Principle",
            lambda held: {str(number) for number, _ in held.details.principles},
            lambda number: f"{number}. {titles[number]}" if number in titles else number,
            lambda number: _number(number, 999),
        ),
        _Way(
            "standing",
            "Standing",
            lambda held: [held.details.standing.value],
            lambda standing: "Not stated" if standing == "unknown" else standing.capitalize(),
            lambda standing: standings.index(standing) if standing in standings else 99,
        ),
        _Way(
            "year",
            "Published",
            lambda held: [str(held.details.published.year) if held.details.published else "none"],
            lambda year: "Date not known" if year == "none" else year,
            lambda year: -_number(year, -1),
        ),
        _Way("collection", "Collection", lambda held: [held.collection], lambda name: name),
    ]


def _kept(
    documents: Iterable[Document], browsed: Browsed, ways: Iterable[_Way], *, without: str = ""
) -> list[Document]:
    asked = [
        (way, value)
        for way in ways
        if (value := getattr(browsed, way.field)) and way.field != without
    ]
    return [held for held in documents if all(value in way.values(held) for way, value in asked)]


def _facet(way: _Way, ways: Sequence[_Way], sought: Sequence[Document], browsed: Browsed) -> Facet:
    """The values of one way among what the other ways leave, so that each count comes true."""
    counts = Counter(
        value
        for held in _kept(sought, browsed, ways, without=way.field)
        for value in way.values(held)
    )
    now: str = getattr(browsed, way.field)
    if now and now not in counts:
        counts[now] = 0
    if len(counts) < 2 and not now:
        return Facet(way.title, ())  # nothing to choose between
    by_count = sorted(counts, key=lambda value: (-counts[value], value))
    values = sorted(by_count, key=way.order) if way.order else by_count
    return Facet(
        way.title,
        tuple(
            Choice(
                way.label(value),
                counts[value],
                value == now,
                browsed.instead(**{way.field: "" if value == now else value}).address(),
            )
            for value in values
        ),
    )


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() else otherwise


def _sorted(documents: list[Document], sort: str) -> list[Document]:
    by_title = sorted(documents, key=lambda held: held.details.title.casefold())
    if sort not in ("newest", "oldest"):
        return by_title
    dated = [held for held in by_title if held.details.published]
    undated = [held for held in by_title if not held.details.published]
    dated.sort(key=lambda held: str(held.details.published), reverse=sort == "newest")
    return dated + undated
