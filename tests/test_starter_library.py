"""The starter library: complete, exact, and the same bytes as its manuscripts make."""

from __future__ import annotations

import csv
import re
import shutil
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from zipfile import ZipFile

import pypdfium2
import pytest
import yaml

from corpus.errors import ConfigurationError
from corpus.publishing.building import DOCUMENTS, MANUSCRIPTS, build, differences, main, render
from corpus.publishing.manuscript import (
    Bullets,
    Heading,
    Line,
    Manuscript,
    Paragraph,
    imprint,
    plain,
    read_manuscript,
)
from ingest.details import Manifest

ROOT = Path(__file__).parent.parent
FACTS = ROOT.parent / "shared" / "data" / "reform" / "facts.yaml"
TITLES = {
    1: "Start with outcomes",
    2: "A place based approach",
    3: "More power to people and communities",
    4: "Prevention first",
    5: "An R&D infrastructure for short term improvement and long term innovation",
    6: "Make decentralised markets work in the public interest",
    7: "Organic structural change",
}
SMALL = """\
---
id: small-brief
kind: principle
title: "A small brief"
publisher: Plumbline
date: 2026-11-23
standing: brief
place: United Kingdom
sectors: [health]
principles: {4: about}
facts: [wigan-deal.1]
sources:
  - {title: "A report", publisher: "A body", year: null, url: "https://example.org/a_b"}
---
# A small brief

*This is a Plumbline brief, written from the sources listed at its end.*

## What happened

Wigan Council’s saving was **£140 million** – or more – by 2019.

| Place | Result |
| --- | --- |
| Wigan | positive |

## Sources

- A report. A body, undated. https://example.org/a_b
"""


def manuscript_files() -> list[Path]:
    """Every brief that is written as Markdown, rendered or not."""
    return sorted([*MANUSCRIPTS.glob("*.md"), *DOCUMENTS.glob("*.md")])


@pytest.fixture(scope="module")
def briefs() -> dict[str, Manuscript]:
    return {path.stem: read_manuscript(path) for path in manuscript_files()}


@pytest.fixture
def manuscripts(tmp_path: Path) -> Path:
    folder = tmp_path / "manuscripts"
    folder.mkdir()
    (folder / "small-brief.md").write_text(SMALL, encoding="utf-8")
    return folder


def lines_of(manuscript: Manuscript) -> Iterator[Line]:
    for block in manuscript.blocks:
        if isinstance(block, Heading | Paragraph):
            yield block.line
        elif isinstance(block, Bullets):
            yield from block.items
        else:
            for row in (block.header, *block.rows):
                yield from row


def text_of(manuscript: Manuscript) -> str:
    return "\n".join(plain(line) for line in lines_of(manuscript))


# --- what is in the library ---


@pytest.mark.parametrize("path", manuscript_files(), ids=lambda path: path.stem)
def test_every_brief_has_whole_front_matter_and_names_itself_as_a_brief(path: Path) -> None:
    manuscript = read_manuscript(path)
    title, second, *_ = manuscript.blocks
    assert isinstance(title, Heading)
    assert plain(title.line) == manuscript.front.title
    assert isinstance(second, Paragraph)
    assert "Plumbline brief" in plain(second.line)
    assert all(run.italic for run in second.line)
    assert manuscript.front.sources


def test_a_brief_is_kept_once_as_a_manuscript_or_as_a_document() -> None:
    names = [path.name for path in manuscript_files()]
    assert len(names) == len(set(names))


def test_the_committed_documents_are_what_their_manuscripts_make() -> None:
    assert differences(MANUSCRIPTS, DOCUMENTS) == []


def test_the_library_holds_ninety_documents_in_every_format() -> None:
    by_format: dict[str, list[Path]] = {}
    for path in DOCUMENTS.iterdir():
        by_format.setdefault(path.suffix, []).append(path)
    by_format.pop(".csv")
    long_pdfs = [path for path in by_format[".pdf"] if len(pypdfium2.PdfDocument(path)) >= 2]
    assert len(long_pdfs) >= 12
    assert len(by_format[".docx"]) >= 6
    assert len(by_format[".html"]) >= 6
    assert len(by_format[".odt"]) >= 2
    assert sum(map(len, by_format.values())) >= 90


def test_the_briefs_together_state_all_306_facts_of_all_70_examples(
    briefs: dict[str, Manuscript],
) -> None:
    facts = {fact for brief in briefs.values() for fact in brief.front.facts}
    assert len(facts) == 306
    assert len({fact.rpartition(".")[0] for fact in facts}) == 70


def test_every_example_states_its_own_facts(briefs: dict[str, Manuscript]) -> None:
    examples = [brief.front for brief in briefs.values() if brief.front.kind == "example"]
    assert len(examples) == 70
    assert [front.id for front in examples if not own_facts(front.facts, front.id)] == []


def own_facts(facts: tuple[str, ...], example: str) -> list[str]:
    return [fact for fact in facts if fact.rpartition(".")[0] == example]


def test_every_figure_of_a_statement_is_in_the_brief_of_its_example(
    briefs: dict[str, Manuscript],
) -> None:
    if not FACTS.is_file():
        pytest.skip("the collection of statements is not beside this repository")
    lost: list[str] = []
    for entry in cast("list[dict[str, Any]]", yaml.safe_load(FACTS.read_text(encoding="utf-8"))):
        brief = briefs.get(entry["id"])
        written = figures(text_of(brief)) if brief else set[str]()
        for fact in entry["facts"]:
            missing = figures(fact["statement"]) - written
            listed = brief is not None and fact["id"] in brief.front.facts
            if missing or not listed:
                lost.append(f"{fact['id']}: {sorted(missing)}")
    assert lost == []


def figures(text: str) -> set[str]:
    """The numbers in a text, without their thousands commas."""
    return {found.replace(",", "") for found in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


def test_figures_are_found_with_their_decimals_and_without_their_commas() -> None:
    assert figures("From £1,061 to 18.5 per cent by 2017/18, 9,785.") == {
        "1061", "18.5", "2017", "18", "9785",
    }  # fmt: skip


def test_the_principles_have_their_exact_titles(briefs: dict[str, Manuscript]) -> None:
    data = tomllib.loads((ROOT / "corpus" / "principles.toml").read_text(encoding="utf-8"))
    assert {entry["number"]: entry["title"] for entry in data["principle"]} == TITLES
    for number, title in TITLES.items():
        assert briefs[f"principle-{number}"].front.title == f"Principle {number}: {title}"


def test_every_principle_has_a_statement_criteria_and_its_source() -> None:
    data = tomllib.loads((ROOT / "corpus" / "principles.toml").read_text(encoding="utf-8"))
    for principle in data["principle"]:
        assert principle["statement"]
        assert 4 <= len(principle["criterion"]) <= 8
        assert all(entry["text"] for entry in principle["criterion"])
        assert principle["source"]["url"].startswith("https://")


def test_the_catalogue_lists_eighty_public_documents() -> None:
    data = tomllib.loads((ROOT / "corpus" / "sources.toml").read_text(encoding="utf-8"))
    sources = data["source"]
    assert len({source["id"] for source in sources}) == len(sources) == 80
    for source in sources:
        for field in ("title", "publisher", "licence", "description"):
            assert source[field], f"{source['id']} has no {field}"
        assert set(source["principles"]) <= set(TITLES)


def test_the_manifest_describes_each_rendered_document_as_its_manuscript_does(
    briefs: dict[str, Manuscript],
) -> None:
    with (DOCUMENTS / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    rendered = {path.name for path in DOCUMENTS.iterdir() if path.suffix not in (".md", ".csv")}
    assert set(rows) == rendered
    Manifest().load(DOCUMENTS / "manifest.csv")  # ingestion takes every value
    for row in rows.values():
        front = briefs[row["id"]].front
        assert row["title"] == front.title
        assert row["standing"] == "brief"
        assert row["sectors"].split("; ") == list(front.sectors)


# --- the files themselves ---


@pytest.mark.parametrize("path", sorted(DOCUMENTS.glob("*.pdf")), ids=lambda path: path.stem)
def test_a_pdf_reads_back_sentence_by_sentence_in_order(path: Path) -> None:
    manuscript = read_manuscript(MANUSCRIPTS / f"{path.stem}.md")
    text = pdf_text(path.read_bytes(), manuscript)
    place = 0
    for line in lines_of(manuscript):
        for sentence in re.split(r"(?<=[.?!])\s+", plain(line)):
            wanted = "".join(sentence.split())
            found = text.find(wanted, place)
            assert found >= 0, f"{sentence!r} is not where it should be"
            place = found + len(wanted)


def pdf_text(content: bytes, manuscript: Manuscript) -> str:
    """The text of the pages without white space, running headers and footers."""
    with pypdfium2.PdfDocument(content) as document:
        pages = [page.get_textpage().get_text_range().splitlines() for page in document]
    front = manuscript.front
    kept: list[str] = []
    for number, lines in enumerate(pages, start=1):
        assert lines[:2] == [
            f"{front.title} Plumbline brief",
            f"{imprint(front)} Page {number} of {len(pages)}",
        ]
        kept += lines[2:]
    return "".join("".join(kept).split())


def test_a_pdf_has_an_outline_properties_links_and_embedded_fonts(manuscripts: Path) -> None:
    content = dict(render(manuscripts))["small-brief.pdf"]
    with pypdfium2.PdfDocument(content) as document:
        entries = cast(Any, document).get_toc()
        outline = [(entry.level, entry.get_title()) for entry in entries]
        properties = document.get_metadata_dict()
    assert outline == [(0, "A small brief"), (1, "What happened"), (1, "Sources")]
    assert properties["Title"] == "A small brief"
    assert properties["Author"] == "Plumbline"
    assert properties["CreationDate"] == "D:20261123000000Z"
    assert b"/URI (https://example.org/a_b)" in content
    assert content.count(b"/FontFile2") >= 3


def test_pounds_dashes_and_apostrophes_survive_in_a_pdf(manuscripts: Path) -> None:
    content = dict(render(manuscripts))["small-brief.pdf"]
    with pypdfium2.PdfDocument(content) as document:
        text = document[0].get_textpage().get_text_range()
    assert "Wigan Council’s saving was £140 million – or more – by 2019." in text


@pytest.mark.parametrize("suffix", [".docx", ".odt"])
def test_an_office_file_has_real_headings_a_repeated_table_heading_and_page_numbers(
    suffix: str,
) -> None:
    for path in DOCUMENTS.glob(f"*{suffix}"):
        with ZipFile(BytesIO(path.read_bytes())) as package:
            content = "".join(
                package.read(name).decode() for name in package.namelist() if name.endswith(".xml")
            )
        marks = {
            ".docx": ('w:val="Heading1"', 'w:instr="NUMPAGES"', 'w:val="ListBullet"'),
            ".odt": ('text:outline-level="2"', "<text:page-count", "<text:list "),
        }[suffix]
        assert all(mark in content for mark in marks), path.name
        if "<w:tbl>" in content:
            assert "<w:tblHeader/>" in content, path.name


# --- the builder ---


def test_building_twice_writes_nothing_the_second_time(manuscripts: Path, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    assert build(manuscripts, documents) == ["small-brief.pdf", "manifest.csv"]
    assert build(manuscripts, documents) == []
    assert differences(manuscripts, documents) == []


def test_a_changed_manuscript_is_named_by_the_check(
    manuscripts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = tmp_path / "documents"
    build(manuscripts, documents)
    (manuscripts / "small-brief.md").write_text(SMALL.replace("£140", "£150"), encoding="utf-8")
    folders = ["--manuscripts", str(manuscripts), "--documents", str(documents)]
    assert main(["--check", *folders]) == 1
    assert "small-brief.pdf: differs" in capsys.readouterr().out
    assert main(folders) == 0
    assert main(["--check", *folders]) == 0


def test_every_format_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("peterborough-sib", "sector-schools", "better-care-fund", "principle-1"):
        shutil.copy(MANUSCRIPTS / f"{name}.md", tmp_path)
    assert list(render(tmp_path)) == list(render(tmp_path))


def test_a_file_that_no_manuscript_makes_is_named_by_the_check(
    manuscripts: Path, tmp_path: Path
) -> None:
    documents = tmp_path / "documents"
    build(manuscripts, documents)
    (documents / "old.pdf").write_bytes(b"%PDF")
    assert differences(manuscripts, documents) == [
        f"{documents / 'old.pdf'}: is made from no manuscript"
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("place: United Kingdom\n", "", "small-brief.md:1: front matter: 'place' is missing"),
        ("id: small-brief", "id: other", "small-brief.md:2: id: 'other' is not the file's name"),
        ("kind: principle", "kind: example", "'years' is missing, which an example needs"),
        ("date: 2026-11-23", "date: soon", "small-brief.md:6: front matter: date:"),
        ("{4: about}", "{4: abuot}", "small-brief.md:10: front matter: principles.4:"),
        (', publisher: "A body"', "", "small-brief.md:12: front matter: 'sources.0.publisher'"),
        ("---\nid", "id", "small-brief.md:1: there is no front matter"),
        ("# A small brief\n", "", "small-brief.md:15: the text does not begin with its one '# '"),
        ("Wigan Council’s", "1. Wigan Council’s", "small-brief.md:21: 'ordered_list_open'"),
    ],
)
def test_a_faulty_manuscript_is_refused_with_its_file_line_and_field(
    manuscripts: Path, old: str, new: str, message: str
) -> None:
    file = manuscripts / "small-brief.md"
    file.write_text(SMALL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        list(render(manuscripts))
    assert main(["--manuscripts", str(manuscripts)]) == 2
