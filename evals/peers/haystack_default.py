"""Haystack: chunks of 200 words with 20 shared, dense and BM25 retrieval joined by rank."""

# pyright: basic, reportMissingImports=false
from pathlib import Path

from measured import Found, run


def prepare(files: Path, model: str):
    from haystack import Document
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.components.retrievers.in_memory import (
        InMemoryBM25Retriever,
        InMemoryEmbeddingRetriever,
    )
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
        SentenceTransformersTextEmbedder,
    )

    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    splitter = DocumentSplitter(split_by="word", split_length=200, split_overlap=20)
    splitter.warm_up()
    embedder = SentenceTransformersDocumentEmbedder(model=model, progress_bar=False)
    embedder.warm_up()
    whole = [
        Document(content=file.read_text(encoding="utf-8"), meta={"file": file.name})
        for file in sorted(files.glob("*.md"))
    ]
    chunks = splitter.run(documents=whole)["documents"]
    store.write_documents(embedder.run(documents=chunks)["documents"])
    query = SentenceTransformersTextEmbedder(model=model, progress_bar=False)
    query.warm_up()
    dense, words = InMemoryEmbeddingRetriever(store), InMemoryBM25Retriever(store)
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion")

    def ask(question: str) -> Found:
        vector = query.run(text=question)["embedding"]
        lists = [
            dense.run(query_embedding=vector, top_k=10)["documents"],
            words.run(query=question, top_k=10)["documents"],
        ]
        hits = joiner.run(documents=lists)["documents"]
        return [(hit.meta["file"], hit.content) for hit in hits]

    return ask


if __name__ == "__main__":
    run(prepare)
