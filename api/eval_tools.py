"""`plumbline eval attacks`, `review`, `figures`, `export`, `import`, `marks`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from api.commands import opened
from api.eval_runs import SUITES, named_suite, print_json, print_summary, settings_and_root
from corpus.errors import ConfigurationError
from corpus.settings import load_settings
from evals.drafts import (
    Decision,
    Draft,
    Reviewed,
    add_case,
    as_json,
    drafts_in,
    read_decisions,
)
from evals.interchange import SHAPES, Shape, exported, imported
from evals.questions import QuestionCase, load_questions
from evals.runs.folder import RunFolder, find_run
from evals.runs.generating import Choice
from evals.runs.publishing import publish
from evals.runs.running import Wanted, run_suite
from evals.runs.suite import SetSpec, Suite, TargetSpec, load_suite


def eval_attacks(cases: Path | None, *, library: Path | None, json_: bool) -> None:
    """Try every attack of a set; exit 1 when one was not withstood."""
    settings, _ = settings_and_root()
    file = (cases or SUITES.parent / "sets" / "attacks.jsonl").resolve()
    if not file.is_file():
        raise ConfigurationError(f"{file} is not there.", fix="Name a file of attacks.")
    suite = Suite(
        name="attacks",
        description="Prompts, planted documents and tampered drafts.",
        set=(SetSpec(name="attacks", kind="attacks", file=str(file)),),
        target=(TargetSpec(name="embedded", kind="embedded"),),
        metrics=("attacks.withstood",),
        file=file.parent / "attacks.toml",
    )
    folder, summary = run_suite(suite, settings, Wanted(choice=Choice(), library=library))
    if json_:
        print_json(folder, summary)
    else:
        print_summary(suite, folder, summary)
        for row in folder.rows("scores", "attacks"):
            for fault in row["wrong"]:
                print(f"{row['id']} ({row['tags'][1]}): {fault}")
    if summary["metrics"]["attacks.withstood"]["value"] < 1:
        sys.exit(1)


def eval_figures(run: str | None) -> None:
    """Put the figures of a run into evals/figures.json and README.md."""
    from evals.runs.folder import runs_in

    suite = load_suite(SUITES / "full.toml")
    _, root = settings_and_root()
    if run is None:
        runs = runs_in(root, suite=suite.name)
        if not runs:
            raise ConfigurationError(
                "There is no run of the full suite yet.", fix="Run `make eval` first."
            )
        folder = runs[-1]
    else:
        folder = find_run(run, root)
    held = publish(suite, folder)
    for entry in held["figures"]:
        print(f"{entry['value']:8.3f}  {entry['name']}")
    print(f"evals/figures.json and README.md have the figures of {folder.name}.", file=sys.stderr)


def eval_export(run: str, set_name: str, shape: str, out: Path) -> None:
    """Write a question set of a run in another tool's shape."""
    _, root = settings_and_root()
    folder = find_run(run, root)
    text = exported(_shape(shape), folder, set_name, _cases_of(folder, set_name))
    out.write_text(text, encoding="utf-8")
    print(f"{out} has {set_name} of {folder.name} for {shape}.", file=sys.stderr)


def eval_import(file: Path, shape: str, out: Path) -> None:
    """Make a question set of another tool's cases."""
    cases = imported(_shape(shape), file, out)
    print(f"{out} has {len(cases)} questions.", file=sys.stderr)


def eval_marks(run: str, set_name: str, model: str, url: str, *, same_model: bool) -> None:
    """Have a chat model mark the answers of a run, twice, and print the means."""
    from assistant.chat_model import ChatModel
    from evals.rubric import check_independence, judge_answers, summarise_marks

    settings, root = settings_and_root()
    folder = find_run(run, root)
    warning = check_independence(folder, model, same_model=same_model)
    key = settings.chat_api_key.get_secret_value() if settings.chat_api_key else ""
    judge = ChatModel(model, base_url=url, api_key=key, timeout=settings.chat_timeout)
    rows = judge_answers(folder, set_name, _cases_of(folder, set_name), judge, progress=_told)
    folder.write_rows("marks", set_name, rows)
    figures = summarise_marks(rows)
    held = {name: asdict(figure) for name, figure in figures.items()}
    folder.write("marks.json", {"model": model, "set": set_name, "warning": warning, "marks": held})
    for name, figure in figures.items():
        print(f"{name:14} {figure.value:6.2f}  n={figure.n}  {figure.low:.2f} to {figure.high:.2f}")
    for row in rows:
        if row["disagree"]:
            first, second = row["marks"]
            apart = ", ".join(
                f"{name} {first[name]} and {second[name]}" for name in row["disagree"]
            )
            print(f"{row['id']}: the two times disagree: {apart}")
    if warning:
        print(warning, file=sys.stderr)


def eval_review(into: Path, decisions: Path | None, *, json_: bool) -> None:
    """Walk through drafts from use; or print them, or take decisions from a file."""
    settings = load_settings()
    reviewed = Reviewed(settings.data_dir / "evals" / "reviewed.json")
    with opened(settings) as store:
        drafts = drafts_in(store.library.engine, reviewed)
    if json_:
        print(json.dumps({"drafts": [as_json(draft) for draft in drafts]}, ensure_ascii=False,
                         indent=2))  # fmt: skip
        return
    waiting = {draft.message_id: draft for draft in drafts}
    for decision in read_decisions(decisions) if decisions else _asked(drafts):
        draft = waiting.get(decision.message_id)
        if draft is None:
            raise ConfigurationError(
                f"There is no draft {decision.message_id!r} to decide on.",
                fix="`plumbline eval review --json` lists those that wait.",
            )
        if decision.keep:
            case = add_case(draft, decision, into)
            print(f"{into}: {case.id} {case.question}")
        reviewed.add(draft.message_id, kept=decision.keep)
    if not drafts:
        print("No drafts wait. A thumb down with a reason, or “add to test set”, makes one.",
              file=sys.stderr)  # fmt: skip


def _asked(drafts: list[Draft]) -> Iterator[Decision]:
    """Decisions as a person makes them, one draft after another; end of input stops."""
    for number, draft in enumerate(drafts, start=1):
        print(f"\n{number} of {len(drafts)}: {draft.question}")
        for question in draft.earlier:
            print(f"  asked before it: {question}")
        print(f"  said: {draft.said[:600]}")
        print(f"  cited: {', '.join(draft.cited) or 'nothing'}")
        print(f"  reader: {', '.join(draft.reasons) or 'no reason'} {draft.comment}")
        try:
            choice = input("Keep it? [y]es, [n]o, [l]ater, [q]uit: ").strip().lower()[:1]
            if choice == "q":
                return
            if choice not in ("y", "n"):
                continue
            if choice == "n":
                yield Decision(message_id=draft.message_id, keep=False)
                continue
            yield _completed(draft)
        except EOFError:
            return


def _completed(draft: Draft) -> Decision:
    question = input(f"Question, standing alone [{draft.question}]: ").strip()
    answerable = input("Can the library answer it? [Y/n]: ").strip().lower()[:1] != "n"
    points: list[str] = []
    while answerable:
        point = input("A point that the answer must make (empty to end): ").strip()
        if point:
            points.append(point)
        elif points:
            break
    said = input(f"Sources, by id [{' '.join(draft.cited)}]: ").split() if answerable else []
    tags = input("Tags: ").split()
    return Decision(
        message_id=draft.message_id,
        keep=True,
        type="lookup" if answerable else "refuse",
        question=question,
        answerable=answerable,
        expected_points=tuple(points),
        sources=tuple(said) or draft.cited,
        tags=tuple(tags),
    )


def _shape(name: str) -> Shape:
    if name not in SHAPES:
        raise ConfigurationError(f"There is no shape {name!r}.", fix=f"Choose {', '.join(SHAPES)}.")
    return name


def _cases_of(folder: RunFolder, set_name: str) -> list[QuestionCase]:
    """The cases of a question set of a run, from its suite's file."""
    described: dict[str, Any] = folder.read("run.json")
    suite = load_suite(named_suite(Path(str(described["suite"]))))
    for entry in suite.set:
        if entry.name == set_name and entry.kind == "questions":
            return load_questions(suite.path(entry.file))
    raise ConfigurationError(
        f"The run {folder.name!r} has no question set {set_name!r}.",
        fix=f"Choose among {', '.join(described['sets'])}.",
    )


def _told(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {total} marked", end="", file=sys.stderr, flush=True)
