"""`make bench-http`: what a warm question costs through HTTP, by the clock and the processor.

Starts `plumbline serve` on the data folder of the settings (fill it with the starter library
first), without a chat model, and asks `POST /v1/chat` the questions of a set one after the other,
each a conversation of its own. Ten of another set come first, so that all is loaded and none that
is measured has been asked before. The processor time is that of the server, which a busy machine
moves less than the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import httpx

from evals.machine import machine
from evals.questions import load_questions

SETS = Path(__file__).resolve().parent / "sets"
QUESTIONS = SETS / "questions-unseen.yaml"
WARMING = SETS / "questions-broad.yaml"
ASKED_FIRST = 10
START_SECONDS = 120


def processor_seconds(process: int) -> float:
    """Processor time that a process has taken so far, by Linux's count (hundredths)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _questions(file: Path) -> list[str]:
    return [case.question for case in load_questions(file)]


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _wait_until_ready(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and server.poll() is None:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.2)
    raise RuntimeError(f"The server was not ready within {START_SECONDS} seconds.")


def run(questions: list[str], log: Path) -> dict[str, object]:
    """Ask them all of a server of our own; milliseconds by the clock and the processor."""
    port = _free_port()
    environment = {**os.environ, "PLUMBLINE_CHAT_MODEL": ""}
    with log.open("wb") as told:
        server = subprocess.Popen(
            [sys.executable, "-m", "api", "serve", "--port", str(port)],
            stdout=told,
            stderr=told,
            env=environment,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait_until_ready(client, server)

            def ask(question: str) -> float:
                began = time.perf_counter()
                client.post("/v1/chat", json={"message": question}).raise_for_status()
                return (time.perf_counter() - began) * 1000

            for question in _questions(WARMING)[:ASKED_FIRST]:
                ask(question)
            before = processor_seconds(server.pid)
            walls = [ask(question) for question in questions]
            cpu = (processor_seconds(server.pid) - before) * 1000 / len(questions)
    finally:
        server.terminate()
        server.wait(timeout=30)
    return {
        "questions": len(questions),
        "wall_ms_median": round(median(walls), 1),
        "wall_ms_p95": round(quantiles(walls, n=20)[-1], 1),
        "wall_ms_least": round(min(walls), 1),
        "server_cpu_ms_mean": round(cpu, 1),
    }


def main() -> int:
    """Run and print a line for people and one for programs."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench_http", description=__doc__)
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="a set of questions")
    asked = parser.parse_args()
    questions = _questions(asked.questions)
    with tempfile.TemporaryDirectory() as folder:
        found = run(questions, Path(folder) / "server.log")
    print(
        f"{found['questions']} questions: median {found['wall_ms_median']} ms, 95% under "
        f"{found['wall_ms_p95']} ms; {found['server_cpu_ms_mean']} ms of the server's processor "
        "time each, on average"
    )
    print(json.dumps({"bench": "http", "machine": machine(), **found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
