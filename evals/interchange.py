"""Other tools' shapes: question sets in, runs out, for ragas, deepeval and MT-RAG.

ragas      {"samples": [{"user_input", "response", "retrieved_contexts", "reference"}]}
deepeval   [{"input", "actual_output", "expected_output", "retrieval_context"}]
mtrag      JSON lines of {"task_id", "conversation_id", "turn", "input": [{"speaker", "text"}],
           "contexts": [{"document_id", "text"}], "targets": [{"text"}], "Answerability"}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from corpus.errors import ConfigurationError
from corpus.sentences import split_sentences
from evals.questions import QuestionCase, load_questions
from evals.runs.folder import RunFolder
from evals.runs.replies import Reply, reply_from

Shape = Literal["ragas", "deepeval", "mtrag"]
SHAPES: tuple[Shape, ...] = ("ragas", "deepeval", "mtrag")
Json = dict[str, Any]


def exported(shape: Shape, folder: RunFolder, set_name: str, cases: Sequence[QuestionCase]) -> str:
    """A set of a run as the text of a file in another tool's shape."""
    by_id = {case.id: case for case in cases}
    pairs = [
        (by_id[row["id"]], reply_from(row["reply"]))
        for row in folder.rows("outputs", set_name)
        if row.get("reply") and row["id"] in by_id
    ]
    if shape == "ragas":
        return _dump({"samples": [_to_ragas(case, reply) for case, reply in pairs]})
    if shape == "deepeval":
        return _dump([_to_deepeval(case, reply) for case, reply in pairs])
    replies = {case.id: reply for case, reply in pairs}
    return "".join(
        json.dumps(_to_mtrag(case, by_id, replies), ensure_ascii=False) + "\n" for case, _ in pairs
    )


def imported(shape: Shape, file: Path, into: Path) -> list[QuestionCase]:
    """Another tool's cases as a question set of ours, written to `into` and read back.

    Each sentence of a reference answer becomes a point. Raises ConfigurationError naming the case
    that is wrong.
    """
    try:
        text = file.read_text(encoding="utf-8")
        entries = _entries(shape, text)
        cases = [_FROM[shape](number, entry) for number, entry in enumerate(entries, start=1)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read as {shape}: {error!r}.",
            fix="The shapes are at the top of evals/interchange.py.",
        ) from error
    into.write_text(
        yaml.safe_dump(_linked(cases), sort_keys=False, allow_unicode=True, width=100),
        encoding="utf-8",
    )
    return load_questions(into)


# -- out ----------------------------------------------------------------------------------------


def _to_ragas(case: QuestionCase, reply: Reply) -> Json:
    return {
        "user_input": case.question,
        "response": reply.text,
        "retrieved_contexts": [passage.text for passage in reply.passages],
        "reference": " ".join(case.expected_points),
    }


def _to_deepeval(case: QuestionCase, reply: Reply) -> Json:
    return {
        "name": case.id,
        "input": case.question,
        "actual_output": reply.text,
        "expected_output": " ".join(case.expected_points),
        "retrieval_context": [passage.text for passage in reply.passages],
        "context": list(case.expected_points),
        "tags": list(case.tags),
    }


def _to_mtrag(
    case: QuestionCase, by_id: Mapping[str, QuestionCase], replies: Mapping[str, Reply]
) -> Json:
    turns: list[Json] = []
    for name in case.previous:
        turns.append({"speaker": "user", "text": by_id[name].question})
        if name in replies:
            turns.append({"speaker": "agent", "text": replies[name].text})
    reply = replies[case.id]
    return {
        "task_id": f"{case.group}<::>{case.turn}",
        "conversation_id": case.group,
        "turn": str(case.turn),
        "input": [*turns, {"speaker": "user", "text": case.question}],
        "contexts": [
            {"document_id": passage.document_id, "text": passage.text} for passage in reply.passages
        ],
        "targets": [{"speaker": "agent", "text": " ".join(case.expected_points)}],
        "predictions": [{"text": reply.text}],
        "Answerability": ["ANSWERABLE" if case.answerable else "UNANSWERABLE"],
    }


# -- in -----------------------------------------------------------------------------------------


def _entries(shape: Shape, text: str) -> Iterator[Json]:
    if shape == "mtrag":
        return iter([json.loads(line) for line in text.splitlines() if line.strip()])
    held: Any = json.loads(text)
    if shape == "ragas" and isinstance(held, dict):
        held = cast("Json", held)["samples"]
    return iter(cast("list[Json]", held))


def _from_ragas(number: int, entry: Json) -> Json:
    return _case(f"ragas-{number:04}", entry["user_input"], entry.get("reference") or "")


def _from_deepeval(number: int, entry: Json) -> Json:
    name = str(entry.get("name") or f"deepeval-{number:04}")
    return _case(name, entry["input"], entry.get("expected_output") or "")


def _from_mtrag(_number: int, entry: Json) -> Json:
    """One turn of a conversation."""
    turns = [turn["text"] for turn in entry["input"] if turn["speaker"] == "user"]
    answerable = "UNANSWERABLE" not in (entry.get("Answerability") or ())
    reference = " ".join(target["text"] for target in entry.get("targets") or ())
    case = _case(str(entry["task_id"]), turns[-1], reference if answerable else "")
    case["sources"] = [context["document_id"] for context in entry.get("contexts") or ()]
    case["conversation"], case["turn"] = str(entry["conversation_id"]), int(entry["turn"])
    return case


def _linked(cases: Sequence[Json]) -> list[Json]:
    """Cases in the order of their turns, each naming those before it in its conversation."""
    ordered = sorted(
        cases, key=lambda case: (str(case.get("conversation", "")), int(case.get("turn", 1)))
    )
    before: dict[str, list[str]] = {}
    for case in ordered:
        if "conversation" in case:
            case["previous"] = list(before.setdefault(case["conversation"], []))
            before[case["conversation"]].append(case["id"])
    return ordered


def _case(name: str, question: Any, reference: str) -> Json:
    points = [sentence.text for sentence in split_sentences(reference)]
    return {
        "id": name,
        "type": "imported",
        "question": str(question if isinstance(question, str) else question[-1]["content"]),
        "answerable": bool(points),
        "expected_points": points,
        "tags": ["imported"],
    }


_FROM: Any = {"ragas": _from_ragas, "deepeval": _from_deepeval, "mtrag": _from_mtrag}


def _dump(held: Any) -> str:
    return json.dumps(held, ensure_ascii=False, indent=1) + "\n"
