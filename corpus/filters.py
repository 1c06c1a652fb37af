"""Which part of the library a question is put to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from corpus.types import Details


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that all must hold; an empty one holds for every document."""

    collection: str | None = None
    documents: tuple[str, ...] = ()  # ids
    sectors: tuple[str, ...] = ()  # any of them
    principles: tuple[int, ...] = ()  # any of them
    standings: tuple[str, ...] = ()  # any of them
    published_from: date | None = None
    published_to: date | None = None
    place: str = ""  # part of the document's place, upper or lower case alike
    as_of: date | None = None  # search the versions that were in force then; None for today's

    def __bool__(self) -> bool:
        return self != Filters()

    def admit(self, document_id: str, collection: str, details: Details) -> bool:
        """Whether a document meets every condition; one without a date meets no date condition."""
        dated = details.published
        return (
            (self.collection is None or collection == self.collection)
            and (not self.documents or document_id in self.documents)
            and (not self.sectors or bool(set(self.sectors) & set(details.sectors)))
            and (
                not self.principles
                or bool(set(self.principles) & {number for number, _ in details.principles})
            )
            and (not self.standings or details.standing.value in self.standings)
            and (
                self.published_from is None or (dated is not None and dated >= self.published_from)
            )
            and (self.published_to is None or (dated is not None and dated <= self.published_to))
            and self.place.lower() in details.place.lower()
        )
