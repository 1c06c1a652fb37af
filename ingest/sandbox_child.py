"""The process in which hostile files are read: paths in on standard input, readings out.

Started by `ingest.sandbox`. Each request is a line of JSON, {"path", "cpu_seconds", "most_bytes"};
each answer is a line with a length and then that many bytes of JSON. It holds no secret: its
environment is bare, and it cannot write files.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import signal
import sys
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import TypeAdapter

from corpus.errors import UnreadableFile
from ingest.reading import Reading
from ingest.refusing import refusal

_PROGRAM_BYTES = 32 * 1024 * 1024  # that libraries take, which the limit on data leaves out


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    # A library that prints must not mix its words with the answers.
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_for_good(int(sys.argv[1]))
    _send(answers, b'{"ready": true}')
    for line in sys.stdin.buffer:
        request = cast("dict[str, object]", json.loads(line))
        _limit_time(cast(float, request["cpu_seconds"]))
        _send(answers, _answer(request))


def _answer(request: dict[str, object]) -> bytes:
    path = Path(os.fsdecode(bytes.fromhex(cast(str, request["path"]))))
    most = cast(int, request["most_bytes"])
    try:
        reading = _read(path)
        answer = _adapter().dump_json(reading)
        if len(answer) > most:
            raise refusal(
                path,
                "too_large",
                f"its text takes {len(answer):,} bytes, and the most that is kept is {most:,}.",
                fix="Split it into several files.",
            )
    except UnreadableFile as error:
        fault = {"code": error.code, "problem": error.problem, "fix": error.fix}
        return json.dumps({"error": fault}).encode()
    except MemoryError:
        return b'{"error": {"code": "too_much_memory"}}'
    return b'{"reading": ' + answer + b"}"


@cache
def _adapter() -> TypeAdapter[Reading]:
    return TypeAdapter(Reading)


def _read(path: Path) -> Reading:
    from ingest import formats

    try:
        return formats.read(path)
    except (UnreadableFile, MemoryError):
        raise
    except FileNotFoundError as error:
        raise refusal(
            path,
            "not_found",
            "it went away while it was being read.",
            fix="Check that the file is there, and add it again.",
        ) from error
    except OSError as error:
        raise refusal(
            path,
            "unreadable",
            f"reading it failed ({os.strerror(error.errno or 0)}).",
            fix="Check the disk and the file's permissions, and add it again.",
        ) from error
    except Exception as error:
        # One damaged file must not stop the rest, whatever its reader stumbles over.
        raise refusal(
            path,
            "unreadable",
            f"its content is damaged ({type(error).__name__}).",
            fix="Open it in the program that made it, save it again, and add that.",
        ) from error


def _limit_for_good(memory: int) -> None:
    """Set the limits that hold for every file; `memory` in bytes, of the process in all."""
    for name, limit in (
        (resource.RLIMIT_DATA, memory - _PROGRAM_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(name)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        with contextlib.suppress(ValueError, OSError):  # not every system has every limit
            resource.setrlimit(name, (limit, limit))


def _limit_time(seconds: float) -> None:
    """Let the process be killed after so many more seconds of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime + seconds)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def _send(answers: BinaryIO, answer: bytes) -> None:
    answers.write(b"%d\n" % len(answer))
    answers.write(answer)
    answers.flush()


if __name__ == "__main__":
    main()
