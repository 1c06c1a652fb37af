"""The review desk as a browser without JavaScript sees it, and the draft it lays out."""

from __future__ import annotations

import io
import re
from collections.abc import Generator
from datetime import date, timedelta
from html import unescape

import docx
import pytest
from fastapi.testclient import TestClient
from serving import client_of, make_library, settings_for

from api.desk import confidence_words
from api.draft_text import ClauseMark, Flag, Part, draft_parts
from corpus.types import Block, BlockKind, Page

MERGE = "We will merge all fire services into one national body by order of the minister."
RANK = "Every hospital will be ranked in a league table by the number of operations it completes."
DRAFT = f"# A plan\n\n## Safety\n\n{MERGE}\n\n## Health\n\n{RANK}\n\nTrains will run on Sundays.\n"
TOMORROW = (date.today() + timedelta(days=1)).isoformat()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[TestClient]:
    folder = tmp_path_factory.mktemp("desk")
    make_library(folder)
    with client_of(settings_for(folder)) as client:
        client.headers["Accept"] = "text/html"
        yield client


@pytest.fixture(scope="module")
def desk(client: TestClient) -> str:
    """The address of a draft that was checked."""
    done = client.post("/check", data={"text": DRAFT})
    assert done.status_code == 200, words_of(done.text)
    return done.url.path


def words_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def findings_in(page: str) -> list[str]:
    """The finding's principle and the first words of its clause, of each finding in the list."""
    return [
        words_of(title) for title in re.findall(r'<h3 id="f\d+-title">(.*?)</h3>', page, re.DOTALL)
    ]


def fingerprint_of(page: str, anchor: str) -> str:
    article = page.partition(f'id="{anchor}"')[2].partition("</article>")[0]
    return re.findall(r'name="fingerprint" value="([0-9a-f]+)"', article)[0]


# -- giving a draft in --------------------------------------------------------------------------


def test_a_pasted_draft_is_read_with_its_findings_in_place_and_beside_it(
    client: TestClient, desk: str
) -> None:
    page = client.get(desk).text
    draft, _, findings = page.partition('class="findings"')
    assert re.search(r'class="heading level-2"[^>]*>Safety<', draft)
    assert "Trains will run on Sundays." in words_of(draft)
    marked = re.findall(r'<span class="clause conflicts" id="(c\d+)">', draft)
    assert marked == ["c1", "c2"]
    for clause in marked:
        assert f'href="#{clause}"' in findings  # from the finding to the draft
    assert 'class="flag conflicts" href="#f1"' in draft  # and back
    assert len(findings_in(page)) >= 2


def test_a_draft_that_cannot_be_checked_is_told_and_nothing_is_lost(client: TestClient) -> None:
    for text, said in (
        ("", "Choose a file, or paste the text"),
        ("# Only a heading", "no clause to check"),
        (
            "Le gouvernement va fermer les petites écoles de campagne dans les deux ans. " * 4,
            "does not read as English",
        ),
        ("We will plant trees. " * 20_000, "at most 400,000"),
    ):
        page = client.post("/check", data={"text": text})
        assert page.status_code == 422
        assert said in words_of(page.text)
        assert "<title>Error:" in page.text
        assert unescape(page.text).count(text[:60]) >= 1  # the box still has it


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("plan.exe", b"MZ\x90\x00", "not read"),
        ("plan.docx", b"no zip at all", ""),
        ("empty.md", b"", "empty"),
    ],
)
def test_a_wrong_file_is_told_plainly(
    client: TestClient, name: str, content: bytes, said: str
) -> None:
    page = client.post("/check", files={"file": (name, content)})
    assert page.status_code == 422
    assert "There is a problem" in page.text
    assert said in words_of(page.text)


def test_script_in_a_draft_stays_text(client: TestClient) -> None:
    text = f"# <script>alert(1)</script>\n\n{MERGE} <img src=x onerror=alert(2)>\n"
    page = client.post("/check", files={"file": ("<b>plan.md", text.encode())}).text
    assert re.findall(r"<script[^>]*>", page) == ['<script type="module" src="/static/desk.js">']
    assert "<img src=x" not in page
    assert "<b>" not in page


def test_one_clause_of_very_many_words_is_shown_whole(client: TestClient) -> None:
    text = "We will merge every service into one " + "and another " * 2_000 + "by order."
    page = client.post("/check", files={"file": ("long.md", text.encode())})
    assert page.status_code == 200
    assert words_of(page.text).count("and another") >= 2_000
    assert len(page.content) < 2_000_000
    assert client.get(f"{page.url.path}/map").status_code == 200


# -- reading it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ({"principle": "P7"}, "P7"),
        ({"verdict": "conflicts"}, "P"),
        ({"verdict": "supports"}, ""),
        ({"waived": "only"}, ""),
        ({"principle": "P9"}, ""),
        ({"verdict": "nonsense", "part": "-3"}, "P"),
    ],
)
def test_findings_are_narrowed_by_the_address(
    client: TestClient, desk: str, asked: dict[str, str], held: str
) -> None:
    page = client.get(desk, params=asked).text
    found = findings_in(page)
    if held:
        assert found
        assert all(held in title for title in found)
    else:
        assert found == []
        assert "No finding" in page


def test_the_draft_marks_only_the_findings_that_are_listed(client: TestClient, desk: str) -> None:
    page = client.get(desk, params={"principle": "P7"}).text
    assert set(re.findall(r'class="flag \w+" href="#(f\d+)"', page)) == set(
        re.findall(r'<article [^>]*id="(f\d+)"', page)
    )


def test_the_map_has_every_clause_and_principle_in_words(client: TestClient, desk: str) -> None:
    page = client.get(f"{desk}/map").text
    rows = re.findall(r'<th scope="row">.*?</tr>', page, re.DOTALL)
    assert len(rows) == 3
    assert [row.count("<td") for row in rows] == [7, 7, 7]
    assert "conflicts, finding 1" in words_of(rows[0])
    assert set(re.findall(r"(supports|conflicts|unsure|silent)", words_of(rows[2]))) == {"silent"}


def test_coverage_says_what_the_draft_never_mentions(client: TestClient, desk: str) -> None:
    page = words_of(client.get(f"{desk}/coverage").text)
    never = page.partition("What the draft never mentions")[2].partition("Principle by")[0]
    assert "P7" not in never
    assert "P6" in never
    assert "P7.1" in page


def test_a_long_draft_comes_in_parts_and_no_finding_is_lost(client: TestClient) -> None:
    trains = "".join(f"Trains will run on Sundays to platform {n}.\n\n" for n in range(70))
    sections = [f"# Part {number}\n\n{MERGE}\n\n{trains}" for number in range(3)]
    page = client.post("/check", files={"file": ("long.md", "".join(sections).encode())})
    desk = page.url.path
    total = int(re.findall(r"(\d+) findings", words_of(page.text))[0])
    parts = re.findall(r"Part 1 of (\d+)", page.text)
    assert int(parts[0]) > 1
    found = [
        finding
        for part in range(1, int(parts[0]) + 1)
        for finding in findings_in(client.get(desk, params={"part": str(part)}).text)
    ]
    assert len(found) == total
    assert client.get(desk, params={"part": "999"}).status_code == 200


# -- waivers ------------------------------------------------------------------------------------


def test_a_finding_is_waived_with_a_name_and_a_reason_and_the_waiver_withdrawn(
    client: TestClient,
) -> None:
    desk = client.post("/check", data={"text": DRAFT}).url.path
    print_ = fingerprint_of(client.get(desk).text, "f1")
    given = {"fingerprint": print_, "name": "Ann", "reason": "agreed", "expires": TOMORROW}
    page = client.post(f"{desk}/waive", data={**given, "back": "?order=gravest"})
    assert page.status_code == 200
    assert page.url.query == b"order=gravest"
    assert "Waived by Ann until" in words_of(page.text)
    assert "1 waived" in words_of(page.text)
    assert findings_in(client.get(desk, params={"waived": "only"}).text)
    assert "Ann" in client.get(f"/v1/checks/{desk.rpartition('/')[2]}.sarif").text
    page = client.post(f"{desk}/unwaive", data={"fingerprint": print_})
    assert "Waived by Ann" not in words_of(page.text)
    assert findings_in(client.get(desk, params={"waived": "only"}).text) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "needs a name"),
        ({"reason": "   "}, "needs a name and a reason"),
        ({"expires": "soon"}, "as a date"),
        ({"expires": "2020-01-31"}, "has gone by"),
    ],
)
def test_a_waiver_that_is_not_whole_is_told_and_what_was_written_is_kept(
    client: TestClient, desk: str, wrong: dict[str, str], said: str
) -> None:
    print_ = fingerprint_of(client.get(desk).text, "f1")
    given = {"fingerprint": print_, "name": "Ann", "reason": "agreed", "expires": TOMORROW}
    page = client.post(f"{desk}/waive", data={**given, **wrong})
    assert page.status_code == 422
    assert said in words_of(page.text)
    kept = "agreed" if "name" in wrong else "Ann"
    assert kept in page.text
    assert "Waived by" not in words_of(page.text)


# -- comparing, taking away, deleting -----------------------------------------------------------


def test_the_next_draft_is_compared_with_the_last_and_takes_over_its_waivers(
    client: TestClient,
) -> None:
    first = client.post("/check", data={"text": DRAFT})
    first_id = first.url.path.rpartition("/")[2]
    print_ = fingerprint_of(first.text, "f1")
    given = {"fingerprint": print_, "name": "Ann", "reason": "agreed", "expires": TOMORROW}
    client.post(f"{first.url.path}/waive", data=given)
    cut = "We will end the right of patients to be consulted on the closure of wards."
    second = client.post("/check", data={"text": DRAFT.replace(RANK, cut), "against": first_id})
    assert second.url.query.decode() == f"against={first_id}"
    assert "Waived by Ann" in words_of(second.text)
    page = words_of(client.get(f"{second.url.path}/compare?against={first_id}").text)
    fixed = page.partition("Fixed: no longer in the draft")[2].partition("New")[0]
    assert RANK in fixed
    new = page.partition("Fixed: no longer")[2].partition(" New ")[2].partition(" Unchanged ")[0]
    assert cut in new
    assert MERGE in page.partition(" Unchanged ")[2]
    only_new = client.get(second.url.path, params={"against": first_id, "change": "new"}).text
    assert 0 < len(findings_in(only_new)) < len(findings_in(second.text))
    client.post(f"{first.url.path}/delete")
    assert client.get(second.url.path, params={"against": first_id}).status_code == 200


def test_a_draft_is_compared_with_a_file_that_was_never_checked(
    client: TestClient, desk: str
) -> None:
    page = client.post(f"{desk}/compare", files={"file": ("old.md", RANK.encode())})
    assert page.status_code == 200
    assert "Since old.md" in words_of(page.text)
    assert MERGE in words_of(page.text).partition(" New ")[2].partition(" Unchanged ")[0]
    page = client.post(f"{desk}/compare", files={"file": ("old.exe", b"MZ")})
    assert page.status_code == 422
    assert "There is a problem" in page.text


def test_the_downloads_offered_are_there(client: TestClient) -> None:
    document = docx.Document()
    document.add_paragraph(MERGE)
    out = io.BytesIO()
    document.save(out)
    page = client.post("/check", files={"file": ("plan.docx", out.getvalue())}).text
    offered = re.findall(r'href="(/v1/checks/[^"]+)" download="([^"]+)"', page)
    assert [name for _, name in offered] == [
        f"plan-checked.{form}" for form in ("docx", "html", "md", "csv", "sarif", "json")
    ]
    for address, _ in offered:
        assert client.get(address).status_code == 200
    [comment, *_] = docx.Document(io.BytesIO(client.get(offered[0][0]).content)).comments
    assert comment.text.startswith("P7: conflicts")


def test_earlier_checks_are_listed_and_deleted_after_asking(client: TestClient) -> None:
    done = client.post("/check", files={"file": ("to-delete.md", MERGE.encode())})
    assert "to-delete.md" in client.get("/check").text
    asked = client.get(f"{done.url.path}/delete")
    assert "Delete this check?" in asked.text
    gone = client.post(f"{done.url.path}/delete")
    assert "were deleted" in gone.text
    assert "to-delete.md" not in gone.text
    assert client.get(done.url.path).status_code == 404
    assert client.get(f"{done.url.path}/map").status_code == 404


# -- the draft laid out -------------------------------------------------------------------------


def text_of(part: Part) -> str:
    return "".join(run.text for stretch in part.text for run in stretch.runs)


def test_every_character_of_a_draft_is_shown_and_clauses_stand_in_their_places() -> None:
    text = "Title\nWe will act. Others talk.\nstray words"
    page = Page(1, text, (Block(BlockKind.HEADING, 0, 5, 1), Block(BlockKind.PARAGRAPH, 6, 31)))
    flag = Flag(1, "f1", "Finding 1", "conflicts")
    mark = ClauseMark("c1", 6, 18, "conflicts", (flag,), ((14, 17), (9, 13)))
    heading, paragraph, stray = draft_parts([page], {1: [mark]}, paged=False)
    assert (heading.kind, heading.level, text_of(heading)) == ("heading", 1, "Title")
    assert text_of(paragraph) == "We will act. Others talk."
    assert text_of(stray) == "stray words"
    clause, rest = paragraph.text
    assert clause.clause is mark
    assert clause.first
    assert clause.last
    assert [run.text for run in clause.runs if run.telling] == ["will", "act"]
    assert rest.clause is None


def test_list_items_stand_in_one_list_without_a_second_bullet() -> None:
    text = "- first thing\n2. second thing\n"
    blocks = (Block(BlockKind.LIST_ITEM, 0, 13, 1), Block(BlockKind.LIST_ITEM, 14, 29, 2))
    [held] = draft_parts([Page(1, text, blocks)], {}, paged=False)
    assert held.kind == "list"
    first, second = held.items
    assert "".join(run.text for part in first.text for run in part.runs) == "first thing"
    assert (second.level, second.numbered) == (2, True)


def test_a_table_says_the_names_of_its_columns_once() -> None:
    lines = ["Cost | Staff", "Leeds | Cost: 3 | Staff: 40", "York | Staff: 9"]
    text = "\n".join(lines)
    starts = [text.index(line) for line in lines]
    blocks = tuple(
        Block(BlockKind.TABLE_ROW, start, start + len(line))
        for start, line in zip(starts, lines, strict=True)
    )
    row = ClauseMark("c1", starts[1], starts[1] + len(lines[1]))
    [table] = draft_parts([Page(1, text, blocks)], {1: [row]}, paged=False)
    cells = [
        ["".join(run.text for part in cell for run in part.runs) for cell in held.cells]
        for held in table.rows
    ]
    assert cells == [["", "Cost", "Staff"], ["Leeds", "3", "40"], ["York", "", "9"]]
    stretches = [part for cell in table.rows[1].cells for part in cell if part.clause]
    assert [part.first for part in stretches] == [True, False, False]
    assert [part.last for part in stretches] == [False, False, True]


@pytest.mark.parametrize(
    ("confidence", "words"),
    [(0.95, "very sure"), (0.8, "sure"), (0.6, "fairly sure"), (0.3, "not sure")],
)
def test_confidence_is_said_in_words(confidence: float, words: str) -> None:
    assert confidence_words(confidence) == words


def test_headings_of_a_draft_are_ranked_without_gaps() -> None:
    text = "Deep\nTop\nDeeper\n"
    blocks = (
        Block(BlockKind.HEADING, 0, 4, 4),
        Block(BlockKind.HEADING, 5, 8, 1),
        Block(BlockKind.HEADING, 9, 15, 3),
    )
    parts = draft_parts([Page(1, text, blocks)], {}, paged=False)
    assert [(part.level, part.rank) for part in parts] == [(4, 1), (1, 1), (3, 2)]
