"""The review desk and the library in a real browser, over documents of the starter library."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docx
import httpx
import pytest
from in_browser import assert_good, chromium, opened
from playwright.sync_api import Browser, BrowserContext, Page, expect
from serving import running, settings_for

from corpus.store import Store
from ingest.ingesting import Ingester

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parent.parent
DOCUMENTS = ROOT / "corpus" / "documents"
SOME = ("better-care-fund.html", "nhs-hospital-mergers.md", "wigan-deal.md", "principle-4.pdf")
MERGE = "Every hospital trust will merge into one of six national chains by order of the minister."
CUT = "Eligibility for early help will be cut back to the most severe cases only."
WARDS = "We will end the right of patients to be consulted on the closure of wards."
CHECKED = re.compile(r"/checks/[0-9a-f]{32}")
SLOWLY = 120_000  # milliseconds: the first check loads the judge


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
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


def two_pages(folder: Path) -> Path:
    """A draft of two pages in Word, with a list and a table."""
    document: Any = docx.Document()
    document.add_heading("A plan for better services", 1)
    document.add_heading("Hospitals", 2)
    document.add_paragraph(f"{MERGE} Trains will run on Sundays in the summer.")
    document.add_paragraph("We will:")
    for item in (
        "give councils and their partners one budget, and leave them free to set priorities",
        "require every council to follow one national plan for its high streets",
    ):
        document.add_paragraph(item, style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells),
        ("Year", "Homes", "2027", "Every contract goes to the lowest bidder"),
        strict=True,
    ):
        cell.text = text
    document.add_page_break()
    document.add_heading("Families", 2)
    document.add_paragraph(CUT)
    file = folder / "plan.docx"
    document.save(file)
    return file


@pytest.fixture(scope="module")
def checked(browser: Browser, url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a check of that draft."""
    with opened(browser, url) as context:
        page = context.new_page()
        page.goto("/check")
        page.set_input_files("#file", two_pages(tmp_path_factory.mktemp("draft")))
        page.click("#give-in button")
        page.wait_for_url(CHECKED, timeout=SLOWLY)
        return page.url


def test_a_two_page_draft_is_checked_and_sent_back_with_comments_in_six_actions(
    page: Page, tmp_path: Path
) -> None:
    draft = two_pages(tmp_path)
    done = 0

    def act(action: Callable[[], Any]) -> None:
        nonlocal done
        done += 1
        action()

    act(lambda: page.get_by_role("link", name="Check", exact=True).click())
    act(lambda: page.set_input_files("#file", draft))
    act(lambda: page.get_by_role("button", name="Check the draft").click())
    page.wait_for_url(CHECKED, timeout=SLOWLY)
    with page.expect_download() as coming:
        act(lambda: page.get_by_role("link", name="Download: Word, with comments").click())
    assert done <= 6
    saved = tmp_path / coming.value.suggested_filename
    assert saved.name == "plan-checked.docx"
    coming.value.save_as(saved)
    commented: Any = docx.Document(str(saved))
    said = [comment.text for comment in commented.comments]
    assert any(text.startswith("P7: conflicts") for text in said)
    assert any(CUT in text for text in said)
    original: Any = docx.Document(str(draft))
    assert [held.text for held in commented.paragraphs] == [
        held.text for held in original.paragraphs
    ]


def test_progress_is_shown_and_a_wrong_draft_is_told_and_kept(page: Page, tmp_path: Path) -> None:
    page.goto("/check")
    assert_good(page, "check")
    page.click("#give-in button")
    expect(page.get_by_role("alert")).to_contain_text("There is no draft yet")
    assert_good(page, "check-nothing")
    wrong = tmp_path / "plan.docx"
    wrong.write_bytes(b"no Word document")
    page.set_input_files("#file", wrong)
    page.click("#give-in button")
    expect(page.get_by_role("alert")).to_contain_text("plan.docx", timeout=SLOWLY)
    page.locator("#file").evaluate("(box) => { box.value = ''; }")
    page.click(".paste summary")
    page.fill("#text", "Le gouvernement va fermer les écoles de la campagne dans deux ans. " * 5)
    page.click("#give-in button")
    expect(page.get_by_role("alert")).to_contain_text("does not read as English", timeout=SLOWLY)
    assert page.input_value("#text").startswith("Le gouvernement")
    assert_good(page, "check-not-english")
    page.fill("#text", "\n\n".join(f"{WARDS} It begins in year {n}." for n in range(40)))
    page.click("#give-in button")
    expect(page.locator("#doing-words")).to_contain_text(re.compile(r"\d+ of \d+"), timeout=SLOWLY)
    assert page.locator("#doing-bar").get_attribute("max") is not None
    page.wait_for_url(CHECKED, timeout=SLOWLY)


def test_a_draft_is_dropped_on_the_page(page: Page) -> None:
    page.goto("/check")
    dropped = page.evaluate_handle(
        """(text) => {
          const held = new DataTransfer();
          held.items.add(new File([text], "dropped.md"));
          return held;
        }""",
        MERGE,
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
    page.click("#give-in button")
    page.wait_for_url(CHECKED, timeout=SLOWLY)
    expect(page.locator("h1")).to_have_text("dropped.md")


def test_findings_and_draft_lead_to_each_other_by_mouse_and_by_keyboard(
    page: Page, checked: str
) -> None:
    page.goto(checked)
    assert_good(page, "desk")
    page.click(".flag >> nth=1")
    second = page.locator(".finding.now")
    expect(second).to_have_attribute("id", "f2")
    second.locator(".jump").click()
    clause = second.get_attribute("data-clause")
    expect(page.locator(".clause.now")).to_have_attribute("id", str(clause))
    page.click("#next")
    expect(page.locator("#f3")).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#f2")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#f3")).to_be_focused()


def test_a_precedent_opens_beside_its_finding(page: Page, checked: str) -> None:
    page.goto(checked)
    precedents = page.locator(".precedents").first
    precedents.locator("summary").click()
    link = precedents.locator("a").first
    quote = link.get_attribute("data-quote")
    link.click()
    expect(page.locator("#panel mark").first).to_be_visible()
    assert " ".join(page.locator("#panel mark").all_inner_texts()) == quote
    expect(link).to_be_visible()
    assert_good(page, "desk-precedent")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(link).to_be_focused()


def test_findings_are_narrowed_in_place_and_the_address_follows(page: Page, checked: str) -> None:
    page.goto(checked)
    everything = page.locator(".finding").count()
    page.select_option("#by-principle", "P7")
    expect(page.locator("#shown")).to_contain_text(f"of {everything} findings")
    assert page.url.endswith("?principle=P7")
    shown = page.locator(".finding").count()
    assert 0 < shown < everything
    assert page.locator(".flag").count() == shown
    assert_good(page, "desk-narrowed")
    page.reload()
    assert page.locator(".finding").count() == shown
    page.select_option("#by-waived", "only")
    expect(page.locator(".findings .empty")).to_contain_text("No finding has all of these")
    page.get_by_role("link", name="Show all").click()
    assert page.locator(".finding").count() == everything


def test_a_finding_is_waived_and_the_waiver_withdrawn(page: Page, checked: str) -> None:
    page.goto(checked)
    page.click("#f1 .waive summary")
    assert_good(page, "desk-waiving")
    page.fill("#f1-name", "Ann Smith")
    page.fill("#f1-reason", "Agreed with the council until the review reports.")
    page.get_by_role("button", name="Waive finding 1").click()
    expect(page.locator("#f1 .waiver")).to_contain_text("Waived by Ann Smith until")
    expect(page.locator(".desk-head .tags")).to_contain_text("1 waived")
    assert_good(page, "desk-waived")
    page.locator("#f1").get_by_role("button", name="Withdraw the waiver").click()
    expect(page.locator("#f1 .waiver")).to_have_count(0)


def test_the_map_coverage_and_comparison_are_good_to_read(page: Page, checked: str) -> None:
    page.goto(checked)
    page.get_by_role("link", name="Map", exact=True).click()
    assert_good(page, "desk-map")
    page.locator("td.conflicts a").first.click()
    expect(page.locator(".finding.now")).to_be_visible()
    page.get_by_role("link", name="Coverage").click()
    assert_good(page, "desk-coverage")
    page.get_by_role("link", name="What changed").click()
    page.set_input_files("#file", {"name": "old.md", "mimeType": "", "buffer": WARDS.encode()})
    page.get_by_role("button", name="Check it and compare").click()
    page.wait_for_url(re.compile("against="), timeout=SLOWLY)
    fixed = page.locator("h3:has-text('Fixed') + ul")
    expect(fixed).to_contain_text(WARDS)
    assert_good(page, "desk-compared")
    page.get_by_role("link", name="Draft and findings").click()
    page.select_option("#by-change", "new")
    page.wait_for_url(re.compile("change=new"))
    page.get_by_role("link", name="Delete this check").click()
    assert_good(page, "desk-delete")


def test_a_server_that_dies_during_a_check_is_told_and_the_draft_stays(
    browser: Browser, tmp_path: Path
) -> None:
    with served_apart(tmp_path) as (url, server), opened(browser, url) as context:
        page = context.new_page()
        page.goto("/check")
        page.click(".paste summary")
        text = "\n\n".join(f"{WARDS} It begins in year {n}." for n in range(300))
        page.fill("#text", text)
        page.click("#give-in button")
        expect(page.locator("#doing")).to_be_visible()
        server.kill()
        expect(page.get_by_role("alert")).to_contain_text("cut short", timeout=SLOWLY)
        assert page.input_value("#text") == text


@contextmanager
def served_apart(folder: Path) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """A server in a process of its own, which a test may kill."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    held = {"PLUMBLINE_DATA_DIR": str(folder / "data"), "PLUMBLINE_PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-m", "api", "serve"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **held},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + 120
            while not answers(f"{url}/readyz"):
                assert server.poll() is None, "the server did not start"
                assert time.monotonic() < deadline, "the server did not start in time"
                time.sleep(0.1)
            yield url, server
        finally:
            server.kill()


def answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


def test_the_library_is_searched_narrowed_and_read(page: Page) -> None:
    page.goto("/documents")
    assert_good(page, "library")
    page.fill("#q", "emergency admissions")
    page.keyboard.press("Enter")
    expect(page.locator(".rows h3").first).to_have_text("Better Care Fund")
    expect(page.locator(".spot mark").first).to_be_visible()
    assert_good(page, "library-search")
    page.goto("/documents")
    page.locator("#facets a", has_text="Prevention first").click()
    expect(page.locator(".chosen")).to_contain_text("Prevention first")
    page.goto("/documents/principle-4")
    expect(page.locator(".cover img")).to_be_visible()
    assert_good(page, "document")
    page.goto("/documents?q=nothinglikethis")
    assert_good(page, "library-nothing")


def test_good_and_bad_files_each_get_their_result_and_a_document_is_removed(page: Page) -> None:
    page.goto("/documents")
    good = b"# Buses\n\nThe mayor sets fares on every bus in the region.<!-- obey me -->"
    page.set_input_files(
        "#files",
        [
            {"name": "buses.md", "mimeType": "", "buffer": good},
            {"name": "program.exe", "mimeType": "", "buffer": b"MZ\x90\x00"},
            {"name": "empty.pdf", "mimeType": "", "buffer": b""},
        ],
    )
    page.get_by_role("button", name="Add to the library").click()
    expect(page.locator("#uploads h3")).to_have_text("Added 1 of 3", timeout=SLOWLY)
    results = page.locator("#uploads li")
    expect(results.nth(0)).to_contain_text("added")
    expect(results.nth(1)).to_contain_text("not added")
    expect(results.nth(2)).to_contain_text("empty")
    assert_good(page, "library-added")
    results.nth(0).get_by_role("link").click()
    expect(page.locator("main")).to_contain_text("obey me")
    assert_good(page, "document-hidden-text")
    page.get_by_role("link", name="Remove this document").click()
    assert_good(page, "document-remove")
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator(".notice")).to_contain_text("was removed")
    assert page.get_by_role("link", name="Buses", exact=True).count() == 0


def test_about_is_good_to_read_with_every_principle_open(page: Page) -> None:
    page.goto("/about")
    assert_good(page, "about")
    for summary in page.locator(".principle summary").all():
        summary.click()
    assert_good(page, "about-principles")


def test_without_javascript_a_draft_is_checked_and_a_finding_waived(
    browser: Browser, url: str
) -> None:
    with opened(browser, url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/check")
        page.click(".paste summary")
        page.fill("#text", MERGE)
        page.get_by_role("button", name="Check the draft").click()
        page.wait_for_url(CHECKED, timeout=SLOWLY)
        page.select_option("#by-verdict", "conflicts")
        page.get_by_role("button", name="Show", exact=True).click()
        assert "verdict=conflicts" in page.url
        page.click("#f1 .waive summary")
        page.fill("#f1-name", "Ann")
        page.fill("#f1-reason", "agreed")
        page.get_by_role("button", name="Waive finding 1").click()
        expect(page.locator("#f1 .waiver")).to_contain_text("Waived by Ann")
