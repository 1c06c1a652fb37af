"""Pictures of PDF pages with words marked, drawn where a hostile file can do no harm.

They are drawn in a child process: pdfium may crash on a damaged file, and takes one thread only.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from api.problems import Problem

logger = logging.getLogger(__name__)

SECONDS = 20.0  # for one picture, a place in the queue included
KEPT = 64  # pictures, of about 200 kB
MEMORY = 1_500_000_000  # bytes that the child may take

Key = tuple[str, int, tuple[str, ...], float]


class Pictures:
    """Draws pages, one at a time, and keeps the last few pictures."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._kept: OrderedDict[Key, bytes] = OrderedDict()

    def picture(self, path: Path, page: int, *, quotes: tuple[str, ...], scale: float) -> bytes:
        """A page as PNG, at `scale` times 72 dots an inch; raises Problem when it cannot be drawn.

        `path` names the file's content (by its sha256), so a kept picture never grows old.
        """
        key = (path.name, page, quotes, scale)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            try:
                picture = self._started().submit(_draw, path, page, quotes, scale).result(SECONDS)
            except (BrokenProcessPool, TooSlow) as error:
                logger.warning("a page picture could not be drawn: %s", type(error).__name__)
                self._end()
                raise _cannot_be_drawn() from error
            except Exception as error:
                # Whatever pdfium stumbles over in a damaged file is no fault of the server.
                logger.warning("a page picture could not be drawn: %s", type(error).__name__)
                raise _cannot_be_drawn() from error
            self._kept[key] = picture
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return picture

    def close(self) -> None:
        """End the child process."""
        with self._lock:
            self._end()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_limit_memory,
            )
        return self._pool

    def _end(self) -> None:
        if self._pool is not None:
            for process in self._pool._processes.values():  # pyright: ignore[reportPrivateUsage]
                process.kill()  # one that hangs would never end by itself
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _cannot_be_drawn() -> Problem:
    return Problem(
        422,
        "This page cannot be drawn.",
        fix="Read its text instead; the original may be damaged.",
        code="no_picture",
    )


def _limit_memory() -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _draw(path: Path, page: int, quotes: tuple[str, ...], scale: float) -> bytes:
    from ingest.page_picture import render

    return render(path, page, quotes=quotes, scale=scale)
