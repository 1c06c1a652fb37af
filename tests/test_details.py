"""What is known about a document: the manifest, then the front matter, then the file itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from corpus.errors import ConfigurationError
from corpus.types import Details, Page, Standing
from ingest.details import Manifest, details_for, find_manifest, id_for
from ingest.reading import Reading

PLAIN = Reading(pages=(Page(1, "Words."),))


def manifest(folder: Path, text: str) -> Manifest:
    (folder / "manifest.csv").write_text(text, encoding="utf-8")
    loaded = Manifest()
    loaded.load(folder / "manifest.csv")
    return loaded


# -- the manifest -------------------------------------------------------------------------------


def test_a_manifest_describes_the_files_beside_and_below_it(tmp_path: Path) -> None:
    rows = manifest(
        tmp_path,
        "path,id,title,publisher,date,standing,url,place,kind,licence,sectors,principles,sources\n"
        'wigan.md,wigan-deal,"The Wigan Deal, again",Plumbline,2019-03,official statistics,'
        "https://example.org/w,Wigan,example,OGL,local-government; health,4:supports; 2:conflicts;"
        " 1,https://example.org/a; https://example.org/b\n"
        "deep/leeds.pdf,,Leeds,,,,,,,,,,\n",
    )
    details, warnings = details_for(tmp_path / "wigan.md", rows.row(tmp_path / "wigan.md"), PLAIN)
    assert warnings == []
    assert details == Details(
        title="The Wigan Deal, again",
        publisher="Plumbline",
        published=date(2019, 3, 1),
        standing=Standing.OFFICIAL_STATISTICS,
        url="https://example.org/w",
        place="Wigan",
        kind="example",
        licence="OGL",
        sectors=("local-government", "health"),
        principles=((4, "supports"), (2, "conflicts"), (1, "about")),
        sources=("https://example.org/a", "https://example.org/b"),
    )
    assert id_for(rows.row(tmp_path / "wigan.md"), PLAIN) == "wigan-deal"
    assert rows.row(tmp_path / "deep" / "leeds.pdf")["title"] == "Leeds"
    assert rows.row(tmp_path / "leeds.pdf") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title\nWigan\n", ":1: the column 'path' is missing"),
        ("", ":1: the column 'path' is missing"),
        ("path,colour\nwigan.md,red\n", ":1: unknown column 'colour'"),
        ("path,title\n,Wigan\n", ":2: 'path' is empty"),
        ("path,date\nleeds.md,\nwigan.md,March 2019\n", ":3: the date 'March 2019' is not like"),
        ("path,standing\nwigan.md,gossip\n", ":2: the standing 'gossip' is not one of"),
        ("path,principles\nwigan.md,four\n", ":2: the principle 'four' is not like"),
        ("path,principles\nwigan.md,4:likes\n", ":2: the principle '4:likes' is not like"),
        ("path,title\nwigan.md,One,Two\n", ":2: there are more values than columns"),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        manifest(tmp_path, text)
    assert f"manifest.csv{problem}" in raised.value.problem


def test_a_manifest_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes("path,title\nw.md,Réforme\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        Manifest().load(tmp_path / "manifest.csv")


def test_a_manifest_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    rows = manifest(tmp_path, '\ufeffpath,title\r\nwigan.md,"Two\nlines"\r\n')
    details, _ = details_for(tmp_path / "wigan.md", rows.row(tmp_path / "wigan.md"), PLAIN)
    assert details.title == "Two lines"


def test_manifests_count_from_the_folder_asked_for_down_to_the_file(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "a", deep):
        (folder / "manifest.csv").write_text("path\n")
    found = find_manifest(deep / "file.md", tmp_path / "a")
    assert found == [tmp_path / "a" / "manifest.csv", deep / "manifest.csv"]


# -- what goes before what ----------------------------------------------------------------------


def test_the_manifest_goes_before_the_front_matter_and_that_before_the_file() -> None:
    reading = Reading(
        pages=(Page(1, "Words."),),
        title="From the file",
        author="An author",
        published="2018-01-01",
        front_matter={"title": "From the front matter", "publisher": "Plumbline"},
    )
    details, _ = details_for(Path("x.md"), {"title": "From the manifest", "publisher": ""}, reading)
    assert details.title == "From the manifest"
    assert details.publisher == "Plumbline"
    assert details.published == date(2018, 1, 1)


def test_front_matter_may_be_written_as_yaml_is() -> None:
    reading = Reading(
        pages=(Page(1, "Words."),),
        front_matter={
            "id": "wigan-deal",
            "date": date(2019, 3, 1),
            "sectors": ["local-government", "health"],
            "principles": {4: "supports", 2: "conflicts"},
            "sources": [{"title": "A report", "url": "https://example.org/a"}, "Minutes; 2019"],
            "mood": "unknown words are left alone",
        },
    )
    details, warnings = details_for(Path("x.md"), {}, reading)
    assert warnings == []
    assert details.published == date(2019, 3, 1)
    assert details.sectors == ("local-government", "health")
    assert details.principles == ((4, "supports"), (2, "conflicts"))
    assert details.sources == ("https://example.org/a", "Minutes, 2019")
    assert id_for({}, reading) == "wigan-deal"
    assert id_for({"id": "from-the-manifest"}, reading) == "from-the-manifest"


def test_front_matter_that_cannot_be_used_is_a_warning_and_no_failure() -> None:
    reading = Reading(
        pages=(Page(1, "Words."),), front_matter={"date": "last spring", "title": "Kept"}
    )
    details, [warning] = details_for(Path("x.md"), {}, reading)
    assert details.title == "Kept"
    assert details.published is None
    assert "last spring" in warning


def test_a_date_that_the_file_states_wrongly_is_left_out() -> None:
    reading = Reading(pages=(Page(1, "Words."),), title="T", published="0000-99")
    details, [warning] = details_for(Path("x.pdf"), {}, reading)
    assert details.published is None
    assert "0000-99" in warning


def test_a_document_without_a_title_is_called_by_its_file() -> None:
    details, _ = details_for(Path("annual_report 2019.pdf"), {}, PLAIN)
    assert details.title == "annual report 2019"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2019", date(2019, 1, 1)), ("2019-05", date(2019, 5, 1)), ("2019-05-31", date(2019, 5, 31))],
)
def test_a_date_may_lack_its_day_or_month(text: str, expected: date) -> None:
    details, _ = details_for(Path("x.md"), {"date": text}, PLAIN)
    assert details.published == expected
