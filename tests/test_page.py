"""The page as a browser without JavaScript sees it, and the text it lays out."""

from __future__ import annotations

import re
from collections.abc import Generator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from serving import TOKEN, client_of, make_library, settings_for

from api.page_text import laid_out
from api.showing import shown_date
from corpus.types import Block, BlockKind, Page

QUESTION = "How much had Wigan Council saved?"
LOCAL = {"X-Plumbline-Token": TOKEN}
PAGE = Path(__file__).parent.parent / "api" / "page"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[TestClient]:
    folder = tmp_path_factory.mktemp("page")
    make_library(folder)
    with client_of(settings_for(folder)) as client:
        client.headers["Accept"] = "text/html"
        yield client


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_a_question_is_asked_and_followed_up_by_forms_alone(client: TestClient) -> None:
    first = client.post("/", data={"question": QUESTION})
    assert first.status_code == 200
    assert "£115 million" in text_of(first.text)
    conversation = first.url.path.rsplit("/", 1)[-1]
    fields = Elements(first.text).of("input")
    named = [field["value"] for field in fields if field["name"] == "conversation_id"]
    assert set(named) == {conversation}
    second = client.post(
        "/", data={"question": "And life expectancy?", "conversation_id": conversation}
    )
    assert second.url.path == first.url.path
    assert "£115 million" in text_of(second.text)
    assert "seven years" in text_of(second.text)


def test_each_source_shows_title_publisher_date_and_standing(client: TestClient) -> None:
    page = text_of(client.post("/", data={"question": QUESTION}).text)
    assert "The Wigan Deal, page 1 Plumbline · March 2019 · brief" in page


def test_a_citation_opens_its_page_with_the_words_marked(client: TestClient) -> None:
    answer = client.post("/", data={"question": QUESTION}).text
    citation = next(link for link in Elements(answer).of("a") if link.get("class") == "citation")
    assert citation["aria-label"] == "Source 1: The Wigan Deal, page 1"
    source = client.get(str(citation["href"])).text
    marked = re.findall(r"<mark>(.*?)</mark>", source, re.DOTALL)
    assert [text_of(words) for words in marked] == [
        "Wigan Council saved £115 million between 2011 and 2017."
    ]


def test_nothing_found_is_said_plainly_and_lists_no_sources(client: TestClient) -> None:
    page = client.post("/", data={"question": "What did Wigan Council spend on trams?"}).text
    if "£" not in text_of(page):
        assert "Sources" not in text_of(page)
    declined = client.post("/", data={"question": "Write a leaflet for Labour"}).text
    assert "does not write material to win votes" in text_of(declined)
    assert "Sources" not in text_of(declined)


@pytest.mark.parametrize(
    ("question", "words"),
    [("", "empty"), ("   ", "empty"), ("why " * 25_000, "4,000"), ("a\0b", "cannot be kept")],
)
def test_a_wrong_question_is_told_beside_the_form(
    client: TestClient, question: str, words: str
) -> None:
    response = client.post("/", data={"question": question})
    assert response.status_code == 422
    assert words in text_of(response.text)
    assert "<title>Error:" in response.text


def test_a_question_that_is_too_long_is_given_back_whole(client: TestClient) -> None:
    asked = "why " * 25_000
    page = client.post("/", data={"question": asked}).text
    held = re.search(r"<textarea id=\"question\"[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert held is not None
    assert held.group(1) == asked


def test_the_documents_that_are_asked_are_chosen_and_told(client: TestClient) -> None:
    asked = {"question": QUESTION, "standings": ["evaluation"], "published_from": "2020-01-01"}
    answer = client.post("/", data=asked)
    page = text_of(answer.text)
    assert "Asked of: evaluation; published from 2020" in page
    assert "£115 million" not in page
    boxes = [field for field in Elements(answer.text).of("input") if field["type"] == "checkbox"]
    assert [box["value"] for box in boxes if "checked" in box] == ["evaluation"]
    wrong = client.post("/", data={"question": QUESTION, "published_to": "yesterday"})
    assert wrong.status_code == 422
    assert "write a date like 2015-04-01" in text_of(wrong.text)
    assert QUESTION in wrong.text


def test_an_answer_is_rated_with_reasons_by_forms_alone(client: TestClient) -> None:
    answer = client.post("/", data={"question": QUESTION})
    conversation = answer.url.path.rsplit("/", 1)[-1]
    message = re.findall(r'id="answer-([0-9a-f]{32})"', answer.text)[0]
    address = f"/messages/{message}/feedback"
    hidden = {"conversation_id": conversation}
    rated = client.post(address, data={**hidden, "rating": "bad"})
    assert "What is wrong?" in rated.text
    client.post(address, data={**hidden, "wanted_in_tests": "yes"})
    reasons = {"whole": "yes", "reasons": ["old", "wrong"], "comment": "It was 2018."}
    page = client.post(address, data={**hidden, **reasons}).text
    assert "It was 2018." in page
    pressed = [
        (button.get("value"), button["aria-pressed"])
        for button in Elements(page).of("button")
        if "aria-pressed" in button
    ]
    assert pressed == [("good", "false"), ("bad", "true"), ("no", "true")]


def test_a_question_is_edited_in_its_own_place(client: TestClient) -> None:
    answer = client.post("/", data={"question": QUESTION})
    edit = next(
        link["href"] for link in Elements(answer.text).of("a") if "edit" in str(link.get("class"))
    )
    page = client.get(str(edit)).text
    assert f">{QUESTION}</textarea>" in page
    fields = [(field["name"], field["value"]) for field in Elements(page).of("input")]
    message = re.findall(r'id="answer-([0-9a-f]{32})"', page)[0]
    assert fields.count(("instead_of", message)) == 2  # to ask again, and to ask as edited


def test_conversations_are_found_renamed_and_deleted_by_forms_alone(client: TestClient) -> None:
    asked = "How many people slept rough in Helsinki after 2008?"
    address = client.post("/", data={"question": asked}).url.path
    assert asked in client.get("/conversations", params={"q": "slept rough"}).text
    assert "No conversation has" in client.get("/conversations", params={"q": "zeppelin"}).text
    wrong = client.post(f"{address}/rename", data={"title": "  "})
    assert wrong.status_code == 422
    assert "1 to 200 characters" in text_of(wrong.text)
    renamed = client.post(f"{address}/rename", data={"title": "Sleeping <b>rough</b>"})
    assert "<h1" in renamed.text
    assert "Sleeping &lt;b&gt;rough" in renamed.text
    assert "cannot be undone" in text_of(client.get(f"{address}/delete").text)
    gone = client.post(f"{address}/delete")
    assert "has been deleted" in text_of(gone.text)
    assert client.get(address).status_code == 404


def test_a_source_that_was_removed_or_replaced_is_marked(tmp_path: Path) -> None:
    make_library(tmp_path)
    with client_of(settings_for(tmp_path)) as client:
        client.headers["Accept"] = "text/html"
        address = client.post("/", data={"question": QUESTION}).url.path
        newer = tmp_path / "documents" / "wigan.md"
        sent = newer.read_text(encoding="utf-8").replace("Healthy life", "Since then, healthy life")
        newer.write_text(sent, encoding="utf-8")
        local = {"paths": [str(newer)]}
        assert client.post("/v1/local/ingest", json=local, headers=LOCAL).status_code == 200
        page = client.get(address).text
        assert "A newer version exists" in text_of(page)
        link = next(part for part in Elements(page).of("a") if part.get("class") == "citation")
        opened = text_of(client.get(str(link["href"])).text)
        assert "A newer version exists" in opened
        assert "saved £115 million" in opened
        assert client.delete("/v1/documents/wigan").status_code == 204
        page = text_of(client.get(address).text)
        assert "Removed from the library" in page
        assert "£115 million" in page
        assert client.get(str(link["href"])).status_code == 404


def test_a_wrong_address_is_a_page_for_a_person(client: TestClient) -> None:
    for address in ("/nothing", "/documents/nobody", "/conversations/nobody"):
        response = client.get(address)
        assert response.status_code == 404
        assert "Page not found" in response.text
    response = client.post("/", data={"question": "Why?", "conversation_id": "nobody"})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


def test_markup_in_questions_and_documents_stays_text(client: TestClient) -> None:
    asked = client.post("/", data={"question": "<script>alert(1)</script><img src=x>?"}).text
    scripts = Elements(asked).of("script")
    assert [script.get("src") for script in scripts] == ["/static/ask.js"]
    assert Elements(asked).of("img") == []
    source = client.get("/documents/finland/pages/1").text
    assert Elements(source).of("script") == []


def test_the_library_lists_its_documents(client: TestClient) -> None:
    page = text_of(client.get("/documents").text)
    assert "2 documents" in page
    assert "Housing First in Finland Y-Foundation · 20 May 2021 · evaluation" in page
    assert text_of(client.get("/documents/wigan").text).count("The Wigan Deal") >= 1


def test_the_start_page_offers_questions_about_what_the_library_holds(client: TestClient) -> None:
    page = client.get("/").text
    offered = [
        str(button["value"]) for button in Elements(page).of("button") if button.get("value")
    ]
    assert offered == [
        "What does “Housing First in Finland” say?",
        "What does “The Wigan Deal” say?",
    ]
    assert client.post("/", data={"question": offered[0]}).status_code == 200


@pytest.mark.parametrize("address", ["/", "/documents", "/documents/wigan/pages/1", "/sign-in"])
def test_every_page_has_what_a_screen_reader_needs(client: TestClient, address: str) -> None:
    elements = Elements(client.get(address).text)
    assert elements.of("html")[0]["lang"] == "en-GB"
    assert len(elements.of("main")) == 1
    assert len(elements.of("h1")) == 1
    labelled = {label.get("for") for label in elements.of("label")}
    fields = elements.of("textarea") + [
        field
        for field in elements.of("input")
        # A label is around each box to tick.
        if field["type"] not in ("hidden", "checkbox")
    ]
    assert {field["id"] for field in fields} <= labelled
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert elements.of("a")[0]["href"] == "#main"


def test_an_answer_is_announced_politely_and_apart_from_the_thread(client: TestClient) -> None:
    parts = {part.get("id"): part for _, part in Elements(client.get("/").text).found}
    assert parts["said"]["aria-live"] == "polite"
    assert "aria-live" not in parts["thread"]


def test_no_page_asks_anything_of_another_site(client: TestClient) -> None:
    for address in ("/", "/documents", "/documents/wigan/pages/1", "/docs", "/sign-in"):
        for _, attributes in Elements(client.get(address).text).found:
            for name in ("src", "action"):
                assert not str(attributes.get(name) or "").startswith(("http", "//"))
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
    for script in (PAGE / "static").glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert "http" not in text.replace("http-equiv", "")
        assert "innerHTML" not in text


def test_every_character_of_a_page_is_shown_and_only_the_cited_are_marked() -> None:
    text = "Heading\nBetween blocks\nFirst sentence. Second sentence.\nAfter"
    page = Page(
        1,
        text,
        (
            Block(BlockKind.HEADING, 0, 7, 1),
            Block(BlockKind.PARAGRAPH, 23, 55),
        ),
    )
    start = text.index("Second")
    blocks = laid_out(page, start=start, end=start + len("Second sentence."))
    assert [(block.kind, "".join(run.text for run in block.runs)) for block in blocks] == [
        ("heading", "Heading"),
        ("paragraph", "Between blocks"),
        ("paragraph", "First sentence. Second sentence."),
        ("paragraph", "After"),
    ]
    marked = [run.text for block in blocks for run in block.runs if run.marked]
    assert marked == ["Second sentence."]


def test_a_mark_across_two_blocks_is_made_on_both() -> None:
    text = "One two\nthree four"
    page = Page(1, text, (Block(BlockKind.PARAGRAPH, 0, 7), Block(BlockKind.PARAGRAPH, 8, 18)))
    marked = [
        run.text for block in laid_out(page, start=4, end=13) for run in block.runs if run.marked
    ]
    assert marked == ["two", "three"]


def test_offsets_outside_the_page_mark_nothing_and_lose_nothing() -> None:
    page = Page(1, "Short.", (Block(BlockKind.PARAGRAPH, 0, 6),))
    for start, end in ((90, 99), (4, 2), (0, 0)):
        blocks = laid_out(page, start=start, end=end)
        assert ["".join(run.text for run in block.runs) for block in blocks] == ["Short."]
        assert not any(run.marked for block in blocks for run in block.runs)


@pytest.mark.parametrize(
    ("iso", "shown"),
    [
        ("2019-03-14", "14 March 2019"),
        ("2019-03-01", "March 2019"),
        ("2019-01-01", "2019"),
        (None, ""),
    ],
)
def test_a_date_is_shown_as_exactly_as_it_is_known(iso: str | None, shown: str) -> None:
    assert shown_date(iso) == shown
