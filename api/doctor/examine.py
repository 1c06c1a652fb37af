"""`plumbline doctor`: everything that an operator can get wrong, looked at and never touched.

A check only looks. `Library.open` would migrate the library and `LexicalIndex` would make a broken
index again, so they are opened here only when that has nothing to do.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from api.doctor.check import Check, State, guarded
from api.doctor.library import (
    chroma,
    database_check,
    documents_held,
    lexical,
    originals,
    schema_check,
    starter_library,
    stored_model,
)
from api.doctor.machine import data_folder, disk_space, python_version, variables
from api.doctor.model import model_weights, precision, quick_start, trial_embedding
from api.doctor.server import open_door, server_checks, writing_lock
from corpus.embedding import SHIPPED, Embedder
from corpus.library import Library
from corpus.settings import Settings, load_settings

STARTER = Path(__file__).resolve().parent.parent.parent / "corpus" / "documents"


def examine(*, as_json: bool) -> None:
    """Print what the checks find; exits 1 when one failed.

    Raises ConfigurationError when the settings cannot be used, as there is nothing to look at then.
    """
    settings = load_settings()
    found = list(checks(settings))
    totals = {state.value: sum(check.state is state for check in found) for state in State}
    if as_json:
        told = {"checks": [asdict(check) for check in found], "totals": totals}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print_table(found, totals)
    if any(check.state is State.FAIL for check in found):
        sys.exit(1)


def checks(settings: Settings, *, starter: Path = STARTER) -> Iterator[Check]:
    """What an operator can get wrong, one after the other; a failed check does not stop the rest.

    What is derived from the library is not looked at when the library itself is not sound.
    """
    yield python_version()
    yield Check("settings", State.OK, "they can be used")
    yield variables(os.environ)
    yield guarded("data folder", lambda: data_folder(settings.data_dir))
    yield guarded("disk space", lambda: disk_space(settings.data_dir))
    yield guarded("open door", lambda: open_door(settings))
    yield guarded("lock", lambda: writing_lock(settings.data_dir))
    yield from server_checks(settings)
    database = guarded("library", lambda: database_check(settings))
    yield database
    library: Library | None = None
    if database.state is State.OK:
        schema = guarded("schema", lambda: schema_check(settings))
        yield schema
        if schema.state is State.OK:
            library = Library.open(settings.library_url)
    embedder = Embedder(
        settings.embedding_model,
        precision=settings.embedding_precision,
        threads=settings.threads,
    )
    try:
        yield from _library_checks(library, settings, embedder, starter)
        yield from _embedding_checks(library, settings, embedder)
        if library is not None:
            held = library
            yield guarded("Chroma", lambda: chroma(held, settings))
    finally:
        if library is not None:
            library.close()


def _library_checks(
    library: Library | None, settings: Settings, embedder: Embedder, starter: Path
) -> Iterator[Check]:
    if library is not None:
        held = library
        yield guarded("documents", lambda: documents_held(held))
        yield guarded("originals", lambda: originals(held, settings.data_dir))
        yield guarded("library's model", lambda: stored_model(held, embedder))
        yield guarded("lexical index", lambda: lexical(held, settings.data_dir / "lexical"))
    yield guarded("starter library", lambda: starter_library(library, starter))


def _embedding_checks(
    library: Library | None, settings: Settings, embedder: Embedder
) -> Iterator[Check]:
    yield guarded("precision", lambda: precision(settings, embedder))
    weights = guarded("embedding weights", lambda: model_weights(settings.embedding_model))
    yield weights
    if settings.embedding_model == SHIPPED:
        yield guarded("quick-start model", quick_start)
    if weights.state is not State.FAIL:
        yield guarded("test embedding", lambda: trial_embedding(library, embedder))


def _print_table(found: Sequence[Check], totals: Mapping[str, int]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}
    table = Table(box=None, pad_edge=False)
    for heading in ("", "check", "what was found"):
        table.add_column(heading, overflow="fold")
    for check in found:
        # Text, not markup: a folder's name may hold square brackets.
        detail = Text(check.detail)
        if check.fix:
            detail.append(f"\n{check.fix}", style="bold")
        table.add_row(Text(check.state, style=colours[check.state]), Text(check.name), detail)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"\n{totals[State.OK]} well, {totals[State.WARN]} worth knowing, "
        f"{totals[State.FAIL]} failed."
    )
