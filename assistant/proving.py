"""Citations are made here and nowhere else, and only from characters found on the page."""

from __future__ import annotations

from corpus.errors import NotFound
from corpus.library import Library
from corpus.types import Citation, Passage


def prove(library: Library, passage: Passage, start: int, end: int) -> Citation | None:
    """The citation of `page.text[start:end]`, read from the library again.

    None when the page is gone or holds other characters there: what cannot be proved is not
    shown.
    """
    chunk = passage.chunk
    if not chunk.start <= start < end <= chunk.end:
        return None
    try:
        page = library.page(chunk.version_id, chunk.page)
    except NotFound:
        return None  # removed since it was found
    quote = page.text[start:end]
    if quote != chunk.text[start - chunk.start : end - chunk.start]:
        return None
    return Citation(
        document_id=chunk.document_id,
        version_id=chunk.version_id,
        title=passage.details.title,
        page=chunk.page,
        start=start,
        end=end,
        quote=quote,
    )
