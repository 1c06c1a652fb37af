"""Suites: a folder a run, figures that can be trusted, and a gate that tells a fall from noise."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from assistant.checks.embedded_judge import EmbeddedJudge
from corpus.embedding import Embedder
from corpus.errors import ConfigurationError
from corpus.settings import Settings
from corpus.store import Store
from evals.check_gate import PARTS, broken, gate_once
from evals.runs.comparing import compare
from evals.runs.folder import RunFolder, without_secrets
from evals.runs.gating import GateLine, hold_against_baseline, write_baseline
from evals.runs.generating import Choice
from evals.runs.measures import Kind, Sample, figure_of
from evals.runs.running import Wanted, rescore, run_suite
from evals.runs.suite import Suite, load_suite
from ingest.ingesting import Ingester

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    "gm-health-devolution",
    "lansley-act-2012",
    "ethical-care-charter",
    "national-tutoring-programme",
    "wigan-deal",
)


# -- measures -----------------------------------------------------------------------------------


def test_a_ratio_above_one_is_no_rate() -> None:
    figure = figure_of(Sample(Kind.RATIO, [[3, 1]] * 4, ["a", "a", "b", "b"]))
    assert (figure.value, figure.n, figure.low, figure.high) == (3, 4, 3, 3)


def test_a_rate_over_single_cases_has_wilsons_interval() -> None:
    figure = figure_of(Sample(Kind.RATIO, [[1, 1]] * 20, [str(number) for number in range(20)]))
    assert (figure.value, figure.n) == (1, 20)
    assert figure.low == pytest.approx(0.8389, abs=1e-3)


def test_points_are_counted_and_not_averaged_by_case() -> None:
    assert Sample(Kind.RATIO, [[1, 1], [1, 3]], ["a", "b"]).value() == pytest.approx(2 / 4)


def test_f1_is_the_mean_over_labels() -> None:
    # One label found once of twice, said once: F1 2/3; the other never said: 0.
    sample = Sample(Kind.F1, [[1, 1, 1, 0, 0, 1], [0, 0, 1, 0, 0, 0]], ["a", "b"])
    assert sample.value() == pytest.approx((2 / 3 + 0) / 2)


def test_calibration_error_is_weighted_by_bin() -> None:
    # Three answers at 0.9 of which two are right; one at 0.5 that is right.
    rows = [[3, 2.7, 2, 1, 0.5, 1]]
    assert Sample(Kind.CALIBRATION, rows, ["a"]).value() == pytest.approx((0.7 + 0.5) / 4)


def test_a_likelier_good_case_has_the_whole_area() -> None:
    rows = [[0.9, 1], [0.8, 1], [0.2, 0]]
    assert Sample(Kind.AREA, rows, ["a", "b", "c"]).value() == 1


# -- comparing ----------------------------------------------------------------------------------


def scored(hits: list[int], *, sha: str = "x") -> list[dict[str, Any]]:
    return [
        {
            "id": str(number),
            "epoch": 1,
            "case_sha": sha,
            "group": str(number),
            "tags": [],
            "scores": {"point_recall": [hit, 1]},
        }
        for number, hit in enumerate(hits)
    ]


def test_the_same_answers_do_not_differ() -> None:
    (told,) = compare(scored([1, 0, 1]), scored([1, 0, 1]))
    assert (told.changed, told.difference, told.chance) == (0, 0, 1)


def test_a_fall_in_many_cases_is_hardly_chance_and_in_one_it_is() -> None:
    (many,) = compare(scored([1] * 30), scored([0] * 12 + [1] * 18))
    (one,) = compare(scored([1] * 30), scored([0] + [1] * 29))
    assert many.worse
    assert many.chance < 0.01
    assert many.high < 0
    assert one.worse
    assert one.chance > 0.5


def test_cases_whose_wording_changed_are_not_compared() -> None:
    assert compare(scored([1], sha="old"), scored([0], sha="new")) == []


def test_the_smallest_difference_shown_shrinks_with_the_set() -> None:
    small = compare(scored([1, 0] * 10), scored([0, 1] + [1, 0] * 9))[0]
    large = compare(scored([1, 0] * 100), scored(([0, 1] + [1, 0] * 9) * 10))[0]
    assert large.detectable < small.detectable


# -- a small library and suite ------------------------------------------------------------------


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with five briefs of the starter library."""
    folder = tmp_path_factory.mktemp("library")
    store = Store(Settings(data_dir=folder / "data", threads=1))
    try:
        files = [ROOT / f"corpus/documents/{name}.md" for name in DOCUMENTS]
        report = Ingester(store.library, store.files, store.embedder).ingest(files)
        assert [result.error for result in report.results] == [None] * len(DOCUMENTS)
        store.catch_up()
    finally:
        store.close()
    return folder / "data"


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """Questions on the five briefs, questions on others that must be refused, and clauses."""
    folder = tmp_path_factory.mktemp("suite")
    cases = [
        case
        for name in ("questions", "questions-unseen")
        for case in yaml.safe_load((ROOT / f"evals/sets/{name}.yaml").read_text(encoding="utf-8"))
    ]
    alone = [case for case in cases if not case.get("previous") and case["answerable"]]

    def within(case: dict[str, Any]) -> bool:
        return {fact.rsplit(".", 1)[0] for fact in case["fact_ids"]} <= set(DOCUMENTS)

    here = [case for case in alone if within(case)]
    elsewhere: list[dict[str, Any]] = [
        {**case, "answerable": False, "expected_points": (), "fact_ids": ()}
        for case in alone
        if not within(case)
    ][:6]
    declined = [case for case in cases if not case["answerable"] and not case.get("previous")][:12]
    held = json.dumps(here + elsewhere + declined)  # which is YAML too
    (folder / "questions.yaml").write_text(held, encoding="utf-8")
    clauses = (ROOT / "corpus/clauses/contrasts.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "clauses.jsonl").write_text("\n".join(clauses[:40]), encoding="utf-8")
    (folder / "suite.toml").write_text(
        """
name = "small"
[[target]]
name = "embedded"
kind = "embedded"
[[set]]
name = "questions"
kind = "questions"
file = "questions.yaml"
[[set]]
name = "clauses"
kind = "clauses"
file = "clauses.jsonl"
[[threshold]]
metric = "questions.quotes_verified"
at_least = 1.0
[gate]
baseline = "baseline.jsonl"
metrics = ["questions.point_recall", "questions.refused_right", "clauses.mean_f1"]
""",
        encoding="utf-8",
    )
    return load_suite(folder / "suite.toml")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", threads=1)


Run = Callable[..., tuple[RunFolder, dict[str, Any]]]


@pytest.fixture
def run(suite: Suite, settings: Settings, library: Path) -> Run:
    """Runs the small suite."""

    def go(**more: Any) -> tuple[RunFolder, dict[str, Any]]:
        return run_suite(suite, settings, Wanted(library=library, **more))

    return go


# -- running ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_says_what_was_run_and_what_came_of_it(run: Run) -> None:
    folder, summary = run(choice=Choice(limit=6))
    described = folder.read("run.json")
    assert set(described["data"]) == {"questions.yaml", "clauses.jsonl"}
    assert described["versions"]["python"]
    assert len(folder.rows("outputs", "questions")) == 6
    figure = summary["metrics"]["questions.quotes_verified"]
    assert figure["value"] == 1
    assert figure["n"] > 3
    assert summary["detectable"]["questions.point_recall"] > 0
    for name in ("report.html", "report.md", "junit.xml"):
        assert (folder.path / name).stat().st_size > 500


@pytest.mark.slow
def test_scoring_again_asks_no_model_and_comes_to_the_same(
    run: Run, suite: Suite, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, summary = run(choice=Choice(limit=6))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a model or the network was asked")

    for name in ("embed_query", "embed_documents", "embed_spans"):
        monkeypatch.setattr(Embedder, name, refuse)
    monkeypatch.setattr(EmbeddedJudge, "__init__", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    _, again = rescore(suite, folder, settings, None)
    assert again["metrics"] == summary["metrics"]


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_where_it_was(run: Run) -> None:
    folder, whole = run(choice=Choice(limit=4))
    outputs = folder.path / "outputs/questions.jsonl"
    lines = outputs.read_text(encoding="utf-8").splitlines()
    marked = json.loads(lines[0])
    marked["milliseconds"] = 123456.0
    outputs.write_text(json.dumps(marked) + "\n" + lines[1][:40], encoding="utf-8")
    _, summary = run(choice=Choice(limit=4), resume=folder)
    rows = folder.rows("outputs", "questions")
    assert [row["id"] for row in rows] == [json.loads(line)["id"] for line in lines]
    assert rows[0]["milliseconds"] == 123456.0
    assert (
        summary["metrics"]["questions.point_recall"] == whole["metrics"]["questions.point_recall"]
    )


@pytest.mark.slow
def test_a_crash_counts_as_a_failed_case(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("the search is down")

    monkeypatch.setattr("assistant.retrieval.Retriever.rank", crash)
    folder, summary = run(choice=Choice(limit=6))
    assert summary["metrics"]["questions.crashed"]["value"] == 1
    assert summary["metrics"]["questions.point_recall"]["value"] == 0
    assert summary["metrics"]["questions.point_recall"]["n"] > 3
    assert "the search is down" in (folder.path / "report.html").read_text(encoding="utf-8")
    tests = ElementTree.parse(folder.path / "junit.xml").getroot()
    assert tests.find("testsuite[@name='questions']").get("errors") == "6"  # pyright: ignore[reportOptionalMemberAccess]


class _Needs(HTMLParser):
    """What a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.needs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag in ("script", "link", "img", "iframe"):
            self.needs.append(tag)
        self.needs += [name for name in held if name in ("src", "style") or name.startswith("on")]
        if not (held.get("href") or "#").startswith("#"):
            self.needs.append(str(held["href"]))


@pytest.mark.slow
def test_the_report_stands_alone_and_shows_each_case(run: Run) -> None:
    folder, _ = run(choice=Choice(limit=6))
    page = (folder.path / "report.html").read_text(encoding="utf-8")
    needs = _Needs()
    needs.feed(page)
    assert needs.needs == []
    for row in folder.rows("scores", "questions"):
        assert f"<code>{row['id']}</code>" in page
    assert "<svg" in page
    assert "Confusion by principle" in page


@pytest.mark.slow
def test_epochs_ask_each_question_again(run: Run) -> None:
    folder, _ = run(choice=Choice(limit=2, epochs=2))
    assert [(row["id"], row["epoch"]) for row in folder.rows("scores", "questions")] == [
        (row["id"], epoch) for epoch in (1, 2) for row in folder.rows("scores", "questions")[:2]
    ]


@pytest.mark.slow
def test_an_id_that_no_case_has_is_named(run: Run) -> None:
    with pytest.raises(ConfigurationError, match="nobody"):
        run(choice=Choice(ids=("nobody",)))


def test_a_runs_settings_hold_no_secret(tmp_path: Path) -> None:
    told = without_secrets(
        Settings.model_validate(
            {"data_dir": tmp_path, "api_key": "hush", "chat_api_key": "hush",
             "database_url": "postgresql://user:hush@host/db"}
        )
    )  # fmt: skip
    assert "hush" not in json.dumps(told)
    assert str(tmp_path) not in json.dumps(told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "x"\n', "set"),
        ('name = "x"\n[[set]]\nname = "a"\nkind = "poems"\nfile = "a"\n', "kind"),
        (
            'name = "x"\n[[target]]\nname = "t"\nkind = "openai"\nurl = "http://x"\n'
            '[[set]]\nname = "a"\nkind = "questions"\nfile = "a"\n',
            "needs a model",
        ),
        (
            'name = "x"\n[[target]]\nname = "t"\nkind = "embedded"\n'
            '[[set]]\nname = "a"\nkind = "questions"\nfile = "gone.yaml"\n',
            "gone.yaml",
        ),
    ],
)
def test_a_suite_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "suite.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_suite(file)


def test_every_committed_suite_loads() -> None:
    suites = [load_suite(file) for file in sorted((ROOT / "evals/suites").glob("*.toml"))]
    assert {"quick", "gate", "full"} <= {suite.name for suite in suites}


# -- the gate -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_gate_turns_red_for_each_broken_part_and_for_nothing_else(
    run: Run, suite: Suite, settings: Settings, library: Path
) -> None:
    folder, _ = run()
    write_baseline(suite, folder)
    told: dict[str, tuple[bool, list[GateLine], list[str]]] = {}
    for part in PARTS:
        with broken(part):
            told[part] = gate_once(suite, settings, library=library)
    assert {part: green for part, (green, _, _) in told.items()} == {
        part: part == "nothing" for part in PARTS
    }
    fallen = {
        part: {line.metric for line in lines if line.fell} for part, (_, lines, _) in told.items()
    }
    assert "questions.point_recall" in fallen["writer"]
    assert fallen["judge"] == {"clauses.mean_f1"}
    assert fallen["refusal"] == {"questions.refused_right"}
    # A baseline of other cases is no baseline.
    file = suite.path("baseline.jsonl")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"case_sha": "', '"case_sha": "old'), encoding="utf-8")
    lines = hold_against_baseline(suite, folder)
    assert all(line.fell and "make the baseline again" in line.why for line in lines)
