"""`make check-gate`: does the gate see a broken part, and let a sound one through?

Each part is broken in this process in the plainest way; the gate must turn red for each, and stay
green when nothing is broken. One library serves all.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant import answering
from assistant.checks.embedded_judge import Verdicts
from assistant.checks.judging import TrainedJudge
from assistant.evidence import Evidence
from assistant.quoting import Quotation, QuotingWriter
from assistant.retrieval import Retriever
from assistant.types import Completeness
from corpus.settings import Settings, load_settings
from corpus.types import Passage
from evals.runs.gating import GateLine, hold_against_baseline
from evals.runs.generating import Choice
from evals.runs.running import Wanted, run_suite
from evals.runs.suite import ROOT, Suite, load_suite
from evals.runs.summary import broken_thresholds


@contextmanager
def broken(part: str) -> Generator[None]:
    """Everything within runs with one part broken; "nothing" breaks nothing."""
    patches = _BREAKAGES[part]
    sound = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    for (owner, name, breakage), (_, _, original) in zip(patches, sound, strict=True):
        setattr(owner, name, breakage(original))
    try:
        yield
    finally:
        for owner, name, original in sound:
            setattr(owner, name, original)


def gate_once(
    suite: Suite, settings: Settings, *, library: Path | None = None
) -> tuple[bool, list[GateLine], list[str]]:
    """Whether the gate is green, its lines, and the bounds that were broken."""
    # Not among the runs that are kept: a broken one would be shown beside sound ones.
    with tempfile.TemporaryDirectory() as temporary:
        wanted = Wanted(
            choice=Choice(epochs=suite.epochs), library=library, out=Path(temporary) / "run"
        )
        folder, summary = run_suite(suite, settings, wanted)
        lines = hold_against_baseline(suite, folder)
    bounds = broken_thresholds(summary)
    return not bounds and not any(line.fell for line in lines), lines, bounds


def main(arguments: Sequence[str]) -> int:
    """Try every breakage; 0 when the gate was right about each."""
    suite = load_suite(Path(arguments[0]) if arguments else ROOT / "evals/suites/gate.toml")
    settings = load_settings()
    results: list[dict[str, Any]] = []
    for part in _BREAKAGES:
        started = time.monotonic()
        with broken(part):
            green, lines, bounds = gate_once(suite, settings)
        fell = [line.metric for line in lines if line.fell] + bounds
        right = green == (part == "nothing")
        results.append(
            {
                "broken": part,
                "green": green,
                "right": right,
                "fell": fell,
                "seconds": round(time.monotonic() - started, 1),
            }
        )
        print(f"{'right' if right else 'WRONG':6} {part:10} {'green' if green else 'red':6} "
              f"{', '.join(fell)}")  # fmt: skip
    print(json.dumps({"gate": suite.name, "results": results}))
    return 0 if all(result["right"] for result in results) else 1


# -- breakages ----------------------------------------------------------------------------------


def _worst_passages(sound: Callable[..., list[Passage]]) -> Callable[..., list[Passage]]:
    # A few only: of a short document all its passages are found otherwise, the worst first.
    def retrieve(self: Retriever, query: Any, *, limit: int, filters: Any = None) -> list[Passage]:
        return sound(self, query, limit=200, filters=filters)[::-1][: min(3, limit)]

    return retrieve


def _worst_quotations(sound: Callable[..., list[Quotation]]) -> Callable[..., list[Quotation]]:
    def choose(self: QuotingWriter, ranked: Sequence[Quotation], **more: Any) -> list[Quotation]:
        return sound(self, list(ranked)[::-1], **more)

    return choose


def _labels_of_the_neighbour(sound: Callable[..., Verdicts]) -> Callable[..., Verdicts]:
    def judge(self: TrainedJudge, texts: Sequence[str], **more: Any) -> Verdicts:
        told = sound(self, texts, **more)
        return Verdicts(
            told.likely[:, [1, 2, 3, 4, 5, 6, 0]],
            told.confidence[:, [1, 2, 3, 4, 5, 6, 0]],
            told.scores,
        )

    return judge


def _always(answer: Completeness) -> Callable[[Any], Callable[..., Completeness]]:
    def breakage(_sound: Any) -> Callable[..., Completeness]:
        def judge(_self: Evidence, *_: Any, **__: Any) -> Completeness:
            return answer

        return judge

    return breakage


def _nothing_declined(_sound: Any) -> Callable[[str], None]:
    def declined_by_wording(_question: str) -> None:
        return None

    return declined_by_wording


_Patch = tuple[Any, str, Callable[[Any], Any]]
_BREAKAGES: dict[str, tuple[_Patch, ...]] = {
    "nothing": (),
    "retriever": ((Retriever, "retrieve", _worst_passages),),
    "writer": ((QuotingWriter, "choose", _worst_quotations),),
    "judge": ((TrainedJudge, "judge", _labels_of_the_neighbour),),
    "refusal": (
        (Evidence, "judge", _always(Completeness.COMPLETE)),
        (answering, "declined_by_wording", _nothing_declined),
    ),
    "answering": ((Evidence, "judge", _always(Completeness.NONE)),),
}
PARTS = tuple(_BREAKAGES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
