"""`plumbline eval …`: results on stdout as a table or as JSON, and an exit status to gate on."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from api.commands import opened
from assistant.bootstrap import open_assistant
from assistant.chat_model import open_chat_model
from assistant.checks.judging import Judge, TrainedJudge
from assistant.checks.model_judge import ModelJudge
from assistant.evidence import LEAST, open_evidence
from assistant.features import FEATURES
from assistant.quoting import QuotingWriter
from assistant.retrieval import Retriever
from assistant.weighing import load_logistic
from corpus.embedding import SHIPPED
from corpus.errors import ConfigurationError
from corpus.settings import load_settings
from evals.answerability import run_answerability, summarise_answerability
from evals.answers import AnswerOutcome, run_answers, summarise
from evals.checks import load_pairs, run_checks, summarise_checks, summarise_pairs
from evals.clauses import NAMES, load_clauses
from evals.intervals import Figure
from evals.pools import fill, load_cases, load_passages, pool_settings
from evals.questions import load_questions
from evals.retrieval import RetrievalOutcome, run_retrieval, summarise_retrieval

# Figures of which less is better: below them is where a gate wants to be.
LESS_IS_BETTER = frozenset(
    {"refused_wrong", "abstained_wrong", "crashed", "sentences_median", "latency_p50_ms", "ece"}
)


def eval_answers(
    cases: Path, *, fail_under: Sequence[str], out: Path | None, as_json: bool
) -> None:
    """Measure the answers to a question set over the library of the settings."""
    floors = read_floors(fail_under)
    questions = load_questions(cases)
    settings = load_settings()
    with opened(settings) as store:
        if not store.library.current_versions():
            raise ConfigurationError(
                f"The library in {store.data_dir} is empty.",
                fix="Run `plumbline ingest corpus/documents` first.",
            )
        outcomes = run_answers(
            questions,
            open_assistant(store),
            store.library,
            store.embedder,
            progress=_tell("answered"),
        )
    if out is not None:
        _write_lines(out / "answers.jsonl", [_answer_line(outcome) for outcome in outcomes])
    _report(
        summarise(outcomes),
        {"cases": str(cases), "n": len(questions), "embedding": settings.embedding_model},
        floors,
        as_json=as_json,
    )


def eval_retrieval(
    corpus: Path, cases: Path, *, fail_under: Sequence[str], out: Path | None, as_json: bool
) -> None:
    """Measure retrieval over a pool of passages, in a library of its own below the data folder."""
    floors = read_floors(fail_under)
    passages, questions = load_passages(corpus), load_cases(cases)
    with opened(pool_settings(load_settings(), corpus)) as store:
        fill(store.library, store.embedder, passages, progress=_count("passages", len(passages)))
        store.catch_up()
        outcomes = run_retrieval(questions, store, Retriever(store), progress=_tell("searched"))
    if out is not None:
        _write_lines(out / "retrieval.jsonl", [_retrieval_line(outcome) for outcome in outcomes])
    _report(
        summarise_retrieval(outcomes),
        {"corpus": str(corpus), "cases": str(cases), "embedding": SHIPPED},
        floors,
        as_json=as_json,
    )


def eval_answerability(
    corpus: Path, cases: Path, *, fail_under: Sequence[str], out: Path | None, as_json: bool
) -> None:
    """Measure the decision whether the passages answer, over a pool with labels."""
    floors = read_floors(fail_under)
    passages, questions = load_passages(corpus), load_cases(cases)
    with opened(pool_settings(load_settings(), corpus)) as store:
        fill(store.library, store.embedder, passages, progress=_count("passages", len(passages)))
        store.catch_up()
        outcomes = run_answerability(
            questions,
            store,
            Retriever(store),
            QuotingWriter(store.lexical, load_logistic("sentences", FEATURES)),
            open_evidence(store),
            progress=_tell("asked"),
        )
    if not outcomes:
        raise ConfigurationError(
            f"No case of {cases} says whether it can be answered.",
            fix='Cases need `answerability`: "ANSWERABLE" or "UNANSWERABLE".',
        )
    if out is not None:
        _write_lines(
            out / "answerability.jsonl",
            [
                {
                    "id": outcome.case.id,
                    "question": outcome.case.question,
                    "answerable": outcome.answerable,
                    "probability": round(outcome.probability, 4),
                    "error": outcome.error,
                }
                for outcome in outcomes
            ],
        )
    _report(
        summarise_answerability(outcomes),
        {"corpus": str(corpus), "cases": str(cases), "threshold": LEAST},
        floors,
        as_json=as_json,
    )


def eval_checks(
    cases: Path, *, by_chat_model: bool, fail_under: Sequence[str], out: Path | None, as_json: bool
) -> None:
    """Measure the embedded judge on labelled clauses, or the chat model of the settings."""
    floors = read_floors(fail_under)
    clauses = load_clauses(cases)
    settings = load_settings()
    judge: Judge = TrainedJudge(threads=settings.threads)
    name = "embedded"
    if by_chat_model:
        model = open_chat_model(settings)
        if model is None:
            raise ConfigurationError(
                "No chat model is set.", fix="Set PLUMBLINE_CHAT_MODEL, or leave out --chat-model."
            )
        judge, name = ModelJudge(model, judge.principles), model.name
    outcomes = run_checks(clauses, judge)
    if out is not None:
        _write_lines(
            out / "checks.jsonl",
            [
                {
                    "id": clause.id,
                    "text": clause.text,
                    "wanted": [NAMES[label] for label in clause.labels],
                    "said": [NAMES[label] for label in labels],
                    "confidence": [round(float(value), 4) for value in confidence],
                    "disputed": list(clause.disputed),
                }
                for clause, labels, confidence in zip(
                    clauses, outcomes.likely, outcomes.confidence, strict=True
                )
            ],
        )
    _report(
        summarise_checks(outcomes, [principle.id for principle in judge.principles]),
        {"cases": str(cases), "n": len(clauses), "judge": name},
        floors,
        as_json=as_json,
    )


def eval_invariance(cases: Path, *, fail_under: Sequence[str], as_json: bool) -> None:
    """Measure whether wordings that must be judged alike are."""
    floors = read_floors(fail_under)
    pairs = load_pairs(cases)
    judge = TrainedJudge(threads=load_settings().threads)
    _report(
        summarise_pairs(pairs, judge),
        {"cases": str(cases), "n": len(pairs), "judge": "embedded"},
        floors,
        as_json=as_json,
    )


def read_floors(conditions: Sequence[str]) -> dict[str, float]:
    """`METRIC=VALUE` conditions as numbers. Raises ConfigurationError naming the wrong one."""
    floors: dict[str, float] = {}
    for condition in conditions:
        name, _, value = condition.partition("=")
        try:
            floors[name.strip()] = float(value)
        except ValueError as error:
            raise ConfigurationError(
                f"The condition {condition!r} is not like METRIC=VALUE.",
                fix="Write, for example, --fail-under point_recall=0.8.",
            ) from error
    return floors


def _report(
    metrics: Mapping[str, Figure],
    settings: dict[str, Any],
    floors: Mapping[str, float],
    *,
    as_json: bool,
) -> None:
    """Print the figures; exit 1 when one is on the wrong side of its condition."""
    unknown = floors.keys() - metrics.keys()
    if unknown:
        raise ConfigurationError(
            f"There is no figure {sorted(unknown)[0]!r} in this run.",
            fix=f"Choose among {', '.join(sorted(metrics))}.",
        )
    if as_json:
        figures = {name: asdict(figure) for name, figure in metrics.items()}
        print(json.dumps({"metrics": figures, "settings": settings}, indent=2))
    else:
        print(f"{'figure':32} {'value':>9} {'n':>6}   95% interval")
        for name, figure in metrics.items():
            print(
                f"{name:32} {figure.value:9.3f} {figure.n:6}   "
                f"{figure.low:.3f} to {figure.high:.3f}"
            )
    failed = [
        name
        for name, floor in floors.items()
        if (metrics[name].value > floor if name in LESS_IS_BETTER else metrics[name].value < floor)
    ]
    for name in failed:
        print(f"{name} is {metrics[name].value:.3f}; asked for {floors[name]}", file=sys.stderr)
    if failed:
        sys.exit(1)


def _tell(done_word: str) -> Any:
    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done} of {total} {done_word}", end="", file=sys.stderr, flush=True)

    return tell


def _count(word: str, total: int) -> Any:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if sys.stderr.isatty():
            print(f"\r{done} of {total} {word}", end="", file=sys.stderr, flush=True)

    return count


def _write_lines(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def _answer_line(outcome: AnswerOutcome) -> dict[str, Any]:
    answer = outcome.answer
    return {
        "id": outcome.case.id,
        "type": outcome.case.type,
        "question": outcome.case.question,
        "completeness": answer.completeness.value if answer else None,
        "declined": answer.declined.value if answer and answer.declined else None,
        "sentences": [asdict(sentence) for sentence in answer.sentences] if answer else [],
        "points": dict(zip(outcome.case.expected_points, outcome.points, strict=False)),
        "milliseconds": outcome.milliseconds,
        "error": outcome.error,
    }


def _retrieval_line(outcome: RetrievalOutcome) -> dict[str, Any]:
    return {
        "id": outcome.case.id,
        "form": outcome.form,
        "relevant": outcome.case.relevant,
        "ranking": outcome.ranking[:20],
        "measures": outcome.measures,
        "error": outcome.error,
    }
