"""One writer at a time: the lock on a data folder."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from corpus.errors import ConfigurationError


@contextmanager
def writer_lock(data_dir: Path, *, doing: str) -> Generator[None]:
    """Hold the data folder's lock; the operating system releases it when the process dies.

    Raises ConfigurationError naming the holder when another process has it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise ConfigurationError(
                f"Another process is using the library in {data_dir} ({_holder(file.read())}).",
                fix="Wait for it to end or stop it; while `plumbline serve` runs, other commands "
                "send their work to it.",
            ) from error
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "doing": doing}))
        file.flush()
        yield


def _holder(text: str) -> str:
    try:
        held = json.loads(text)
        return f"process {held['pid']}, {held['doing']}"
    except (ValueError, KeyError, TypeError):
        return "it has not said who it is"
