"""Whether messages go where their writers meant: to the checker, or to the library.

`python -m evals.routing` prints the share routed rightly, with its interval, for the half that the
rules were made with and for the half that was held out, and every message that went wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assistant.routing import asked_to_check
from evals.intervals import rate

CASES = Path(__file__).parent / "sets" / "routing.jsonl"


@dataclass(frozen=True, slots=True)
class RoutingCase:
    """A first message and where it is meant to go."""

    id: str
    half: str  # "development" or "held-out"
    route: str  # "check" or "ask"
    message: str

    @property
    def went(self) -> str:
        """Where it does go."""
        return "check" if asked_to_check(self.message) else "ask"


def load_cases(file: Path = CASES) -> list[RoutingCase]:
    """The cases of a file."""
    return [
        RoutingCase(**json.loads(line))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line
    ]


def _main() -> None:
    cases = load_cases()
    for half in ("development", "held-out"):
        for route in ("check", "ask"):
            of_it = [case for case in cases if case.half == half and case.route == route]
            right = sum(case.went == route for case in of_it)
            share = rate(right, len(of_it))
            interval = f"95%: {share.low:.2f} to {share.high:.2f}"
            print(f"{half:12} {route:6} {right} of {len(of_it)} ({interval})")
    for case in cases:
        if case.went != case.route:
            print(f"  {case.id} {case.half}: {case.route} went to {case.went}: {case.message}")


if __name__ == "__main__":
    _main()
