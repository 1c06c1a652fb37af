"""Around runs: other targets, drafts from use, other tools' shapes, marks, published figures."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import chat_server
import pytest
import serving
import yaml

from assistant.chat_model import ChatModel
from corpus.conversations import Conversations, new_id
from corpus.errors import ConfigurationError
from corpus.feedback import Feedback, FeedbackBook, Rating, Reason
from corpus.store import Store
from evals.bench_peers import Asked, score
from evals.drafts import Decision, Reviewed, add_case, drafts_in
from evals.interchange import exported, imported
from evals.questions import load_questions
from evals.rubric import check_independence, judge_answers, summarise_marks
from evals.runs.folder import RunFolder
from evals.runs.publishing import BEGIN, END, publish
from evals.runs.replies import Cited, Found, Reply, SaidSentence
from evals.runs.running import Wanted, run_suite
from evals.runs.suite import ROOT, Suite, TargetSpec, load_suite
from evals.runs.targets import opened_target

# -- targets ------------------------------------------------------------------------------------


def test_a_key_that_is_not_set_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    spec = TargetSpec(name="x", kind="openai", url="http://x", model="m", key_env="NO_SUCH_KEY")
    with (
        pytest.raises(ConfigurationError, match="NO_SUCH_KEY"),
        opened_target(spec, store.settings),
    ):
        pass


# -- drafts from use ----------------------------------------------------------------------------


def exchange(store: Store, conversation: str, question: str, *, starting: bool = True) -> str:
    """A question that was answered, by its answer's id."""
    message_id = new_id()
    cited = {"document_id": "wigan-deal"}
    Conversations(store.library.engine).add_exchange(
        conversation,
        question=question,
        message_id=message_id,
        text="It saved a little.",
        answer={"sentences": [{"text": "It saved a little.", "citations": [cited]}]},
        elapsed_ms=1.0,
        starting=starting,
    )
    return message_id


def test_a_thumb_down_with_a_reason_becomes_a_case_that_a_person_completes(
    store: Store, tmp_path: Path
) -> None:
    conversation = new_id()
    praised = exchange(store, conversation, "What is the Wigan Deal?")
    blamed = exchange(store, conversation, "And what did it save?", starting=False)
    wanted = exchange(store, new_id(), "Who pays?")
    book = FeedbackBook(store.library.engine)
    book.give(Feedback(praised, Rating.GOOD))
    book.give(Feedback(blamed, Rating.BAD, (Reason.WRONG,), "It was £140 million."))
    book.give(Feedback(wanted, None, wanted_in_tests=True))
    reviewed = Reviewed(tmp_path / "reviewed.json")
    first, second = drafts_in(store.library.engine, reviewed)
    assert (first.question, first.earlier) == (
        "And what did it save?",
        ("What is the Wigan Deal?",),
    )
    assert first.comment == "It was £140 million."
    assert first.cited == ("wigan-deal",)
    assert second.asked_for
    into = tmp_path / "from-use.yaml"
    with pytest.raises(ConfigurationError, match="must say"):
        add_case(first, Decision(message_id=blamed, keep=True), into)
    decision = Decision(
        message_id=blamed,
        keep=True,
        question="What did the Wigan Deal save?",
        expected_points=("More than £140 million",),
    )
    add_case(first, decision, into)
    reviewed.add(blamed, kept=True)
    (case,) = load_questions(into)
    assert (case.question, case.expected_sources) == (
        "What did the Wigan Deal save?",
        ("wigan-deal",),
    )
    assert "from-use" in case.tags
    again = drafts_in(store.library.engine, Reviewed(tmp_path / "reviewed.json"))
    assert [draft.message_id for draft in again] == [wanted]


# -- a run that was not generated here ----------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run of two questions, one of them a second turn."""
    made = RunFolder(tmp_path / "run")
    cited = Cited("wigan-deal", "The Wigan Deal", 4, "It saved £140 million.", True)
    reply = Reply(
        (SaidSentence("It saved £140 million.", (cited,)),),
        "complete",
        passages=(Found("wigan-deal", 4, "It saved £140 million."),),
    )
    for name in ("a", "b"):
        made.append(
            "questions",
            {"id": name, "epoch": 1, "case_sha": "x", "reply": reply.as_json(), "error": ""},
        )
    made.write(
        "run.json",
        {
            "suite": "full",
            "suite_file": "evals/suites/full.toml",
            "created": datetime(2026, 1, 2, tzinfo=UTC).isoformat(),
            "commit": "abc",
            "chosen": {"limit": None, "ids": []},
            "target": {"name": "chat", "model": "openai:writer"},
        },
    )
    return made


CASES = """
- {id: a, type: lookup, question: 'What did Wigan save?', answerable: true,
   expected_points: [More than £140 million.], conversation: c, turn: 1}
- {id: b, type: follow-up, question: 'And by when?', answerable: true,
   expected_points: [By 2019.], conversation: c, turn: 2, previous: [a]}
"""


@pytest.mark.parametrize("shape", ["ragas", "deepeval", "mtrag"])
def test_what_is_exported_can_be_imported(folder: RunFolder, tmp_path: Path, shape: Any) -> None:
    file, out = tmp_path / "cases.yaml", tmp_path / "exported"
    file.write_text(CASES, encoding="utf-8")
    cases = load_questions(file)
    out.write_text(exported(shape, folder, "questions", cases), encoding="utf-8")
    back = imported(shape, out, tmp_path / "back.yaml")
    assert [case.question for case in back] == [case.question for case in cases]
    assert [case.expected_points for case in back] == [case.expected_points for case in cases]
    if shape == "mtrag":
        assert back[1].previous == (back[0].id,)
        held = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert [turn["speaker"] for turn in held[1]["input"]] == ["user", "agent", "user"]
    if shape == "ragas":
        (sample, _) = json.loads(out.read_text(encoding="utf-8"))["samples"]
        assert sample["retrieved_contexts"] == ["It saved £140 million."]


def test_a_file_of_another_shape_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text('[{"question": "x"}]', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="deepeval"):
        imported("deepeval", file, tmp_path / "out.yaml")


# -- marks by a chat model ----------------------------------------------------------------------

GOOD = '{"complete": 5, "faithful": 5, "to_the_point": 4, "neutral": 5, "why": "all there"}'
BAD = '{"complete": 1, "faithful": 5, "to_the_point": 4, "neutral": 5, "why": "little"}'


def test_two_marks_that_differ_are_shown_and_a_useless_reply_is_counted(
    folder: RunFolder, tmp_path: Path
) -> None:
    file = tmp_path / "cases.yaml"
    file.write_text(CASES, encoding="utf-8")
    behaviour = chat_server.says_in_turn(GOOD, BAD, GOOD, "I would rather not")
    with chat_server.chat_server(behaviour) as (url, asked):
        model = ChatModel("openai:judge", base_url=url)
        rows = judge_answers(folder, "questions", load_questions(file), model)
    assert rows[0]["disagree"] == ["complete"]
    assert rows[1]["faults"] == ["not the JSON asked for: I would rather not"]
    figures = summarise_marks(rows)
    assert (figures["complete"].value, figures["complete"].n) == (3, 1)
    assert figures["disagree"].value == 1
    assert figures["unusable"].value == 0.5
    said = json.dumps(asked[0]["messages"])
    assert "What did Wigan save?" in said
    assert "never an instruction" in said


def test_a_model_does_not_mark_its_own_answers_unasked(folder: RunFolder) -> None:
    with pytest.raises(ConfigurationError, match="its own work"):
        check_independence(folder, "openai:writer", same_model=False)
    assert "wrote these answers" in check_independence(folder, "openai:writer", same_model=True)
    assert check_independence(folder, "openai:other", same_model=False) == ""


# -- published figures --------------------------------------------------------------------------


def published(suite: Suite) -> Callable[[RunFolder, Path], dict[str, Any]]:
    def go(folder: RunFolder, tmp_path: Path) -> dict[str, Any]:
        return publish(
            suite, folder, figures=tmp_path / "figures.json", readme=tmp_path / "README.md"
        )

    return go


def test_published_figures_are_those_of_the_run_and_of_a_whole_one(
    folder: RunFolder, tmp_path: Path
) -> None:
    suite = load_suite(ROOT / "evals/suites/full.toml")
    figure = {"value": 0.5, "n": 8, "low": 0.2, "high": 0.8}
    folder.write("summary.json", {"metrics": {spec.metric: figure for spec in suite.figure}})
    readme = tmp_path / "README.md"
    readme.write_text("# A\n\nno markers\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no place"):
        published(suite)(folder, tmp_path)
    readme.write_text(f"# A\n\n{BEGIN}\nold\n{END}\n\n## B\n", encoding="utf-8")
    held = published(suite)(folder, tmp_path)
    assert held["figures"][0]["value"] == 0.5
    assert json.loads((tmp_path / "figures.json").read_text(encoding="utf-8")) == held
    text = readme.read_text(encoding="utf-8")
    assert "old" not in text
    assert "0.200 to 0.800" in text
    assert text.endswith("## B\n")
    part = {**folder.read("run.json"), "chosen": {"limit": 3, "ids": ()}}
    folder.write("run.json", part)
    with pytest.raises(ConfigurationError, match="only some"):
        published(suite)(folder, tmp_path)


# -- peers --------------------------------------------------------------------------------------


def test_what_peers_find_is_scored_by_source_and_by_figure() -> None:
    asked = Asked("?", frozenset({"wigan", "sure"}), ("It saved £115 million", "It was liked"))
    found = [("other.md", "x"), ("wigan.md", "It saved £115 million."), ("wigan.md", "Again.")]
    near, gain, figures_found = score(asked, found)
    assert near == 1 / 2
    # One of two sources, in the second place: 1/log2(3) of 1 + 1/log2(3).
    assert gain == pytest.approx(0.6309 / 1.6309, abs=1e-4)
    assert figures_found == [1]  # of the one point that has a figure


# -- inspect_ai ---------------------------------------------------------------------------------


INSPECT = ROOT / "build" / "inspect" / "bin" / "python"


@pytest.mark.slow
@pytest.mark.skipif(not INSPECT.is_file(), reason="inspect_ai is not here: make inspect")
def test_inspect_comes_to_the_same_figures_as_a_run(tmp_path: Path) -> None:
    serving.make_library(tmp_path)
    saved: dict[str, Any] = {
        "id": "saved",
        "type": "figure",
        "question": "How much had Wigan Council saved by 2017?",
        "answerable": True,
        "expected_points": ["£115 million between 2011 and 2017", "The sky over Wigan was green"],
        "sources": ["wigan-deal"],
    }
    later = {**saved, "id": "later", "question": "And by 2019?", "previous": ["saved"]}
    refused = {**saved, "id": "moon", "question": "Who first walked on the moon?"}
    refused |= {"answerable": False, "expected_points": [], "sources": []}
    cases = [saved, later, refused]
    (tmp_path / "cases.yaml").write_text(yaml.safe_dump(cases), encoding="utf-8")
    (tmp_path / "suite.toml").write_text(
        'name = "s"\n[[target]]\nname = "embedded"\nkind = "embedded"\n'
        '[[set]]\nname = "questions"\nkind = "questions"\nfile = "cases.yaml"\n',
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            str(INSPECT), "-m", "inspect_ai", "eval", "evals/inspect_task.py",
            "--model", "mockllm/model", "--display", "plain", "--log-dir", str(tmp_path / "logs"),
            "--log-format", "json",
            "-T", f"suite={tmp_path / 'suite.toml'}", "-T", f"library={tmp_path / 'data'}",
        ],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (log,) = (tmp_path / "logs").glob("*.json")
    (score,) = json.loads(log.read_text(encoding="utf-8"))["results"]["scores"]
    theirs = {name: told["value"] for name, told in score["metrics"].items()}
    _, summary = run_suite(
        load_suite(tmp_path / "suite.toml"),
        serving.settings_for(tmp_path),
        Wanted(library=tmp_path / "data", out=tmp_path / "run"),
    )
    ours = {
        name.removeprefix("questions."): told["value"] for name, told in summary["metrics"].items()
    }
    assert theirs.pop("latency_ms") > 0
    ours.pop("latency_ms")
    assert theirs == pytest.approx(ours)
    assert 0 < theirs["point_recall"] < 1
    assert theirs["refused_right"] == 1
