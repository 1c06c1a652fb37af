"""Where implementations are chosen and put together."""

from __future__ import annotations

from assistant.answering import Assistant
from assistant.chat_model import open_chat_model
from assistant.composing import ComposingWriter
from assistant.evidence import EVIDENCE_FEATURES, Evidence
from assistant.quoting import FEATURES, QuotingWriter
from assistant.reranking import open_reranker
from assistant.retrieval import Retriever
from assistant.weighing import load_logistic
from corpus.store import Store


def open_assistant(store: Store) -> Assistant:
    """An assistant over an opened store, with the reranker and chat model of its settings."""
    chat_model = open_chat_model(store.settings)
    return Assistant(
        store,
        Retriever(store, open_reranker(store.settings)),
        QuotingWriter(store.lexical, load_logistic("sentences", FEATURES)),
        Evidence(load_logistic("evidence", EVIDENCE_FEATURES)),
        ComposingWriter(chat_model, store.library, store.embedder) if chat_model else None,
    )
