"""The page as a browser without JavaScript sees it, and the text it lays out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Generator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from serving import client_of, make_library, running, settings_for

from api.page_text import laid_out
from api.showing import shown_date
from corpus.types import Block, BlockKind, Page

QUESTION = "How much had Wigan Council saved?"
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
    hidden = [field for field in Elements(first.text).of("input") if field["type"] == "hidden"]
    assert hidden[0]["value"] == conversation
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
    labelled = {label["for"] for label in elements.of("label")}
    fields = elements.of("textarea") + [
        field for field in elements.of("input") if field["type"] != "hidden"
    ]
    assert {field["id"] for field in fields} <= labelled
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert elements.of("a")[0]["href"] == "#main"


def test_the_thread_is_announced_politely(client: TestClient) -> None:
    thread = [
        part for _, part in Elements(client.get("/").text).found if part.get("id") == "thread"
    ]
    assert thread[0]["aria-live"] == "polite"


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


@pytest.mark.browser
@pytest.mark.slow
def test_in_a_browser_an_answer_streams_and_its_source_opens_beside_it(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    make_library(tmp_path)
    with running(settings_for(tmp_path)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 320, "height": 640})
        faults: list[str] = []
        asked_for: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda told: faults.append(told.text))
        page.on("request", lambda request: asked_for.append(request.url))
        page.goto(url)
        page.fill("#question", QUESTION)
        page.keyboard.press("Enter")
        page.wait_for_selector(".sources")
        assert "£115 million" in page.inner_text("#thread")
        assert "/conversations/" in page.url
        page.focus(".citation")
        page.keyboard.press("Enter")
        page.wait_for_selector("#panel mark")
        assert page.inner_text("#panel mark").startswith("Wigan Council saved £115 million")
        assert page.evaluate("() => document.activeElement.id") == "panel-title"
        assert page.evaluate("() => document.documentElement.scrollWidth") == 320
        page.keyboard.press("Escape")
        assert page.is_hidden("#panel")
        assert page.evaluate("() => document.activeElement.className") == "citation"
        page.reload()
        assert page.locator(".exchange").count() == 1
        assert faults == []
        assert all(address.startswith(url) for address in asked_for)
        browser.close()
