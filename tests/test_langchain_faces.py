"""The retriever and the assistant in LangChain's own shapes."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableLambda

from assistant.answering import Assistant
from assistant.bootstrap import open_assistant
from assistant.langchain_faces import PlumblineRetriever, runnable
from corpus.filters import Filters
from corpus.settings import Settings
from corpus.store import Store
from ingest.ingesting import Ingester

DOCUMENTS = Path(__file__).parent.parent / "corpus" / "documents"
QUESTION = "How much had Wigan Council saved by 2019?"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Generator[Store]:
    store = Store(Settings(data_dir=tmp_path_factory.mktemp("library"), threads=1))
    Ingester(store.library, store.files, store.embedder).ingest(
        [DOCUMENTS / "wigan-deal.md", DOCUMENTS / "buurtzorg.md"]
    )
    yield store
    store.close()


@pytest.fixture(scope="module")
def assistant(store: Store) -> Assistant:
    return open_assistant(store)


def test_the_retriever_gives_documents_with_ids_and_places(
    assistant: Assistant, store: Store
) -> None:
    found = PlumblineRetriever(assistant=assistant, limit=3).invoke(QUESTION)
    assert len(found) == 3
    for document in found:
        place = document.metadata
        page = store.library.page(place["version_id"], place["page"])
        assert page.text[place["start"] : place["end"]] == document.page_content
        assert document.id


def test_the_retriever_keeps_to_its_filters(assistant: Assistant) -> None:
    only = Filters(documents=("buurtzorg",))
    found = PlumblineRetriever(assistant=assistant, filters=only).invoke(QUESTION)
    assert {document.metadata["document_id"] for document in found} == {"buurtzorg"}


def test_the_retriever_goes_into_a_chain(assistant: Assistant) -> None:
    chain = PlumblineRetriever(assistant=assistant, limit=2) | RunnableLambda(len)
    assert chain.invoke(QUESTION) == 2


def test_the_assistant_is_invoked_streamed_and_batched(assistant: Assistant) -> None:
    chain = runnable(assistant)
    whole = chain.invoke(QUESTION)
    assert whole["completeness"] == "complete"
    assert "£140 million" in whole["sentences"][0]["text"]
    pieces = list(chain.stream(QUESTION))
    assert len(pieces) == len(whole["sentences"]) + 1
    assert len(chain.batch([QUESTION, "What is Buurtzorg?"])) == 2


def test_earlier_turns_are_heard(assistant: Assistant) -> None:
    history = [
        {"role": "user", "text": "What was the Wigan Deal?"},
        {"role": "assistant", "text": "A programme of Wigan Council."},
    ]
    answer = runnable(assistant).invoke(
        {"question": "How much did it save by 2019?", "history": history}
    )
    assert any("£140 million" in sentence["text"] for sentence in answer["sentences"])


def test_anything_else_is_refused(assistant: Assistant) -> None:
    with pytest.raises(ValueError, match="Ask with a text"):
        runnable(assistant).invoke({"q": QUESTION})
