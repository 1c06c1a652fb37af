"""A manuscript as a web page: one article, with the furniture that pages have around theirs."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from corpus.publishing.manuscript import (
    BRIEF,
    Block,
    Bullets,
    Heading,
    Line,
    Manuscript,
    Paragraph,
    imprint,
    plain,
    subject,
)

_PAGE = """\
<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta name="description" content="{description}">
<meta name="author" content="{publisher}">
<meta name="date" content="{date}">
<style>
body {{ margin: 0 auto; max-width: 44rem; padding: 1rem; color: #1d2730; background: #fff;
  font: 1rem/1.6 Georgia, serif; }}
h1, h2, h3, nav, body > header, body > footer, table {{ font-family: Verdana, sans-serif; }}
h1, h2, h3 {{ color: #17405c; line-height: 1.3; }}
nav, body > header, body > footer, table {{ font-size: .85rem; }}
body > header {{ border-bottom: 1px solid #9aa5ae; padding-bottom: .5rem; }}
body > footer {{ border-top: 1px solid #9aa5ae; margin-top: 2rem; padding-top: .5rem; }}
nav ul {{ display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border: 1px solid #9aa5ae; padding: .3rem .5rem; text-align: left; vertical-align: top; }}
th {{ background: #e6edf2; }}
a {{ color: #17568c; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<header><p>{brief}</p></header>
<nav aria-label="On this page">
<ul>
{contents}
</ul>
</nav>
<main>
<article>
{article}
</article>
</main>
<footer><p>{imprint}. <a href="#{top}">Back to the top</a></p></footer>
</body>
</html>
"""


def write_html(manuscript: Manuscript) -> bytes:
    """The page of a manuscript, in UTF-8."""
    front, blocks = manuscript.front, manuscript.blocks
    about = ", ".join(filter(None, (front.title, front.place, front.years)))
    page = _PAGE.format(
        title=escape(front.title),
        description=escape(f"{subject(front)}: {about}"),
        publisher=escape(front.publisher),
        date=front.date.isoformat(),
        brief=BRIEF,
        contents="\n".join(_contents(blocks)),
        article="\n".join(_elements(blocks)),
        imprint=escape(imprint(front)),
        top=_anchor(blocks[0]),
    )
    return page.encode("utf-8")


def _contents(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Heading) and block.level == 2:
            yield f'<li><a href="#{_anchor(block)}">{escape(plain(block.line))}</a></li>'


def _elements(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Heading):
            name = f"h{block.level}"
            yield f'<{name} id="{_anchor(block)}">{_phrase(block.line)}</{name}>'
        elif isinstance(block, Paragraph):
            yield f"<p>{_phrase(block.line)}</p>"
        elif isinstance(block, Bullets):
            yield "<ul>"
            yield from (f"<li>{_phrase(item)}</li>" for item in block.items)
            yield "</ul>"
        else:
            yield "<table>\n<thead>"
            yield _row(block.header, "th", ' scope="col"')
            yield "</thead>\n<tbody>"
            yield from (_row(row, "td") for row in block.rows)
            yield "</tbody>\n</table>"


def _row(cells: tuple[Line, ...], name: str, attributes: str = "") -> str:
    inner = "".join(f"<{name}{attributes}>{_phrase(cell)}</{name}>" for cell in cells)
    return f"<tr>{inner}</tr>"


def _phrase(line: Line) -> str:
    parts: list[str] = []
    for run in line:
        text = escape(run.text, quote=False)
        if run.italic:
            text = f"<em>{text}</em>"
        if run.bold:
            text = f"<strong>{text}</strong>"
        if run.url:
            text = f'<a href="{escape(run.url)}">{text}</a>'
        parts.append(text)
    return "".join(parts)


def _anchor(block: Block) -> str:
    """A heading's place on its page: its words in small letters, joined by hyphens."""
    words = plain(block.line) if isinstance(block, Heading) else ""
    return "-".join("".join(c if c.isalnum() else " " for c in words.lower()).split())
