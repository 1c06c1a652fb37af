"""Our suites for inspect_ai: `inspect eval evals/inspect_task.py --model mockllm/model`.

Needs the package inspect_ai, in an environment of one's own beside ours (it is no dependency).
The solver is this program and not the model named on inspect's command line; any model will do.

    -T suite=evals/suites/quick.toml -T set_name=questions -T target=embedded
"""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, mean, scorer, stderr
from inspect_ai.solver import solver

from assistant.types import Role, Turn
from corpus.embedding import Embedder
from corpus.errors import ConfigurationError
from corpus.settings import load_settings
from evals.questions import QuestionCase, load_questions
from evals.runs.folder import case_sha
from evals.runs.library import library_settings
from evals.runs.replies import Reply
from evals.runs.scoring import score_question
from evals.runs.suite import ROOT, SetSpec, Suite, load_suite
from evals.runs.targets import opened_target


def question_set(suite: Suite, set_name: str) -> SetSpec:
    """One question set of a suite. Raises ConfigurationError for another."""
    for entry in suite.set:
        if entry.name == set_name and entry.kind == "questions":
            return entry
    raise ConfigurationError(
        f"The suite {suite.name!r} has no question set {set_name!r}.",
        fix="Name one of its sets of kind questions: -T set_name=NAME.",
    )


@task
def plumbline(
    suite: str = "evals/suites/quick.toml",
    set_name: str = "questions",
    target: str = "embedded",
    library: str = "",
) -> Any:
    """One question set of a suite, answered and scored as `plumbline eval run` does it."""
    file = Path(suite) if Path(suite).is_absolute() else ROOT / suite
    loaded = load_suite(file)
    entry = question_set(loaded, set_name)
    cases = load_questions(loaded.path(entry.file))
    return Task(
        dataset=MemoryDataset(
            [
                Sample(
                    id=case.id,
                    input=case.question,
                    target=list(case.expected_points) or "a refusal",
                    metadata={"case": case.model_dump(mode="json")},
                )
                for case in cases[:: entry.every]
            ]
        ),
        solver=answering(loaded, cases, target, library),
        scorer=points(),
    )


@solver
def answering(suite: Suite, cases: list[QuestionCase], target: str, library: str) -> Any:
    """Answers each sample with a target of the suite, and the turns before it first."""
    settings = load_settings()
    if library:
        own = settings.model_copy(update={"data_dir": Path(library)})
    else:
        own, _ = library_settings(settings, suite.library)
    opened = opened_target(suite.target_named(target), own)
    asked, _ = opened.__enter__()  # open for as long as inspect runs the task
    by_id = {case.id: case for case in cases}
    said: dict[str, Reply] = {}

    def answered(name: str) -> Reply:
        if name not in said:
            case = by_id[name]
            turns = [
                turn
                for earlier in case.previous
                for turn in _turns(by_id[earlier].question, answered(earlier))
            ]
            said[name] = asked.answer(case.question, turns)
        return said[name]

    async def solve(state: Any, generate: Any) -> Any:
        del generate
        reply = answered(state.metadata["case"]["id"])
        state.metadata["reply"] = reply.as_json()
        state.output = ModelOutput.from_content(model="plumbline", content=reply.text)
        return state

    return solve


@scorer(metrics=[mean(), stderr()])
def points() -> Any:
    """The share of its points that an answer makes; of a question to refuse, whether it did."""
    embedder = Embedder()

    async def score(state: Any, target: Any) -> Any:
        del target
        case = QuestionCase.model_validate(state.metadata["case"])
        output = {
            "id": case.id,
            "epoch": 1,
            "case_sha": case_sha(case),
            "milliseconds": 0.0,
            "error": "",
            "reply": state.metadata["reply"],
        }
        row = score_question(case, output, embedder)
        hits, of = row["scores"]["point_recall" if case.answerable else "refused_right"]
        return Score(
            value=hits / of,
            answer=state.output.completion,
            explanation="\n".join(row["wrong"]) or "Nothing wrong.",
            metadata={"measures": row["scores"]},
        )

    return score


def _turns(question: str, reply: Reply) -> tuple[Turn, Turn]:
    return (
        Turn(Role.USER, question),
        Turn(Role.ASSISTANT, reply.text, declined=reply.refused),
    )
