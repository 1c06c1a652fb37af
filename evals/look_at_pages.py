"""`python -m evals.look_at_pages FILE…`: pages of a PDF beside their text as it is stored.

Writes one PNG a page, the page's picture on the left and its text on the right, for a person to
look for what the figures cannot see: reading order, lost or joined words, furniture left in.
The pages are drawn at random from those with text; the same seed draws the same ones.
"""

from __future__ import annotations

import argparse
import random
import sys
import textwrap
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from corpus.types import BlockKind, Page
from ingest.page_picture import render
from ingest.sandbox import Sandbox

SCALE = 1.4  # of the picture, times 72 dots an inch
LINE = 92  # characters of a line of text
MARKS = {
    BlockKind.HEADING: "#",
    BlockKind.LIST_ITEM: "*",
    BlockKind.TABLE_ROW: "|",
}  # what the reader took a block for, before its first line


def chosen(name: str, pages: Sequence[Page], count: int, seed: int) -> list[Page]:
    """`count` different pages of a file (all when it has fewer), in order."""
    written = [page for page in pages if page.text]
    drawn = random.Random(f"{seed} {name}").sample(written, min(count, len(written)))
    return sorted(drawn, key=lambda page: page.number)


def as_lines(page: Page) -> list[str]:
    """The page's text, block by block, in lines that fit the picture."""
    lines: list[str] = []
    for block in page.blocks:
        mark = MARKS.get(block.kind, " ")
        wrapped = [
            piece
            for line in page.text[block.start : block.end].split("\n")
            for piece in textwrap.wrap(line, LINE) or [""]
        ]
        lines += [f"{mark if index == 0 else ' '} {line}" for index, line in enumerate(wrapped)]
        lines.append("")
    return lines


def side_by_side(file: Path, page: Page) -> bytes:
    """A page's picture and its stored text, as PNG."""
    from PIL import Image, ImageDraw

    picture = Image.open(BytesIO(render(file, page.number, quotes=(), scale=SCALE)))
    font = _font()
    lines = as_lines(page)
    sheet = Image.new(
        "RGB", (picture.width + 720, max(picture.height, 16 * len(lines) + 16)), "white"
    )
    sheet.paste(picture, (0, 0))
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((picture.width + 16, 8 + 16 * number), line, fill="black", font=font)
    buffer = BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _font() -> Any:
    """DejaVu where the system has it; Pillow's own has no dashes and no pound sign."""
    from PIL import ImageFont

    try:
        return ImageFont.truetype("DejaVuSans.ttf", 12)
    except OSError:
        return ImageFont.load_default(13)


def main() -> int:
    """Write the pictures and say where they are."""
    parser = argparse.ArgumentParser(prog="python -m evals.look_at_pages", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="PDFs")
    parser.add_argument("--pages", type=int, default=10, help="of each file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("pages"), help="a folder for the pictures")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with Sandbox() as sandbox:
        for file in asked.files:
            pages = sandbox.read(file).pages
            for page in chosen(file.name, pages, asked.pages, asked.seed):
                target = asked.out / f"{file.stem}-{page.number:03}.png"
                target.write_bytes(side_by_side(file, page))
                print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
