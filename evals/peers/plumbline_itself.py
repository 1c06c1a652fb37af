"""Ours, run as the peers are: the same files, model and questions; search alone."""

import tempfile
from pathlib import Path

from measured import Found, run  # pyright: ignore[reportMissingImports]


def prepare(files: Path, model: str):  # type: ignore[no-untyped-def]
    """Ingest with our own readers and chunker; the model is the shipped one whatever is named."""
    del model
    from assistant.bootstrap import open_assistant
    from corpus.settings import Settings
    from corpus.store import Store
    from ingest.ingesting import Ingester

    store = Store(Settings(data_dir=Path(tempfile.mkdtemp())))
    Ingester(store.library, store.files, store.embedder).ingest([files])
    store.catch_up()
    assistant = open_assistant(store)
    names = {held.document_id: Path(held.path).name for held in store.library.stored_files()}

    def ask(question: str) -> Found:
        return [
            (names[passage.chunk.document_id], passage.chunk.text)
            for passage in assistant.search(question, limit=10)
        ]

    return ask


if __name__ == "__main__":
    run(prepare)
