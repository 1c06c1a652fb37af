"""Exchanges that run on by themselves: whoever listens may lose the connection and come back.

Each runs in a thread of its own and writes down what it tells. A listener is told from any event
on, as often as it asks, until some minutes after the end; the answer itself is stored before that.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import cast

from api.chatting import ChatJson, Exchange
from api.problems import Problem
from api.streaming import Told
from corpus.errors import NotFound

KEPT_SECONDS = 300.0  # after the end
_CUT_OFF = "The server was stopped before this answer was finished. Ask again for the whole of it."


@dataclass(frozen=True, slots=True)
class _Listener:
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Event

    def wake(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self.woken.set)
        except RuntimeError:
            return  # its loop has been closed: nobody listens there any more


class Running:
    """One exchange, and what it has told so far."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.ended_at: float | None = None
        self._changed = threading.Condition(threading.RLock())
        self._told: list[Told] = []
        self._fault: Exception | None = None
        self._listeners: set[_Listener] = set()

    def run(self) -> None:
        """Tell all there is to tell; an exception becomes what listeners get raised."""
        try:
            for told in self.exchange.told():
                self._add(told)
        except Exception as error:  # raised again in every listener
            self._end(error)
        else:
            self._end(None)

    def answer(self) -> ChatJson:
        """The whole answer, waited for."""
        with self._changed:
            self._changed.wait_for(lambda: self.ended_at is not None)
            if self._fault is not None:
                raise self._fault
            return cast("ChatJson", self._told[-1].data)

    def stop(self, note: str) -> None:
        """End it with what has been said, unless it has ended. Raises NotFound when its
        conversation was deleted.
        """
        with self._changed:
            if self.ended_at is not None:
                return
        answer = self.exchange.stop(note)
        with self._changed:
            if self.ended_at is None:  # or the whole answer came between
                self._add(Told("answer", answer))
                self._end(None)

    async def events(self, after: int = 0) -> AsyncIterator[Told]:
        """The events from number `after` + 1 on, as they come; each has its id."""
        listener = _Listener(asyncio.get_running_loop(), asyncio.Event())
        with self._changed:
            self._listeners.add(listener)
        try:
            while True:
                listener.woken.clear()
                with self._changed:
                    new, ended, fault = self._told[after:], self.ended_at is not None, self._fault
                for told in new:
                    after += 1
                    yield replace(told, id=f"{self.exchange.message_id}:{after}")
                if ended and not new:
                    if fault is not None:
                        raise fault
                    return
                if not ended:
                    await listener.woken.wait()
        finally:
            with self._changed:
                self._listeners.discard(listener)

    def _add(self, told: Told) -> None:
        with self._changed:
            if self.ended_at is None:  # what comes after a stop is dropped
                self._told.append(told)
            self._wake()

    def _end(self, fault: Exception | None) -> None:
        with self._changed:
            if self.ended_at is None:
                self.ended_at, self._fault = time.monotonic(), fault
            self._wake()

    def _wake(self) -> None:
        self._changed.notify_all()
        for listener in self._listeners:
            listener.wake()


class Exchanges:
    """Those that run now, and those that have just ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, Running] = {}

    def start(self, exchange: Exchange) -> Running:
        """Let an exchange run. Raises Problem (409) when its message is known already."""
        running = Running(exchange)
        with self._lock:
            for message_id, held in list(self._held.items()):
                if held.ended_at and time.monotonic() - held.ended_at > KEPT_SECONDS:
                    del self._held[message_id]
            if exchange.message_id in self._held:
                raise sent_twice(exchange.message_id)
            self._held[exchange.message_id] = running
        # A daemon: a chat model that never ends its reply must not keep the server from ending.
        threading.Thread(target=running.run, name="answer", daemon=True).start()
        return running

    def get(self, message_id: str) -> Running | None:
        """The exchange whose answer has this id, while it is held."""
        with self._lock:
            return self._held.get(message_id)

    def unfinished(self, conversation_id: str) -> list[Exchange]:
        """Those of a conversation that have no answer yet, oldest first."""
        with self._lock:
            return [
                held.exchange
                for held in self._held.values()
                if held.exchange.conversation_id == conversation_id and held.ended_at is None
            ]

    def close(self) -> None:
        """Stop every one, and keep what it has said."""
        with self._lock:
            held = [running for running in self._held.values() if running.ended_at is None]
        for running in held:
            with contextlib.suppress(NotFound):  # its conversation was deleted: nobody wants it
                running.stop(_CUT_OFF)


def sent_twice(message_id: str) -> Problem:
    """What is said to a question that is here already."""
    return Problem(
        409,
        "This question has been sent before.",
        fix=f"GET /v1/messages/{message_id}/events tells its answer.",
        code="sent_before",
    )
