"""The report on a draft in each form that it can be had in."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from io import BytesIO
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import docx
import pytest
from docx.document import Document
from docx.oxml import parse_xml

from assistant.checks.commenting import commented
from assistant.checks.formats import FORMATS
from assistant.checks.formats.from_json import report_from_json
from assistant.checks.side_by_side import side_by_side
from assistant.checks.types import (
    Change,
    Clause,
    Coverage,
    CriterionCoverage,
    Finding,
    JudgedClause,
    Judgement,
    Precedent,
    Report,
    Verdict,
    Waiver,
)
from corpus.types import Citation

NASTY = '=cmd|"/c calc"!A1 <script>alert(1)</script> & [x](javascript:1) *bold*'

CRITERIA = (
    CriterionCoverage("P7.1", "Joining up is rewarded", 0, 1),
    CriterionCoverage("P7.2", "Networks are encouraged", 0, 0),
)


def finding(text: str, *, verdict: Verdict = Verdict.CONFLICTS, number: int = 1) -> Finding:
    clause = Clause(f"c{number}", text, page=2, start=10, end=10 + len(text), heading="Care")
    judgement = Judgement(
        "P7",
        verdict,
        0.9,
        Verdict.CONFLICTS,
        telling=((10, 14),),
        criterion="P7.1",
        reason="Conflicts with principle 7.",
    )
    citation = Citation("fire", "fire.v1", "Fire <services>", 3, 0, 12, "It was merged")
    return Finding(
        f"{number:016x}",
        clause,
        judgement,
        precedents=(Precedent("fire", "Fire <services>", "conflicts", citation),),
        rewording="Let them merge if they wish.",
    )


def report(*findings: Finding, fixed: tuple[Finding, ...] = ()) -> Report:
    return Report(
        "draft one.docx",
        tuple(JudgedClause(found.clause, (found.judgement,)) for found in findings),
        findings,
        (Coverage("P7", "Organic structural change", 0, 1, 0, CRITERIA),),
        fixed=fixed,
        notes=("Tracked changes were taken as accepted.",),
    )


WHOLE = report(
    replace(finding("Merge all fire services by order."), change=Change.NEW),
    replace(
        finding(NASTY, verdict=Verdict.UNSURE, number=2),
        waiver=Waiver("2", "Ann", "agreed", date(2027, 1, 31)),
        change=Change.MOVED,
    ),
    fixed=(replace(finding("Gone.", number=3), change=Change.FIXED),),
)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_form_says_what_was_found(name: str) -> None:
    text = FORMATS[name](WHOLE)
    assert "fire services" in text
    assert text.endswith("\n") or name == "html"


def test_json_keeps_to_the_contract() -> None:
    held = json.loads(FORMATS["json"](WHOLE))
    clause = held["clauses"][0]
    assert {"id", "text", "page", "start", "end", "verdicts"} <= clause.keys()
    verdict = clause["verdicts"][0]
    assert {"principle", "verdict", "confidence", "telling", "criterion", "reason"} <= (
        verdict.keys()
    )
    assert verdict["telling"] == [{"start": 10, "end": 14}]
    assert {"findings", "coverage"} <= held.keys()


def test_a_report_is_the_same_when_it_is_read_back_from_its_json() -> None:
    held = json.loads(FORMATS["json"](WHOLE))
    waived = [replace(found.waiver, fingerprint=found.fingerprint) if found.waiver else None
              for found in WHOLE.findings]  # fmt: skip
    findings = tuple(
        replace(found, waiver=waiver) for found, waiver in zip(WHOLE.findings, waived, strict=True)
    )
    assert report_from_json(held) == replace(WHOLE, findings=findings)
    assert held["coverage"]["P7"]["criteria_absent"] == ["P7.2"]


def test_nothing_in_a_draft_is_markup_on_the_page() -> None:
    page = FORMATS["html"](WHOLE)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<mark>Merg</mark>" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_matrix_is_a_picture_with_words_and_shapes_and_not_colour_alone() -> None:
    page = FORMATS["html"](WHOLE)
    picture = page[page.index("<svg") : page.index("</svg>") + 6]
    drawing = ElementTree.fromstring(picture)
    assert drawing.get("role") == "img"
    said = "".join(drawing.itertext())
    assert "P7 0 support, 1 conflict, 0 unsure" in said
    assert "c1 conflicts P7: Merge all fire services" in said
    assert 'class="conflicts"' in picture
    assert "<polygon" in picture  # unsure
    assert "| c1 Merge all fire services by order. | C |" in FORMATS["md"](WHOLE)


def test_two_proposals_stand_side_by_side() -> None:
    other = replace(WHOLE, name="other.md", findings=(), coverage=(
        Coverage("P7", "Organic structural change", 2, 0, 0, (
            CriterionCoverage("P7.1", "Joining up is rewarded", 2, 0),)),
    ))  # fmt: skip
    held = json.loads(side_by_side(WHOLE, other, "json"))["principles"][0]
    assert [counts["conflicts"] for counts in held["counts"]] == [1, 0]
    assert held["criteria_met_by_one_only"] == [[], ["P7.1"]]
    text = side_by_side(WHOLE, other, "text")
    assert "A conflicts: Merge all fire services by order." in text
    assert "B alone meets P7.1" in text
    assert "| P7 Organic structural change | 0 | 2 | 1 | 0 | 0 | 0 |" in side_by_side(
        WHOLE, other, "md"
    )


def test_nothing_in_a_draft_is_markup_in_markdown() -> None:
    text = FORMATS["md"](WHOLE)
    assert "<script" not in text.replace("\\<", "")
    assert "\\*bold\\*" in text
    assert "\\[x\\]" in text


def test_no_cell_is_a_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](WHOLE))))
    assert len(rows) == 2
    assert rows[1]["text"].startswith("'=cmd")
    assert rows[1]["waived_by"] == "Ann"


def test_junit_counts_a_waived_conflict_as_no_failure() -> None:
    waived = replace(finding("Merge them."), waiver=Waiver("1", "Ann", "agreed", date(2027, 1, 31)))
    suite = ElementTree.fromstring(FORMATS["junit"](report(waived, finding("Split.", number=2))))
    assert suite.get("failures") == "1"
    assert len(suite.findall(".//skipped")) == 1


def test_junit_holds_no_character_that_xml_forbids() -> None:
    ElementTree.fromstring(FORMATS["junit"](report(finding("Merge \x00\x0b\ufffe all of them."))))


def test_sarif_names_the_rule_the_place_and_what_became_of_it() -> None:
    run = json.loads(FORMATS["sarif"](WHOLE))["runs"][0]
    assert run["tool"]["driver"]["semanticVersion"] == version("plumbline")
    new, moved, fixed = run["results"]
    assert (new["ruleId"], new["kind"], new["level"]) == ("P7", "fail", "warning")
    assert [held["baselineState"] for held in (new, moved, fixed)] == ["new", "updated", "absent"]
    assert (moved["kind"], moved["level"]) == ("review", "none")
    assert "Ann" in moved["suppressions"][0]["justification"]
    place = new["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "draft%20one.docx"
    assert place["region"]["charOffset"] == 10
    assert run["tool"]["driver"]["rules"][new["ruleIndex"]]["id"] == "P7"


# -- the same .docx, with comments --------------------------------------------------------------


def a_draft() -> bytes:
    document = docx.Document()
    document.add_heading("Fire", level=1)
    paragraph = document.add_paragraph("We begin. ")
    paragraph.add_run("Merge all fire ").bold = True
    paragraph.add_run("services by order.").italic = True
    paragraph.add_run(" We end.")
    cell = document.add_table(rows=1, cols=1).cell(0, 0)
    cell.text = "Abolish the ten authorities."
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def shape(document: Document) -> list[tuple[str, bool | None, bool | None]]:
    """Every character with its weight and slant, in the order of the text."""
    paragraphs = [*document.paragraphs, *document.tables[0].cell(0, 0).paragraphs]
    return [
        (character, run.bold, run.italic)
        for paragraph in paragraphs
        for run in paragraph.runs
        for character in run.text
    ]


def test_a_comment_stands_on_exactly_the_words_of_its_clause() -> None:
    held = report(
        finding("Merge all fire services by order."),
        finding("Abolish the ten authorities.", number=2),
    )
    document = docx.Document(BytesIO(commented(a_draft(), held)))
    comments = list(document.comments)
    assert len(comments) == 2
    assert {comment.author for comment in comments} == {"Plumbline"}
    body = ElementTree.fromstring(document.element.xml)
    name = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    inside, texts = False, []
    for element in body.iter():
        inside = (inside or element.tag == f"{name}commentRangeStart") and (
            element.tag != f"{name}commentRangeEnd"
        )
        if element.tag == f"{name}commentRangeStart":
            texts.append("")
        if inside and element.tag == f"{name}t":
            texts[-1] += element.text or ""
    assert texts == ["Merge all fire services by order.", "Abolish the ten authorities."]


def test_text_and_styles_are_as_they_were() -> None:
    original = a_draft()
    held = report(finding("fire services by"), finding("ten", number=2))
    assert shape(docx.Document(BytesIO(commented(original, held)))) == shape(
        docx.Document(BytesIO(original))
    )


def test_a_clause_that_is_not_found_is_commented_on_all_the_same() -> None:
    document = docx.Document(BytesIO(commented(a_draft(), report(finding("Not in the draft.")))))
    [comment] = document.comments
    assert "Not in the draft." in comment.text


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def a_draft_with_everything() -> bytes:
    """Links, a table, a content control, tracked changes and a comment that is there already."""
    document = docx.Document()
    linked = document.add_paragraph("We will abolish the ")
    linked._p.append(  # pyright: ignore[reportPrivateUsage]
        parse_xml(
            f'<w:hyperlink xmlns:w="{W}" w:anchor="a"><w:r><w:rPr><w:u w:val="single"/></w:rPr>'
            "<w:t>ten fire authorities</w:t></w:r></w:hyperlink>"
        )
    )
    linked.add_run(" by order.")
    row = document.add_table(1, 2)
    row.cell(0, 0).text = "Help will be limited to those in severe need."
    row.cell(0, 1).text = "£2m"
    element: Any = document.element  # its types are not complete
    body: Any = element.body
    body.insert(
        len(body) - 1,
        parse_xml(
            f'<w:sdt xmlns:w="{W}"><w:sdtContent><w:p><w:r><w:t>Every council will be merged.'
            "</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        ),
    )
    changed = document.add_paragraph("Councils will be ")
    for piece in (
        '<w:ins xmlns:w="{}" w:id="91" w:author="A"><w:r><w:t xml:space="preserve">required to '
        "</w:t></w:r></w:ins>",
        '<w:del xmlns:w="{}" w:id="92" w:author="A"><w:r><w:delText xml:space="preserve">free to '
        "</w:delText></w:r></w:del>",
    ):
        changed._p.append(parse_xml(piece.format(W)))  # pyright: ignore[reportPrivateUsage]
    changed.add_run("ring-fence it.")
    last = document.add_paragraph("The Treasury will set staffing numbers.")
    document.add_comment(last.runs, text="An old comment", author="Bo", initials="B")
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def letters(data: bytes) -> list[tuple[str, str, tuple[str, ...]]]:
    """Every character with the properties of its run and what it stands in."""
    found: list[tuple[str, str, tuple[str, ...]]] = []

    def walk(element: ElementTree.Element, inside: tuple[str, ...], look: str) -> None:
        name = element.tag.split("}")[-1]
        if name == "r":
            own = element.find(f"{{{W}}}rPr")
            look = "" if own is None else ElementTree.tostring(own, encoding="unicode")
        if name in ("t", "delText"):
            found.extend((letter, look, inside) for letter in element.text or "")
        kept = (*inside, name) if name in ("ins", "del", "hyperlink", "sdt", "tc") else inside
        for child in element:
            walk(child, kept, look)

    with ZipFile(BytesIO(data)) as held:
        walk(ElementTree.fromstring(held.read("word/document.xml")), (), "")
    return found


def test_nothing_but_comments_changes_in_a_document_with_everything() -> None:
    original = a_draft_with_everything()
    texts = [
        "We will abolish the ten fire authorities by order.",
        "Help will be limited to those in severe need. | £2m",
        "Every council will be merged.",
        "Councils will be required to ring-fence it.",
        "The Treasury will set staffing numbers.",
    ]
    held = report(*(finding(text, number=number) for number, text in enumerate(texts, start=1)))
    done = commented(original, held)
    assert letters(done) == letters(original)
    with ZipFile(BytesIO(original)) as before, ZipFile(BytesIO(done)) as after:
        assert before.namelist() == after.namelist()
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
        assert changed == {"word/document.xml", "word/comments.xml"}
    said = [comment.text for comment in docx.Document(BytesIO(done)).comments]
    assert said[0] == "An old comment"
    assert len(said) == 1 + len(texts)
