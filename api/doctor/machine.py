"""This machine: Python, the settings' variables, the data folder and the room in it."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from api.doctor.check import Check, State
from corpus.settings import Settings

OLDEST_PYTHON = (3, 11)
LEAST_FREE = 1_000_000_000  # bytes
_PREFIX = "PLUMBLINE_"


def python_version() -> Check:
    running = sys.version_info[:3]
    version = ".".join(str(part) for part in running)
    if running < OLDEST_PYTHON:
        oldest = ".".join(str(part) for part in OLDEST_PYTHON)
        return Check(
            "Python",
            State.FAIL,
            f"{version} at {sys.executable}; {oldest} is the oldest that will do",
            f"Run `make clean`, then `make env PYTHON=python{oldest}`.",
        )
    return Check("Python", State.OK, f"{version} at {sys.executable}")


def variables(environment: Mapping[str, str]) -> Check:
    """Variables that look like settings; in .env an unknown one stops the program, here it cannot.

    Other programs may have their own.
    """
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    strange = sorted(
        name
        for name in environment
        if name.upper().startswith(_PREFIX) and name.upper() not in known
    )
    if not strange:
        return Check("environment", State.OK, f"no unknown {_PREFIX} variable")
    near = [
        f"{name} (did you mean {match}?)" if match else name
        for name in strange
        for match in [next(iter(difflib.get_close_matches(name.upper(), known, n=1)), "")]
    ]
    return Check(
        "environment",
        State.WARN,
        f"no setting is called {', '.join(near)}",
        "Correct or unset it; .env.example lists every setting.",
    )


def data_folder(folder: Path) -> Check:
    name = "data folder"
    fix = "Set PLUMBLINE_DATA_DIR to a folder that this account can write to."
    shown = folder.resolve()
    if not folder.exists():
        parent = _nearest(folder)
        if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
            return Check(
                name, State.FAIL, f"{shown} is not there and cannot be made in {parent}", fix
            )
        return Check(
            name,
            State.WARN,
            f"{shown} is not there yet",
            "`plumbline ingest corpus/documents` makes it; if your library is elsewhere, set "
            "PLUMBLINE_DATA_DIR to it.",
        )
    if not folder.is_dir():
        return Check(name, State.FAIL, f"{shown} is not a folder", fix)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"plumbline")
            file.flush()
    except OSError as error:
        return Check(name, State.FAIL, f"{shown} cannot be written: {error.strerror or error}", fix)
    return Check(name, State.OK, str(shown))


def _nearest(folder: Path) -> Path:
    """The first of the folder and those above it that exists."""
    return next(above for above in (folder, *folder.resolve().parents) if above.exists())


def disk_space(folder: Path) -> Check:
    return space_check(shutil.disk_usage(_nearest(folder)).free, folder)


def space_check(free: int, folder: Path) -> Check:
    """Whether this many free bytes will do."""
    detail = f"{free / 1e9:.1f} GB free at {folder.resolve()}"
    if free >= LEAST_FREE:
        return Check("disk space", State.OK, detail)
    return Check(
        "disk space",
        State.WARN,
        f"{detail}; less than {LEAST_FREE / 1e9:g} GB",
        "Free some space, or move the data folder and set PLUMBLINE_DATA_DIR to it.",
    )
