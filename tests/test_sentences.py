"""Sentences of policy prose, as a person would mark them, with exact offsets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.sentences import LONGEST, page_sentences, split_sentences
from corpus.types import Block, BlockKind, Page

# Each line is a paragraph; its sentences are divided by " ¦ ".
PARAGRAPHS = """
The pilot cost £1.5 million. ¦ It ended in 2019.
Unemployment fell by 18.5 per cent in the first year. ¦ Wages did not rise.
Some services, e.g. Libraries and museums, were cut. ¦ Others grew.
Some services (e.g. libraries) were cut.
The rule, i.e. the cap, was kept.
Dr. Khan wrote the report. ¦ Prof. Lee reviewed it.
Mr. and Mrs. Jones gave evidence.
The Prime Minister lives at No. 10 Downing Street.
The answer was no. ¦ The minister left.
He asked for paragraph No. 4 to be struck out.
Patients at St. Mary's Hospital waited longer.
The clinic is on High St. ¦ The council owns it.
The study by J. Smith and A. B. Jones was short.
J. K. Rowling spoke.
It was Plan B. ¦ The first plan had failed.
Spending has fallen (King's Fund, 2019). ¦ Demand has not.
This was noted before (Smith et al., 2021). ¦ Few listened.
Smith et al. (2021) disagree.
She said: “We will act.” ¦ They did not.
'We will act.' ¦ That was the promise.
“Will it work?” asked the chair.
“It will not!” he replied.
Will it work?! ¦ Nobody knows.
Is it fair? ¦ Is it lawful? ¦ We think so.
And so it went on... ¦ Then it stopped.
It was... not good.
Funding rose… ¦ Outcomes did not.
3.2 The council must publish its accounts. ¦ It must do so yearly.
3. The council must publish its accounts.
a. The council must publish its accounts.
(iv) The council must publish. ¦ It must do so yearly.
1.4.2. Contracts above £25,000 are published.
See https://www.gov.uk/guidance/a.b?c=d.e for details. ¦ It is updated weekly.
Visit www.nhs.uk. ¦ The page is short.
Write to reform@cabinet-office.gov.uk. ¦ Replies take a week.
As shown on p. 12 and pp. 14-16, costs rose.
See para. 3.4 and fig. 2 for the figures.
The case of Smith v. Jones was cited. ¦ It failed.
Public vs. private provision is an old debate.
Capita plc. won the contract. ¦ Serco Ltd. lost it.
The contract went to Carillion Ltd. ¦ The company failed in 2018.
It began on 5 Jan. 2019 and ended on 3 Dec. 2020.
It began in Jan. ¦ The second phase followed.
The office opens at 9 a.m. and closes at 5 p.m. on weekdays.
The office closes at 5 p.m. ¦ The phone line does not.
The U.K. Government agreed. ¦ The U.S. did not.
Practice differs between the U.K. and the U.S. ¦ The reasons are historical.
The E.U. Commission objected.
Police, fire, etc. are devolved. ¦ Health is too.
Schools, colleges, etc. ¦ The list is long.
In 2019. ¦ Then again in 2021.
The rate was 5%. ¦ It is now 7%.
The rate was 5 per cent. ¦ 7 per cent is expected.
It rose to 1,234.56 by 2020. ¦ 300 people gained.
This was shown.12 ¦ Later work agreed.
This was shown.[12] ¦ Later work agreed.
This was shown.¹² ¦ Later work agreed.
It failed. ¦ (See annex A.) ¦ The next one worked.
It failed (see annex A.). ¦ The next one worked.
The Act (s. 12) applies. ¦ So does the Order (reg. 4).
Under s. 12 of the Act, councils must consult.
Cllr. Ahmed moved the motion.
The Rt. Hon. Jane Doe MP replied.
The average was approx. 40 weeks.
It serves c. 4,000 people. ¦ Most are over 65.
The PhD (or Ph.D.) is required.
Version 2.0 of the tool is live. ¦ Version 3.0 is planned.
Yahoo! is a company.
NHS England agreed. ¦ iPads were bought.
Costs: £4m; savings: £9m. ¦ Net: £5m.
Access is a right. ¦ “Access” means more than entry.
They asked why. ¦ “Because,” she said, “it works.”
The scheme, launched in the Spring of 2018 (at a cost of £3.4 m.), ended early.
改革は進んだ。費用は増えなかった。
The minister said that ‘the plan works’. ¦ Evidence is thin.
Vol. 3 covers policing. ¦ Ch. 4 covers courts.
The Committee (HC 123, Session 2019-20) reported on 4 May. ¦ Its findings were clear.
It is the law. ¦ £40 million was set aside.
"""

ITEMS = [line for line in PARAGRAPHS.strip().splitlines() if " " in line]


@pytest.mark.parametrize("marked", ITEMS)
def test_a_paragraph_is_split_where_a_person_would_split_it(marked: str) -> None:
    wanted = marked.split(" ¦ ")
    assert [sentence.text for sentence in split_sentences(" ".join(wanted))] == wanted


def test_there_are_enough_items_to_judge_by() -> None:
    assert len(ITEMS) >= 60


def test_a_line_break_within_a_paragraph_does_not_end_a_sentence() -> None:
    found = split_sentences("The council\nagreed. It\npaid.")
    assert [sentence.text for sentence in found] == ["The council\nagreed.", "It\npaid."]


def test_blank_lines_and_list_markers_end_a_sentence() -> None:
    found = split_sentences("We will:\n- cut waits\n- train nurses\n\nNothing else changes")
    assert [sentence.text for sentence in found] == [
        "We will:",
        "- cut waits",
        "- train nurses",
        "Nothing else changes",
    ]


def test_nothing_gives_no_sentences() -> None:
    assert split_sentences(" \n\n ") == []
    assert page_sentences(Page(1, "")) == []


def test_headings_are_not_sentences_and_sentences_never_cross_blocks() -> None:
    text = "The plan. In short\n\nIt costs £5m\n\n- One. Two.\n- Three\n\nA: x. Y | B: z"
    starts = [0, 20, 34, 46, 55]
    kinds = [
        BlockKind.HEADING,
        BlockKind.PARAGRAPH,
        BlockKind.LIST_ITEM,
        BlockKind.LIST_ITEM,
        BlockKind.TABLE_ROW,
    ]
    ends = [18, 32, 45, 53, len(text)]
    blocks = tuple(
        Block(kind, start, end) for kind, start, end in zip(kinds, starts, ends, strict=True)
    )
    found = page_sentences(Page(1, text, blocks))
    assert [sentence.text for sentence in found] == [
        "It costs £5m",
        "- One.",
        "Two.",
        "- Three",
        "A: x. Y | B: z",
    ]
    assert all(text[sentence.start : sentence.end] == sentence.text for sentence in found)


def test_each_line_of_code_is_one_sentence() -> None:
    text = "cut -d. -f1\n\n  sort -u"
    found = page_sentences(Page(1, text, (Block(BlockKind.CODE, 0, len(text)),)))
    assert [sentence.text for sentence in found] == ["cut -d. -f1", "sort -u"]


def test_a_page_whose_layout_is_unknown_is_split_as_text() -> None:
    assert len(page_sentences(Page(1, "One thing. Another thing."))) == 2


def test_a_run_without_an_end_is_cut_into_usable_lengths() -> None:
    found = split_sentences("word " * 5_000)
    assert max(len(sentence.text) for sentence in found) <= LONGEST
    assert "".join(sentence.text for sentence in found).replace(" ", "") == "word" * 5_000


PROSE = st.lists(
    st.sampled_from(
        [
            *'aZé1。 \n\t.!?…"”()[]£-',
            "Dr.",
            "e.g. ",
            "No. 5",
            ". The ",
            "\n\n",
            "3.2 ",
            "etc. ",
            "\n- ",
        ]
    ),
    max_size=60,
).map("".join)


@given(st.one_of(PROSE, st.text(max_size=200)))
def test_offsets_are_exact_and_nothing_but_space_is_lost(text: str) -> None:
    found = split_sentences(text)
    at = 0
    between: list[str] = []
    for sentence in found:
        assert at <= sentence.start < sentence.end <= len(text)
        assert text[sentence.start : sentence.end] == sentence.text == sentence.text.strip()
        between.append(text[at : sentence.start])
        at = sentence.end
    assert not "".join([*between, text[at:]]).strip()


def test_a_megabyte_is_split_in_well_under_a_second_of_processor_time() -> None:
    text = "\n\n".join([" ".join(item.replace(" ¦ ", " ") for item in ITEMS)] * 250)[:1_000_000]
    started = time.process_time()
    assert len(split_sentences(text)) > 10_000
    assert time.process_time() - started < 2
