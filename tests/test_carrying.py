"""How much of the earlier turns a follow-up's query takes."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.carrying import FACTORS, FEATURES, MOST, Carrying, load_carrying, nearness


def test_a_network_that_was_not_fitted_changes_nothing() -> None:
    still = Carrying(
        np.zeros(len(FEATURES)),
        np.ones(len(FEATURES)),
        np.ones((2, len(FEATURES) + 1)),
        np.zeros((len(FACTORS), 3)),
    )
    factors = still.factors((0.5,) * len(FEATURES))
    assert [getattr(factors, name) for name in FACTORS] == [1.0] * len(FACTORS)


def test_a_question_that_repeats_what_was_said_takes_less_of_it() -> None:
    carrying = load_carrying()
    repeats = carrying.factors((0.7, 0.7, 0.7, 0.9, 0.7, 0.4))
    short = carrying.factors((0.2, 0.2, 0.2, 0.6, 0.7, 0.4))
    assert repeats.answer < short.answer
    assert repeats.user_words < short.user_words
    assert max(short.answer, short.user_words) <= np.exp(MOST) + 1e-9


def test_what_is_not_there_is_near_nothing() -> None:
    question = np.array([1.0, 0.0], dtype=np.float32)
    user = np.array([0.6, 0.8], dtype=np.float32)
    assert nearness(question, [], None, None, 0.4) == (0.0, 0.0, 0.0, 1.0, 0.0, 0.4)
    assert nearness(question, [question, user], user, user, 0.0) == pytest.approx(
        (0.6, 0.6, 1.0, 0.6, 1.0, 0.0)
    )
