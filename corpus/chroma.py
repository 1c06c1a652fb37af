"""The chunks and their vectors in Chroma, laid out as `langchain_chroma.Chroma` expects them.

Chroma is derived from the library. Killed at the wrong moment, its embedded store can be left
so that opening it ends the process (measured: 4 of 84 kills, one by segmentation fault). So it is
opened in a child process first, compared with the library by count and by what search reaches,
and made again from the stored vectors when they differ. Nothing is embedded anew.
"""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import numpy as np
import numpy.typing as npt

from corpus.derived import difference, read_stamp, write_stamp
from corpus.errors import ConfigurationError
from corpus.library import ChunkRows, Library
from corpus.types import Chunk

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

logger = logging.getLogger(__name__)

COLLECTION = "plumbline"
BATCH = 2000  # records a call; Chroma takes 5,461 at most
DELETED_TOGETHER = 200  # versions a call
# Set when the collection is made; Chroma ignores later changes.
HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_search": 400,  # recall@10 0.995 at 100,000; the default reaches 0.86
    # Twice the defaults: with those, 1 to 5 of 4,000 chunks that are much alike (mean cosine 0.54)
    # cannot be reached at all; with these, none, and writing takes no longer.
    "ef_construction": 200,
    "max_neighbors": 32,
}
PROBES = 40  # chunks that must find themselves
CHECK_SECONDS = 120


class ChromaIndex:
    """The Chroma collection of one library: a folder of ours, or a shared server."""

    def __init__(self, folder: Path, *, url: str | None = None) -> None:
        self._folder = folder
        self._url = url
        self._stamp_file = folder.with_name(folder.name + ".versions.json")
        self._client: ClientAPI | None = None

    def catch_up(self, library: Library) -> int:
        """Take in what the library has and Chroma lacks; returns how many versions changed.

        A folder that this process has not opened yet is checked first, and made again if need be.
        """
        if not difference(self._held(), library.current_versions()):
            return 0
        from chromadb.errors import ChromaError

        try:
            if self._url is None and self._client is None and self._folder.exists():
                fault = self.check(library)
                if fault is not None:
                    return self._remake(library, fault)
            return self._take_in(library)
        except (ChromaError, OSError) as error:
            raise ConfigurationError(
                f"Chroma's index in {self._url or self._folder} cannot be written: {error}.",
                fix="Check that the disk has space and that the folder is writable, and run the "
                "same command again.",
            ) from error

    def check(self, library: Library) -> str | None:
        """Open the store in a child process and compare it; says what is wrong, or None.

        The child may be killed by what it opens; this process is not. What a killed writer began
        and did not stamp is no fault: the next catching up does it again.
        """
        held, current = self._held(), library.current_versions()
        if self._url is None and not self._folder.exists():
            return None if not current else "it is not there"
        change = difference(held, current)
        stamped = sum(held.values())
        asked = {
            "least": stamped - sum(held[version_id] for version_id in change.surplus),
            "most": stamped + sum(current[version_id] for version_id in change.missing),
            "probes": [
                {"id": chunk.id, "vector": vector.tolist()}
                for chunk, vector in _sample(library, sorted(held.keys() & current.keys()))
            ],
        }
        try:
            child = subprocess.run(
                [sys.executable, "-P", "-m", "corpus.chroma", str(self._folder), self._url or ""],
                input=json.dumps(asked),
                capture_output=True,
                text=True,
                timeout=CHECK_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it did not open within {CHECK_SECONDS} seconds"
        if child.returncode < 0:
            return f"opening it ended the process by signal {-child.returncode}"
        if child.returncode != 0:
            lines = child.stderr.strip().splitlines()
            return lines[-1] if lines else f"the check ended with status {child.returncode}"
        return None

    def rebuild(self, library: Library) -> int:
        """Make the store again from the library's vectors; returns how many versions it holds.

        A folder of ours is removed first, which also removes every trace of deleted text.
        """
        self.close()
        self._stamp_file.unlink(missing_ok=True)
        if self._url is None:
            shutil.rmtree(self._folder, ignore_errors=True)
        elif COLLECTION in [held.name for held in self._open().list_collections()]:
            self._open().delete_collection(COLLECTION)
        return self._take_in(library, anew=True)

    def open_checked(self, library: Library) -> str | None:
        """Check, rebuild if needed, catch up; says what had been wrong, or None."""
        fault = self.check(library)
        if fault is not None:
            self._remake(library, fault)
        else:
            self._take_in(library)
        return fault

    def search(self, query: npt.NDArray[np.float32], *, limit: int) -> list[tuple[int, float]]:
        """The nearest chunks: (chunk number, cosine), best first; approximate."""
        found: Any = self._collection().query(
            query_embeddings=[query.tolist()],  # type: ignore[arg-type]
            n_results=limit,
            include=["metadatas", "distances"],
        )
        return [
            (int(metadata["number"]), 1.0 - float(distance))
            for metadata, distance in zip(found["metadatas"][0], found["distances"][0], strict=True)
        ]

    def count(self) -> int:
        """How many chunks Chroma says it holds."""
        return self._collection().count()

    def close(self) -> None:
        """Let go of the store."""
        if self._client is not None and self._url is None:
            # Chroma keeps opened stores in a process-wide cache, which would outlive the folder.
            self._client.clear_system_cache()
        self._client = None

    def _held(self) -> dict[str, int]:
        return read_stamp(self._stamp_file) or {}

    def _take_in(self, library: Library, *, anew: bool = False) -> int:
        """Apply the difference to the library, stamping as it goes.

        The same chunk always has the same id, so doing a batch twice changes nothing.
        """
        held = self._held()
        change = difference(held, library.current_versions())
        if not change:
            return 0
        collection = self._collection()
        for first in range(0, len(change.surplus), DELETED_TOGETHER):
            gone = change.surplus[first : first + DELETED_TOGETHER]
            collection.delete(where={"version_id": {"$in": list[str | int | float | bool](gone)}})
            for version_id in gone:
                del held[version_id]
        batch: list[ChunkRows] = []
        for rows in library.chunk_rows(change.missing):
            batch.append(rows)
            held[rows.version_id] = len(rows.numbers)
            if sum(len(held_rows.numbers) for held_rows in batch) >= BATCH:
                _upsert(collection, batch)
                write_stamp(self._stamp_file, held)
                batch = []
        _upsert(collection, batch)
        if not anew and collection.count() != sum(held.values()):
            return self._remake(library, "it holds chunks that the library has not")
        write_stamp(self._stamp_file, held)
        return len(change.missing) + len(change.surplus)

    def _remake(self, library: Library, fault: str) -> int:
        logger.warning("the Chroma store is made again: %s", fault)
        return self.rebuild(library)

    def _open(self) -> ClientAPI:
        if self._client is None:
            self._client = _client(self._folder, self._url)
        return self._client

    def _collection(self) -> Collection:
        return self._open().get_or_create_collection(
            COLLECTION,
            embedding_function=None,
            configuration={"hnsw": HNSW},
        )


def _client(folder: Path, url: str | None) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    settings = ChromaSettings(anonymized_telemetry=False)
    if url is None:
        folder.mkdir(parents=True, exist_ok=True)
        return chromadb.PersistentClient(str(folder), settings=settings)
    address = urlparse(url)
    try:
        return chromadb.HttpClient(
            host=address.hostname or "localhost",
            port=address.port or 8000,
            ssl=address.scheme == "https",
            settings=settings,
        )
    except ValueError as error:
        raise ConfigurationError(
            f"The Chroma server at {url} does not answer: {error}.",
            fix="Start it, correct PLUMBLINE_CHROMA_URL, or unset it to keep Chroma in the data "
            "folder.",
        ) from error


def _upsert(collection: Collection, batch: Sequence[ChunkRows]) -> None:
    """Write whole versions at once; the same chunk always has the same id."""
    entries = [
        (number, chunk, vector, rows.title)
        for rows in batch
        for number, chunk, vector in zip(rows.numbers, rows.chunks, rows.vectors, strict=True)
    ]
    for first in range(0, len(entries), BATCH):
        part = entries[first : first + BATCH]
        collection.upsert(
            ids=[chunk.id for _, chunk, _, _ in part],
            embeddings=np.array([vector for _, _, vector, _ in part]),
            documents=[chunk.text for _, chunk, _, _ in part],
            metadatas=[
                {
                    "number": number,
                    "version_id": chunk.version_id,
                    "document_id": chunk.document_id,
                    "title": title,
                    "heading": chunk.heading,
                    "page": chunk.page,
                    "start": chunk.start,
                    "end": chunk.end,
                }
                for number, chunk, _, title in part
            ],
        )


def _sample(
    library: Library, versions: Sequence[str]
) -> list[tuple[Chunk, npt.NDArray[np.float32]]]:
    """Chunks from across some versions, with their vectors."""
    chosen = versions[:: max(1, len(versions) // PROBES)][:PROBES]
    sample: list[tuple[Chunk, npt.NDArray[np.float32]]] = []
    for rows in library.chunk_rows(chosen):
        # A few long documents make as good a sample as many short ones.
        step = max(1, len(rows.chunks) * len(chosen) // PROBES)
        sample += zip(rows.chunks[::step], rows.vectors[::step], strict=True)
    return sample


def _check_in_child(folder: str, url: str) -> None:
    """What the child process does; a failure is its exit status and last line."""
    asked = json.load(sys.stdin)
    collection = _client(Path(folder), url or None).get_collection(COLLECTION)
    held = collection.count()
    if not asked["least"] <= held <= asked["most"]:
        sys.exit(f"it holds {held} chunks where the library has {asked['least']}")
    for probe in asked["probes"]:
        found: Any = collection.query(query_embeddings=[probe["vector"]], n_results=5)
        # Another chunk with the same words has the same vector, so a near-zero distance will do.
        if probe["id"] not in found["ids"][0] and found["distances"][0][0] > 1e-4:
            sys.exit(f"search does not reach {probe['id']}")


if __name__ == "__main__":
    _check_in_child(sys.argv[1], sys.argv[2])
