"""What the command line uses while `plumbline serve` runs on the same data folder.

The server owns the library then, so other commands send it their work. The results are the same
JSON shapes that they would make themselves (see shapes.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from corpus.errors import UserError

if TYPE_CHECKING:
    import httpx

    from assistant.types import Turn

SERVER_FILE = "server.json"  # {"url", "pid", "token"}, written by `plumbline serve`
_HEALTH_SECONDS = 5.0
_ANSWER_SECONDS = 120.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A running server on this machine, and what proves that we may use it."""

    url: str
    pid: int
    token: str


def running_server(data_dir: Path) -> ServerAddress | None:
    """The server that owns a data folder; None when none runs there.

    Raises UserError when its process is alive and does not answer.
    """
    try:
        told: Any = json.loads((data_dir / SERVER_FILE).read_text(encoding="utf-8"))
        server = ServerAddress(str(told["url"]), int(told["pid"]), str(told["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none, or one that was killed while it wrote the file
    if not _is_alive(server.pid):
        return None
    import httpx

    try:
        answer = httpx.get(f"{server.url}/healthz", timeout=_HEALTH_SECONDS, trust_env=False)
    except httpx.ConnectError:
        return None  # the process number has been given to another program since
    except httpx.HTTPError as error:
        raise _no_answer(server, error) from error
    return server if answer.status_code == 200 else None


def ask(
    server: ServerAddress, question: str, turns: Sequence[Turn] = (), *, collection: str | None
) -> Json:
    """The answer to a question, as `plumbline ask --json` prints it."""
    earlier = [
        {"role": turn.role.value, "text": turn.text, "declined": turn.declined} for turn in turns
    ]
    body = {"question": question, "turns": earlier, "filters": {"collection": collection}}
    return _json(server, "POST", "/v1/local/ask", body)


def search(server: ServerAddress, query: str, *, limit: int, collection: str | None) -> Json:
    """The passages nearest to a question, as `plumbline search --json` prints them."""
    body = {"query": query, "limit": limit, "filters": {"collection": collection}}
    return _json(server, "POST", "/v1/search", body)


def show(server: ServerAddress, document_id: str) -> Json:
    """A document's text, as `plumbline show --json` prints it."""
    return _json(server, "GET", f"/v1/documents/{document_id}")


def remove(server: ServerAddress, document_id: str) -> None:
    """Remove a document."""
    with _opened(server) as client:
        _checked(client.delete(f"/v1/documents/{document_id}"))


def ingest(
    server: ServerAddress,
    *,
    paths: Sequence[str],
    collection: str,
    prune: bool,
    rebuild: bool,
    sources: Sequence[str],
    progress: Callable[[int, int, str], None] | None = None,
) -> Json:
    """The report of an ingest, as `plumbline ingest --json` prints it.

    `paths` are absolute; `progress` is told files done, files in all, and the file being read.
    """
    body = {
        "paths": list(paths),
        "collection": collection,
        "prune": prune,
        "rebuild": rebuild,
        "sources": list(sources),
    }
    with (
        _opened(server, read_seconds=None) as client,
        client.stream("POST", "/v1/local/ingest", json=body) as response,
    ):
        if response.status_code != 200:
            response.read()
            _checked(response)
        for event, data in _events(response.iter_lines()):
            if event == "progress" and progress is not None:
                progress(data["done"], data["total"], data["name"])
            elif event == "report":
                return data
            elif event == "error":
                raise _user_error(data)
    raise UserError(
        "The server ended before the ingest did.",
        fix="Start it again with `plumbline serve` and repeat this command; what was stored stays.",
        code="server_gone",
    )


def _json(server: ServerAddress, method: str, path: str, body: Json | None = None) -> Json:
    with _opened(server) as client:
        return cast("Json", _checked(client.request(method, path, json=body)).json())


class _Opened:
    """An httpx client whose failures say what to do."""

    def __init__(self, server: ServerAddress, client: httpx.Client) -> None:
        self._server = server
        self._client = client

    def __enter__(self) -> httpx.Client:
        return self._client.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        import httpx

        self._client.__exit__(kind, error, traceback)
        if isinstance(error, httpx.HTTPError):
            raise _no_answer(self._server, error) from error


def _opened(server: ServerAddress, *, read_seconds: float | None = _ANSWER_SECONDS) -> _Opened:
    import httpx

    client = httpx.Client(
        base_url=server.url,
        headers={"X-Plumbline-Token": server.token},
        timeout=httpx.Timeout(10.0, read=read_seconds),
        trust_env=False,  # a proxy of the environment has no business between the two
    )
    return _Opened(server, client)


def _checked(response: httpx.Response) -> httpx.Response:
    """The response, unless it is a problem, which is raised."""
    if response.is_success:
        return response
    try:
        told: object = response.json()
    except ValueError:
        told = None  # not from our server
    raise _user_error(cast("Json", told) if isinstance(told, dict) else {}, response.status_code)


def _user_error(told: Json, status: int = 0) -> UserError:
    code = str(told.get("type", "")).removeprefix("urn:plumbline:problem:")
    return UserError(
        str(told.get("detail") or f"The running server answered with status {status}."),
        fix=str(told.get("fix") or "Look at the server's log."),
        code=code if code and code != "about:blank" else "error",
    )


def _no_answer(server: ServerAddress, error: Exception) -> UserError:
    return UserError(
        f"The server at {server.url} (process {server.pid}) does not answer: "
        f"{type(error).__name__}.",
        fix="Wait a moment and try again, or stop it and start it with `plumbline serve`.",
        code="server_silent",
    )


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Json]]:
    event = ""
    for line in lines:
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield event, json.loads(line.removeprefix("data: "))


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
