"""Opening a document at a page: the current version, or the one that an older citation names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from api.service import Service
from corpus.errors import NotFound
from corpus.library import no_such_document
from corpus.types import Document, Page

_ID = re.compile(r"[a-z0-9-]{1,80}")
_VERSION = re.compile(r"\.v[1-9][0-9]{0,6}")
_MOST_PAGES = 1_000_000


@dataclass(frozen=True, slots=True)
class OpenedPage:
    """A page of one version of a document."""

    document: Document  # at its current version, whichever is opened
    version_id: str
    page: Page
    pdf: Path | None  # the original, when it is a PDF

    @property
    def is_current(self) -> bool:
        """Whether this is how the document stands now."""
        return self.version_id == self.document.version_id


def held_document(service: Service, document_id: str) -> Document:
    """A document by its id. Raises NotFound."""
    # Some databases refuse to look up what cannot be an id at all.
    if _ID.fullmatch(document_id) is None:
        raise no_such_document(document_id[:80])
    return service.store.library.document(document_id)


def opened_page(
    service: Service, document_id: str, number: int, version_id: str | None
) -> OpenedPage:
    """A page of a document; of its current version when none is named. Raises NotFound."""
    document = held_document(service, document_id)
    version = _known_version(document, version_id)
    if not 1 <= number <= _MOST_PAGES:
        raise _no_such_page(document, number)
    library = service.store.library
    page = library.page(version, number)
    original, _ = original_file(service, document_id, version)
    return OpenedPage(document, version, page, original if is_pdf(original) else None)


def original_file(service: Service, document_id: str, version_id: str | None) -> tuple[Path, str]:
    """Where a version's original is kept, and the name that it came under. Raises NotFound."""
    version = _known_version(held_document(service, document_id), version_id)
    sha256, file_name = service.store.library.file_of(version)
    return service.store.files.path(sha256, file_name), file_name


def is_pdf(original: Path) -> bool:
    """Whether a file is a PDF by what it holds; its name may be wrong."""
    try:
        with original.open("rb") as file:
            return b"%PDF-" in file.read(1024)
    except OSError:
        return False  # the text is kept apart from it, and is still there to read


def _known_version(document: Document, version_id: str | None) -> str:
    """The version that is asked for; the current one when none is. Raises NotFound."""
    version = version_id or document.version_id
    belongs = _VERSION.fullmatch(version.removeprefix(document.id)) is not None
    if not belongs or not version.startswith(document.id):
        raise NotFound(
            f"{version[:96]!r} is no version of {document.id!r}.",
            fix="Leave `version` out to open the document as it stands now.",
        )
    return version


def _no_such_page(document: Document, number: int) -> NotFound:
    return NotFound(
        f"There is no page {number} in {document.id!r}.",
        fix=f"Its pages are 1 to {document.pages}.",
    )
