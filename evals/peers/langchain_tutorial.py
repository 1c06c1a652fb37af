"""LangChain's retrieval tutorial: a recursive splitter of 1000/200 characters, and Chroma."""

# pyright: basic, reportMissingImports=false
import tempfile
from pathlib import Path

from measured import Found, run


def prepare(files: Path, model: str):
    from langchain_chroma import Chroma
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    documents = [
        Document(page_content=file.read_text(encoding="utf-8"), metadata={"file": file.name})
        for file in sorted(files.glob("*.md"))
    ]
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    store = Chroma(
        embedding_function=HuggingFaceEmbeddings(model_name=model),
        persist_directory=tempfile.mkdtemp(),
    )
    store.add_documents(splitter.split_documents(documents))

    def ask(question: str) -> Found:
        hits = store.similarity_search(question, k=10)
        return [(hit.metadata["file"], hit.page_content) for hit in hits]

    return ask


if __name__ == "__main__":
    run(prepare)
