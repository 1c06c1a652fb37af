"""What tells how well a sentence of a passage answers a question, as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.conversation import Query
from corpus.lexical import LexicalIndex
from corpus.types import Passage

# Sections that list or introduce rather than say.
_LISTING = re.compile(
    r"^(sources?|references|bibliography|contents|table of contents|notes|further reading|index|"
    r"acknowledgements?)\b",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"^(in short|in brief|summary|executive summary|key (?:points|facts|findings)|at a glance|"
    r"overview|abstract|headlines?|main findings)\b",
    re.IGNORECASE,
)
_LIMITS = re.compile(
    r"\b(disputed|does not settle|limitations?|limits|caveats?|cautions?|not known|uncertain\w*|"
    r"strength of (?:the )?evidence)\b",
    re.IGNORECASE,
)
_SELF_DESCRIPTION = re.compile(r"^This is a Plumbline (brief|guide)\b")
_ABOUT_EVIDENCE = re.compile(
    r"\b(cannot be (?:told|known|ruled out)|sources? (?:collected )?here|statements? collected|"
    r"not (?:a )?(?:randomised|trial|proof)|own account|not settle|no (?:result|evidence)s?|"
    r"too early|cannot (?:say|show|be compared)|not measured|independent trials?)\b",
    re.IGNORECASE,
)
_ABOUT_PRINCIPLES = re.compile(
    r"\b(principles? \d|runs? against|is classed|classed (?:in|as)|in this library|stance)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"\b(found|fell|rose|grew|dropped|increased?|reduc\w+|improv\w+|higher|lower|better|worse|"
    r"saved|savings|missed|met|achieved|effects?|gains?|gained|evidence on .{3,90} is)\b",
    re.IGNORECASE,
)
_ASKS_FOR_LIMITS = re.compile(
    r"\b(downsides?|drawbacks?|criticis\w+|critics?|limits?|limitations?|caution\w*|caveats?|"
    r"reliable|solid|strong|robust|trust|proof|proven?|prove|trial|disputed|uncertain\w*|doubt\w*|"
    r"weak\w*|against|evidence)\b",
    re.IGNORECASE,
)
_ASKS_WHAT_IS_DISPUTED = re.compile(
    r"\b(disputed?|contested|uncertain(?:ty|ties)?|not known|unknown|limitations?|caveats?)\b",
    re.IGNORECASE,
)
_ASKS_FOR_MEANING = re.compile(
    r"\b(what (?:is|are|was|were) (?:meant by|the meaning|an? |the |[A-Z'‘\"“])|what does .{2,90} "
    r"(?:mean|ask|say|require|involve)|mean(?:s|ing)?\b|explain|define|definition|describe|"
    r"tell me about|about\?)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_FIGURE = re.compile(r"£?\d[\d,]*(?:\.\d+)?(?:\s?(?:million|billion|per cent|%))?")
_NO_FIGURES = re.compile(
    r"\([^)]*\b(?:19|20)\d\d\)|\b(?:principles?|criteri(?:on|a)) \d(?:\.\d)?", re.IGNORECASE
)
_DANGLING = re.compile(
    r"^(it|its|they|their|this|these|that|those|he|she|his|her|such|both|the latter|the former|"
    r"however|but|and|also|by contrast|as a result|instead|in addition)\b",
    re.IGNORECASE,
)
_ASKS_FOR_FIGURE = re.compile(
    r"\b(how (much|many|long|far|large|big|often)|what (share|proportion|percentage|number|rate|"
    r"amount|sum|figure|margin)s?|how .{0,20} (cost|spend|spent|save)|cost|costs|price|savings?|"
    r"saved|rates?|per cent|figures?|numbers?)\b",
    re.IGNORECASE,
)
_ASKS_FOR_MONEY = re.compile(
    r"\b(how much|costs?|spend|spent|spending|budget|price|saved|savings?|funding|money|£)\b",
    re.IGNORECASE,
)

# The order is that of the weights.
FEATURES = (
    "sentence_cosine",
    "cosine_lead",  # how far its cosine is below the best of the pool, 0 or less
    "chunk_cosine",
    "passage_score",
    "coverage",  # of the question's words, by rarity, in the sentence, its headings or its title
    "own_coverage",  # of the same in the sentence alone
    "title_share",  # of the title's words that the question has
    "rarest_missing",  # how rare the rarest of the question's words is that neither has, 0 to 1
    "about",  # the question names its document
    "about_before",  # an earlier turn names its document, and the question none
    "years",  # share of the question's years that the sentence has; 0 when it names none
    "figure",
    "figures",  # how many figures it has, as a logarithm
    "figure_asked",  # it has a figure and one was asked for
    "money_asked",  # it has a sum of money and one was asked for
    "no_figure_asked",  # it has none although one was asked for
    "result",  # it speaks of what came of something
    "in_summary",  # it stands under "In short" or the like
    "in_summary_meaning",  # so, and the question asks what something is
    "in_limits",  # it stands under "What remains disputed" or the like
    "about_evidence",  # it speaks of what the sources can show
    "limits_asked",  # so, or stands there, and the question asks for limits or proof
    "about_principles",  # it files something under a principle
    "of_example",  # its document is about one example
    "dangling",
    "length",  # in words, as a logarithm
    "table_row",
)


@dataclass(frozen=True, slots=True)
class About:
    """The documents that a question is about, by id: those it names, else those named before."""

    named: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wording:
    """What a sentence's words tell, whatever is asked."""

    figures: frozenset[str]
    years: frozenset[str]
    money: bool
    features: Mapping[str, float]  # those of FEATURES that need no question


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be quoted, with its features in the order of FEATURES."""

    passage: Passage
    start: int
    end: int
    features: tuple[float, ...]


def candidates(
    query: Query,
    passages: Sequence[Passage],
    lexical: LexicalIndex,
    *,
    leaving_out: Collection[str] = (),
    about: About | None = None,
) -> Iterator[Candidate]:
    """Every sentence of the passages that may be quoted, with its features.

    Terms in `leaving_out` do not count: inside one document, its name tells nothing apart.
    """
    asked = _Asked(query, lexical, leaving_out)
    about = about or About()
    best = max((passage.score for passage in passages), default=1.0) or 1.0
    nearest = max((max(held.sentence_cosines, default=0.0) for held in passages), default=0.0)
    for passage in passages:
        chunk = passage.chunk
        heading = chunk.heading.rsplit(" > ", 1)[-1]
        if _LISTING.match(heading):
            continue
        title = set(lexical.terms(passage.details.title))
        context = title | set(lexical.terms(chunk.heading))
        of_chunk = {
            "chunk_cosine": passage.cosine,
            "passage_score": passage.score / best,
            "about": float(chunk.document_id in about.named),
            "about_before": float(chunk.document_id in about.before),
            "in_summary": float(bool(_SUMMARY.match(heading))),
            "in_limits": float(bool(_LIMITS.search(heading))),
            "of_example": float(passage.details.kind == "example"),
        }
        for (start, end), cosine in zip(chunk.sentences, passage.sentence_cosines, strict=True):
            text = chunk.text[start - chunk.start : end - chunk.start]
            if _SELF_DESCRIPTION.match(text):
                continue
            values = of_chunk | {"sentence_cosine": cosine, "cosine_lead": cosine - nearest}
            said = wording(text)
            values |= said.features
            values |= asked.features(said, set(lexical.terms(text)), title=title, context=context)
            values["in_summary_meaning"] = values["in_summary"] * asked.wants_meaning
            values["limits_asked"] = asked.wants_limits * max(
                values["in_limits"], values["about_evidence"]
            )
            yield Candidate(passage, start, end, tuple(values[name] for name in FEATURES))


class _Asked:
    """A query as its sentences are held against it."""

    def __init__(self, query: Query, lexical: LexicalIndex, leaving_out: Collection[str]) -> None:
        total = len(lexical) + 1
        self._rarest = math.log(2 * total)
        # A word that the library lacks is the rarest.
        self._rarity = {
            term: max(0.0, math.log(total / (lexical.frequency(term) + 0.5)))
            for term in query.terms
            if term not in leaving_out
        }
        self._weights = {term: query.terms[term] * rarity for term, rarity in self._rarity.items()}
        self._own = [term for term in query.own_terms if term in self._rarity]
        self._years = set(_YEAR.findall(query.text))
        self._wants_figure = bool(_ASKS_FOR_FIGURE.search(query.text))
        self._wants_money = bool(_ASKS_FOR_MONEY.search(query.text))
        self.wants_limits = float(bool(_ASKS_FOR_LIMITS.search(query.text)))
        self.wants_meaning = float(bool(_ASKS_FOR_MEANING.search(query.text)))

    def features(
        self, said: Wording, terms: set[str], *, title: set[str], context: set[str]
    ) -> dict[str, float]:
        """The features that can be told from the words of a question and a sentence."""
        figure = bool(said.figures)
        missing = [self._rarity[term] for term in self._own if term not in terms | context]
        return {
            "coverage": _coverage(self._weights, terms | context),
            "own_coverage": _coverage(self._weights, terms),
            "title_share": len(title & set(self._own)) / max(1, len(title)),
            "rarest_missing": max(missing, default=0.0) / self._rarest,
            "years": len(self._years & said.years) / max(1, len(self._years)),
            "figure_asked": float(figure and self._wants_figure),
            "money_asked": float(said.money and self._wants_money),
            "no_figure_asked": float(not figure and (self._wants_figure or self._wants_money)),
        }


# The sentences of some thousand pages; at most 30 MB.
@lru_cache(maxsize=16_000)
def wording(text: str) -> Wording:
    """What a sentence's words tell; kept, as the same sentences are looked at again and again."""
    held = figures(text)
    return Wording(
        figures=held,
        years=frozenset(_YEAR.findall(text)),
        money="£" in text,
        features={
            "figure": float(bool(held)),
            "figures": math.log1p(len(held)),
            "result": float(bool(_RESULT.search(text))),
            "about_evidence": float(bool(_ABOUT_EVIDENCE.search(text))),
            "about_principles": float(bool(_ABOUT_PRINCIPLES.search(text))),
            "dangling": float(dangles(text)),
            "length": math.log(max(1, len(text.split()))),
            "table_row": float(" | " in text),
        },
    )


def figures(text: str) -> frozenset[str]:
    """The figures in a text, without bracketed sources, bare years and numbers of principles."""
    bare = _NO_FIGURES.sub("", text)
    return frozenset(
        figure
        for figure in (found.strip(" ,") for found in _FIGURE.findall(bare))
        if not re.fullmatch(r"(?:19|20)\d\d", figure)
    )


def asks_for_figure(question: str) -> bool:
    """Whether a question wants a number."""
    return bool(_ASKS_FOR_FIGURE.search(question))


def asks_what_is_disputed(question: str) -> bool:
    """Whether a question wants the doubts about something, rather than what came of it."""
    return bool(_ASKS_WHAT_IS_DISPUTED.search(question))


def dangles(text: str) -> bool:
    """Whether a sentence begins with a word that points back to the sentence before it."""
    return bool(_DANGLING.match(text))


def _coverage(weights: dict[str, float], terms: set[str]) -> float:
    total = sum(max(0.0, weight) for weight in weights.values())
    if total == 0:
        return 0.0
    return sum(max(0.0, weight) for term, weight in weights.items() if term in terms) / total
