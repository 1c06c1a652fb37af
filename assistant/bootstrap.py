"""Where implementations are chosen and put together."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering import Assistant
from assistant.chat_model import open_chat_model
from assistant.checks.checking import Checker
from assistant.checks.judging import open_judge
from assistant.checks.model_judge import ModelJudge
from assistant.checks.precedents import Precedents
from assistant.composing import ComposingWriter
from assistant.evidence import open_evidence
from assistant.features import FEATURES
from assistant.quoting import QuotingWriter
from assistant.reranking import open_reranker
from assistant.retrieval import Retriever
from assistant.routed import RoutedAssistant
from assistant.weighing import load_logistic
from corpus.principles import Principle
from corpus.store import Store


def open_checker(store: Store, principles: Sequence[Principle] | None = None) -> Checker:
    """A checker of drafts over an opened store; `principles` of another file, or the shipped."""
    precedents = Precedents(store) if principles is None else None
    judge = open_judge(store.embedder, principles)
    model = open_chat_model(store.settings)
    second = ModelJudge(model, judge.principles) if model else None
    return Checker(judge, store.embedder, precedents, second)


def open_assistant(store: Store) -> Assistant:
    """An assistant over an opened store, with the reranker and chat model of its settings."""
    chat_model = open_chat_model(store.settings)
    return Assistant(
        store,
        Retriever(store, open_reranker(store.settings)),
        QuotingWriter(
            store.lexical,
            load_logistic("sentences", FEATURES),
            load_logistic("sentences_together", FEATURES),
        ),
        open_evidence(store),
        ComposingWriter(chat_model, store.library, store.embedder) if chat_model else None,
    )


def open_routed_assistant(store: Store) -> RoutedAssistant:
    """The assistant that sends wording to a checker, over an opened store."""
    return RoutedAssistant(open_assistant(store), store, lambda: open_checker(store))
