"""What the running server holds: the store, the assistant, and one thread that writes."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from api.exchanges import Exchanges
from api.metrics import Metrics
from api.narrowing import ChoicesBook
from api.pictures import Pictures
from api.problems import Problem
from assistant.bootstrap import open_routed_assistant
from assistant.checks.checking import Checker
from assistant.routed import RoutedAssistant
from corpus.checked import CheckedDrafts
from corpus.conversations import Conversations
from corpus.errors import UserError
from corpus.feedback import FeedbackBook
from corpus.settings import Settings
from corpus.store import Store
from ingest.ingesting import Ingester, Progress

logger = logging.getLogger(__name__)

WARMING_SECONDS = 20.0  # that a question waits for a server that is still starting
MOST_WAITING = 8  # uploads in the queue of the one writer

T = TypeVar("T")


class Stopping(Problem):
    """Raised inside a long job when the server is to stop or the caller has gone."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "The server is stopping, so this was not finished.",
            fix="Send it again when it is back; what the library has already is left out.",
            code="stopping",
        )


class Service:
    """One data folder, opened for serving. Reading is shared; writing is one thread's work."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings)
        self.store.library.check_embedding(self.store.embedder.fingerprint)
        self.conversations = Conversations(self.store.library.engine)
        self.feedback = FeedbackBook(self.store.library.engine)
        self.checked = CheckedDrafts(self.store.library.engine)
        self.ingester = Ingester(self.store.library, self.store.files, self.store.embedder)
        self.exchanges = Exchanges()
        self.choices = ChoicesBook(self.store.library)
        self.pictures = Pictures()
        self.incoming = settings.data_dir / "incoming"  # uploads, while they are being read
        self._assistant: RoutedAssistant | None = None
        self._fault: UserError | None = None
        self._warmed = threading.Event()
        self._stopping = threading.Event()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._waiting = 0

    def start(self) -> None:
        """Load the model and the indexes in the background; questions wait for them."""
        shutil.rmtree(self.incoming, ignore_errors=True)  # what a killed server left behind
        self._writer.submit(self._warm)
        self._writer.submit(self._check_chroma)

    def close(self) -> None:
        """Finish the document being written, drop what waits, and let go of everything."""
        self._stopping.set()
        self.exchanges.close()
        self._writer.shutdown(wait=True, cancel_futures=True)
        self.pictures.close()
        self.store.close()

    @property
    def ready(self) -> bool:
        """Whether a question would be answered at once."""
        return self._assistant is not None

    @property
    def fault(self) -> str:
        """Why questions cannot be answered; empty while nothing is known to be wrong."""
        return self._fault.problem if self._fault else ""

    def assistant(self) -> RoutedAssistant:
        """The assistant. Raises Problem (503) when it is not there in time, or cannot be."""
        self._warmed.wait(WARMING_SECONDS)
        if self._assistant is not None:
            return self._assistant
        if self._fault is not None:
            raise Problem(503, self._fault.problem, fix=self._fault.fix, code=self._fault.code)
        raise Problem(
            503,
            "The server is still loading its library.",
            fix="Try again in a few seconds; /readyz says when it is ready.",
            code="starting",
            headers={"Retry-After": "5"},
        )

    def checker(self) -> Checker:
        """The checker of drafts, made at its first use. Raises as `assistant` does."""
        return self.assistant().checker

    async def write(self, job: Callable[[], T]) -> T:
        """The result of a job that changes the library, run after those before it.

        Raises Problem (503) when too many wait already.
        """
        if self._waiting >= MOST_WAITING:
            raise Problem(
                503,
                "Too many documents are waiting to be read.",
                fix="Wait until those have been read, and send this again.",
                code="busy",
                headers={"Retry-After": "30"},
            )
        self._waiting += 1
        try:
            return await asyncio.wrap_future(self._writer.submit(job))
        finally:
            self._waiting -= 1

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """The same, for a caller that watches the job's progress."""
        return self._writer.submit(job)

    def keep_chroma_up(self) -> None:
        """Let Chroma follow the library, after what is being written now."""
        self._writer.submit(self._catch_up_chroma)

    def stop_if_asked(self, _progress: Progress | None = None) -> None:
        """Raise Stopping when the server is to stop; told between two files."""
        if self._stopping.is_set():
            raise Stopping

    def _warm(self) -> None:
        try:
            self.store.embedder.warm()
            self.store.catch_up()
            self._assistant = open_routed_assistant(self.store)
        except UserError as error:
            self._fault = error
            logger.error("the server cannot answer: %s", error)
        except Exception:
            self._fault = UserError(
                "The library could not be loaded; the server's log says why.",
                fix="Run `plumbline doctor` on the server.",
            )
            logger.exception("the server cannot answer")
        finally:
            self._warmed.set()

    def _check_chroma(self) -> None:
        try:
            self.store.chroma.open_checked(self.store.library)
        except Exception:
            # Derived, and not what answers are found with: the library is served without it.
            logger.exception("Chroma could not be opened; `plumbline doctor` says what to do")

    def _catch_up_chroma(self) -> None:
        try:
            self.store.chroma.catch_up(self.store.library)
        except Exception:
            logger.exception("Chroma could not follow the library; it will at the next start")


def _service(request: Request) -> Service:
    return request.app.state.service


def _metrics(request: Request) -> Metrics:
    return request.app.state.metrics


ServiceDep = Annotated[Service, Depends(_service)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]
