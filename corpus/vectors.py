"""The dense index: which chunks' vectors are nearest to a question's.

Two homes for one set of vectors, both derived from the library:

- a matrix in memory, searched exactly. Up to about 100,000 chunks that costs what an approximate
  search costs and misses nothing, and a filter is only a choice of rows;
- Chroma (`chroma.py`), for libraries larger than that and for programs that open it themselves.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from corpus.library import Library, Vectors


class VectorMatrix:
    """The vectors of every current chunk as one matrix (n, dimensions), searched exactly."""

    def __init__(self) -> None:
        self._generation = -1
        self.numbers: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._vectors: Vectors = np.zeros((0, 0), dtype=np.float32)
        self._versions: npt.NDArray[np.object_] = np.zeros(0, dtype=object)

    def catch_up(self, library: Library) -> bool:
        """Load what the library holds, if that has changed; says whether it had."""
        generation = library.generation()
        if generation == self._generation:
            return False
        held = set(self._versions.tolist())
        current = library.current_versions()
        missing = [version_id for version_id in current if version_id not in held]
        if len(missing) * 2 > len(current):
            self.numbers, versions, self._vectors = library.chunk_vectors()
            self._versions = np.array(versions, dtype=object)
        else:
            self._replace(library, missing, set(current))
        self._generation = generation
        return True

    def __len__(self) -> int:
        return len(self.numbers)

    def search(
        self, query: npt.NDArray[np.float32], *, limit: int, versions: Collection[str] | None = None
    ) -> list[tuple[int, float]]:
        """The nearest chunks: (chunk number, cosine), best first.

        `versions` restricts the search to chunks of those versions; None searches all.
        """
        if not len(self.numbers):
            return []
        if versions is None:
            rows = None
            scores = self._vectors @ query
        else:
            rows = np.flatnonzero(np.isin(self._versions, list(versions)))
            scores = self._vectors[rows] @ query
        limit = min(limit, len(scores))
        if limit == 0:
            return []
        best = np.argpartition(-scores, limit - 1)[:limit]
        best = best[np.argsort(-scores[best], kind="stable")]
        numbers = self.numbers[best] if rows is None else self.numbers[rows[best]]
        return [
            (int(number), float(score)) for number, score in zip(numbers, scores[best], strict=True)
        ]

    def scores(self, query: npt.NDArray[np.float32], numbers: Collection[int]) -> dict[int, float]:
        """The cosine of particular chunks; numbers that it does not hold are left out."""
        rows = np.searchsorted(self.numbers, list(numbers))
        found: dict[int, float] = {}
        for number, row in zip(numbers, rows, strict=True):
            if row < len(self.numbers) and self.numbers[row] == number:
                found[number] = float(self._vectors[row] @ query)
        return found

    def vector(self, number: int) -> npt.NDArray[np.float32] | None:
        """A chunk's own vector, or None when it is not held."""
        row = int(np.searchsorted(self.numbers, number))
        if row < len(self.numbers) and self.numbers[row] == number:
            return self._vectors[row]
        return None

    def _replace(self, library: Library, missing: list[str], current: set[str]) -> None:
        """Drop retired versions' rows and append the new ones; numbers only ever grow."""
        kept = np.isin(self._versions, list(current))
        numbers, versions, vectors = [self.numbers[kept]], [self._versions[kept]], []
        if kept.any():
            vectors.append(self._vectors[kept])
        for rows in library.chunk_rows(sorted(missing)):
            if rows.numbers:
                numbers.append(np.array(rows.numbers, dtype=np.int64))
                versions.append(np.array([rows.version_id] * len(rows.numbers), dtype=object))
                vectors.append(rows.vectors)
        order = np.argsort(np.concatenate(numbers), kind="stable")
        self.numbers = np.concatenate(numbers)[order]
        self._versions = np.concatenate(versions)[order]
        self._vectors = (
            np.concatenate(vectors)[order] if vectors else np.zeros((0, 0), dtype=np.float32)
        )
