"""The dense index: which chunks' vectors are nearest to a question's.

Two homes for one set of vectors, both derived from the library:

- a matrix in memory. A few thousand chunks are searched exactly; of more, the main directions
  are scored and the best thousand then exactly. A filter is only a choice of rows;
- Chroma (`chroma.py`), for libraries larger than that and for programs that open it themselves.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus.library import Library, Vectors

# Share of the rows up to which copying the admitted ones out costs less than scoring all.
GATHERED = 0.1
# From this many rows on, the vectors' main directions are looked at first, and then only so many
# rows whole. On 50,000 sentence vectors of real pages, 99.85% of the 100 nearest to each of 60
# questions were among them (95 for the worst), in 2.6 ms instead of 7.0.
COARSE_FROM = 20_000
DIRECTIONS = 128
LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class _Rows:
    """One state of the matrix, replaced whole: other threads search while it is brought up."""

    numbers: npt.NDArray[np.int64]  # of the chunks, growing
    versions: npt.NDArray[np.object_]  # the version id of each
    codes: npt.NDArray[np.int64]  # the place of each one's version id in the next
    code_of: dict[str, int]
    pages: npt.NDArray[np.int64]  # the page of each, within its version
    vectors: Vectors  # (n, dimensions)
    page_rows: npt.NDArray[np.int64]  # for each chunk, the row of its page in the next
    page_vectors: Vectors  # (pages, dimensions): the mean of each page's chunks, of unit length
    mean: Vectors  # (dimensions,) of the rows
    squares: Vectors  # (dimensions, dimensions): the mean of the rows' outer products
    basis: Vectors  # (dimensions, directions); none of them when the rows are few
    coarse: Vectors  # (n, directions): the vectors along those directions


def _rows(
    numbers: npt.NDArray[np.int64],
    versions: npt.NDArray[np.object_],
    pages: npt.NDArray[np.int64],
    vectors: Vectors,
) -> _Rows:
    code_of: dict[str, int] = {}
    codes = np.array(
        [code_of.setdefault(version, len(code_of)) for version in versions.tolist()],
        dtype=np.int64,
    )
    places: dict[tuple[str, int], int] = {}
    page_rows = np.array(
        [
            places.setdefault(place, len(places))
            for place in zip(versions.tolist(), pages.tolist(), strict=True)
        ],
        dtype=np.int64,
    )
    means = np.zeros((len(places), vectors.shape[1]), dtype=np.float32)
    np.add.at(means, page_rows, vectors)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    np.divide(means, lengths, out=means, where=lengths > 0)
    count = np.float32(max(1, len(vectors)))
    squares = vectors.T @ vectors / count
    basis = _main_directions(len(vectors), squares)
    return _Rows(
        numbers,
        versions,
        codes,
        code_of,
        pages,
        vectors,
        page_rows,
        means,
        vectors.sum(axis=0) / count,
        squares,
        basis,
        vectors @ basis,
    )


def _main_directions(rows: int, squares: Vectors) -> Vectors:
    """The orthogonal directions in which the vectors are longest, (dimensions, directions)."""
    dimensions = len(squares)
    if rows < COARSE_FROM or dimensions <= DIRECTIONS:
        return np.zeros((dimensions, 0), dtype=np.float32)
    _, directions = np.linalg.eigh(squares)
    return np.ascontiguousarray(directions[:, : -DIRECTIONS - 1 : -1], dtype=np.float32)


_NOTHING = _rows(
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=object),
    np.zeros(0, dtype=np.int64),
    np.zeros((0, 0), dtype=np.float32),
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
            found = library.chunk_vectors()
            self._rows = _rows(
                found.numbers, np.array(found.versions, dtype=object), found.pages, found.vectors
            )
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
        chosen = _admitted(held, versions)
        many = chosen is None or len(chosen) > len(held.numbers) * GATHERED
        if many and held.basis.shape[1]:
            rough = held.coarse @ (query @ held.basis)
            rough = rough if chosen is None else rough[chosen]
            near = _best(rough, max(LOOKED_AT, 8 * limit))
            chosen = near if chosen is None else chosen[near]
            scores = held.vectors[chosen] @ query
        elif chosen is None:
            scores = held.vectors @ query
        elif many:
            scores = (held.vectors @ query)[chosen]
        else:
            scores = held.vectors[chosen] @ query
        best = _best(scores, limit)
        best = best[np.argsort(-scores[best], kind="stable")]
        rows = best if chosen is None else chosen[best]
        return [
            (int(number), float(score))
            for number, score in zip(held.numbers[rows], scores[best], strict=True)
        ]

    def scores(
        self, query: npt.NDArray[np.float32], numbers: Collection[int]
    ) -> dict[int, tuple[float, float]]:
        """The cosines of particular chunks and of the pages that they are on.

        Numbers that it does not hold are left out.
        """
        held = self._rows
        if not len(held.numbers) or not numbers:
            return {}
        asked = np.fromiter(numbers, dtype=np.int64)
        rows = np.minimum(np.searchsorted(held.numbers, asked), len(held.numbers) - 1)
        rows = rows[held.numbers[rows] == asked]
        chunks = held.vectors[rows] @ query
        pages = held.page_vectors[held.page_rows[rows]] @ query
        return {
            int(number): (float(chunk), float(page))
            for number, chunk, page in zip(held.numbers[rows], chunks, pages, strict=True)
        }

    def typical(self, query: npt.NDArray[np.float32]) -> tuple[float, float]:
        """The mean of all chunks' cosines with a question, and their standard deviation.

        The deviation is 1 where the chunks do not differ.
        """
        held = self._rows
        if not len(held.numbers):
            return 0.0, 1.0
        mean = float(held.mean @ query)
        variance = float(query @ held.squares @ query) - mean * mean
        return mean, math.sqrt(variance) if variance > 1e-9 else 1.0


def _admitted(held: _Rows, versions: Collection[str] | None) -> npt.NDArray[np.int64] | None:
    """The rows of these versions, growing; None for all, also when each is named."""
    if versions is None:
        return None
    admitted = np.zeros(len(held.code_of), dtype=bool)
    admitted[[held.code_of[name] for name in versions if name in held.code_of]] = True
    return None if admitted.all() else np.flatnonzero(admitted[held.codes])


def _best(scores: npt.NDArray[Any], limit: int) -> npt.NDArray[np.int64]:
    """Where the highest scores are, growing."""
    if limit >= len(scores):
        return np.arange(len(scores))
    # Half the time of argpartition.
    least = np.partition(scores, -limit)[-limit]
    above = np.flatnonzero(scores > least)
    ties = np.flatnonzero(scores == least)[: limit - len(above)]
    return np.sort(np.concatenate([above, ties]))


def _replaced(held: _Rows, library: Library, missing: list[str], current: set[str]) -> _Rows:
    """The rows without retired versions' and with the new ones'."""
    kept = np.isin(held.versions, list(current))
    numbers, versions, pages = [held.numbers[kept]], [held.versions[kept]], [held.pages[kept]]
    vectors = [held.vectors[kept]] if kept.any() else []
    for rows in library.chunk_rows(sorted(missing)):
        if rows.numbers:
            numbers.append(np.array(rows.numbers, dtype=np.int64))
            versions.append(np.array([rows.version_id] * len(rows.numbers), dtype=object))
            pages.append(np.array([chunk.page for chunk in rows.chunks], dtype=np.int64))
            vectors.append(rows.vectors)
    if not vectors:
        return _NOTHING
    order = np.argsort(np.concatenate(numbers), kind="stable")
    return _rows(
        np.concatenate(numbers)[order],
        np.concatenate(versions)[order],
        np.concatenate(pages)[order],
        np.concatenate(vectors)[order],
    )
