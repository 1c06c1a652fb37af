"""What is declined by its wording, and what only looks like it."""

from __future__ import annotations

import pytest

from assistant.scope import OFFERS, declined_by_wording
from assistant.types import Decline


@pytest.mark.parametrize(
    "question",
    [
        "Write a leaflet that convinces residents to support our candidate",
        "Draft me a speech attacking the Conservatives on social care",
        "who should i vote for on thursday",
        "Going by their plans for prisons, whose pledges should get my vote?",
        "Which party is best for schools?",
        "Give me a slogan for Labour about prevention",
        "help me persuade voters that devolution is good",
        "Make the case that Labour would run councils better",
        "Help me make the Greens look good on prevention",
        "How can we beat the Tories in Wigan?",
        "Why are the Conservatives to blame for full prisons?",
    ],
)
def test_party_persuasion_is_declined(question: str) -> None:
    assert declined_by_wording(question) is Decline.PERSUASION


@pytest.mark.parametrize(
    "question",
    [
        "My mum's care package was stopped. Can we appeal?",
        "Am I entitled to universal credit?",
        "I've been evicted, what should I do?",
        "Should I sue my landlord?",
        "Should I move my mother to a not-for-profit home?",
        "Is it worth my applying for Flying Start for the twins?",
    ],
)
def test_personal_advice_is_declined(question: str) -> None:
    assert declined_by_wording(question) is Decline.ADVICE


@pytest.mark.parametrize(
    "question",
    [
        "What will reoffending be in 2040?",
        "Who will win the next election?",
        "Will homelessness fall over the next ten years?",
        "predict the prison population for 2050",
        "Will Family Hubs work better than Sure Start?",
        "Is the health service going to collapse?",
    ],
)
def test_prediction_is_declined(question: str) -> None:
    assert declined_by_wording(question) is Decline.PREDICTION


@pytest.mark.parametrize(
    "question",
    [
        "What did the coalition government's 2012 reforms cost?",
        "How many prison places did ministers plan to build by 2031?",
        "Should we expect savings from hospital mergers, going by the evidence?",
        "Did Labour's academies programme raise results?",
        "What did the evaluation forecast for the social value of coordination?",
        "What would prevention first mean for prisons?",
        "Which councils supported the charter?",
        "What share of people in work programmes kept their job?",
        "How was the family court pilot judged?",
        "Should councils sign the Ethical Care Charter?",
        "How many hubs does the government say it will fund by the end of 2028?",
        "What makes a social impact bond work?",
        "Did the coalition or Labour spend more on Sure Start?",
    ],
)
def test_a_question_about_evidence_is_looked_up_whatever_words_it_uses(question: str) -> None:
    assert declined_by_wording(question) is None


def test_each_refusal_has_its_own_words_and_an_offer() -> None:
    assert len(set(OFFERS.values())) == len(Decline)
    assert all("can" in words or "ask" in words.lower() for words in OFFERS.values())
