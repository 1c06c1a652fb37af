"""What a question takes for granted, held against what was found."""

from __future__ import annotations

import pytest

from assistant.premises import premise_note, unfounded_figures

FOUND = [
    "Adult social care went from an overspend of £6.9 million in 2011 to balance by 2017/18.",
    "Unplanned admissions fell by 14.0 per cent; 1,340 centres closed.",
]


@pytest.mark.parametrize(
    ("question", "figures"),
    [
        ("Since the overspend rose to £20 million, what was done?", ["£20 million"]),
        ("The overspend was £6.9m in 2011. What then?", []),
        ("So the 30% fall is real?", ["30%"]),
        ("Did admissions fall by 14 per cent?", []),
        ("Given that 5,000 centres closed, how many are left?", ["5,000"]),
        ("How did 1340 closures come about by 2022?", []),
        ("What happened in 2015/16 and by 2019?", []),
        ("Name 3 reasons", []),
    ],
)
def test_a_figure_that_nothing_found_holds_is_named(question: str, figures: list[str]) -> None:
    assert unfounded_figures(question, FOUND) == figures


def test_the_note_says_whose_figure_it_is() -> None:
    note = premise_note(["£20 million"])
    assert "The question says £20 million" in note
    assert "nothing found in the library does" in note
