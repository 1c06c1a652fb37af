"""Chromium for the tests that drive the page: watched, checked by axe-core, photographed."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

SCREENS = Path(__file__).parent.parent / "build" / "screens"
MISSING = "Chromium is not installed: `apt-get install chromium`, or run .ci/run, which does it"
_PATIENCE = 30_000  # milliseconds: several test processes share the cores
_FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
]


@contextmanager
def chromium() -> Generator[Browser]:
    """Debian's Chromium; the test is skipped, with what to do, where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        expect.set_options(timeout=_PATIENCE)
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


class Watch:
    """What goes wrong in a context's pages, and what they ask of whom."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.faults: list[str] = []
        self.foreign: list[str] = []
        self._url = url
        context.on("page", self._follow)

    def _follow(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        page.on("request", self._seen)
        page.on("console", lambda told: self._said(told.type, told.text))

    def _said(self, kind: str, text: str) -> None:
        # A response that is no success is told on the console too; tests expect those they cause.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.faults.append(text)

    def _seen(self, request: Any) -> None:
        if not request.url.startswith((self._url, "blob:")):
            self.foreign.append(request.url)


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Generator[BrowserContext]:
    """A context of its own; at its end nothing may have gone wrong or been asked of others."""
    options.setdefault("viewport", {"width": 1280, "height": 900})
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(_PATIENCE)
    watch = Watch(context, url)
    try:
        yield context
    finally:
        context.close()
    assert watch.faults == []
    assert watch.foreign == []


class Wire:
    """The way from a browser to a server, which can be cut and mended."""

    def __init__(self, url: str) -> None:
        self._to = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
        self._open: list[socket.socket] = []
        self._whole = threading.Event()
        self._whole.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and let no new one through."""
        self._whole.clear()
        for end in self._open:
            _shut(end)
        self._open.clear()

    def mend(self) -> None:
        """Let new connections through."""
        self._whole.set()

    def close(self) -> None:
        """Let nobody connect any more."""
        self.cut()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # closed
            if not self._whole.is_set():
                _shut(near)
                continue
            far = socket.create_connection(self._to)
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pour, args=(one, other), daemon=True).start()


def _pour(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass  # cut, which is what a wire is for
    _shut(other)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def assert_good(page: Page, name: str) -> None:
    """axe-core finds nothing in light and dark, nothing scrolls sideways; pictures are kept."""
    from axe_playwright_python.sync_playwright import Axe

    SCREENS.mkdir(parents=True, exist_ok=True)
    axe = Axe()
    wide = page.viewport_size
    assert wide is not None
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # pyright: ignore[reportArgumentType]
        found = cast("list[dict[str, Any]]", axe.run(page).response["violations"])
        told = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]
        assert told == [], f"{name}, {scheme}"
        page.screenshot(path=SCREENS / f"{name}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 640})
    across = page.evaluate("() => document.documentElement.scrollWidth")
    page.screenshot(path=SCREENS / f"{name}-320.png", full_page=True)
    page.set_viewport_size(wide)
    assert across <= 320, f"{name} is {across} pixels wide on a screen of 320"
