"""The dense index: which chunks' vectors are nearest to a question's.

Two homes for one set of vectors, both derived from the library:

- a matrix in memory, searched exactly. Up to about 100,000 chunks that costs what an approximate
  search costs and misses nothing, and a filter is only a choice of rows;
- Chroma (`chroma.py`), for libraries larger than that and for programs that open it themselves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpus.library import Library, Vectors


@dataclass(frozen=True, slots=True)
class _Rows:
    """One state of the matrix, replaced whole: other threads search while it is brought up."""

    numbers: npt.NDArray[np.int64]  # of the chunks, growing
    versions: npt.NDArray[np.object_]  # the version id of each
    vectors: Vectors  # (n, dimensions)


_NOTHING = _Rows(
    np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object), np.zeros((0, 0), dtype=np.float32)
)


class VectorMatrix:
    """The vectors of every current chunk as one matrix (n, dimensions), searched exactly."""

    def __init__(self) -> None:
        self._generation = -1
        self._rows = _NOTHING

    def catch_up(self, library: Library) -> bool:
        """Load what the library holds, if that has changed; says whether it had."""
        generation = library.generation()
        if generation == self._generation:
            return False
        held = set(self._rows.versions.tolist())
        current = library.current_versions()
        missing = [version_id for version_id in current if version_id not in held]
        if len(missing) * 2 > len(current):
            numbers, versions, vectors = library.chunk_vectors()
            self._rows = _Rows(numbers, np.array(versions, dtype=object), vectors)
        else:
            self._rows = _replaced(self._rows, library, missing, set(current))
        self._generation = generation
        return True

    def __len__(self) -> int:
        return len(self._rows.numbers)

    def search(
        self, query: npt.NDArray[np.float32], *, limit: int, versions: Collection[str] | None = None
    ) -> list[tuple[int, float]]:
        """The nearest chunks: (chunk number, cosine), best first.

        `versions` restricts the search to chunks of those versions; None searches all.
        """
        held = self._rows
        if not len(held.numbers):
            return []
        if versions is None:
            chosen = np.arange(len(held.numbers))
            scores = held.vectors @ query
        else:
            chosen = np.flatnonzero(np.isin(held.versions, list(versions)))
            scores = held.vectors[chosen] @ query
        limit = min(limit, len(scores))
        if limit == 0:
            return []
        best = np.argpartition(-scores, limit - 1)[:limit]
        best = best[np.argsort(-scores[best], kind="stable")]
        return [
            (int(number), float(score))
            for number, score in zip(held.numbers[chosen[best]], scores[best], strict=True)
        ]

    def scores(self, query: npt.NDArray[np.float32], numbers: Collection[int]) -> dict[int, float]:
        """The cosine of particular chunks; numbers that it does not hold are left out."""
        held = self._rows
        found: dict[int, float] = {}
        for number, row in zip(numbers, np.searchsorted(held.numbers, list(numbers)), strict=True):
            if row < len(held.numbers) and held.numbers[row] == number:
                found[number] = float(held.vectors[row] @ query)
        return found


def _replaced(held: _Rows, library: Library, missing: list[str], current: set[str]) -> _Rows:
    """The rows without retired versions' and with the new ones'."""
    kept = np.isin(held.versions, list(current))
    numbers, versions = [held.numbers[kept]], [held.versions[kept]]
    vectors = [held.vectors[kept]] if kept.any() else []
    for rows in library.chunk_rows(sorted(missing)):
        if rows.numbers:
            numbers.append(np.array(rows.numbers, dtype=np.int64))
            versions.append(np.array([rows.version_id] * len(rows.numbers), dtype=object))
            vectors.append(rows.vectors)
    if not vectors:
        return _NOTHING
    order = np.argsort(np.concatenate(numbers), kind="stable")
    return _Rows(
        np.concatenate(numbers)[order],
        np.concatenate(versions)[order],
        np.concatenate(vectors)[order],
    )
