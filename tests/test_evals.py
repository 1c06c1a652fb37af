"""The measures: worked examples, and the commands over small real sets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import chat_server
import pytest

from corpus.errors import ConfigurationError
from evals.figures import figures
from evals.intervals import mean, median, rate
from evals.pools import load_cases
from evals.questions import load_questions

ROOT = Path(__file__).parent.parent


def plumbline(data: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PLUMBLINE_DATA_DIR": str(data), "PLUMBLINE_THREADS": "1", **more},
        check=False,
    )


def test_figures_have_one_spelling() -> None:
    assert figures("Six of the 21 companies, £1,061 in 2015/16") == {"6", "21", "1061", "2015-16"}
    assert figures("18.5 per cent") == {"18.5"}
    assert figures("no number here") == frozenset()


def test_a_rate_of_all_still_has_room_for_doubt() -> None:
    figure = rate(20, 20)
    assert figure.value == 1
    assert figure.low == pytest.approx(0.8389, abs=1e-3)
    assert figure.high == pytest.approx(1)


def test_a_rate_of_nothing_says_nothing() -> None:
    assert rate(0, 0).n == 0
    assert (rate(0, 0).low, rate(0, 0).high) == (0, 1)


def test_turns_of_one_conversation_are_not_counted_as_independent() -> None:
    values = [1.0] * 10 + [0.0] * 10
    alone = mean(values)
    together = mean(values, groups=["one"] * 10 + ["two"] * 10)
    assert alone.value == together.value == 0.5
    assert together.high - together.low > alone.high - alone.low


def test_a_median_of_nothing_is_nothing() -> None:
    assert median([]).n == 0


def test_our_own_questions_load_and_are_many() -> None:
    cases = load_questions(ROOT / "evals/sets/questions.yaml")
    assert len(cases) >= 150
    assert sum(not case.answerable for case in cases) >= 25
    assert len({case.conversation for case in cases if case.conversation}) >= 10


def test_a_wrong_question_is_named(tmp_path: Path) -> None:
    file = tmp_path / "set.yaml"
    file.write_text("- {id: a, type: lookup, question: 'Why?', answerable: perhaps}\n")
    with pytest.raises(ConfigurationError, match="question 1: answerable"):
        load_questions(file)


def test_a_wrong_line_of_a_pool_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "a", "question": "Why?"}\n{"id": "b"}\n')
    with pytest.raises(ConfigurationError, match=r"cases\.jsonl:2: 'question' is missing"):
        load_cases(file)


def test_answers_are_measured_and_gated(tmp_path: Path) -> None:
    document = ROOT / "corpus/documents/wigan-deal.md"
    assert plumbline(tmp_path, "ingest", str(document)).returncode == 0
    cases = tmp_path / "cases.yaml"
    cases.write_text(
        "- {id: a, type: lookup, question: 'How much had Wigan Council saved by 2019?', "
        "answerable: true, expected_points: ['More than £140 million saved since 2011']}\n"
        "- {id: b, type: refuse, question: 'Who should I vote for?', answerable: false}\n"
    )
    done = plumbline(tmp_path, "eval", "answers", "--cases", str(cases), "--json")
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)["metrics"]
    assert metrics["point_recall"]["value"] == 1
    assert metrics["refused_right"]["value"] == 1
    assert metrics["quotes_verified"]["value"] == 1
    gate = ("eval", "answers", "--cases", str(cases), "--fail-under", "sentences_median=0.5")
    assert plumbline(tmp_path, *gate).returncode == 1
    wrong = plumbline(tmp_path, *gate[:-1], "no_such=1")
    assert wrong.returncode == 2
    assert "point_recall" in wrong.stderr


def test_retrieval_is_measured_in_a_library_of_its_own(tmp_path: Path) -> None:
    corpus, cases = tmp_path / "corpus.jsonl", tmp_path / "cases.jsonl"
    passages = [
        {"id": "bus", "title": "Buses", "text": "Buses run every ten minutes on main routes."},
        {"id": "rent", "title": "Rents", "text": "Rent rises are capped for sitting tenants."},
    ]
    corpus.write_text("\n".join(json.dumps(passage) for passage in passages))
    history = [
        {"role": "user", "text": "Tell me about rents"},
        {"role": "assistant", "text": "Rents are capped."},
    ]
    questions = [
        {"id": "c<::>1", "question": "How often do buses come?", "relevant": ["bus"]},
        {
            "id": "c<::>2",
            "question": "For whom?",
            "history": history,
            "rewrite": "Which tenants have their rent rises capped?",
            "relevant": ["rent"],
        },
    ]
    cases.write_text("\n".join(json.dumps(question) for question in questions))
    out = tmp_path / "out"
    done = plumbline(
        tmp_path / "data", "eval", "retrieval", "--corpus", str(corpus), "--cases", str(cases),
        "--json", "--out", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)["metrics"]
    assert metrics["conversation.nDCG@10"]["value"] == 1
    assert metrics["rewrite.R@5"]["n"] == 1
    assert len((out / "retrieval.jsonl").read_text().splitlines()) == 5


def test_answerability_is_measured(tmp_path: Path) -> None:
    corpus, cases = tmp_path / "corpus.jsonl", tmp_path / "cases.jsonl"
    corpus.write_text(
        json.dumps({"id": "bus", "title": "Buses", "text": "Buses run every ten minutes."})
    )
    questions = [
        {"id": "a<::>1", "question": "How often do buses run?", "answerability": "answerable"},
        {"id": "b<::>1", "question": "Who paints cathedrals?", "answerability": "UNANSWERABLE"},
        {"id": "c<::>1", "question": "Hello there", "answerability": "conversational"},
    ]
    cases.write_text("\n".join(json.dumps(question) for question in questions))
    done = plumbline(
        tmp_path / "data", "eval", "answerability", "--corpus", str(corpus), "--cases",
        str(cases), "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)["metrics"]
    assert (metrics["auroc"]["value"], metrics["auroc"]["n"]) == (1, 2)


def test_the_judge_is_measured_on_clauses_and_on_pairs(tmp_path: Path) -> None:
    clauses, pairs = tmp_path / "clauses.jsonl", tmp_path / "pairs.jsonl"
    clauses.write_text(
        json.dumps(
            {
                "id": "a",
                "text": "Help will be limited to people in the most severe need.",
                "labels": {"P4": "conflicts"},
                "disputed": ["P2"],
            }
        )
    )
    pairs.write_text(
        json.dumps(
            {
                "id": "a",
                "text_a": "Labour will build a new railway.",
                "text_b": "The Conservatives will build a new railway.",
                "change": "party-name-swap",
                "must": "same",
            }
        )
    )
    done = plumbline(tmp_path, "eval", "checks", "--cases", str(clauses), "--json")
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)["metrics"]
    assert {"mean_f1", "P4.conflicts.f1", "ece", "coverage"} <= metrics.keys()
    assert metrics["P4.conflicts.recall"]["n"] == 1
    done = plumbline(tmp_path, "eval", "invariance", "--cases", str(pairs), "--json")
    metrics = json.loads(done.stdout)["metrics"]
    assert metrics["same.party"]["value"] == 1
    assert {"same.other", "flip"} <= metrics.keys()
    clauses.write_text('{"id": "a", "text": "x", "labels": {"P9": "supports"}}')
    wrong = plumbline(tmp_path, "eval", "checks", "--cases", str(clauses))
    assert wrong.returncode == 2
    assert "line 1" in wrong.stderr


def test_a_chat_model_can_be_measured_as_the_judge(tmp_path: Path) -> None:
    rows = [
        {
            "id": "found",
            "text": "Help will be limited to people in the most severe need.",
            "labels": {"P4": "conflicts"},
        },
        {"id": "failed", "text": "The ferry will be painted blue.", "labels": {"P4": "silent"}},
    ]
    clauses = tmp_path / "clauses.jsonl"
    clauses.write_text("\n".join(json.dumps(row) for row in rows))
    without = plumbline(tmp_path, "eval", "checks", "--cases", str(clauses), "--chat-model")
    assert without.returncode == 2
    assert "PLUMBLINE_CHAT_MODEL" in without.stderr
    verdict = {"principle": "P4", "verdict": "conflicts", "quote": "limited to people",
               "confidence": 0.8}  # fmt: skip
    # The quotation stands in the one clause only, so the reply to the other proves nothing.
    with chat_server.chat_server(chat_server.replies(json.dumps({"verdicts": [verdict]}))) as (
        url,
        asked,
    ):
        done = plumbline(
            tmp_path, "eval", "checks", "--cases", str(clauses), "--chat-model", "--json",
            PLUMBLINE_CHAT_MODEL="openai:test", PLUMBLINE_CHAT_BASE_URL=url,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["settings"]["judge"] == "openai:test"
    assert len(asked) == 2
    figures = {name: held["value"] for name, held in told["metrics"].items()}
    assert figures["P4.conflicts.f1"] == 1
    assert figures["crashed"] == 0.5
    assert figures["accuracy"] == 0.5
