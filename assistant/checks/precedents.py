"""What happened where something like a clause was tried: up to three documents, both ways."""

from __future__ import annotations

from assistant.checks.types import Precedent
from assistant.conversation import understand
from assistant.proving import prove
from assistant.quoting import QuotingWriter, with_results_first
from assistant.retrieval import Retriever
from corpus.filters import Filters
from corpus.store import Store

MOST = 3
PASSAGES = 24
NEAR = 0.33  # cosine of a passage to the clause from which it is something like it
_STANCES = ("supports", "conflicts")


class Precedents:
    """Looks in one library for documents tagged with a principle."""

    def __init__(self, store: Store, retriever: Retriever, writer: QuotingWriter) -> None:
        self._store = store
        self._retriever = retriever
        self._writer = writer

    def of(self, text: str, principle: int) -> tuple[Precedent, ...]:
        """The nearest documents that bear on a principle, each with what came of it, proved.

        Empty when the library has none near enough.
        """
        query = understand(text, (), self._store.embedder, self._store.lexical)
        tagged = {
            document.id: stances
            for document in self._store.library.documents()
            if (
                stances := [
                    stance
                    for number, stance in document.details.principles
                    if number == principle and stance in _STANCES
                ]
            )
        }
        if not tagged:
            return ()
        passages = [
            passage
            for passage in self._retriever.retrieve(
                query, limit=PASSAGES, filters=Filters(documents=tuple(tagged))
            )
            if passage.cosine >= NEAR
        ]
        ranked = with_results_first(self._writer.rank(query, passages))
        found: list[Precedent] = []
        for quotation in self._writer.choose(ranked, most=MOST, nearly=0.0, most_a_document=1):
            citation = prove(self._store.library, quotation.passage, quotation.start, quotation.end)
            if citation is not None:
                stance = tagged[citation.document_id][0]
                found.append(Precedent(citation.document_id, citation.title, stance, citation))
        return tuple(found)
