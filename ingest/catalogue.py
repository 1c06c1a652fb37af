"""The catalogue of public documents, `corpus/sources.toml`: where each is, and its licence."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus.errors import ConfigurationError, NotFound
from ingest.addresses import wrong_address

CATALOGUE = Path(__file__).resolve().parent.parent / "corpus" / "sources.toml"


@dataclass(frozen=True, slots=True)
class Source:
    """One document of the catalogue: where it is, and not the document itself."""

    id: str
    title: str
    publisher: str
    format: Literal["pdf", "html", "docx", "odt"]
    licence: str
    description: str
    year: int | None = None
    url: str = ""  # empty where no address is known
    url_seen: bool = False  # whether somebody saw the address together with text from the page
    principles: tuple[int, ...] = ()


class _SourceTable(BaseModel):
    """A `[[source]]` as the file has it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)  # also a file name
    title: str = Field(min_length=1)
    publisher: str = Field(min_length=1)
    year: int | None = Field(default=None, ge=1800, le=2100)
    url: str = ""
    url_seen: bool = False
    format: Literal["pdf", "html", "docx", "odt"]
    licence: str = Field(min_length=1)
    principles: list[int] = Field(default_factory=list[int])
    description: str = Field(min_length=1)


def load_catalogue(path: Path = CATALOGUE) -> dict[str, Source]:
    """The sources by id, in the file's order.

    Raises ConfigurationError that lists every fault of the file.
    """
    try:
        held: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _catalogue_fault(path, [f"it cannot be read ({error})"]) from error
    tables = held.pop("source", [])
    faults = [f"unknown table {name!r}" for name in held]
    catalogue: dict[str, Source] = {}
    if not isinstance(tables, list):
        raise _catalogue_fault(path, [*faults, "'source' is not a list of [[source]] tables"])
    for number, table in enumerate(cast("list[object]", tables), start=1):
        given = cast("dict[str, object]", table) if isinstance(table, dict) else {}
        name = repr(given["id"]) if "id" in given else f"number {number}"
        try:
            source = Source(**_fields(_SourceTable.model_validate(table)))  # type: ignore[arg-type]
            wrong = _wrong_with(source, catalogue)
        except ValidationError as error:
            wrong = [
                f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
                for fault in error.errors()
            ]
        else:
            catalogue.setdefault(source.id, source)
        faults += [f"source {name}: {problem}" for problem in wrong]
    if faults:
        raise _catalogue_fault(path, faults)
    return catalogue


def find_source(catalogue: Mapping[str, Source], source_id: str) -> Source:
    """The source with this id. Raises NotFound, which names the nearest ids."""
    source = catalogue.get(source_id)
    if source is None:
        near = difflib.get_close_matches(source_id, catalogue, n=3)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        raise NotFound(
            f"The catalogue has no source {source_id!r}.",
            fix=f"{meant}`plumbline sources` lists all that there are.",
        )
    return source


def _fields(table: _SourceTable) -> dict[str, object]:
    """Line breaks within a value are spaces: the manifest has one line a document."""
    values: dict[str, object] = table.model_dump()
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = " ".join(value.split())
    return {**values, "principles": tuple(table.principles)}


def _wrong_with(source: Source, catalogue: Mapping[str, Source]) -> list[str]:
    wrong: list[str] = []
    if source.id in catalogue:
        wrong.append("another source has this id")
    if source.url and (fault := wrong_address(source.url)):
        wrong.append(f"url: {fault}")
    if source.url_seen and not source.url:
        wrong.append("url_seen is true and there is no url")
    if any(number < 1 for number in source.principles):
        wrong.append("principles: they are counted from 1")
    if len(set(source.principles)) < len(source.principles):
        wrong.append("principles: one is there twice")
    return wrong


def _catalogue_fault(path: Path, faults: Sequence[str]) -> ConfigurationError:
    return ConfigurationError(
        f"{path.name}: {'; '.join(faults)}.", fix=f"Correct {path} and run the command again."
    )
