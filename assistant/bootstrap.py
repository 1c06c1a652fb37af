"""Where implementations are chosen and put together."""

from __future__ import annotations

from assistant.answering import Assistant
from assistant.evidence import EVIDENCE_FEATURES, Evidence
from assistant.quoting import FEATURES, QuotingWriter
from assistant.retrieval import Retriever
from assistant.weighing import load_logistic
from corpus.store import Store


def open_assistant(store: Store) -> Assistant:
    """An assistant over an opened store."""
    return Assistant(
        store,
        Retriever(store),
        QuotingWriter(store.lexical, load_logistic("sentences", FEATURES)),
        Evidence(load_logistic("evidence", EVIDENCE_FEATURES)),
    )
