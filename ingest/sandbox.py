"""Reads files in a child process with limits, so that no file can take the program down.

One child reads file after file. It is killed when it passes a limit, and a fresh one takes
the next file: a bad file costs one clear error and the start of a process (about 0.2 s).
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from pydantic import BaseModel, ValidationError

from corpus.errors import UnreadableFile
from ingest import formats
from ingest.reading import Reading
from ingest.refusing import refusal

_POLL = 0.02  # seconds between looks at the child's memory
_START = 60.0  # seconds that a child may take to start, on a busy machine


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost."""

    cpu_seconds: float = 20
    idle_seconds: float = 60  # by the clock, in which a reader takes no processor time
    memory_bytes: int = 512 * 1024 * 1024
    answer_bytes: int = 200_000_000  # the text and its blocks, as JSON
    files_per_child: int = 1_000  # a child is replaced before leaks add up


class _Fault(BaseModel):
    code: str
    problem: str = ""
    fix: str = ""


class _Answer(BaseModel):
    """What a child may say. It has read hostile bytes, so its word is checked like any input."""

    reading: Reading | None = None
    error: _Fault | None = None


class _Died(Exception):
    """The child is gone, or had to be killed; `code` is the kind of UnreadableFile to raise."""

    def __init__(self, code: str, how: str = "") -> None:
        super().__init__(code, how)
        self.code = code
        self.how = how


class Sandbox:
    """Reads files in a child process. A context manager; safe to share between threads.

    Nothing is started until the first file is read.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._child: _Child | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """The child process that is ready for the next file; None when there is none."""
        child = self._child
        return child.process_id if child is not None and child.is_alive() else None

    def close(self) -> None:
        """End the child process; a later `read` starts another."""
        with self._lock:
            self._end_child()

    def read(self, path: Path) -> Reading:
        """The pages of a file. Raises UnreadableFile, naming the file, for whatever goes wrong."""
        formats.check(path)
        with self._lock:
            try:
                answer = _Answer.model_validate_json(self._ask(path))
            except _Died as death:
                self._end_child()
                raise self._death_refusal(path, death) from death
            except ValidationError as error:
                self._end_child()
                raise self._death_refusal(path, _Died("crashed", "a garbled answer")) from error
            except BaseException:
                # Interrupted half-way: the child's answer would be taken for the next file's.
                self._end_child()
                raise
            starved = self._child is not None and self._child.is_starved(self._limits)
            if self._child and self._child.is_worn(self._limits):
                self._end_child()
        if answer.reading is not None:
            return answer.reading
        fault = answer.error or _Fault(code="crashed")
        if fault.code == "unreadable" and starved:
            # Some libraries call a file damaged when they are refused memory for it.
            raise self._death_refusal(path, _Died("too_much_memory"))
        if not fault.problem:
            raise self._death_refusal(path, _Died(fault.code))
        raise UnreadableFile(fault.code, fault.problem, fix=fault.fix)

    def _ask(self, path: Path) -> bytes:
        if self._child is None or not self._child.is_alive():
            self._end_child()
            self._child = _Child(self._limits)
        return self._child.ask(path, self._limits)

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def _death_refusal(self, path: Path, death: _Died) -> UnreadableFile:
        limits = self._limits
        if death.code == "too_slow":
            return refusal(
                path,
                "too_slow",
                f"reading it took more than {limits.cpu_seconds:g} seconds of processor time, "
                f"or stood still for {limits.idle_seconds:g} seconds.",
                fix="Split it, or print it to a new PDF and add that.",
            )
        if death.code == "too_much_memory":
            return refusal(
                path,
                "too_much_memory",
                f"reading it took more than {limits.memory_bytes // 1024**2} MB of memory.",
                fix="Split it, or print it to a new PDF and add that.",
            )
        if death.code == "too_large":
            return refusal(
                path,
                "too_large",
                f"its text is more than {limits.answer_bytes:,} bytes.",
                fix="Split it into several files.",
            )
        return refusal(
            path,
            "crashed",
            f"its reader stopped ({death.how or 'no reason given'}).",
            fix="The file is probably damaged: open it, save it again, and add that.",
        )


class _Child:
    """One child process and the pipe to it."""

    def __init__(self, limits: Limits) -> None:
        self._files = 0
        self._memory = 0  # bytes, as last seen
        self._ticks = 0  # of processor time, as last seen
        self._active = 0.0  # when that last rose, by the clock
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            # -P: a module that lies in the folder of the files must not run in place of Python's.
            [sys.executable, "-P", "-m", "ingest.sandbox_child", str(limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_bare_environment(),
            start_new_session=True,  # Ctrl-C is for the parent, which then ends the child
        )
        self._received = bytearray()
        os.set_blocking(self._output.fileno(), False)
        self._poll = select.poll()  # not select.select, which takes no descriptor above 1,023
        self._poll.register(self._output, select.POLLIN)
        try:
            self._receive(_START, limits)
        except _Died as death:
            self.end()
            raise RuntimeError(f"The reading process does not start ({death.how}).") from death
        except BaseException:
            self.end()
            raise
        self._base = self._resident()

    @property
    def _output(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdout)

    @property
    def process_id(self) -> int:
        """The number that the system knows it by."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def is_worn(self, limits: Limits) -> bool:
        """Whether it has read so much, or holds so much, that a fresh one should follow."""
        return (
            self._files >= limits.files_per_child
            or self._resident() - self._base > limits.memory_bytes // 4
        )

    def is_starved(self, limits: Limits) -> bool:
        """Whether it was near the limit of memory at the file that it was asked for last."""
        return self._memory > 0.8 * limits.memory_bytes

    def ask(self, path: Path, limits: Limits) -> bytes:
        """The child's answer for a file, as JSON. Raises _Died."""
        self._files += 1
        self._memory = 0
        request = {
            "path": os.fsencode(path.absolute()).hex(),  # names need not be valid text
            "cpu_seconds": limits.cpu_seconds,
            "most_bytes": limits.answer_bytes,
        }
        try:
            pipe = cast("IO[bytes]", self._process.stdin)
            pipe.write(json.dumps(request).encode() + b"\n")
            pipe.flush()
        except OSError as error:
            raise self._death(limits) from error
        return self._receive(limits.idle_seconds, limits)

    def end(self) -> None:
        """Kill it and wait for it, and close the pipes."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:  # what was not yet written is for nobody now
                    continue

    def _receive(self, idle_seconds: float, limits: Limits) -> bytes:
        wanted = -1
        self._active = time.monotonic()
        while True:
            if wanted < 0 and (edge := self._received.find(b"\n")) >= 0:
                head = bytes(self._received[:edge])
                del self._received[: edge + 1]
                if not head.isdigit() or len(head) > 12:
                    raise _Died("crashed", "a garbled answer")
                wanted = int(head)
                if wanted > limits.answer_bytes + 1000:
                    raise _Died("too_large")
            if 0 <= wanted <= len(self._received):
                answer = bytes(self._received[:wanted])
                self._received.clear()
                return answer
            if len(self._received) > limits.answer_bytes + 1000 or (
                wanted < 0 and len(self._received) > 20
            ):
                raise _Died("crashed", "a garbled answer")
            self._wait(idle_seconds, limits)

    def _wait(self, idle_seconds: float, limits: Limits) -> None:
        """Wait for more of the answer, watching the clock and the child's memory."""
        if self._poll.poll(_POLL * 1000):
            part = os.read(self._output.fileno(), 1 << 20)
            if not part:
                raise self._death(limits)
            self._received += part
            return
        self._memory = max(self._memory, self._resident())
        if self._memory > limits.memory_bytes:
            raise _Died("too_much_memory")
        now, ticks = time.monotonic(), self._processor_ticks()
        if ticks > self._ticks:  # on a busy machine it may take long, and still work
            self._ticks, self._active = ticks, now
        elif now - self._active > idle_seconds:
            raise _Died("too_slow")

    def _resident(self) -> int:
        """The child's memory in bytes; 0 where the system does not say."""
        try:
            fields = Path(f"/proc/{self._process.pid}/statm").read_text().split()
        except OSError:
            return 0
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else 0

    def _processor_ticks(self) -> int:
        """The processor time that the child has taken; 0 where the system does not say."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0
        return int(fields[11]) + int(fields[12]) if len(fields) > 12 else 0

    def _death(self, limits: Limits) -> _Died:
        """Why the child is gone, by how it ended."""
        status = self._process.wait()
        if status == -signal.SIGXCPU:
            return _Died("too_slow")
        if self.is_starved(limits) or status == -signal.SIGABRT:
            # C libraries abort when they are refused memory; the system kills when it has none.
            return _Died("too_much_memory")
        if status < 0:
            names = {number.value: number.name for number in signal.Signals}
            return _Died("crashed", names.get(-status, f"signal {-status}"))
        return _Died("crashed", f"exit status {status}")


def _bare_environment() -> dict[str, str]:
    """The environment of a child: where Python and our packages are, and no keys."""
    ours = str(Path(__file__).resolve().parent.parent)
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "TMPDIR")
        if name in os.environ
    }
    return {**kept, "PYTHONPATH": ours, "PYTHONDONTWRITEBYTECODE": "1"}
