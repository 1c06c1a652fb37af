"""Looking at pages: the same seed draws the same pages, and a picture stands beside its text."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from corpus.types import Block, BlockKind, Page
from evals.look_at_pages import as_lines, chosen, side_by_side
from ingest.formats import read

LIBRARY = Path(__file__).resolve().parents[1] / "corpus" / "documents"


def test_pages_are_drawn_from_those_with_text_and_by_the_seed() -> None:
    pages = [Page(number, "" if number == 3 else "text", ()) for number in range(1, 21)]
    first = chosen("a.pdf", pages, 5, seed=1)
    assert [page.number for page in first] == sorted(page.number for page in first)
    assert chosen("a.pdf", pages, 5, seed=1) == first
    assert chosen("a.pdf", pages, 5, seed=2) != first
    assert len(chosen("a.pdf", pages, 50, seed=1)) == 19


def test_a_block_is_marked_by_what_it_was_taken_for() -> None:
    page = Page(
        1,
        "Care\nIt is local.",
        (Block(BlockKind.HEADING, 0, 4, 1), Block(BlockKind.PARAGRAPH, 5, 17)),
    )
    assert as_lines(page) == ["# Care", "", "  It is local.", ""]


def test_the_picture_is_wider_than_the_page_by_its_text() -> None:
    from PIL import Image

    file = next(LIBRARY.glob("*.pdf"))
    page = read(file).pages[0]
    sheet = Image.open(BytesIO(side_by_side(file, page)))
    assert sheet.width > sheet.height  # an upright page with its text beside it
