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
from evals.runs.suite import ROOT, Suite, load_suite
from evals.runs.targets import opened_target


def cases_of(suite: Suite, set_name: str) -> list[QuestionCase]:
    """The cases of one question set of a suite. Raises ConfigurationError for another set."""
    for entry in suite.set:
        if entry.name == set_name and entry.kind == "questions":
            return load_questions(suite.path(entry.file))[:: entry.every]
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
    cases = cases_of(loaded, set_name)
    return Task(
        dataset=MemoryDataset(
            [
                Sample(
                    id=case.id,
                    input=case.question,
                    target=list(case.expected_points) or "a refusal",
                    metadata={"case": case.model_dump(mode="json")},
                )
                for case in cases
            ]
        ),
        solver=answering(loaded, target, library),
        scorer=points(),
    )


@solver
def answering(suite: Suite, target: str, library: str) -> Any:
    """Answers each sample with a target of the suite; earlier turns are asked first."""
    settings = load_settings()
    if library:
        own = settings.model_copy(update={"data_dir": Path(library)})
    else:
        own, _ = library_settings(settings, suite.library)
    opened = opened_target(suite.target_named(target), own)
    asked, _ = opened.__enter__()  # open for as long as inspect runs the task
    said: dict[str, tuple[str, Reply]] = {}

    async def solve(state: Any, generate: Any) -> Any:
        del generate
        case = QuestionCase.model_validate(state.metadata["case"])
        turns = [turn for name in case.previous if name in said for turn in _turns(*said[name])]
        reply = asked.answer(case.question, turns)
        said[case.id] = (case.question, reply)
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
