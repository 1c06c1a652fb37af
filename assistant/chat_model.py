"""An optional chat model, behind LangChain's `init_chat_model`: streamed lines of text, bounded.

It may be anybody's server. Whatever it does wrong (refuse, stall, cut off, flood, talk nonsense)
becomes one ChatModelFault with a reason that a person can read.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from corpus.errors import ConfigurationError
from corpus.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

logger = logging.getLogger(__name__)

MOST_CHARACTERS = 40_000  # of one reply; an answer needs a tenth of it
MOST_LINE = 8_000  # characters of one line of it
# How providers say that a reply is whole; one that was cut at its longest length is not.
_ENDINGS = ("finish_reason", "stop_reason", "done_reason")
_PROPER_ENDS = frozenset({"stop", "end_turn", "stop_sequence"})


class ChatModelFault(Exception):
    """The model gave no use of itself; the text says why, for the person who asked."""


class ChatModel:
    """One model, asked for lines. Opened at the first question: its libraries take a second."""

    def __init__(
        self, name: str, *, base_url: str = "", api_key: str = "", timeout: float = 60.0
    ) -> None:
        self.name = name
        self._base_url = base_url
        self._api_key = api_key
        self._timeout = timeout
        self._model: BaseChatModel | None = None
        self._opening = threading.Lock()

    def lines(self, system: str, user: str) -> Iterator[str]:
        """The reply line by line as it arrives, empty ones left out. Raises ChatModelFault."""
        rest = ""
        for piece in self._pieces(system, user):
            rest += piece
            *whole, rest = rest.split("\n")
            if len(rest) > MOST_LINE:
                raise ChatModelFault("it sent a line without end")
            yield from (line.strip() for line in whole if line.strip())
        if rest.strip():
            yield rest.strip()

    def text(self, system: str, user: str) -> str:
        """The whole reply. Raises ChatModelFault."""
        return "\n".join(self.lines(system, user))

    def structured(self, system: str, user: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The reply as plain data in the form of a JSON schema, which is not checked here.

        Raises ChatModelFault, also when it is not there in time.
        """
        model = self._opened()
        replies: queue.Queue[object] = queue.Queue(maxsize=1)

        def ask() -> None:
            from langchain_core.runnables import RunnableLambda, RunnableSequence

            try:
                asked: Any = model.with_structured_output(dict(schema))
                if isinstance(asked, RunnableSequence):
                    # Between the model and its parser, which would chew on megabytes for hours.
                    guard = RunnableLambda(_of_sane_length)
                    first, *rest = cast("list[Any]", asked.steps)
                    asked = cast("Any", RunnableSequence(first, guard, *rest))
                replies.put(cast("object", asked.invoke([("system", system), ("user", user)])))
            except Exception as error:  # whatever a client library may raise is told as a fault
                replies.put(error)

        threading.Thread(target=ask, name="chat-model", daemon=True).start()
        try:
            reply = replies.get(timeout=self._timeout)
        except queue.Empty:
            raise ChatModelFault(f"it had not finished after {self._timeout:g} seconds") from None
        if isinstance(reply, BaseException):
            logger.warning("the chat model failed: %s", type(reply).__name__)
            raise ChatModelFault(_reason(reply)) from reply
        if not isinstance(reply, dict) or not reply:
            raise ChatModelFault("its answer was empty")
        return cast("dict[str, Any]", reply)

    def _pieces(self, system: str, user: str) -> Iterator[str]:
        """The reply piece by piece, for no longer than the time-out and no more than is sane.

        A server that stalls must not stall us: its stream is read in a thread of its own, which is
        left behind when the time is up and ends at its next piece.
        """
        model = self._opened()
        pieces: queue.Queue[str | BaseException | None] = queue.Queue(maxsize=64)
        given_up = threading.Event()

        def put(item: str | BaseException | None) -> bool:
            while not given_up.is_set():
                try:
                    pieces.put(item, timeout=0.2)
                except queue.Full:
                    continue
                return True
            return False

        def read() -> None:
            ended = ""
            try:
                for chunk in model.stream([("system", system), ("user", user)]):
                    ended = ended or _ending(chunk.response_metadata)
                    if not put(str(chunk.text)):
                        return
            except Exception as error:  # whatever a client library may raise is told as a fault
                put(error)
                return
            put(None if ended in _PROPER_ENDS else ChatModelFault("its reply broke off"))

        threading.Thread(target=read, name="chat-model", daemon=True).start()
        give_up_at = time.monotonic() + self._timeout
        characters = 0
        try:
            while True:
                try:
                    piece = pieces.get(timeout=max(0.0, give_up_at - time.monotonic()))
                except queue.Empty:
                    raise ChatModelFault(
                        f"it had not finished after {self._timeout:g} seconds"
                    ) from None
                if piece is None:
                    break
                if isinstance(piece, ChatModelFault):
                    raise piece
                if isinstance(piece, BaseException):
                    logger.warning("the chat model failed: %r", piece)
                    raise ChatModelFault(_reason(piece)) from piece
                characters += len(piece)
                if characters > MOST_CHARACTERS:
                    raise _too_long()
                yield piece
        finally:
            given_up.set()
        if characters == 0:
            raise ChatModelFault("its answer was empty")

    def _opened(self) -> BaseChatModel:
        with self._opening:
            if self._model is None:
                self._model = self._open()
            return self._model

    def _open(self) -> BaseChatModel:
        from langchain.chat_models import init_chat_model

        options: dict[str, Any] = {
            "temperature": 0,
            "timeout": self._timeout,
            "max_retries": 0,
        }
        if self._base_url:
            options["base_url"] = self._base_url
        if self._api_key or self._base_url:
            options["api_key"] = self._api_key or "none"  # local servers ask for none
        try:
            return cast("BaseChatModel", init_chat_model(self.name, **options))
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f"The chat model {self.name!r} cannot be opened: {error}.",
                fix="Set PLUMBLINE_CHAT_MODEL to PROVIDER:NAME, for example openai:gpt-5-mini, and "
                "PLUMBLINE_CHAT_BASE_URL for a server of your own; or leave it empty.",
            ) from error
        except Exception as error:  # each provider has its own for a missing key
            raise ConfigurationError(
                f"The chat model {self.name!r} cannot be opened: {error}.",
                fix="Check PLUMBLINE_CHAT_API_KEY.",
            ) from error


def open_chat_model(settings: Settings) -> ChatModel | None:
    """The chat model of the settings; None when they name none."""
    if not settings.chat_model:
        return None
    key = settings.chat_api_key.get_secret_value() if settings.chat_api_key else ""
    return ChatModel(
        settings.chat_model,
        base_url=settings.chat_base_url,
        api_key=key,
        timeout=settings.chat_timeout,
    )


def _ending(metadata: Mapping[str, Any]) -> str:
    """Why a reply ended, as its last piece says; empty before that."""
    return next((str(metadata[name]).lower() for name in _ENDINGS if metadata.get(name)), "")


def _reason(error: BaseException) -> str:
    """Why a request failed, by the status or the kind of the error, never by a server's text."""
    if isinstance(error, ChatModelFault):
        return str(error)
    status = getattr(error, "status_code", None)
    if status == 429:
        return "it is receiving too many questions"
    if status in (401, 403):
        return "it does not accept the key"
    if isinstance(status, int):
        return f"its server answered with status {status}"
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return "it did not answer in time"
    if "Connect" in type(error).__name__ or isinstance(error, OSError):
        return "it could not be reached"
    return f"its reply could not be read ({type(error).__name__})"


def _of_sane_length(message: BaseMessage) -> BaseMessage:
    if len(str(message.content)) > MOST_CHARACTERS:
        raise _too_long()
    return message


def _too_long() -> ChatModelFault:
    return ChatModelFault(f"it sent more than {MOST_CHARACTERS:,} characters")
