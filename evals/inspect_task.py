"""Our questions for inspect_ai: `inspect eval evals/inspect_task.py --model mockllm/model`.

`make inspect` makes an environment for it beside ours and runs this. What answers is this program
and not the model named on inspect's command line; any model will do.

    -T suite=evals/suites/quick.toml -T set_name=questions -T target=embedded
"""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, metric, scorer
from inspect_ai.solver import solver

from corpus.embedding import Embedder
from corpus.errors import ConfigurationError
from corpus.settings import load_settings
from evals.questions import QuestionCase, load_questions
from evals.runs.folder import Row, case_sha, chosen_cases
from evals.runs.generating import timed, turns_of
from evals.runs.library import library_settings
from evals.runs.measures import samples_of
from evals.runs.replies import reply_from
from evals.runs.scoring import score_question
from evals.runs.suite import ROOT, SetSpec, Suite, load_suite
from evals.runs.summary import HEADLINES
from evals.runs.targets import opened_target


@task
def plumbline(
    suite: str = "evals/suites/quick.toml",
    set_name: str = "questions",
    target: str = "embedded",
    library: str = "",
) -> Any:
    """One question set of a suite, answered and scored as `plumbline eval run` does it."""
    loaded = load_suite(ROOT / suite)
    entry = _question_set(loaded, set_name)
    cases = load_questions(loaded.path(entry.file))
    by_id = {case.id: case for case in cases}
    chosen = chosen_cases([case.id for case in cases], (), None, entry.every)
    chosen.update(earlier for name in list(chosen) for earlier in by_id[name].previous)
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
                if case.id in chosen
            ]
        ),
        solver=answering(loaded, by_id, target, library),
        scorer=points(),
    )


def _question_set(suite: Suite, set_name: str) -> SetSpec:
    for entry in suite.set:
        if entry.name == set_name and entry.kind == "questions":
            return entry
    raise ConfigurationError(
        f"The suite {suite.name!r} has no question set {set_name!r}.",
        fix="Name one of its sets of kind questions: -T set_name=NAME.",
    )


@solver
def answering(suite: Suite, by_id: dict[str, QuestionCase], target: str, library: str) -> Any:
    """Answers each sample with a target of the suite, and the turns before it first."""
    settings = load_settings()
    if library:
        own = settings.model_copy(update={"data_dir": Path(library)})
    else:
        own, _ = library_settings(settings, suite.library)
    opened = opened_target(suite.target_named(target), own)
    asked, _ = opened.__enter__()  # open for as long as inspect runs the task
    said: dict[tuple[str, int], Row] = {}

    def answered(name: str, epoch: int) -> Row:
        if (name, epoch) not in said:
            case = by_id[name]
            turns = [
                turn
                for earlier in case.previous
                for turn in turns_of(by_id[earlier].question, answered(earlier, epoch))
            ]
            said[name, epoch] = timed(
                {"id": name, "epoch": epoch, "case_sha": case_sha(case)},
                lambda: {"reply": asked.answer(case.question, turns).as_json()},
            )
        return said[name, epoch]

    async def solve(state: Any, generate: Any) -> Any:
        del generate
        output = answered(state.metadata["case"]["id"], state.epoch)
        state.metadata["output"] = output
        said = reply_from(output["reply"]).text if output.get("reply") else output["error"]
        state.output = ModelOutput.from_content(model="plumbline", content=said)
        return state

    return solve


@metric
def figures() -> Any:
    """Each figure of the set, made of the cases' numbers as in a run of the suite."""

    def compute(scores: Sequence[Any]) -> dict[str, float]:
        samples = samples_of([scored.score.metadata for scored in scores])
        # What comes first is what the viewer shows of a whole run.
        first = [measure for measure in HEADLINES["questions"] if measure in samples]
        return {
            measure: samples[measure].value()
            for measure in dict.fromkeys([*first, *sorted(samples)])
        }

    return compute


@scorer(metrics=[figures()])
def points() -> Any:
    """The share of its points that an answer makes; of a question to refuse, whether it did."""
    embedder = Embedder()

    async def score(state: Any, target: Any) -> Any:
        del target
        case = QuestionCase.model_validate(state.metadata["case"])
        row = score_question(case, state.metadata["output"], embedder)
        hits, of = row["scores"]["point_recall" if case.answerable else "refused_right"]
        return Score(
            value=hits / of,
            answer=state.output.completion,
            explanation="\n".join(row["wrong"]) or "Nothing wrong.",
            metadata=row,
        )

    return score
