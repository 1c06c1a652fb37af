"""Every command in README.md works as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.strip().removeprefix("$ ")
    for line in README.splitlines()
    if line.startswith("    ") and re.match(r"\s+(\$ )?(plumbline|make|git|cd) ", line)
]
PLUMBLINE = [command for command in COMMANDS if command.startswith("plumbline ")]
MAKE = [command for command in COMMANDS if command.startswith("make ")]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a few documents of the starter library, and the README's own paths."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "path/to/folder").mkdir(parents=True)
    source = ROOT / "corpus/documents/wigan-deal.md"
    (folder / "path/to/folder/wigan-deal.md").write_bytes(source.read_bytes())
    pdf = ROOT / "corpus/documents/principle-4.pdf"
    (folder / "path/to/file.pdf").write_bytes(pdf.read_bytes())
    assert run(folder, "plumbline ingest path/to/folder").returncode == 0
    return folder


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    assert words[0] == "plumbline"
    return subprocess.run(
        [sys.executable, "-m", "api", *words[1:]],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PLUMBLINE_DATA_DIR": str(folder / "data")},
        check=False,
    )


@pytest.mark.parametrize("command", PLUMBLINE)
def test_a_plumbline_command_of_the_readme_works(library: Path, command: str) -> None:
    done = run(library, command)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", MAKE)
def test_a_make_command_of_the_readme_is_a_target(command: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *shlex.split(command)[1:]],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_names_its_commands() -> None:
    assert len(PLUMBLINE) >= 8
    assert len(MAKE) >= 4


def test_the_answer_in_the_readme_is_the_one_that_is_given(library: Path) -> None:
    shown = re.search(r"\$ (plumbline ask .+)\n\n?((?:    .+\n)+)", README)
    assert shown is not None
    assert "£140 million" in shown.group(2)
    given = run(library, shown.group(1)).stdout
    assert "£140 million" in given
    first = shown.group(2).split("[1]")[0]  # of a whole library; the rest is of fewer documents
    assert " ".join(first.split()) in " ".join(given.split())


def test_env_example_names_every_setting() -> None:
    from corpus.settings import Settings

    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"PLUMBLINE_{name.upper()}=" in example
