"""What every peer measures alike; standard library only, as each runs in its own environment."""

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

LIMIT = 10  # passages for each question
Found = list[tuple[str, str]]  # (file name, text), best first


def run(prepare: Callable[[Path, str], Callable[[str], Found]]) -> None:
    """Take the files in, ask every question, and write what was found and what it cost."""
    files, questions, model, out = sys.argv[1:5]
    asked: Sequence[str] = json.loads(Path(questions).read_text(encoding="utf-8"))
    started, started_cpu = time.perf_counter(), _cpu()
    ask = prepare(Path(files), model)
    ingest, ingest_cpu = time.perf_counter() - started, _cpu() - started_cpu
    ask(asked[0])  # warm
    taken: list[float] = []
    cpu: list[float] = []
    found: list[Found] = []
    for question in asked:
        began, began_cpu = time.perf_counter(), _cpu()
        found.append(ask(question)[:LIMIT])
        taken.append((time.perf_counter() - began) * 1000)
        cpu.append((_cpu() - began_cpu) * 1000)
    told = {
        "found": found,
        "milliseconds": taken,
        "cpu_milliseconds": cpu,
        "ingest_seconds": ingest,
        "ingest_cpu_seconds": ingest_cpu,
        "peak_megabytes": _peak() / 1024,
    }
    Path(out).write_text(json.dumps(told), encoding="utf-8")


def _cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak() -> int:
    """Kilobytes at most, of this process and the largest of those that it started."""
    return sum(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
