"""What an answer is made of: passages for each part of a question, and the sentences chosen.

A point is answered in the fewest sentences; a comparison, a survey and a list each have a way of
their own, over several documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.as_of import as_of_day
from assistant.asking import Asked, Kind, read_question, surveys
from assistant.comparing import Comparison, Row, aspects_of
from assistant.conversation import Query, answered_turns, part_of, understand
from assistant.evidence import Evidence
from assistant.features import About, asks_what_is_disputed
from assistant.listing import Facets, Listings
from assistant.measures import nothing_measured
from assistant.quoting import (
    Quotation,
    QuotingWriter,
    reading_order,
    stands_under_limits,
    sums_up,
    sums_up_with_figures,
    with_summaries_first,
)
from assistant.retrieval import Retriever
from assistant.subjects import Subject, Subjects
from assistant.types import Completeness, Role, Turn
from corpus.filters import Filters
from corpus.store import Store
from corpus.types import Passage

PASSAGES = 12  # that a point is chosen from
OF_SUBJECT = 8  # more of them, from each document that the question is about
SURVEYED = 40  # that a survey is chosen from
SENTENCES = 3  # that say a point
MOST_SENTENCES = 5  # that say it where those beyond the third are hardly worse
EXPLAINED = 5  # that say what a principle asks
EXAMPLES = 2  # of it that are given beside
FEW_HAVE = 5  # sentences about a principle with a word that then tells what of it is asked
STAY = 0.4  # of the best score; a follow-up's own subject with as much keeps the answer
FURTHER = 0.2  # of the best one's score, which a further sentence of a point has at least
BEYOND = 0.5  # and which one beyond the third has
TOGETHER = 6  # that make a comparison
SURVEY = 12  # that make a survey
SURELY = 0.6  # share of a title, by rarity, from which a survey is of that document alone
DOCUMENTS = 6  # that a survey is of; see evals/README.md
MOST_OF_ONE = 4  # of its sentences from one of them
# How much more a document counts that bears on the principle which the question is nearest to.
TAGGED = 1.15
NEAR_ENOUGH = 0.5  # of the best passage's score, which a document of a survey has at least
COMPARED = 4  # things side by side
AGAIN = 0.5  # of its score, which a sentence that was said before still has
# How much more a summary's sentence with figures counts, for a point and in a survey.
SUMMED_UP = 2.0
SUMMED_UP_TOGETHER = 3.0
LISTED = 2_000  # passages that a list of documents is quoted from


@dataclass(slots=True)
class Found:
    """What was found for the parts of a question."""

    passages: list[Passage] = field(default_factory=list[Passage])
    chosen: list[Quotation] = field(default_factory=list[Quotation])
    missing: list[str] = field(default_factory=list[str])
    states: list[Completeness] = field(default_factory=list[Completeness])
    leaning: float = 0.0  # of the first part
    compared: Comparison | None = None
    listed: dict[str, str] = field(default_factory=dict[str, str])  # titles by document id
    read: int | None = None  # documents, where all were looked at
    message: str = ""
    notes: list[str] = field(default_factory=list[str])

    def add(
        self,
        part: str,
        query: Query,
        passages: Sequence[Passage],
        chosen: Sequence[Quotation],
        completeness: Completeness,
    ) -> None:
        """Take in what was found for one part."""
        if not self.states:
            self.leaning = query.leaning
        known = {passage.chunk.id for passage in self.passages}
        self.passages += [passage for passage in passages if passage.chunk.id not in known]
        self.chosen += chosen
        self.states.append(completeness)
        if completeness is Completeness.NONE:
            self.missing.append(part)

    @property
    def completeness(self) -> Completeness:
        """Of the whole question: complete only when every part is."""
        if all(state is Completeness.COMPLETE for state in self.states):
            return Completeness.COMPLETE
        if all(state is Completeness.NONE for state in self.states):
            return Completeness.NONE
        return Completeness.PARTIAL


def _of_the_subject(ranked: list[Quotation], about: About) -> list[Quotation]:
    """In a follow-up, the quotations of what was talked about, unless others are much better."""
    of_it = [held for held in ranked if held.passage.chunk.document_id in about.before]
    if not of_it or of_it[0].score < STAY * ranked[0].score:
        return ranked
    return of_it


def _told(turns: Sequence[Turn]) -> str:
    """All that was answered so far, with single spaces."""
    answers = (turn.text for turn in answered_turns(turns) if turn.role is Role.ASSISTANT)
    return " ".join(" ".join(answers).split())


def _not_told(ranked: list[Quotation], told: str) -> list[Quotation]:
    """Quotations ranked again, those that were said before counting less.

    One of them may still be the answer, and then stands first; as a further sentence it only
    repeats.
    """
    if not told:
        return ranked
    again, fresh = list[Quotation](), list[Quotation]()
    for held in ranked:
        (again if " ".join(held.text.split()) in told else fresh).append(held)
    if not again:
        return ranked
    best = replace(again[0], score=AGAIN * again[0].score)
    return fresh if fresh and fresh[0].score >= best.score else [best, *fresh]


def _disputed(ranked: list[Quotation], pool: Pool) -> list[Quotation]:
    """Where what is disputed is asked for, what its document says under that; else all."""
    if not asks_what_is_disputed(pool.query.text):
        return ranked
    about = pool.about.named | pool.about.before
    under = [
        held
        for held in ranked
        if stands_under_limits(held) and held.passage.chunk.document_id in about
    ]
    return under or ranked


def _both_ways(order: Sequence[str], against: Collection[str]) -> list[str]:
    """Documents where a principle was applied, and after most of them one that runs against it."""
    applied = [document_id for document_id in order if document_id not in against]
    opposite = [document_id for document_id in order if document_id in against]
    first = DOCUMENTS - 1 if opposite else len(applied)
    return [*applied[:first], *opposite[:1], *applied[first:], *opposite[1:]]


@dataclass(frozen=True, slots=True)
class Pool:
    """What one part of an answer is chosen from: passages, and how their sentences are weighed."""

    part: str
    query: Query
    passages: tuple[Passage, ...]
    about: About
    together: bool  # weighed as a sentence of a comparison or a survey
    leaving_out: frozenset[str] = frozenset()  # terms that tell nothing apart here
    explaining: bool = False  # of what a principle asks
    sure: bool = False  # in a survey: the question names its principle, or the document in full


class Finder:
    """Finds the sentences that answer, in one store."""

    def __init__(
        self, store: Store, retriever: Retriever, writer: QuotingWriter, evidence: Evidence
    ) -> None:
        self._store = store
        self._retriever = retriever
        self._writer = writer
        self._evidence = evidence
        self._subjects = Subjects(store)
        self._listings = Listings(store.library, store.lexical)

    def find(self, question: str, turns: Sequence[Turn], filters: Filters) -> Found:
        """The sentences for a question, by the kind of answer that it asks for."""
        day = as_of_day(question)
        if day is not None:
            filters = replace(filters, as_of=day)
        facets = self._listings.facets(question)
        if facets is not None:
            return self._list(question, facets, filters)
        asked = self._read(question)
        if asked.kind is Kind.POINT:
            pools = self._point_pools(asked, turns, filters)
            if pools[0].explaining:
                return self._explain(asked, pools)
            return self._find_points(pools, _told(turns))
        if asked.kind is Kind.COMPARISON:
            compared = self._compared(asked)
            return self._compare(self._understand(question, turns), compared, filters)
        return self._survey(asked, turns, filters)

    def pools(
        self, question: str, turns: Sequence[Turn], filters: Filters | None = None
    ) -> list[Pool]:
        """What the parts of an answer are chosen from, but for lists: what the models learn on."""
        filters = filters or Filters()
        asked = self._read(question)
        if asked.kind is Kind.POINT:
            return self._point_pools(asked, turns, filters)
        query = self._understand(question, turns)
        if asked.kind is Kind.COMPARISON:
            compared = self._compared(asked)
            return [self._pool_of(query, subject, compared, filters) for subject in compared]
        return self._survey_pools(query, turns, filters)

    def _read(self, question: str) -> Asked:
        """What a question asks for, by its wording and by what of the library it names."""
        asked = read_question(question)
        if asked.kind is Kind.COMPARISON and len(self._compared(asked)) >= 2:
            return asked
        terms = self._store.lexical.terms(question)
        of_sector = self._subjects.principles_in(question, terms) and self._subjects.sectors_in(
            question
        )
        if asked.kind is Kind.SURVEY or of_sector or surveys(question):
            return Asked(asked.question, Kind.SURVEY, (asked.question,))
        return replace(asked, kind=Kind.POINT)  # a comparison within one document is a point

    def queries(self, asked: Asked, turns: Sequence[Turn]) -> list[Query]:
        """The query for each question in a question."""
        whole = self._understand(asked.question, turns)
        if len(asked.parts) == 1:
            return [whole]
        return [part_of(whole, self._understand(part, ())) for part in asked.parts]

    def _understand(self, question: str, turns: Sequence[Turn]) -> Query:
        return understand(question, turns, self._store.embedder, self._store.lexical)

    def _about(self, query: Query, turns: Sequence[Turn]) -> About:
        """The documents that a question is about: by title, else as before, else by its words.

        Where it leans on earlier turns and names nothing, they are those of the latest turn that
        names something, unless it names a place that those are not of ("What about Wales?").
        """
        named = self._ids_named(query.text)
        if named:
            return About(named=named)
        if query.leaning:
            kept = list(reversed(answered_turns(turns)))
            asked = [turn.text for turn in kept if turn.role is Role.USER]
            told = [turn.text for turn in kept if turn.role is Role.ASSISTANT]
            for text in (*asked, *told):
                before = self._ids_named(text) or self._ids_pointed_at(text)
                if before:
                    elsewhere = self._subjects.placed_in(query.text)
                    if elsewhere and not elsewhere & before:
                        return About(before=elsewhere)
                    return About(before=before)
        return About(named=self._ids_pointed_at(query.text))

    def _ids_named(self, text: str) -> frozenset[str]:
        return frozenset(subject.document.id for subject in self._subjects.named_in(text))

    def _ids_pointed_at(self, text: str) -> frozenset[str]:
        return frozenset(subject.document.id for subject in self._subjects.pointed_at(text))

    # -- a point ----------------------------------------------------------------------------

    def _explain(self, asked: Asked, pools: Sequence[Pool]) -> Found:
        """What a principle asks, then examples of it both ways, from where it is explained.

        A question about the principle as a whole has what its summary says, in that order; one
        about a point of it has what is said of that.
        """
        found = Found()
        ranked = [quotation for pool in pools for quotation in self._ranked(pool)]
        ranked.sort(key=lambda quotation: -quotation.score)
        examples = [held for held in ranked if sums_up_with_figures(held)]
        asks = [held for held in ranked if not sums_up_with_figures(held)]
        summary = [held for held in asks if sums_up(held)]
        if summary and not self._asks_for_a_point_of_it(pools[0].query, ranked):
            asks = reading_order(asked.question, summary)
        chosen = self._writer.choose(asks, most=EXPLAINED, nearly=0.0)
        chosen += self._writer.choose(examples, most=EXAMPLES, nearly=0.0, beside=chosen)
        passages = [passage for pool in pools for passage in pool.passages]
        state = Completeness.COMPLETE if chosen else Completeness.NONE
        found.add(asked.question, pools[0].query, passages, chosen, state)
        return found

    def _asks_for_a_point_of_it(self, query: Query, ranked: Sequence[Quotation]) -> bool:
        """Whether a question about a principle has a word that few of these sentences have."""
        naming = self._subjects.principles_in(query.text, query.own_terms)
        named = frozenset(term for terms in naming.values() for term in terms)
        held = Counter(
            term for quotation in ranked for term in set(self._store.lexical.terms(quotation.text))
        )
        return any(0 < held[term] <= FEW_HAVE for term in query.own_terms if term not in named)

    def _find_points(self, pools: Sequence[Pool], told: str) -> Found:
        """The fewest sentences for each question in a question, those not `told` before first."""
        found = Found()
        judged = [self._ranked(pool) for pool in pools]
        rankings = [with_summaries_first(ranked, times=SUMMED_UP) for ranked in judged]
        states = [
            Completeness.NONE
            if nothing_measured(pool.query.text, pool.passages, pool.about)
            else self._evidence.judge(pool.query, ranked)
            for pool, ranked in zip(pools, judged, strict=True)
        ]
        rankings = [
            _not_told(_disputed(_of_the_subject(ranked, pool.about), pool), told)
            for pool, ranked in zip(pools, rankings, strict=True)
        ]
        answered = {
            number: rankings[number]
            for number, state in enumerate(states)
            if state is not Completeness.NONE
        }
        chosen = self._in_turn(
            answered,
            most=max(MOST_SENTENCES, len(answered)),
            worth=lambda held: FURTHER if held < SENTENCES else BEYOND,
        )
        for number, pool in enumerate(pools):
            quotations = chosen.get(number, [])
            found.add(pool.part, pool.query, pool.passages, quotations, states[number])
        return found

    def _in_turn(
        self,
        rankings: Mapping[int, Sequence[Quotation]],
        *,
        most: int,
        most_of_one: int | None = None,
        worth: Callable[[int], float] | None = None,
    ) -> dict[int, list[Quotation]]:
        """The best sentence of each ranking; then the best of what is left has its turn.

        At most so many in all, and of one ranking. `worth` says for a number of sentences held
        what share of the best one's score a further one must have; without it any will do.
        """
        chosen: dict[int, list[Quotation]] = {}
        for number, ranked in rankings.items():
            held = [quotation for others in chosen.values() for quotation in others]
            if len(held) < most:
                chosen[number] = self._writer.choose(ranked, most=1, beside=held)
        while True:
            held = [quotation for others in chosen.values() for quotation in others]
            if len(held) >= most:
                return chosen
            further = [
                (quotation, number)
                for number, ranked in rankings.items()
                if len(chosen.get(number, ())) < (most_of_one or most)
                for quotation in self._writer.choose(ranked, most=1, beside=held)
            ]
            if not further:
                return chosen
            quotation, number = max(further, key=lambda one: one[0].score)
            best = max((one.score for one in held), default=0.0)
            if worth is not None and quotation.score < worth(len(held)) * best:
                return chosen
            chosen.setdefault(number, []).append(quotation)

    def _point_pools(self, asked: Asked, turns: Sequence[Turn], filters: Filters) -> list[Pool]:
        query = self._understand(asked.question, turns)
        whole = self._about(query, turns)
        principles = self._subjects.principles_in(asked.question, query.own_terms)
        explained = frozenset(document.id for document in self._subjects.explaining(principles))
        if explained:
            # What a principle asks is said where it is explained.
            filters = replace(filters, documents=tuple(sorted(explained)))
            whole = About(named=explained)
        pools: list[Pool] = []
        for part, query in zip(asked.parts, self.queries(asked, turns), strict=True):
            passages = self._retriever.retrieve(query, limit=PASSAGES, filters=filters)
            known = {passage.chunk.id for passage in passages}
            for document_id in sorted(whole.named or whole.before)[:COMPARED]:
                only = replace(filters, documents=(document_id,))
                if filters.documents and document_id not in filters.documents:
                    continue
                passages += [
                    passage
                    for passage in self._retriever.retrieve(query, limit=OF_SUBJECT, filters=only)
                    if passage.chunk.id not in known
                ]
            pools.append(
                Pool(
                    part,
                    query,
                    tuple(passages),
                    whole,
                    together=False,
                    explaining=bool(explained),
                )
            )
        return pools

    def _ranked(self, pool: Pool) -> list[Quotation]:
        return self._writer.rank(
            pool.query,
            pool.passages,
            leaving_out=pool.leaving_out,
            about=pool.about,
            together=pool.together,
        )

    # -- things side by side ----------------------------------------------------------------

    def _compared(self, asked: Asked) -> list[Subject]:
        """The things that a question names; by title first, then by words that point at one."""
        tried = {document.id for document in self._subjects.tried()}
        named = [
            subject
            for subject in self._subjects.named_in(asked.question)
            if not tried or subject.document.id in tried
        ]
        if len(named) < 2:
            held = {subject.document.id for subject in named}
            spent = frozenset(term for subject in named for term in subject.terms)
            named += [
                subject
                for subject in self._subjects.pointed_at(asked.question)
                if subject.document.id not in held
                and not subject.terms <= spent
                # A word of its text alone ("received", "rest") is too little to compare it.
                and subject.terms & self._subjects.title_terms(subject.document.id)
            ]
        return named[:COMPARED]

    def _pool_of(
        self,
        query: Query,
        subject: Subject,
        subjects: Sequence[Subject],
        filters: Filters,
    ) -> Pool:
        """What one of the things compared is described from: its own document."""
        names = frozenset(term for held in subjects for term in held.terms)
        only = replace(filters, documents=(subject.document.id,))
        passages = self._retriever.retrieve(query, limit=PASSAGES, filters=only)
        about = About(named=frozenset({subject.document.id}))
        title = subject.document.details.title
        return Pool(title, query, tuple(passages), about, together=True, leaving_out=names)

    def _compare(self, query: Query, subjects: Sequence[Subject], filters: Filters) -> Found:
        """Some sentences for each thing compared, or one for each aspect that is named."""
        found = Found()
        names = frozenset(term for subject in subjects for term in subject.terms)
        aspects = aspects_of(query.text, names, self._store.lexical.terms)
        rows: list[Row] = []
        for subject in subjects:
            title = subject.document.details.title
            cells: list[tuple[Quotation, ...]] = []
            for aspect in aspects or [query.text]:
                asked = self._understand(f"{title}: {aspect}", ()) if aspects else query
                pool = self._pool_of(asked, subject, subjects, filters)
                ranked = self._ranked(pool)
                if aspects and self._evidence.judge(asked, ranked) is Completeness.NONE:
                    ranked = []
                if not aspects:
                    ranked = with_summaries_first(ranked, times=SUMMED_UP, anywhere=True)
                chosen = self._writer.choose(
                    ranked,
                    most=max(1, TOGETHER // (len(subjects) * max(1, len(aspects)))),
                    nearly=0.0,
                    beside=found.chosen,
                )
                cells.append(tuple(chosen))
                state = Completeness.COMPLETE if chosen else Completeness.NONE
                found.add(
                    f"{title}: {aspect}" if aspects else title, query, pool.passages, chosen, state
                )
            rows.append((title, subject.document.id, tuple(cells)))
        found.compared = Comparison(tuple(aspects or ("What the library holds",)), tuple(rows))
        return found

    # -- evidence from several documents ----------------------------------------------------

    def _survey(self, asked: Asked, turns: Sequence[Turn], filters: Filters) -> Found:
        """What happened where something was tried: a sentence or two from each document."""
        found = Found()
        query = self._understand(asked.question, turns)
        pools = self._survey_pools(query, turns, filters)
        judged = [self._ranked(pool) for pool in pools]
        if not any(pool.sure for pool in pools):
            every = [quotation for ranked in judged for quotation in ranked]
            every.sort(key=lambda quotation: -quotation.score)
            if not self._evidence.bears_on(query, every):
                passages = [passage for pool in pools for passage in pool.passages]
                found.add(asked.question, query, passages, [], Completeness.NONE)
                return found
        rankings = {
            number: with_summaries_first(ranked, times=SUMMED_UP_TOGETHER, anywhere=True)
            for number, ranked in enumerate(judged)
        }
        chosen = self._in_turn(rankings, most=SURVEY, most_of_one=MOST_OF_ONE)
        for number, pool in enumerate(pools):
            quotations = chosen.get(number, [])
            found.add(pool.part, query, pool.passages, quotations, Completeness.PARTIAL)
        return found

    def _survey_pools(self, query: Query, turns: Sequence[Turn], filters: Filters) -> list[Pool]:
        """A pool for each document of a survey, the most relevant document first.

        They are those that the question names; else those tagged with the principle, in the
        sector, that it names; else those about something tried that are nearest to it.
        """
        about = self._about(query, turns)
        principles = self._subjects.principles_in(query.text, query.own_terms)
        sectors = self._subjects.sectors_in(query.text) if principles else frozenset[str]()
        every = frozenset(document.id for document in self._subjects.tried())
        tried = frozenset(doc.id for doc in self._subjects.tried(principles, sectors))
        named = (about.named or about.before) & (every or about.named)
        # Those named in full, or before, are what is asked about; of others it is not so sure.
        whole = about.before & named | frozenset(
            subject.document.id
            for subject in self._subjects.named_in(query.text)
            if subject.share >= SURELY and subject.document.id in named
        )
        wanted = whole or (named | tried)
        if filters.documents:
            wanted &= frozenset(filters.documents)
        only = replace(filters, documents=tuple(sorted(wanted))) if wanted else filters
        passages = self._retriever.retrieve(query, limit=SURVEYED, filters=only)
        nearness = self._nearness(query, passages, filters, lean=not (whole or principles))
        best = max(nearness.values(), default=0.0)
        order = [
            document_id
            for document_id in sorted(nearness, key=lambda name: -nearness[name])
            if whole or principles or nearness[document_id] >= NEAR_ENOUGH * best
        ]
        against = frozenset(
            document.id
            for document in self._subjects.tried(principles, sectors)
            if principles
            and all(
                stance == "conflicts"
                for number, stance in document.details.principles
                if number in principles
            )
        )
        order = sorted(order, key=lambda document_id: document_id not in named)
        if principles:
            order = _both_ways(order, against)
        spent = frozenset(term for terms in principles.values() for term in terms)
        pools: list[Pool] = []
        for document_id in order[:DOCUMENTS]:
            of_it = replace(filters, documents=(document_id,))
            held = self._retriever.retrieve(query, limit=PASSAGES, filters=of_it)
            title = held[0].details.title if held else document_id
            told = About(named=frozenset({document_id}) if named or principles else frozenset())
            pools.append(
                Pool(
                    title,
                    query,
                    tuple(held),
                    told,
                    together=True,
                    leaving_out=spent,
                    sure=bool(whole or principles),
                )
            )
        return pools

    def _nearness(
        self, query: Query, passages: Sequence[Passage], filters: Filters, *, lean: bool
    ) -> dict[str, float]:
        """The score of each document's best passage, by id.

        With `lean`, documents tagged with the principle that the question is nearest to, by what
        is said of the principles, count more: few questions about prevention name it as one.
        """
        nearness: dict[str, float] = {}
        for passage in passages:
            document_id = passage.chunk.document_id
            nearness[document_id] = max(nearness.get(document_id, 0.0), passage.score)
        if not lean:
            return nearness
        tags = {
            document.id: {number for number, _ in document.details.principles}
            for document in self._subjects.tried()
        }
        explained = {
            document.id: document.details.principles[0][0]
            for document in self._subjects.explaining(set[int]().union(*tags.values()))
        }
        if not explained:
            return nearness
        of_principles = replace(filters, documents=tuple(sorted(explained)))
        for nearest in self._retriever.retrieve(query, limit=1, filters=of_principles):
            principle = explained[nearest.chunk.document_id]
            for document_id in nearness:
                if principle in tags.get(document_id, ()):
                    nearness[document_id] *= TAGGED
        return nearness

    # -- lists ------------------------------------------------------------------------------

    def _list(self, question: str, facets: Facets, filters: Filters) -> Found:
        """Every document with the tags asked for, each by its own most telling sentence."""
        found = Found()
        documents, looked_at = self._listings.matching(facets)
        documents = [
            document
            for document in documents
            if filters.admit(document.id, document.collection, document.details)
        ]
        found.read = looked_at
        query = self._understand(question, ())
        if not documents:
            found.add(question, query, [], [], Completeness.NONE)
            return found
        only = replace(filters, documents=tuple(document.id for document in documents))
        passages = self._retriever.rank(query, filters=only, candidates=LISTED)
        ranked = with_summaries_first(
            self._writer.rank(query, passages, together=True),
            times=SUMMED_UP_TOGETHER,
            anywhere=True,
        )
        chosen = self._writer.choose(
            ranked, most=len(documents), nearly=0.0, most_a_document=1, alike=True
        )
        named = {quotation.passage.chunk.document_id for quotation in chosen}
        found.add(question, query, passages, chosen, Completeness.COMPLETE)
        found.listed = {document.id: document.details.title for document in documents}
        found.message = (
            f"{len(documents)} of the library's {looked_at} documents are tagged: {facets.said()}. "
            "All of them were looked at."
        )
        found.missing += [
            document.details.title for document in documents if document.id not in named
        ]
        return found
