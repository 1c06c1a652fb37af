"""Counts and durations for Prometheus, in its text format (version 0.0.4)."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds

_METHODS = frozenset({"GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "PUT"})


class Metrics:
    """What the server has done since it started; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self._durations: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
        self._seconds: dict[str, float] = defaultdict(float)
        self._answers: dict[tuple[str, str], int] = defaultdict(int)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request that has been answered; `route` is a pattern, never what a caller wrote."""
        known = method if method in _METHODS else "OTHER"
        with self._lock:
            self._requests[known, route, status] += 1
            self._durations[route][bisect_left(BUCKETS, seconds)] += 1
            self._seconds[route] += seconds

    def count_answer(self, completeness: str, declined: str | None) -> None:
        """An answer that was given."""
        with self._lock:
            self._answers[completeness, declined or ""] += 1

    def text(self, *, ready: bool) -> str:
        """All of it, as Prometheus reads it."""
        with self._lock:
            lines = [
                "# HELP plumbline_ready Whether questions are answered.",
                "# TYPE plumbline_ready gauge",
                f"plumbline_ready {int(ready)}",
                "# HELP plumbline_requests_total Requests answered.",
                "# TYPE plumbline_requests_total counter",
            ]
            for (method, route, status), count in sorted(self._requests.items()):
                labels = f'method="{method}",route="{route}",status="{status}"'
                lines.append(f"plumbline_requests_total{{{labels}}} {count}")
            lines += [
                "# HELP plumbline_request_seconds Time to answer, streams included.",
                "# TYPE plumbline_request_seconds histogram",
            ]
            for route, counts in sorted(self._durations.items()):
                lines += self._histogram(route, counts)
            lines += [
                "# HELP plumbline_answers_total Answers by how much of the question they answer.",
                "# TYPE plumbline_answers_total counter",
            ]
            for (completeness, declined), count in sorted(self._answers.items()):
                labels = f'completeness="{completeness}",declined="{declined}"'
                lines.append(f"plumbline_answers_total{{{labels}}} {count}")
        return "\n".join(lines) + "\n"

    def _histogram(self, route: str, counts: list[int]) -> list[str]:
        lines: list[str] = []
        total = 0
        for bound, count in zip((*BUCKETS, "+Inf"), counts, strict=True):
            total += count
            lines.append(
                f'plumbline_request_seconds_bucket{{route="{route}",le="{bound}"}} {total}'
            )
        lines.append(f'plumbline_request_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}')
        lines.append(f'plumbline_request_seconds_count{{route="{route}"}} {total}')
        return lines
