"""A local OpenAI-style server that serves as told, well or badly."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """One request; what it does is the server's behaviour."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        assert isinstance(server, _Server)
        server.asked.append(body)
        try:
            server.behaviour(self, body)
        except (BrokenPipeError, ConnectionResetError):
            return  # the caller has had enough, which some tests are about

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def begin_stream(self) -> None:
        """The head of a stream of events."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    def piece(self, text: str, *, finish: str | None = None) -> None:
        """One piece of a streamed reply; the last says why it ends."""
        chunk = {
            "id": "x",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "test",
            "choices": [
                {
                    "index": 0,
                    "delta": {"role": "assistant", "content": text},
                    "finish_reason": finish,
                }
            ],
        }
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def end_stream(self) -> None:
        """The proper end of a stream."""
        self.piece("", finish="stop")
        self.wfile.write(b"data: [DONE]\n\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    behaviour: Behaviour
    asked: list[dict[str, Any]]


@contextmanager
def chat_server(behaviour: Behaviour) -> Generator[tuple[str, list[dict[str, Any]]]]:
    """The address of a running server, and the requests that it has had."""
    server = _Server(("127.0.0.1", 0), Handler)
    server.behaviour, server.asked = behaviour, []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", server.asked
    finally:
        server.shutdown()
        server.server_close()


# -- behaviours ---------------------------------------------------------------------------------


def says(*lines: str, cut: int = 7) -> Behaviour:
    """Streams the lines in small pieces."""

    def behave(handler: Handler, _body: dict[str, Any]) -> None:
        handler.begin_stream()
        text = "\n".join(lines)
        for start in range(0, len(text), cut):
            handler.piece(text[start : start + cut])
        handler.end_stream()

    return behave


def says_in_turn(*replies: str) -> Behaviour:
    """Another reply to each request; the last one again and again."""
    left = list(replies)

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        says(left.pop(0) if len(left) > 1 else left[0])(handler, body)

    return behave


def says_then_breaks_off(*lines: str) -> Behaviour:
    """Streams the lines and closes the connection without an end."""

    def behave(handler: Handler, _body: dict[str, Any]) -> None:
        handler.begin_stream()
        handler.piece("\n".join(lines))
        handler.wfile.write(b'data: {"id": "x", "choi')
        handler.wfile.flush()
        handler.connection.close()

    return behave


def says_then_stalls(*lines: str, seconds: float = 30) -> Behaviour:
    """Streams the lines and then nothing for a long time."""

    def behave(handler: Handler, _body: dict[str, Any]) -> None:
        handler.begin_stream()
        handler.piece("\n".join(lines))
        time.sleep(seconds)

    return behave


def quotes_when_let(gate: threading.Semaphore) -> Behaviour:
    """Quotes the sentences of the first passage one by one, each when `gate` is released once."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        shown = body["messages"][-1]["content"].split("[A1] ")[1].split("[A2] ")[0]
        passage = shown.split("\n", 1)[1].split("\n\nQuestion: ")[0].strip()
        handler.begin_stream()
        for sentence in re.findall(r"[A-Z][^.\n]+\.", passage)[:6]:
            gate.acquire()
            handler.piece(line(sentence, [("A1", sentence)]) + "\n")
        gate.acquire()
        handler.end_stream()

    return behave


def answers_status(status: int) -> Behaviour:
    """Refuses with a status."""

    def behave(handler: Handler, _body: dict[str, Any]) -> None:
        body = json.dumps({"error": {"message": "no"}}).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def says_until_its_longest(*lines: str) -> Behaviour:
    """Streams the lines and ends because no more tokens are allowed."""

    def behave(handler: Handler, _body: dict[str, Any]) -> None:
        handler.begin_stream()
        handler.piece("\n".join(lines), finish="length")
        handler.wfile.write(b"data: [DONE]\n\n")

    return behave


def floods(total: int) -> Behaviour:
    """Streams so many characters of one line."""

    def behave(handler: Handler, _body: dict[str, Any]) -> None:
        handler.begin_stream()
        for _ in range(total // 100_000):
            handler.piece("x" * 100_000)
        handler.end_stream()

    return behave


def line(text: str, cites: Sequence[tuple[str, str]]) -> str:
    """One line of a reply: a sentence and the quotations it cites, by passage."""
    return json.dumps(
        {"text": text, "cites": [{"passage": name, "quote": quote} for name, quote in cites]}
    )


def replies(content: str) -> Behaviour:
    """Answers in one piece, as a request for structured output does."""

    def behave(handler: Handler, _body: dict[str, Any]) -> None:
        message = {"role": "assistant", "content": content}
        body = json.dumps(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": "test",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            }
        ).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def stalls(seconds: float) -> Behaviour:
    """Answers nothing for a long time."""

    def behave(_handler: Handler, _body: dict[str, Any]) -> None:
        time.sleep(seconds)

    return behave
