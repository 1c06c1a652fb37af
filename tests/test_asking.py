"""How a question is read: its parts, and the kind of answer it asks for."""

from __future__ import annotations

import pytest

from assistant.asking import Kind, read_question


def test_a_second_question_in_a_sentence_is_a_part_of_its_own() -> None:
    asked = read_question("How many pilots were there, and what did they cost?")
    assert asked.parts == ("How many pilots were there", "what did they cost?")


def test_two_sentences_are_two_parts() -> None:
    asked = read_question("How many pilots were there? What did they cost in all?")
    assert asked.parts == ("How many pilots were there?", "What did they cost in all?")


def test_an_and_between_two_things_does_not_split_a_question() -> None:
    question = "What did health and care devolution cost?"
    assert read_question(question).parts == (question,)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How much had the council saved by 2019?", Kind.POINT),
        ("What does prevention first mean?", Kind.POINT),
        ("Compare Sure Start with Family Hubs", Kind.COMPARISON),
        ("How do the two programmes differ?", Kind.COMPARISON),
        ("What is the evidence for and against devolution in health?", Kind.SURVEY),
        ("List the examples in policing", Kind.SURVEY),
        ("What would prevention first mean for prisons?", Kind.SURVEY),
    ],
)
def test_the_kind_of_answer_is_told_by_the_wording(question: str, kind: Kind) -> None:
    assert read_question(question).kind is kind
