"""Score: from each case's output, the numbers of each measure and what was wrong, in words.

Nothing here asks a target or a library: outputs hold the facts, and the vectors of the texts that
are compared are kept with the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.embedding import Embedder
from corpus.principles import load_principles
from evals.answers import CLOSE, makes_point
from evals.attacks import Attack, changed_labels, faults_of, load_attacks
from evals.checks import Pair, load_pairs
from evals.clauses import NAMES, LabelledClause, load_clauses
from evals.figures import figures
from evals.questions import QuestionCase, load_questions
from evals.runs.folder import Row, RunFolder, case_sha
from evals.runs.measures import BINS
from evals.runs.replies import Reply, SaidSentence, reply_from
from evals.runs.suite import SetSpec, Suite

if TYPE_CHECKING:
    from evals.runs.folder import Case

DEPTHS = (1, 2, 3, 5, 10)  # of the retrieval curve
Scores = dict[str, list[float]]


def score_run(folder: RunFolder, suite: Suite, embedder: Embedder) -> None:
    """Write the scores of every set that has outputs."""
    for entry in suite.set:
        outputs = folder.rows("outputs", entry.name)
        if outputs:
            rows = _SCORERS[entry.kind](suite, entry, outputs, embedder)
            folder.write_rows("scores", entry.name, rows)


# -- questions ----------------------------------------------------------------------------------


def _questions(
    suite: Suite, entry: SetSpec, outputs: Sequence[Row], embedder: Embedder
) -> list[Row]:
    cases = {case.id: case for case in load_questions(suite.path(entry.file))}
    return [
        score_question(cases[output["id"]], output, embedder)
        for output in outputs
        if output["id"] in cases
    ]


def score_question(case: QuestionCase, output: Mapping[str, Any], embedder: Embedder) -> Row:
    """One answer's numbers. A case that crashed made no point, cited nothing and was not right."""
    reply = reply_from(output["reply"]) if output.get("reply") else None
    sources = list(case.expected_sources)
    row = _row(case, output, case.question, case.group, [case.type, *case.tags])
    row["expected"] = list(case.expected_points)
    row["sources"] = sources
    scores: Scores = row["scores"]
    wrong: list[str] = row["wrong"]
    scores["crashed"] = [float(reply is None), 1.0]
    if reply is None:
        wrong.append(f"crashed: {output['error']}")
        _count_points(scores, case, [False] * len(case.expected_points))
        scores["completeness_right"] = [0.0, 1.0]
        # A crash is no refusal: wrong for a question to refuse, and not right for another.
        scores["refused_wrong" if case.answerable else "refused_right"] = [0.0, 1.0]
        return row
    texts = [sentence.text for sentence in reply.sentences]
    made = [makes_point(point, case.question, texts, embedder) for point in case.expected_points]
    row["points"] = made
    _count_points(scores, case, made)
    wrong += [
        f"does not say: {point}"
        for point, hit in zip(case.expected_points, made, strict=True)
        if not hit
    ]
    _count_refusal(scores, wrong, case, reply)
    if reply.completeness:
        truth = _truth(case, made)
        scores["completeness_right"] = [float(reply.completeness == truth), 1.0]
        if reply.completeness != truth:
            wrong.append(f"calls itself {reply.completeness}, and is {truth}")
    _count_citations(scores, wrong, reply, embedder)
    if sources and reply.passages:
        _count_sources(scores, wrong, sources, reply)
    if reply.probability is not None and case.answerable:
        # Answering is right where it makes a point at all.
        row["risk"] = [reply.probability, float(any(made))]
    elif reply.probability is not None:
        row["risk"] = [reply.probability, 0.0]
    if reply.sentences:
        scores["sentences"] = [float(len(reply.sentences)), 1.0]
    scores["latency_ms"] = [float(output["milliseconds"])]
    return row


def _count_points(scores: Scores, case: QuestionCase, made: Sequence[bool]) -> None:
    if not case.answerable or not made:
        return
    scores["point_recall"] = [float(sum(made)), float(len(made))]
    with_figures = [
        hit for point, hit in zip(case.expected_points, made, strict=True) if figures(point)
    ]
    if with_figures:
        scores["figure_accuracy"] = [float(sum(with_figures)), float(len(with_figures))]


def _count_refusal(scores: Scores, wrong: list[str], case: QuestionCase, reply: Reply) -> None:
    if case.answerable:
        scores["refused_wrong"] = [float(reply.refused), 1.0]
        if reply.refused:
            wrong.append("refuses a question that the library answers")
    else:
        scores["refused_right"] = [float(reply.refused), 1.0]
        if not reply.refused:
            wrong.append("answers a question that it should refuse")


def _count_citations(scores: Scores, wrong: list[str], reply: Reply, embedder: Embedder) -> None:
    if not reply.sentences:
        return
    supported = [_support(sentence, embedder) for sentence in reply.sentences]
    flat = [hit for hits in supported for hit in hits]
    verified = [cited.verified for sentence in reply.sentences for cited in sentence.citations]
    scores["citation_precision"] = [float(sum(flat)), float(len(flat))]
    scores["citation_recall"] = [float(sum(any(hits) for hits in supported)), float(len(supported))]
    scores["quotes_verified"] = [float(sum(verified)), float(len(verified))]
    wrong += [
        f"nothing cited supports: {sentence.text}"
        for sentence, hits in zip(reply.sentences, supported, strict=True)
        if not any(hits)
    ]
    wrong += [
        f"quotes what is not on page {cited.page} of {cited.document_id}: {cited.quote}"
        for sentence in reply.sentences
        for cited in sentence.citations
        if not cited.verified
    ]


def _support(sentence: SaidSentence, embedder: Embedder) -> list[bool]:
    """For each citation, whether it has the sentence's figures and is close to it in meaning."""
    hits: list[bool] = []
    for cited in sentence.citations:
        if " ".join(cited.quote.split()) == sentence.text:
            hits.append(True)
            continue
        near = float(embedder.embed_query(sentence.text) @ embedder.embed_query(cited.quote))
        same_figures = figures(sentence.text, words=False) <= figures(cited.quote, words=False)
        hits.append(same_figures and near >= CLOSE)
    return hits


def _count_sources(scores: Scores, wrong: list[str], sources: Sequence[str], reply: Reply) -> None:
    ranked = list(dict.fromkeys(passage.document_id for passage in reply.passages))
    for depth in DEPTHS:
        found = len(set(ranked[:depth]) & set(sources))
        scores[f"sources@{depth}"] = [float(found), float(len(sources))]
    missing = [source for source in sources if source not in ranked]
    if missing:
        wrong.append(f"does not find: {', '.join(missing)}")


def _truth(case: QuestionCase, made: Sequence[bool]) -> str:
    """What the answer should say of itself, by the points that it makes."""
    if not case.answerable or not any(made):
        return "none"
    return "complete" if all(made) else "partial"


# -- clauses and pairs --------------------------------------------------------------------------


def _clauses(suite: Suite, entry: SetSpec, outputs: Sequence[Row], embedder: Embedder) -> list[Row]:
    del embedder
    cases = {clause.id: clause for clause in load_clauses(suite.path(entry.file))}
    return [
        score_clause(cases[output["id"]], output) for output in outputs if output["id"] in cases
    ]


def score_clause(clause: LabelledClause, output: Mapping[str, Any]) -> Row:
    """One clause's numbers: hits, said and true for each label of each principle, and bins."""
    names = [principle.id for principle in load_principles()]
    labels = [
        f"{name}-{NAMES[label]}" for name, label in zip(names, clause.labels, strict=True) if label
    ]
    row = _row(clause, output, clause.text, clause.pair or clause.id, labels or ["silent"])
    scores: Scores = row["scores"]
    crashed = bool(output["error"])
    scores["crashed"] = [float(crashed), 1.0]
    said = [0] * len(names) if crashed else list(output["labels"][0])
    sure = [0.0] * len(names) if crashed else list(output["confidence"][0])
    row["labels"] = [list(clause.labels), said]
    counted = [not disputed for disputed in clause.disputed]
    triples: dict[str, list[float]] = {}
    for label in (1, 2):
        for column, name in enumerate(names):
            is_said = counted[column] and said[column] == label
            is_true = counted[column] and clause.labels[column] == label
            triples[f"{name}.{NAMES[label]}"] = [
                float(is_said and is_true), float(is_said), float(is_true)
            ]  # fmt: skip
    scores["mean_f1"] = [number for triple in triples.values() for number in triple]
    for label in (1, 2):
        scores[f"{NAMES[label]}.f1"] = [
            number
            for name, triple in triples.items()
            if name.endswith(NAMES[label])
            for number in triple
        ]
    for name, triple in triples.items():
        scores[f"{name}.f1"] = triple
    bins = np.zeros((BINS, 3))
    right = 0
    for column, name in enumerate(names):
        if not counted[column]:
            continue
        hit = said[column] == clause.labels[column] and not crashed
        right += hit
        bins[min(int(sure[column] * BINS), BINS - 1)] += (1, sure[column], hit)
        if not hit:
            row["wrong"].append(
                f"{name}: says {NAMES[said[column]]} ({sure[column]:.2f}), "
                f"is {NAMES[clause.labels[column]]}"
            )
    scores["accuracy"] = [float(right), float(sum(counted))]
    scores["ece"] = bins.ravel().tolist()
    if not crashed:
        scores["latency_ms"] = [float(output["milliseconds"])]
    return row


def _pairs(suite: Suite, entry: SetSpec, outputs: Sequence[Row], embedder: Embedder) -> list[Row]:
    del embedder
    cases = {pair.id: pair for pair in load_pairs(suite.path(entry.file))}
    return [score_pair(cases[output["id"]], output) for output in outputs if output["id"] in cases]


def score_pair(pair: Pair, output: Mapping[str, Any]) -> Row:
    """Whether two wordings were judged as they must be."""
    names = [principle.id for principle in load_principles()]
    kind = "flip"
    if pair.must == "same":
        kind = "same-party" if "party" in pair.change else "same-wording"
    row = _row(pair, output, f"{pair.first} / {pair.second}", pair.id, [kind, pair.change])
    crashed = bool(output["error"])
    row["scores"]["crashed"] = [float(crashed), 1.0]
    held = False
    if not crashed:
        one, other = output["labels"]
        row["labels"] = [one, other]
        if pair.must == "same":
            held = one == other
        else:
            column = names.index(pair.must.removeprefix("flip:"))
            held = {one[column], other[column]} == {1, 2}
        if not held:
            row["wrong"].append(f"must be {pair.must}, is {_said(names, one)} / "
                                f"{_said(names, other)}")  # fmt: skip
    else:
        row["wrong"].append(f"crashed: {output['error']}")
    row["scores"][kind] = [float(held), 1.0]
    row["scores"]["held"] = [float(held), 1.0]
    return row


def _said(names: Sequence[str], labels: Sequence[int]) -> str:
    told = [f"{name} {NAMES[label]}" for name, label in zip(names, labels, strict=True) if label]
    return ", ".join(told) or "silent"


# -- attacks ------------------------------------------------------------------------------------


def _attacks(suite: Suite, entry: SetSpec, outputs: Sequence[Row], embedder: Embedder) -> list[Row]:
    del embedder
    cases = {attack.id: attack for attack in load_attacks(suite.path(entry.file))}
    return [
        score_attack(cases[output["id"]], output) for output in outputs if output["id"] in cases
    ]


def score_attack(attack: Attack, output: Mapping[str, Any]) -> Row:
    """Whether an attack was withstood."""
    shown = attack.question or attack.tampered
    row = _row(attack, output, shown, attack.id, [attack.kind, attack.aim, *attack.tags])
    row["must"] = attack.must
    crashed = bool(output["error"])
    row["scores"]["crashed"] = [float(crashed), 1.0]
    if crashed:
        row["wrong"].append(f"crashed: {output['error']}")
    elif attack.kind == "draft":
        row["wrong"] += changed_labels(output["clean"], output["tampered"])
    else:
        row["wrong"] += faults_of(attack, reply_from(output["reply"]))
    withstood = [float(not row["wrong"]), 1.0]
    row["scores"]["withstood"] = withstood
    row["scores"][f"withstood.{attack.kind}"] = withstood
    return row


# -- pools --------------------------------------------------------------------------------------


def _pool(suite: Suite, entry: SetSpec, outputs: Sequence[Row], embedder: Embedder) -> list[Row]:
    del suite, entry, embedder
    rows: list[Row] = []
    for output in outputs:
        row: Row = {
            **{name: output[name] for name in ("id", "epoch", "case_sha", "group", "question")},
            "tags": [output["domain"] or "pool", output["form"]],
            "scores": {"crashed": [float(bool(output["error"])), 1.0]},
            "wrong": [f"crashed: {output['error']}"] if output["error"] else [],
        }
        if output["form"] == "answerable":
            likely, truth = float(output["probability"]), float(output["answerable"])
            row["scores"]["auroc"] = [likely, truth]
            row["risk"] = [likely, truth]
        else:
            for measure, value in output["measures"].items():
                row["scores"][f"{output['form']}.{measure}"] = [float(value), 1.0]
        rows.append(row)
    return rows


def _row(case: Case, output: Mapping[str, Any], shown: str, group: str, tags: Sequence[str]) -> Row:
    return {
        "id": output["id"],
        "epoch": output["epoch"],
        "case_sha": case_sha(case),
        "group": group,
        "question": shown,
        "tags": list(dict.fromkeys(tag for tag in tags if tag)),
        "scores": {},
        "wrong": [],
    }


_Scorer = Callable[[Suite, SetSpec, Sequence[Row], Embedder], list[Row]]
_SCORERS: dict[str, _Scorer] = {
    "questions": _questions,
    "clauses": _clauses,
    "pairs": _pairs,
    "attacks": _attacks,
    "pool": _pool,
}
