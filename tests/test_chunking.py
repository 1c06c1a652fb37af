"""Chunks: whole sentences, exact places, nothing lost and nothing twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

from corpus.sentences import page_sentences
from corpus.types import Block, BlockKind, Chunk, Page
from ingest.chunking import LEAST_CHARACTERS, MOST_CHARACTERS, chunk_pages, embedded_text


def page(*blocks: tuple[str, int], number: int = 1) -> Page:
    """A page of texts, each a heading of a level or, at level 0, a paragraph."""
    text = ""
    laid: list[Block] = []
    for words, level in blocks:
        kind = BlockKind.HEADING if level else BlockKind.PARAGRAPH
        laid.append(Block(kind, len(text), len(text) + len(words), level))
        text += words + "\n"
    return Page(number, text, tuple(laid))


SENTENCE = "The council asked its residents before it closed the library."  # 61 characters


# -- what is in a chunk -------------------------------------------------------------------------


def test_short_paragraphs_under_one_heading_share_a_chunk() -> None:
    [chunk] = chunk_pages([page(("Costs", 1), ("It cost £2 million.", 0), ("It took a year.", 0))])
    assert chunk.text == "It cost £2 million.\nIt took a year."
    assert chunk.heading == "Costs"
    assert len(chunk.sentences) == 2


def test_a_new_heading_begins_a_new_chunk() -> None:
    chunks = chunk_pages([page(("Before.", 0), ("Costs", 1), ("After.", 0))])
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [
        ("", "Before."),
        ("Costs", "After."),
    ]


def test_a_chunk_knows_the_headings_above_it_across_pages() -> None:
    first = page(("The deal", 1), ("Costs", 2), ("One.", 0), ("In 2019", 3), ("Two.", 0))
    second = page(("Three.", 0), ("Results", 2), ("Four.", 0), number=2)
    assert [(chunk.page, chunk.heading) for chunk in chunk_pages([first, second])] == [
        (1, "The deal > Costs"),
        (1, "The deal > Costs > In 2019"),
        (2, "The deal > Costs > In 2019"),
        (2, "The deal > Results"),
    ]


def test_a_long_section_is_cut_between_sentences() -> None:
    chunks = chunk_pages([page((" ".join([SENTENCE] * 30), 0))])
    assert len(chunks) == 3
    assert all(chunk.text.startswith("The council") for chunk in chunks)
    assert all(chunk.text.endswith("library.") for chunk in chunks)
    assert all(len(chunk.text) <= MOST_CHARACTERS for chunk in chunks)


def test_a_short_rest_joins_the_chunk_before_it() -> None:
    whole = MOST_CHARACTERS // (len(SENTENCE) + 1)
    [chunk] = chunk_pages([page((" ".join([SENTENCE] * (whole + 1)), 0))])
    assert MOST_CHARACTERS < len(chunk.text) <= MOST_CHARACTERS + LEAST_CHARACTERS


def test_a_sentence_longer_than_a_chunk_is_cut_at_spaces() -> None:
    words = "and then " * 200
    chunks = chunk_pages([page((words.strip() + ".", 0))])
    assert " ".join(chunk.text for chunk in chunks) == words.strip() + "."
    assert all(len(chunk.text) <= MOST_CHARACTERS + LEAST_CHARACTERS for chunk in chunks)


def test_pages_without_text_give_no_chunks() -> None:
    assert chunk_pages([Page(1, ""), Page(2, " \n ")]) == []
    assert chunk_pages([page(("Only a heading", 1))]) == []


# -- what is embedded ---------------------------------------------------------------------------


def test_the_title_and_the_headings_are_embedded_in_front_and_not_quoted() -> None:
    [chunk] = chunk_pages([page(("The Wigan Deal", 1), ("Costs", 2), ("It saved. It grew.", 0))])
    spanned = embedded_text(chunk, "The Wigan Deal")
    assert spanned.text == "The Wigan Deal. Costs\nIt saved. It grew."
    assert [spanned.text[start:end] for start, end in spanned.spans] == ["It saved.", "It grew."]
    assert chunk.text == "It saved. It grew."


def test_a_chunk_without_title_and_headings_is_embedded_as_it_is() -> None:
    chunk = Chunk("", "", 1, 5, 14, "It saved.", sentences=((5, 14),))
    assert embedded_text(chunk, "").text == "It saved."
    assert embedded_text(chunk, "").spans == ((0, 9),)


# -- for any page -------------------------------------------------------------------------------

WORDS = some.text(alphabet="abcdeé, AB1.;?!\u201d()", min_size=1, max_size=1200).map(
    lambda text: " ".join(text.split()) or "x"
)
BLOCKS = some.lists(some.tuples(WORDS, some.sampled_from([0, 0, 0, 0, 1, 2, 3])), max_size=12)


@settings(max_examples=200, deadline=None)
@given(some.lists(BLOCKS, min_size=1, max_size=3))
def test_every_sentence_is_in_exactly_one_chunk_at_its_exact_place(
    layouts: list[list[tuple[str, int]]],
) -> None:
    pages = [page(*blocks, number=number) for number, blocks in enumerate(layouts, start=1)]
    chunks = chunk_pages(pages)
    for held in pages:
        headings = [block for block in held.blocks if block.kind is BlockKind.HEADING]
        ours = [chunk for chunk in chunks if chunk.page == held.number]
        covered = [0] * len(held.text)
        end = 0
        for chunk in ours:
            assert chunk.start >= end  # in order, without overlap
            end = chunk.end
            assert chunk.text == held.text[chunk.start : chunk.end]
            assert (chunk.sentences[0][0], chunk.sentences[-1][1]) == (chunk.start, chunk.end)
            assert len(chunk.text) <= MOST_CHARACTERS + LEAST_CHARACTERS
            assert not any(chunk.start < block.start < chunk.end for block in headings)
            for first, last in chunk.sentences:
                assert first < last
                for at in range(first, last):
                    covered[at] += 1
        # No character of a sentence but the spaces at which a long one is cut is left out.
        for sentence in page_sentences(held):
            for at in range(sentence.start, sentence.end):
                assert covered[at] == 1 or (covered[at] == 0 and held.text[at].isspace())
        assert max(covered, default=0) <= 1


@settings(max_examples=100, deadline=None)
@given(BLOCKS, some.text(max_size=80))
def test_embedded_spans_are_the_sentences_of_the_chunk(
    blocks: list[tuple[str, int]], title: str
) -> None:
    held = page(*blocks)
    for chunk in chunk_pages([held]):
        spanned = embedded_text(chunk, title)
        assert [spanned.text[start:end] for start, end in spanned.spans] == [
            held.text[start:end] for start, end in chunk.sentences
        ]
