"""`make page-budget`: what each page of a running server costs a browser, against its budget.

Each page is opened in Chromium several times, with an empty cache each time: requests, bytes as
they were transferred, and the time to the first contentful paint, of which the median counts. It
exits 1 when a page paints later than it should or moves while it is drawn, when the scripts of all
pages together are too large, or when anything is asked of another site.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from evals.machine import machine

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Response

PAGES = ("/", "/conversations", "/check", "/documents", "/about")
PAINT_MS = 1000.0
SHIFT = 0.1  # of the layout, as browsers count it; "good" by their makers' own scale
SCRIPT_BYTES = 60_000  # of all pages together, as they are stored
TIMES = 7

_PAINT = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null"""
_SHIFT = """() => new Promise(resolve => {
    let sum = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) sum += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => resolve(sum), 200);
})"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page costs."""

    page: str
    status: int
    requests: int
    bytes: int  # of all its parts, without what the protocol adds
    script_bytes: int
    style_bytes: int
    paint_ms: float  # the median
    paint_ms_highest: float
    layout_shift: float  # the highest
    foreign: tuple[str, ...]  # addresses of other sites


def cost_of(browser: Browser, server: str, page: str, times: int, scripts: dict[str, int]) -> Cost:
    """Measure one page; `scripts` gathers the size of each script by its address."""
    paints: list[float] = []
    shifts: list[float] = []
    sizes: dict[str, tuple[str, int]] = {}
    status = 0
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        opened = context.new_page()
        seen: list[Response] = []
        opened.on("response", partial(_put, seen))
        response = opened.goto(f"{server}{page}", wait_until="networkidle")
        status = response.status if response else 0
        opened.wait_for_function(_PAINT)
        paints.append(float(opened.evaluate(_PAINT)))
        shifts.append(float(opened.evaluate(_SHIFT)))
        sizes = {one.url: (one.request.resource_type, len(one.body())) for one in seen}
        context.close()
    scripts |= {url: size for url, (kind, size) in sizes.items() if kind == "script"}

    def of(kind: str) -> int:
        return sum(size for held, size in sizes.values() if held == kind)

    return Cost(
        page,
        status,
        len(sizes),
        sum(size for _, size in sizes.values()),
        of("script"),
        of("stylesheet"),
        round(median(paints), 1),
        round(max(paints), 1),
        round(max(shifts), 4),
        tuple(url for url in sizes if not url.startswith(f"{server}/")),
    )


def _put(seen: list[Response], response: Response) -> None:
    seen.append(response)


def main() -> None:
    """Measure a running server, print a table and a line of JSON, exit 1 when over budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--server", default="http://127.0.0.1:8000")
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument(
        "--paint-ms", type=float, default=PAINT_MS, help="most that a page may take to paint"
    )
    parser.add_argument("pages", nargs="*", default=list(PAGES))
    asked = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("Chromium is not installed. Run `apt-get install chromium`.")
    from playwright.sync_api import sync_playwright

    scripts: dict[str, int] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        version = browser.version
        server = str(asked.server).rstrip("/")
        costs = [cost_of(browser, server, page, asked.times, scripts) for page in asked.pages]
        browser.close()
    total = sum(scripts.values())
    print("page                requests    bytes   script    style  paint (median, highest)  shift")
    for cost in costs:
        print(
            f"{cost.page:<20}{cost.requests:>8}{cost.bytes:>9,}{cost.script_bytes:>9,}"
            f"{cost.style_bytes:>9,}{cost.paint_ms:>10,.0f} ms{cost.paint_ms_highest:>8,.0f} ms"
            f"{cost.layout_shift:>10.4f}"
        )
    print(
        f"scripts of all pages: {total:,} bytes in {len(scripts)} files (at most {SCRIPT_BYTES:,})"
    )
    faults = [
        *(f"{cost.page} answered {cost.status}" for cost in costs if cost.status != 200),
        *(
            f"{cost.page} paints after {cost.paint_ms:,.0f} ms (at most {asked.paint_ms:,.0f})"
            for cost in costs
            if not 0 < cost.paint_ms <= asked.paint_ms
        ),
        *(
            f"{cost.page} moves by {cost.layout_shift} (at most {SHIFT})"
            for cost in costs
            if cost.layout_shift > SHIFT
        ),
        *(f"{cost.page} asks {url}" for cost in costs for url in cost.foreign),
        *([f"the scripts are {total:,} bytes"] if total > SCRIPT_BYTES else []),
    ]
    for fault in faults:
        print(f"over budget: {fault}")
    told = {
        "pages": [asdict(cost) for cost in costs],
        "script_bytes": total,
        "times": asked.times,
        "chromium": version,
        **machine(),
        "within_budget": not faults,
    }
    print(json.dumps(told))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
