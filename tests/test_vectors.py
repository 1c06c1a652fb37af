"""The matrix: exact nearness, and that it always follows the library."""

from __future__ import annotations

import random
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from storing import DIMENSIONS, add, texts, vector_of

from corpus.library import Library
from corpus.vectors import VectorMatrix


@pytest.fixture
def library(tmp_path: Path) -> Generator[Library]:
    library = Library.open(f"sqlite:///{tmp_path / 'library.sqlite3'}")
    yield library
    library.close()


@pytest.fixture
def matrix(library: Library) -> VectorMatrix:
    matrix = VectorMatrix()
    matrix.catch_up(library)
    return matrix


def test_the_nearest_chunk_comes_first_with_its_cosine(
    library: Library, matrix: VectorMatrix
) -> None:
    add(library, "wigan", "One.", "Two.", "Three.")
    matrix.catch_up(library)
    hits = matrix.search(vector_of("Two."), limit=10)
    assert texts(library, [number for number, _ in hits])[0] == "Two."
    assert hits[0][1] == pytest.approx(1.0)
    expected = sorted(
        (float(vector_of(text) @ vector_of("Two.")) for text in ("One.", "Two.", "Three.")),
        reverse=True,
    )
    assert [score for _, score in hits] == pytest.approx(expected)
    assert len(matrix.search(vector_of("Two."), limit=2)) == 2


def test_a_search_can_be_kept_to_some_versions(library: Library, matrix: VectorMatrix) -> None:
    add(library, "wigan", "One.")
    leeds = add(library, "leeds", "Two.")
    matrix.catch_up(library)
    hits = matrix.search(vector_of("One."), limit=5, versions={leeds.version_id})
    assert texts(library, [number for number, _ in hits]) == ["Two."]
    assert matrix.search(vector_of("One."), limit=5, versions=set()) == []
    assert matrix.search(vector_of("One."), limit=5, versions={"gone.v1"}) == []


def test_chosen_chunks_get_their_cosines_and_unknown_ones_none(
    library: Library, matrix: VectorMatrix
) -> None:
    add(library, "wigan", "One.", "Two.")
    matrix.catch_up(library)
    first, second = library.chunk_vectors()[0].tolist()
    scores = matrix.scores(vector_of("Two."), [second, 999_999, first])
    one, two = vector_of("One."), vector_of("Two.")
    page = (one + two) / np.linalg.norm(one + two)
    assert scores.keys() == {first, second}
    assert scores[second] == pytest.approx((1.0, float(page @ two)), abs=1e-6)
    assert scores[first] == pytest.approx((float(one @ two), float(page @ two)), abs=1e-6)


def test_it_knows_how_near_a_chunk_commonly_is(library: Library, matrix: VectorMatrix) -> None:
    assert matrix.typical(vector_of("Two.")) == (0.0, 1.0)
    add(library, "wigan", "One.", "Two.", "Three.")
    matrix.catch_up(library)
    cosines = [float(vector_of(text) @ vector_of("Two.")) for text in ("One.", "Two.", "Three.")]
    expected = (float(np.mean(cosines)), float(np.std(cosines)))
    assert matrix.typical(vector_of("Two.")) == pytest.approx(expected, abs=1e-5)


def test_an_empty_library_finds_nothing(matrix: VectorMatrix) -> None:
    assert matrix.search(vector_of("One."), limit=5) == []
    assert matrix.scores(vector_of("One."), [1]) == {}
    assert len(matrix) == 0


def test_it_says_whether_there_was_anything_new(library: Library, matrix: VectorMatrix) -> None:
    assert matrix.catch_up(library) is False
    add(library, "wigan", "One.")
    assert matrix.catch_up(library) is True
    assert matrix.catch_up(library) is False


def test_following_step_by_step_ends_where_loading_afresh_does(
    library: Library, matrix: VectorMatrix
) -> None:
    choose = random.Random(0)
    for step in range(40):
        name = f"document-{choose.randrange(12)}"
        held = {document.id for document in library.documents()}
        if name in held and choose.random() < 0.3:
            library.remove(name)
        else:
            add(library, name, *(f"{step}.{part}" for part in range(choose.randint(1, 4))))
        matrix.catch_up(library)
        fresh = VectorMatrix()
        fresh.catch_up(library)
        assert len(matrix) == len(fresh) == sum(library.current_versions().values())
        query = vector_of(f"question {step}")
        ours, theirs = matrix.search(query, limit=99), fresh.search(query, limit=99)
        assert [number for number, _ in ours] == [number for number, _ in theirs]
        numbers = [number for number, _ in ours]
        chunks_and_pages, afresh = matrix.scores(query, numbers), fresh.scores(query, numbers)
        assert [chunks_and_pages[number][0] for number in numbers] == pytest.approx(
            [cosine for _, cosine in theirs], abs=1e-6
        )
        for number in numbers:
            assert chunks_and_pages[number] == pytest.approx(afresh[number], abs=1e-6)


def test_a_library_that_is_embedded_anew_is_loaded_anew(
    library: Library, matrix: VectorMatrix
) -> None:
    add(library, "wigan", "One.")
    matrix.catch_up(library)
    library.set_embedding("another")
    matrix.catch_up(library)
    assert matrix.search(vector_of("One."), limit=5) == []
    add(library, "wigan", "Two.", model="another")
    matrix.catch_up(library)
    hits = matrix.search(np.asarray(vector_of("Two.")), limit=5)
    assert texts(library, [number for number, _ in hits]) == ["Two."]


def test_the_best_are_kept_where_many_tie_for_the_last_place(
    library: Library, matrix: VectorMatrix
) -> None:
    add(library, "copies", "Far.", "Far.", "Far.", "Near.")
    matrix.catch_up(library)
    hits = matrix.search(vector_of("Near."), limit=2)
    assert texts(library, [number for number, _ in hits]) == ["Near.", "Far."]


def test_a_large_library_is_searched_along_its_main_directions_first(
    library: Library, matrix: VectorMatrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.vectors.COARSE_FROM", 100)
    monkeypatch.setattr("corpus.vectors.DIRECTIONS", DIMENSIONS - 4)
    monkeypatch.setattr("corpus.vectors.LOOKED_AT", 30)
    names = [f"Sentence {number}." for number in range(120)]
    held = add(library, "long", *names[:80])
    add(library, "short", *names[80:])
    matrix.catch_up(library)
    for name in names:
        (number, cosine), *_ = matrix.search(vector_of(name), limit=3)
        assert texts(library, [number]) == [name]
        assert cosine == pytest.approx(1.0)
    hits = matrix.search(vector_of(names[90]), limit=3, versions={held.version_id})
    exact = {name: float(vector_of(name) @ vector_of(names[90])) for name in names[:80]}
    nearest = max(exact, key=exact.__getitem__)
    assert texts(library, [hits[0][0]]) == [nearest]
