"""Make the starter library's rendered documents: `python -m corpus.publishing [--check]`.

Manuscripts in `corpus/manuscripts` become PDF, Word, OpenDocument and HTML files in
`corpus/documents`, with a manifest of what their manuscripts say about them, so that the library
that ships holds every format people really have. Briefs that are Markdown documents themselves
live in `corpus/documents`, keep their front matter and are not in the manifest.

The same manuscripts give the same bytes with the libraries of `requirements.lock`.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

from corpus.errors import ConfigurationError, UserError
from corpus.publishing.docx_writing import write_docx
from corpus.publishing.html_writing import write_html
from corpus.publishing.manuscript import FrontMatter, Manuscript, read_manuscript
from corpus.publishing.odt_writing import write_odt
from corpus.publishing.pdf_writing import write_pdf

MANUSCRIPTS = Path(__file__).parent.parent / "manuscripts"
DOCUMENTS = Path(__file__).parent.parent / "documents"
MANIFEST = "manifest.csv"
LICENCE = "Apache-2.0"
COLUMNS: Sequence[str] = (
    "path id title publisher date standing kind place sectors principles sources url licence"
).split()

# Which format a manuscript gets: by its id, or otherwise by its kind.
FORMAT_OF_KIND = {"principle": "pdf", "guide": "pdf", "sector": "docx"}
FORMAT_OF_ID = {
    "sector-health": "pdf",
    "sector-adult-social-care": "pdf",
    "sector-childrens-social-care": "pdf",
    "sector-local-government": "pdf",
    "sector-prisons-probation": "pdf",
    "sector-cross-cutting": "pdf",
    "sure-start": "html",
    "police-scotland": "html",
    "better-care-fund": "html",
    "troubled-families": "html",
    "transforming-rehabilitation": "html",
    "housing-first-england": "html",
    "peterborough-sib": "odt",
    "work-programme": "odt",
}
WRITERS: Mapping[str, Callable[[Manuscript], bytes]] = {
    "pdf": write_pdf,
    "docx": write_docx,
    "html": write_html,
    "odt": write_odt,
}


def format_of(front: FrontMatter) -> str:
    """The extension a manuscript is rendered to; empty for one that is a Markdown document."""
    return FORMAT_OF_ID.get(front.id) or FORMAT_OF_KIND.get(front.kind, "")


def render(manuscripts: Path) -> Iterator[tuple[str, bytes]]:
    """Each file's name and bytes, the manifest last. Raises ConfigurationError."""
    rows: list[dict[str, str]] = []
    for path in sorted(manuscripts.glob("*.md")):
        manuscript = read_manuscript(path)
        extension = format_of(manuscript.front)
        if extension:
            name = f"{manuscript.front.id}.{extension}"
            rows.append(_row(name, manuscript.front))
            yield name, WRITERS[extension](manuscript)
    yield MANIFEST, _manifest(rows)


def build(manuscripts: Path, documents: Path) -> list[str]:
    """Write the files that are not there yet or differ; returns their names."""
    rendered = list(render(manuscripts))  # all or, when a manuscript is at fault, none
    documents.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    for name, content in rendered:
        if _content(documents / name) != content:
            (documents / name).write_bytes(content)
            written.append(name)
    return written


def differences(manuscripts: Path, documents: Path) -> list[str]:
    """What in the two folders does not agree, one line each; empty when all does."""
    found: list[str] = []
    made: set[str] = set()
    for name, content in render(manuscripts):
        made.add(name)
        kept = _content(documents / name)
        if kept is None:
            found.append(f"{documents / name}: is missing")
        elif kept != content:
            found.append(f"{documents / name}: differs from what its manuscript makes")
    if documents.is_dir():
        extra = {path.name for path in documents.iterdir() if path.suffix != ".md"} - made
        found += [f"{documents / name}: is made from no manuscript" for name in sorted(extra)]
    found += [
        f"{path}: is not rendered, so it belongs in {documents}"
        for path in _unrendered(manuscripts)
    ]
    return found


def _unrendered(manuscripts: Path) -> Iterable[Path]:
    for path in sorted(manuscripts.glob("*.md")):
        if not format_of(read_manuscript(path).front):
            yield path


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _manifest(rows: Sequence[Mapping[str, str]]) -> bytes:
    table = StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue().encode("utf-8")


def _row(name: str, front: FrontMatter) -> dict[str, str]:
    principles = (f"{number}:{stance}" for number, stance in front.principles.items())
    # A manifest separates by semicolons, which an address may write as %3B.
    addresses = (source.url.replace(";", "%3B") for source in front.sources if source.url)
    return {
        "path": name,
        "id": front.id,
        "title": front.title,
        "publisher": front.publisher,
        "date": front.date.isoformat(),
        "standing": front.standing,
        "kind": front.kind,
        "place": front.place,
        "sectors": "; ".join(front.sectors),
        "principles": "; ".join(principles),
        "sources": "; ".join(dict.fromkeys(addresses)),
        "url": "",
        "licence": LICENCE,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Build or check; 0 when all is well, 1 when the check finds something, 2 on a faulty file."""
    parser = argparse.ArgumentParser(description="Make the starter library's rendered documents.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 on differences")
    parser.add_argument("--manuscripts", type=Path, default=MANUSCRIPTS, help="folder to read")
    parser.add_argument("--documents", type=Path, default=DOCUMENTS, help="folder to write")
    options = parser.parse_args(arguments)
    manuscripts: Path = options.manuscripts
    documents: Path = options.documents
    try:
        if not manuscripts.is_dir():
            raise ConfigurationError(
                f"{manuscripts} is not a folder.", fix="Name the folder of the manuscripts."
            )
        if options.check:
            found = differences(manuscripts, documents)
            print("\n".join(found) or "Every document is as its manuscript makes it.")
            return 1 if found else 0
        written = build(manuscripts, documents)
        for path in _unrendered(manuscripts):
            print(f"{path}: is not rendered, so it belongs in {documents}", file=sys.stderr)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(f"wrote {name}" for name in written) or "Nothing to do.")
    return 0
