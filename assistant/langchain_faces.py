"""The retriever and the whole assistant as LangChain knows such things.

`PlumblineRetriever` goes into anyone's chain; `runnable` has `invoke`, `stream`, `batch` and
callbacks, and takes a question or {"question": …, "history": [{"role", "text"}, …]}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableGenerator
from langchain_core.runnables.utils import AddableDict
from pydantic import ConfigDict

from assistant.answering import Assistant
from assistant.types import Finished, Role, Turn, Wrote
from corpus.filters import Filters
from corpus.types import Passage


class PlumblineRetriever(BaseRetriever):
    """Passages of one library as LangChain documents, best first."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    assistant: Assistant
    limit: int = 10
    filters: Filters | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  (LangChain hands it over)
    ) -> list[Document]:
        passages = self.assistant.search(query, limit=self.limit, filters=self.filters)
        return [as_document(passage) for passage in passages]


def as_document(passage: Passage) -> Document:
    """A passage as a LangChain document: its text, and in the metadata where it stands."""
    chunk, details = passage.chunk, passage.details
    return Document(
        id=chunk.id,
        page_content=chunk.text,
        metadata={
            "document_id": chunk.document_id,
            "version_id": chunk.version_id,
            "title": details.title,
            "publisher": details.publisher,
            "published": details.published.isoformat() if details.published else None,
            "standing": details.standing.value,
            "url": details.url,
            "page": chunk.page,
            "start": chunk.start,
            "end": chunk.end,
            "heading": chunk.heading,
            "score": passage.score,
        },
    )


def runnable(assistant: Assistant) -> Runnable[Any, AddableDict]:
    """The assistant as a Runnable.

    Streams {"sentences": [one]} as each is proved; added up, and at the end, the whole answer as
    `plumbline ask --json` has it: completeness, declined, sentences, missing, message.
    """

    def answer(inputs: Iterator[Any]) -> Iterator[AddableDict]:
        for asked in inputs:
            question, turns = _asked(asked)
            for event in assistant.answer(question, turns):
                if isinstance(event, Wrote):
                    citations = [
                        {
                            "document_id": citation.document_id,
                            "title": citation.title,
                            "page": citation.page,
                            "start": citation.start,
                            "end": citation.end,
                            "quote": citation.quote,
                        }
                        for citation in event.sentence.citations
                    ]
                    yield AddableDict(
                        sentences=[{"text": event.sentence.text, "citations": citations}]
                    )
                elif isinstance(event, Finished):
                    said = event.answer
                    yield AddableDict(
                        completeness=said.completeness.value,
                        declined=said.declined.value if said.declined else None,
                        sentences=list[Any](),
                        missing=list(said.missing),
                        message=said.message,
                    )

    return RunnableGenerator(answer)


def _asked(asked: object) -> tuple[str, list[Turn]]:
    if isinstance(asked, str):
        return asked, []
    if not isinstance(asked, Mapping) or "question" not in asked:
        raise ValueError('Ask with a text, or with {"question": …, "history": […]}.')
    turns = [Turn(Role(turn["role"]), str(turn["text"])) for turn in asked.get("history") or ()]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportUnknownMemberType]
    return str(asked["question"]), turns  # pyright: ignore[reportUnknownArgumentType]
