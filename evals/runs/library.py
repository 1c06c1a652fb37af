"""The library that a suite measures: made of the suite's folder, and of nothing else.

It is kept below the data folder under a digest of the documents and of the code that takes them
in, so that a change to either makes another and an unchanged one costs nothing.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpus.errors import ConfigurationError
from corpus.settings import Settings
from evals.runs.suite import ROOT

KEPT = 3  # libraries of earlier states


def library_settings(
    settings: Settings, folder: str, *, progress: Callable[[str], None] | None = None
) -> tuple[Settings, dict[str, Any]]:
    """Settings whose data folder holds just the documents of a folder, and what to say of it.

    `folder` is relative to the tree; "settings" takes the library of the settings as it is.
    """
    if folder == "settings":
        return settings, {"folder": "of the settings"}
    documents = (ROOT / folder).resolve()
    if not documents.is_dir():
        raise ConfigurationError(
            f"The suite's library {folder!r} is not a folder of the tree.",
            fix='Name a folder such as corpus/documents, or "settings".',
        )
    digest = _digest(documents, settings.embedding_model)
    libraries = settings.data_dir / "evals" / "libraries"
    kept = libraries / digest
    own = settings.model_copy(update={"data_dir": kept, "database_url": None, "chroma_url": None})
    if not (kept / "ready").is_file():
        _make(documents, own, progress)
        _forget(libraries, keep=digest)
    return own, {"folder": folder, "digest": digest}


def _make(documents: Path, settings: Settings, progress: Callable[[str], None] | None) -> None:
    from corpus.store import Store
    from ingest.ingesting import Ingester

    shutil.rmtree(settings.data_dir, ignore_errors=True)  # of a run that was stopped
    settings.data_dir.mkdir(parents=True)
    store = Store(settings)
    try:
        report = Ingester(store.library, store.files, store.embedder).ingest(
            [documents],
            progress=(lambda told: progress(f"ingested {told.done} of {told.total}"))
            if progress
            else None,
        )
        failed = [result for result in report.results if result.error]
        if failed:
            raise ConfigurationError(
                f"{failed[0].path} could not be taken into the suite's library.",
                fix="Run `plumbline ingest` on it to see why.",
            )
        store.catch_up()
    finally:
        store.close()
    (settings.data_dir / "ready").write_text("")


def _forget(libraries: Path, *, keep: str) -> None:
    others = sorted(
        (path for path in libraries.iterdir() if path.is_dir() and path.name != keep),
        key=lambda path: path.stat().st_mtime,
    )
    for path in others[: -(KEPT - 1)]:
        shutil.rmtree(path, ignore_errors=True)


def _digest(documents: Path, model: str) -> str:
    digest = hashlib.sha256(f"{model} {sys.version_info[:2]}".encode())
    code = [*(ROOT / "ingest").rglob("*.py"), *(ROOT / "corpus").glob("*.py")]
    for file in sorted([*documents.rglob("*"), *code]):
        if file.is_file():
            digest.update(file.name.encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]
