"""The Ask page in a real browser, over the real server and documents of the starter library."""

from __future__ import annotations

import io
import re
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_server import chat_server, quotes_when_let
from in_browser import SCREENS, Wire, assert_good, chromium, opened
from playwright.sync_api import Browser, BrowserContext, Page, expect
from serving import make_library, running, settings_for

from corpus.conversations import Conversations, new_id
from corpus.library import Library
from corpus.store import Store
from ingest.ingesting import Ingester

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DOCUMENTS = Path(__file__).parent.parent / "corpus" / "documents"
SOME = ("better-care-fund.html", "buurtzorg.md", "wigan-deal.md", "principle-4.pdf")
FUND = "What happened to emergency admissions in the first year of the Better Care Fund?"
WIGAN = "How much had Wigan Council saved by 2019?"
SETTLED = "article[data-settled]"


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of the starter library with what its manifest says of them."""
    folder = tmp_path_factory.mktemp("browsed")
    store = Store(settings_for(folder))
    try:
        report = Ingester(store.library, store.files, store.embedder).ingest(
            [DOCUMENTS / name for name in SOME]
        )
        assert [result.error for result in report.results] == [None] * len(SOME)
    finally:
        store.close()
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Generator[str]:
    with running(settings_for(folder)) as url:
        yield url


@pytest.fixture
def context(browser: Browser, url: str) -> Generator[BrowserContext]:
    with opened(browser, url) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/")
    return page


class Slow:
    """A server whose chat model says its next sentence when it is let."""

    def __init__(self, url: str, gate: threading.Semaphore) -> None:
        self.url = url
        self._gate = gate

    def let(self, sentences: int) -> None:
        for _ in range(sentences):
            self._gate.release()


@pytest.fixture
def slow(folder: Path) -> Generator[Slow]:
    with slow_server(folder) as slow:
        yield slow


@contextmanager
def slow_server(folder: Path, port: int = 0) -> Generator[Slow]:
    gate = threading.Semaphore(0)
    with chat_server(quotes_when_let(gate)) as (address, _):
        settings = settings_for(
            folder, chat_model="openai:test", chat_base_url=address, chat_timeout=60
        )
        with running(settings, port=port) as url:
            yield Slow(url, gate)
        for _ in range(100):  # so that the chat model's server can end, too
            gate.release()


def ask(page: Page, question: str) -> None:
    """Ask, and wait for the whole answer."""
    before = page.locator(SETTLED).count()
    page.fill("#question", question)
    page.keyboard.press("Enter")
    expect(page.locator(SETTLED)).to_have_count(before + 1)


def sentences(page: Page) -> list[str]:
    """The sentences of the last answer without the numbers of their sources."""
    return (
        page.locator("article")
        .last.locator(".sentence")
        .evaluate_all("all => all.map(one => one.firstChild.textContent.trim())")
    )


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


# -- the main job -----------------------------------------------------------------------------


def test_what_happened_in_the_first_year_of_the_fund_is_in_word_after_three_actions(
    page: Page,
) -> None:
    actions: list[Callable[[], Any]] = [
        lambda: page.keyboard.type(FUND),
        lambda: page.keyboard.press("Enter"),
        lambda: page.click(f"{SETTLED} >> text=Take it into Word"),
    ]
    page.focus("#question")
    with page.expect_download() as download:
        for act in actions:
            act()
    assert len(actions) <= 6
    assert download.value.suggested_filename.endswith(".docx")
    docx: Any = import_module("docx")
    content = Path(download.value.path()).read_bytes()
    document = docx.Document(io.BytesIO(content))
    said = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "106,000" in said
    assert "87,000" in said
    assert b"footnotes+xml" in _content_types(content)


def test_an_answer_is_followed_up_and_its_source_opens_beside_it_with_the_words_marked(
    page: Page,
) -> None:
    ask(page, WIGAN)
    assert "/conversations/" in page.url
    assert page.locator(".state").inner_text().startswith("Answered")
    link = page.locator(".citation").first
    quoted = link.get_attribute("data-quote")
    link.focus()
    page.keyboard.press("Enter")
    marked = page.locator("#panel mark")
    expect(marked.first).to_be_visible()
    assert " ".join(marked.all_inner_texts()) == quoted
    assert page.evaluate("() => document.activeElement.id") == "panel-title"
    facts = page.locator("#panel .facts").inner_text()
    for fact in ("Publisher", "Published", "Standing", "The original"):
        assert fact in facts
    assert_good(page, "ask-source-text")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert page.evaluate("() => document.activeElement.className") == "citation"
    ask(page, "And what is disputed about it?")
    assert page.locator("article").count() == 2
    page.reload()
    assert page.locator("article").count() == 2


def test_a_page_of_a_pdf_is_shown_as_it_looks_with_the_words_marked(page: Page) -> None:
    ask(page, "What does principle 4, prevention first, ask services to do?")
    page.locator(".citation[href*='principle-4']").first.click()
    picture = page.locator("#panel img")
    expect(picture).to_be_visible()
    page.wait_for_function("() => document.querySelector('#panel img').naturalWidth > 0")
    # Marked is what is neither white, nor black or grey ink, nor the same without the mark.
    yellow = """picture => {
        const canvas = document.createElement("canvas");
        canvas.width = picture.naturalWidth;
        canvas.height = picture.naturalHeight;
        const drawn = canvas.getContext("2d");
        drawn.drawImage(picture, 0, 0);
        const { data } = drawn.getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) {
            count += data[at] > 200 && data[at + 1] > 180 && data[at + 2] < 170;
        }
        return count;
    }"""
    assert picture.evaluate(yellow) > 1000
    assert_good(page, "ask-source-pdf")


def test_streamed_sentences_are_announced_whole(page: Page) -> None:
    ask(page, WIGAN)
    told = page.locator("#said p").all_inner_texts()
    for sentence in sentences(page):
        assert sentence in told
    assert any(line.startswith("Answered") for line in told)
    assert not any(re.fullmatch(r"\d+", line) for line in told)


# -- what can be done with an answer ------------------------------------------------------------


def test_an_answer_is_copied_with_its_sources(browser: Browser, url: str) -> None:
    with opened(browser, url, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.goto("/")
        ask(page, WIGAN)
        page.click("text=Copy with sources")
        expect(page.locator(".copy")).to_have_text("Copied")
        text = page.evaluate("() => navigator.clipboard.readText()")
        assert sentences(page)[0] in text
        assert "[1] The Wigan Deal, page" in text
        assert f"{url}/documents/wigan-deal/pages/" in text
        kinds = page.evaluate("async () => (await navigator.clipboard.read())[0].types")
        assert "text/html" in kinds


def test_a_question_is_asked_again_edited_and_rated(page: Page) -> None:
    ask(page, WIGAN)
    page.click("text=Ask again")
    expect(page.locator(SETTLED)).to_have_count(2)
    page.locator("text=Edit the question").first.click()
    assert page.input_value("#question") == WIGAN
    assert page.evaluate("() => document.activeElement.id") == "question"
    page.fill("#question", "How many people lived longer in Wigan?")
    page.keyboard.press("Enter")
    expect(page.locator(SETTLED)).to_have_count(3)
    last = page.locator("article").last
    last.locator("text=Not helpful").click()
    expect(last.locator(".why[open]")).to_be_visible()
    last.locator("text=Something is missing").click()
    last.locator("textarea").fill("Which wards?")
    assert_good(page, "ask-feedback")
    last.locator("text=Send").click()
    expect(last.locator(".thanks")).to_contain_text("Thank you")
    last.locator("text=Add to test set").click()
    expect(last.locator("text=In the test set")).to_have_attribute("aria-pressed", "true")
    page.reload()
    again = page.locator("article").last
    expect(again.locator("[name=rating][value=bad]")).to_have_attribute("aria-pressed", "true")
    assert again.locator("textarea").input_value() == "Which wards?"


def test_the_documents_that_are_asked_can_be_chosen(page: Page) -> None:
    page.click("summary")
    page.get_by_label("Health", exact=True).check()
    assert_good(page, "ask-filters")
    ask(page, FUND)
    assert page.locator(".narrowed").inner_text() == "Asked of: Health"
    page.reload()
    assert page.get_by_label("Health", exact=True).is_checked()


def test_shift_and_enter_break_a_line(page: Page) -> None:
    page.focus("#question")
    page.keyboard.type("One")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    assert page.input_value("#question") == "One\ntwo"
    assert page.locator("article").count() == 0


def test_a_first_question_that_is_offered_is_asked_by_pressing_it(page: Page) -> None:
    page.locator("#examples button").first.click()
    expect(page.locator(SETTLED)).to_have_count(1)
    assert page.locator("#examples").count() == 0


# -- what can go wrong --------------------------------------------------------------------------


def test_escape_stops_an_answer_and_keeps_what_it_said(browser: Browser, slow: Slow) -> None:
    with opened(browser, slow.url) as context:
        page = context.new_page()
        page.goto("/")
        page.fill("#question", WIGAN)
        page.keyboard.press("Enter")
        slow.let(1)
        expect(page.locator(".sentence")).to_have_count(1)
        said = sentences(page)
        assert_good(page, "ask-answering")
        page.keyboard.press("Escape")
        expect(page.locator(SETTLED)).to_have_count(1)
        assert sentences(page) == said
        assert "You stopped this answer" in page.locator("article").inner_text()
        expect(page.locator("#stop")).to_be_hidden()
        assert_good(page, "ask-stopped")
        page.reload()
        assert sentences(page) == said


def test_a_connection_lost_in_the_middle_loses_and_repeats_nothing(
    browser: Browser, slow: Slow
) -> None:
    wire = Wire(slow.url)
    with opened(browser, wire.url) as context:
        page = context.new_page()
        page.goto("/")
        page.fill("#question", WIGAN)
        page.keyboard.press("Enter")
        slow.let(1)
        expect(page.locator(".sentence")).to_have_count(1)
        wire.cut()
        slow.let(100)
        expect(page.locator(".state")).to_contain_text("The connection is lost")
        assert_good(page, "ask-lost")
        wire.mend()
        expect(page.locator(SETTLED)).to_have_count(1)
        said = sentences(page)
        address = page.url.rsplit("/", 1)[-1]
        kept = httpx.get(f"{slow.url}/v1/conversations/{address}").json()["messages"][1]["answer"]
        assert said == [sentence["text"] for sentence in kept["sentences"]]
        assert len(said) == len(set(said)) > 1
        assert page.locator("article").count() == 1
    wire.close()


def test_a_browser_that_goes_offline_in_the_middle_has_the_whole_answer_later(
    browser: Browser, slow: Slow
) -> None:
    with opened(browser, slow.url) as context:
        page = context.new_page()
        page.goto("/")
        page.fill("#question", WIGAN)
        page.keyboard.press("Enter")
        slow.let(1)
        expect(page.locator(".sentence")).to_have_count(1)
        context.set_offline(True)
        slow.let(100)
        expect(page.locator(".state")).to_contain_text("The connection is lost")
        context.set_offline(False)
        expect(page.locator(SETTLED)).to_have_count(1)
        said = sentences(page)
        assert len(said) == len(set(said)) > 1


def test_a_page_opened_again_in_the_middle_hears_the_answer_out(
    browser: Browser, slow: Slow
) -> None:
    with opened(browser, slow.url) as context:
        page = context.new_page()
        page.goto("/")
        page.fill("#question", WIGAN)
        page.keyboard.press("Enter")
        slow.let(1)
        expect(page.locator(".sentence")).to_have_count(1)
        page.reload()
        expect(page.locator(".sentence")).to_have_count(1)
        slow.let(100)
        expect(page.locator(SETTLED)).to_have_count(1)
        said = sentences(page)
        assert len(said) == len(set(said)) > 1


def test_a_server_that_starts_again_under_an_open_page_is_asked_then(
    browser: Browser, folder: Path
) -> None:
    port = free_port()
    with opened(browser, f"http://127.0.0.1:{port}") as context:
        with running(settings_for(folder), port=port):
            page = context.new_page()
            page.goto("/")
        page.fill("#question", WIGAN)
        page.keyboard.press("Enter")
        expect(page.locator(".state")).to_contain_text("The connection is lost")
        with running(settings_for(folder), port=port):
            expect(page.locator(SETTLED)).to_have_count(1, timeout=60_000)
            assert "£140 million" in page.locator("article").inner_text()
            assert page.locator("article").count() == 1


def test_a_server_that_ends_in_the_middle_leaves_what_was_said(
    browser: Browser, folder: Path
) -> None:
    port = free_port()
    with opened(browser, f"http://127.0.0.1:{port}") as context:
        page = context.new_page()
        with slow_server(folder, port) as slow:
            page.goto("/")
            page.fill("#question", WIGAN)
            page.keyboard.press("Enter")
            slow.let(1)
            expect(page.locator(".sentence")).to_have_count(1)
            said = sentences(page)
        with running(settings_for(folder), port=port):
            expect(page.locator(SETTLED)).to_have_count(1, timeout=60_000)
            assert sentences(page)[:1] == said
            assert "The server was stopped before" in page.locator("article").inner_text()


def test_two_tabs_on_one_conversation_stay_the_same(context: BrowserContext, page: Page) -> None:
    ask(page, WIGAN)
    other = context.new_page()
    other.goto(page.url)
    ask(other, "And what is disputed about it?")
    expect(page.locator(SETTLED)).to_have_count(2)
    expect(page.locator("#news")).to_contain_text("1 more question was asked in another tab")
    assert_good(page, "ask-another-tab")
    ask(page, "And life expectancy?")
    ids = page.locator("article").evaluate_all("all => all.map(one => one.id)")
    expect(other.locator(SETTLED)).to_have_count(3)
    assert other.locator("article").evaluate_all("all => all.map(one => one.id)") == ids
    other.click("#keeping >> text=Delete")
    other.click("button.danger")
    page.bring_to_front()
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#news")).to_contain_text("has been deleted")
    assert page.locator("article").count() == 3
    ask(page, FUND)
    assert other.evaluate("() => location.pathname") == "/conversations"
    assert ids[0].removeprefix("answer-") not in page.url


def test_a_document_removed_while_it_is_cited_leaves_its_words(
    browser: Browser, tmp_path: Path
) -> None:
    make_library(tmp_path)
    with running(settings_for(tmp_path)) as url, opened(browser, url) as context:
        page = context.new_page()
        page.goto("/")
        ask(page, "How much had Wigan Council saved?")
        assert httpx.delete(f"{url}/v1/documents/wigan").status_code == 204
        page.locator(".citation").first.click()
        expect(page.locator("#panel-title")).to_have_text("This source cannot be opened")
        panel = page.locator("#panel").inner_text()
        assert "has been removed since it was cited" in panel
        assert "Wigan Council saved £115 million between 2011 and 2017." in panel
        assert_good(page, "ask-source-removed")
        page.reload()
        assert "Removed from the library" in page.locator(".sources").inner_text()
        assert_good(page, "ask-removed")
        # A document that holds a script is text, wherever it is shown.
        ask(page, "What came first in Helsinki, where rough sleeping fell by 72 per cent?")
        page.locator(".citation").last.click()
        expect(page.locator("#panel mark").first).to_be_visible()
        assert page.locator("#panel script, article script").count() == 0


def test_a_question_of_a_hundred_thousand_characters_is_refused_and_kept(page: Page) -> None:
    asked = "why " * 25_000
    page.fill("#question", asked)
    page.keyboard.press("Enter")
    expect(page.locator("#length")).to_contain_text("This has 99,999 characters")
    assert page.input_value("#question") == asked
    assert page.locator("article").count() == 0
    page.fill("#question", "<script>alert(1)</script> What did Wigan save?")
    page.keyboard.press("Enter")
    expect(page.locator(SETTLED)).to_have_count(1)


def test_no_question_is_a_plain_message(page: Page) -> None:
    page.evaluate("() => document.getElementById('question').removeAttribute('required')")
    page.focus("#question")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("There is no question yet")
    assert_good(page, "ask-problem")


# -- every page and state -----------------------------------------------------------------------


def test_every_page_is_good_in_light_and_dark_and_on_a_small_screen(page: Page) -> None:
    assert_good(page, "ask-start")
    ask(page, FUND)
    assert_good(page, "ask-answer")
    ask(page, "Write a leaflet to win votes for Labour in Wigan")
    ask(page, "How did the trams of Vladivostok change in 1931?")
    ask(page, "Compare the Wigan Deal and Buurtzorg: cost, and what is disputed")
    assert_good(page, "ask-states")
    conversation = page.url
    page.goto(f"{conversation}/rename")
    assert_good(page, "ask-rename")
    page.goto(f"{conversation}/delete")
    assert_good(page, "ask-delete")
    page.goto("/conversations")
    assert_good(page, "conversations")
    page.goto("/conversations?q=zeppelin")
    assert_good(page, "conversations-none")
    page.goto("/documents/wigan-deal/pages/1?start=0&end=40")
    assert_good(page, "source-text")
    page.goto("/documents/principle-4/pages/1?start=0&end=40")
    page.wait_for_function("() => document.querySelector('main img').naturalWidth > 0")
    assert_good(page, "source-pdf")
    for address, name in (
        ("/nothing", "not-found"),
        ("/docs", "interface"),
        ("/sign-in", "sign-in"),
    ):
        page.goto(address)
        assert_good(page, name)
    page.goto(conversation)
    page.emulate_media(media="print")
    assert page.locator("#ask, .tools, header nav").evaluate_all(
        "all => all.every(one => !one.checkVisibility())"
    )
    page.screenshot(path=SCREENS / "ask-print.png", full_page=True)


def test_a_comparison_is_a_table_that_says_where_there_is_no_evidence(
    page: Page, url: str, folder: Path
) -> None:
    asked = (WIGAN, "What is Buurtzorg?")
    wigan, buurtzorg = (
        httpx.post(f"{url}/v1/chat", json={"message": question}, timeout=60).json()
        for question in asked
    )
    rows: list[tuple[str, str, list[Any]]] = [
        ("The Wigan Deal", "wigan-deal", [wigan["sentences"][:1], []]),
        ("Buurtzorg", "buurtzorg", [[], buurtzorg["sentences"][:1]]),
    ]
    answer: dict[str, Any] = {
        **wigan,
        "completeness": "partial",
        "missing": ["what Buurtzorg saved"],
        "sentences": [*wigan["sentences"][:1], *buurtzorg["sentences"][:1]],
        "table": {
            "columns": ["savings", "what it is"],
            "rows": [{"label": a, "document_id": b, "cells": c} for a, b, c in rows],
        },
    }
    conversation = new_id()
    library = Library.open(settings_for(folder).library_url)
    try:
        Conversations(library.engine).add_exchange(
            conversation,
            question="Compare the Wigan Deal and Buurtzorg on savings and what they are",
            message_id=new_id(),
            text="",
            answer=answer,
            elapsed_ms=1.0,
            starting=True,
        )
    finally:
        library.close()
    page.goto(f"/conversations/{conversation}")
    cells = page.locator("article table tbody td").all_inner_texts()
    assert [cell == "No evidence" for cell in cells] == [False, True, True, False]
    assert "no evidence on: what Buurtzorg saved" in page.locator(".notice").inner_text()
    assert_good(page, "ask-comparison")
    page.locator("td .citation").last.click()
    expect(page.locator("#panel mark").first).to_be_visible()


def test_wording_that_is_checked_is_marked_where_it_tells(page: Page) -> None:
    wording = "Councils will bid against each other for a single pot of money held in London."
    ask(page, f"Does this conflict with the principles? “{wording}”")
    article = page.locator("article")
    assert "Wording checked" in article.locator(".state").inner_text()
    assert article.locator(".checked blockquote").first.inner_text().strip() == wording
    assert article.locator(".verdicts .tag").count() >= 1
    assert_good(page, "ask-checked")


def test_everything_is_done_by_the_keyboard_with_the_focus_in_sight(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to the main content"
    page.keyboard.press("Enter")
    seen: list[str] = []
    for _ in range(4):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("() => document.activeElement.id"))
        outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"
    assert "question" in seen
    page.focus("#question")
    page.keyboard.type(WIGAN)
    page.keyboard.press("Enter")
    expect(page.locator(SETTLED)).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("() => document.activeElement.className") == "citation":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_visible()


def test_without_javascript_one_asks_follows_up_and_reads_the_source(
    browser: Browser, url: str
) -> None:
    with opened(browser, url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        page.fill("#question", WIGAN)
        page.click("#send")
        assert "£140 million" in page.inner_text("article")
        page.fill("#question", "And what is disputed about it?")
        page.click("#send")
        assert page.locator("article").count() == 2
        page.locator("text=Not helpful").last.click()
        page.locator("text=It is out of date").last.click()
        page.locator("text=Send").last.click()
        assert "Thank you" in page.locator("article").last.inner_text()
        page.locator(".citation").first.click()
        expect(page.locator("mark").first).to_be_visible()


def _content_types(content: bytes) -> bytes:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.read("[Content_Types].xml")
