"""LlamaIndex with its defaults: chunks of 1024 tokens and its in-memory vector store."""

# pyright: basic, reportMissingImports=false
from pathlib import Path

from measured import Found, run


def prepare(files: Path, model: str):
    from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    Settings.embed_model = HuggingFaceEmbedding(model_name=model)
    Settings.llm = None
    index = VectorStoreIndex.from_documents(SimpleDirectoryReader(str(files)).load_data())
    retriever = index.as_retriever(similarity_top_k=10)

    def ask(question: str) -> Found:
        return [
            (hit.node.metadata["file_name"], hit.node.get_content())
            for hit in retriever.retrieve(question)
        ]

    return ask


if __name__ == "__main__":
    run(prepare)
