"""What is known about a document besides its text: from a manifest, its front matter, or itself.

A `manifest.csv` beside the files has a header line with any of these columns: path (required),
id, title, publisher, date, standing, url, place, kind, licence, sectors, principles, sources.
Lists are separated by semicolons; principles are written as `4:supports; 2:conflicts`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import cast

from corpus.errors import ConfigurationError
from corpus.types import Details, Standing
from ingest.reading import Reading

MANIFEST = "manifest.csv"
COLUMNS = frozenset(
    "path id title publisher date standing url place kind licence sectors principles sources "
    "sha256".split()
)
_SPILT = "(more values than columns)"
STANCES = frozenset({"supports", "conflicts", "about"})


class Manifest:
    """The rows of the manifests in a folder, by the resolved path of the file they describe."""

    def __init__(self) -> None:
        self._rows: dict[Path, dict[str, str]] = {}
        self._loaded: set[Path] = set()

    def load(self, file: Path) -> None:
        """Take in one manifest, once. Raises ConfigurationError naming the file and the line."""
        if file in self._loaded:
            return
        self._loaded.add(file)
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise _fault(file, 1, f"it cannot be read as UTF-8 text ({error})") from error
        reader = csv.DictReader(io.StringIO(text, newline=""), restkey="")
        columns = set(reader.fieldnames or ())
        if "path" not in columns:
            raise _fault(file, 1, "the column 'path' is missing")
        if unknown := columns - COLUMNS:
            raise _fault(file, 1, f"unknown column {sorted(unknown)[0]!r}")
        for row in reader:
            if "" in row:
                raise _fault(file, reader.line_num, "there are more values than columns")
            values = {name: (value or "").strip() for name, value in row.items()}
            if not values["path"]:
                raise _fault(file, reader.line_num, "'path' is empty")
            try:
                _details_of(values)
            except ValueError as error:
                raise _fault(file, reader.line_num, str(error)) from error
            self._rows[(file.parent / values["path"]).resolve()] = values

    def row(self, path: Path) -> Mapping[str, str]:
        """The row of a file; empty when no manifest names it."""
        return self._rows.get(path.resolve(), {})


def find_manifest(path: Path, root: Path) -> list[Path]:
    """The manifests that may name a file: from the folder asked for down to the file's own."""
    folders = [path.parent, *path.parent.parents]
    within = [folder for folder in folders if folder == root or root in folder.parents]
    return [folder / MANIFEST for folder in reversed(within) if (folder / MANIFEST).is_file()]


def details_for(path: Path, row: Mapping[str, str], reading: Reading) -> tuple[Details, list[str]]:
    """The details of a file, the manifest before the front matter before the file's own word.

    Also returns a warning for each front-matter value that could not be used.
    """
    warnings: list[str] = []
    own = {"title": reading.title, "publisher": reading.author, "date": reading.published}
    values = {name: value for name, value in own.items() if value}
    for name, value in reading.front_matter.items():
        if name not in COLUMNS or value is None:
            continue
        text = _as_manifest_text(name, value)
        try:
            _details_of({name: text})
        except ValueError as error:
            warnings.append(f"front matter: {error}")
        else:
            values[name] = text
    values.update({name: value for name, value in row.items() if value})
    try:
        details = _details_of(values)
    except ValueError as error:  # only the file's own date can still be wrong here
        warnings.append(str(error))
        values.pop("date", None)
        details = _details_of(values)
    if not details.title:
        details = _details_of({**values, "title": path.stem.replace("_", " ").strip()})
    return details, warnings


def id_for(row: Mapping[str, str], reading: Reading) -> str:
    """The publication's own id from the manifest or the front matter; empty when it has none."""
    return row.get("id") or str(reading.front_matter.get("id") or "")


def _details_of(values: Mapping[str, str]) -> Details:
    """Details from text values; raises ValueError saying which value is wrong and what is right."""
    return Details(
        title=" ".join(values.get("title", "").split()),
        publisher=values.get("publisher", ""),
        published=_date(values.get("date", "")),
        standing=_standing(values.get("standing", "")),
        url=values.get("url", ""),
        place=values.get("place", ""),
        kind=values.get("kind", ""),
        licence=values.get("licence", ""),
        sectors=_list(values.get("sectors", "")),
        principles=tuple(_principle(pair) for pair in _list(values.get("principles", ""))),
        sources=_list(values.get("sources", "")),
    )


def _date(text: str) -> date | None:
    """An ISO date; a bare year or year and month stand for their first day."""
    if not text:
        return None
    try:
        if len(text) == 4:
            return date(int(text), 1, 1)
        return date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        raise ValueError(f"the date {text!r} is not like 2024-05-31, 2024-05 or 2024") from None


def _standing(text: str) -> Standing:
    if not text:
        return Standing.UNKNOWN
    try:
        return Standing(text.lower().replace("-", " "))
    except ValueError:
        known = ", ".join(sorted(standing.value for standing in Standing))
        raise ValueError(f"the standing {text!r} is not one of {known}") from None


def _principle(text: str) -> tuple[int, str]:
    number, _, stance = text.partition(":")
    stance = stance.strip() or "about"
    if not number.strip().isdigit() or stance not in STANCES:
        raise ValueError(f"the principle {text!r} is not like '4:supports', '4:conflicts' or '4'")
    return int(number), stance


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _as_manifest_text(name: str, value: object) -> str:
    """A front-matter value as a manifest would write it."""
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value)
        return "; ".join(f"{key}:{stance}" for key, stance in pairs.items())
    if isinstance(value, list):
        parts: list[str] = []
        for entry in cast("list[object]", value):
            if isinstance(entry, dict):  # a source with its address
                address = cast("dict[str, object]", entry).get("url")
                if address:
                    parts.append(str(address))
            else:
                parts.append(str(entry))
        return "; ".join(part.replace(";", ",") for part in parts)
    if name == "date" and isinstance(value, date):
        return value.isoformat()[:10]
    return str(value)


def _fault(file: Path, line: int, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{file}:{line}: {problem}.", fix="Correct the manifest and run the command again."
    )
