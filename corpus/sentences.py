"""From a page to its sentences, with exact offsets.

Our own rules and abbreviations, for British policy prose: a full stop ends a sentence unless
what stands before it (an abbreviation, an initial, a list number) or after it (a small letter,
the number of "No. 10") says otherwise. No character but white space falls between sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.types import Block, BlockKind, Page, Sentence

LONGEST = 2_000  # characters; a longer run without an end is cut at a semicolon or a space
LONGEST_ROW = 600  # characters of a table row that is kept whole

# Never at the end of a sentence: a name, a number or a quotation follows.
_TITLES = frozenset(
    """dr mr mrs ms mx prof rev revd hon rt sr jr capt col gen lt sgt cllr messrs mme mlle
    e.g i.e eg ie cf viz al vs v approx ca c ed eds trans vol vols nr gov dept univ incl excl
    esp resp tel ext repr""".split()
)
# Not at the end when a number follows.
_NUMBERED = frozenset(
    """no nos p pp para paras fig figs ch chs s ss sec secs sect art arts cl cls reg regs sch
    app ann annex tab tbl eq ref refs item vol vols r rr pt pts q col ll l cm cmnd cmd hc hl n
    jan feb mar apr jun jul aug sep sept oct nov dec""".split()
)
# At the end only when what follows begins a sentence beyond doubt.
_MAYBE = frozenset(
    """etc ltd plc inc co corp bros st sts ave rd jan feb mar apr jun jul aug sep sept oct nov dec
    mon tue tues wed thu thur thurs fri sat sun a.m p.m am pm u.k u.s u.n e.u n.b ph.d m.p m.ps
    b.a m.a b.sc m.sc d.c est dist min max avg hrs mins mt ft dept bn mn ibid op cit""".split()
)
_STARTERS = frozenset(
    """the a an this that these those it its he she they we you i his her their our my in on at
    by for from with to of as if when while where what who why how there here but and or so yet
    nor not no yes however although though because since after before during until once then
    thus therefore moreover furthermore nevertheless meanwhile instead also only even each every
    all both some any many most more few several such other another one two three first second
    third finally under over between among across according despite through without
    within""".split()
)
_LABEL = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxlcIVXLC]{1,6})\.")
_INITIALS = re.compile(r"(?:^|[\s(\[“\"‘'.])[A-Z]$")
_DOTTED = re.compile(r"(?:^|(?<=[\s(\[“\"‘'/]))(?:[A-Za-z]{1,2}\.)+[A-Za-z]{1,2}$")
_WORD_BEFORE = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*$")
_WORD_AFTER = re.compile(r"[\"“‘'(\[«]*([^\W\d_]+(?:['’][^\W\d_]+)?)")
_CLOSERS = "\"'”’»)\\]"

# A possible end: stops, then closing quotes and brackets, then footnote marks, then a space or
# the end of the text. Ideographic stops need no space.
_CANDIDATE = re.compile(
    rf"(?:(?P<stop>[.!?…‽؟।]+)(?P<close>[{_CLOSERS}]*)"
    r"(?P<note>(?:\[\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\]|(?<=[^\W\d_][.”’\"])\d{1,3}(?:,\d{1,3})*|"
    r"(?<=\))\d{1,3}|[¹²³⁰-⁹*†‡])*)(?=\s|$))"
    r"|(?P<ideographic>[。！？｡]+[」』”’）】]*)(?=\S)"
)
_PARAGRAPH_EDGE = re.compile(r"\n\s*\n|\n(?=\s*(?:[-•*–‣▪◦]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s)")


def split_sentences(text: str) -> list[Sentence]:
    """The sentences of a text, in order; blank lines and list markers at line starts end one too.

    Each is `text[start:end]`, without white space at its ends.
    """
    sentences: list[Sentence] = []
    at = 0
    for edge in _PARAGRAPH_EDGE.finditer(text):
        sentences += _within(text, at, edge.start())
        at = edge.end()
    return [*sentences, *_within(text, at, len(text))]


def page_sentences(page: Page) -> list[Sentence]:
    """The sentences of a page, block by block; headings are not sentences.

    A list item or a table row is at least one; a line of code is one. A page whose layout is
    not known (text without blocks) is split as plain text.
    """
    if not page.blocks:
        return split_sentences(page.text)
    return [sentence for block in page.blocks for sentence in _of_block(page.text, block)]


def _of_block(text: str, block: Block) -> Iterator[Sentence]:
    if block.kind is BlockKind.HEADING:
        return
    if block.kind is BlockKind.CODE:
        start = block.start
        for line in text[block.start : block.end].split("\n"):
            yield from _trimmed(text, start, start + len(line))
            start += len(line) + 1
    elif block.kind is BlockKind.TABLE_ROW and block.end - block.start <= LONGEST_ROW:
        yield from _trimmed(text, block.start, block.end)
    else:
        yield from _within(text, block.start, block.end)


def _within(text: str, start: int, end: int) -> Iterator[Sentence]:
    """The sentences between two offsets."""
    at = start
    for found in _CANDIDATE.finditer(text, start, end):
        if found["ideographic"] or _ends_sentence(text, at, found, end):
            yield from _trimmed(text, at, found.end())
            at = found.end()
    yield from _trimmed(text, at, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    """The sentence from start to end without outer white space, in parts where it is too long."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONGEST:
        cut = text.rfind("; ", start + LONGEST // 2, start + LONGEST)
        if cut < 0:
            cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        cut = cut + 1 if cut >= 0 else start + LONGEST
        kept = cut
        while text[kept - 1].isspace():
            kept -= 1
        yield Sentence(start, kept, text[start:kept])
        start = cut
        while text[start].isspace():
            start += 1
    if start < end:
        yield Sentence(start, end, text[start:end])


def _ends_sentence(text: str, start: int, found: re.Match[str], end: int) -> bool:
    """Whether the stop that was found ends the sentence that began at `start`."""
    after = found.end()
    while after < end and text[after].isspace():
        after += 1
    if after >= end:
        return True
    next_letter = text[after]
    if next_letter in "\"“‘'([«¿¡" and after + 1 < end:
        next_letter = text[after + 1]
    if next_letter.islower():
        return text[after + 1 : after + 2].isupper()  # a name such as iPad
    if next_letter in ",;:)]”’.…":
        return False
    stop = found["stop"]
    if stop != ".":
        if set(stop) <= {"…", "."} and not found["close"]:
            return next_letter.isupper()
        return True
    if found["close"]:
        return _ends_in_brackets(text, start, found, after, next_letter)
    return not _belongs_to_word(text, start, found.start(), after, next_letter)


def _ends_in_brackets(
    text: str, start: int, found: re.Match[str], after: int, next_letter: str
) -> bool:
    """After `.)` or `.”`: the end, unless the stop belongs to an abbreviation, as in `(Mon.)`."""
    word = _WORD_BEFORE.search(text, max(start, found.start() - 24), found.start())
    if word and word[0].lower() in _TITLES | _MAYBE | _NUMBERED:
        return _is_starter(text, after)
    return next_letter.isalnum() or not next_letter.isascii()


def _belongs_to_word(text: str, start: int, stop: int, after: int, next_letter: str) -> bool:
    """Whether a full stop belongs to what stands before it, and so does not end the sentence."""
    label = _LABEL.match(text, start, stop + 1)
    if label and label.end() == stop + 1 and stop - start < 12:
        return True  # "3. The council…", "(a. …": the number of a clause
    before = text[max(start, stop - 24) : stop]
    if dotted := _DOTTED.search(before):
        if dotted[0].lower() in _TITLES:
            return True
        return not _is_starter(text, after)
    word = _WORD_BEFORE.search(before)
    if not word:
        return False
    name = word[0].lower()
    if name in _TITLES:
        return True
    if name in _NUMBERED and next_letter.isdigit():
        return True
    if name in _MAYBE:
        return not _is_starter(text, after)
    if _INITIALS.search(before):
        return not _is_starter(text, after)
    return False


def _is_starter(text: str, after: int) -> bool:
    """Whether the next word begins a sentence beyond doubt: a capital on a common word."""
    word = _WORD_AFTER.match(text, after)
    return word is not None and word[1][0].isupper() and word[1].lower() in _STARTERS
