"""Reading in a child process: a bad file costs one clear error, and the next one is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.errors import UnreadableFile
from ingest.sandbox import Limits, Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as shared:
        yield shared


def good(folder: Path) -> Path:
    file = folder / "good.txt"
    file.write_text("Words to read.")
    return file


def slow(folder: Path) -> Path:
    """An element with so many attributes that its parser takes minutes."""
    file = folder / "slow.html"
    file.write_text(f"<p {' '.join(f'a{n}=1' for n in range(300_000))}>x")
    return file


def greedy(folder: Path) -> Path:
    """A table whose merged cells cover a great deal."""
    file = folder / "greedy.html"
    file.write_text("<p>some words</p>\n" * 600_000)
    return file


def refusal_of(sandbox: Sandbox, file: Path) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as raised:
        sandbox.read(file)
    return raised.value


def test_one_child_reads_file_after_file(sandbox: Sandbox, tmp_path: Path) -> None:
    assert sandbox.read(good(tmp_path)).pages[0].text == "Words to read."
    child = sandbox.process_id
    page = tmp_path / "a.md"
    page.write_text("---\ndate: 2024-05-31\nn: [1, {a: b}]\n---\n# T\n\nWords\u200b.\n")
    reading = sandbox.read(page)
    assert sandbox.process_id == child
    assert reading.pages[0].text == "T\n\nWords."
    assert reading.front_matter == {"date": "2024-05-31", "n": [1, {"a": "b"}]}
    assert reading.hidden[0].text == "U+200B × 1"


def test_a_file_that_takes_too_much_processor_time_is_given_up(tmp_path: Path) -> None:
    with Sandbox(Limits(cpu_seconds=1)) as sandbox:
        error = refusal_of(sandbox, slow(tmp_path))
        assert error.code == "too_slow"
        assert "slow.html" in error.problem
        assert sandbox.read(good(tmp_path)).pages


def test_the_time_of_one_file_is_not_held_against_the_next(tmp_path: Path) -> None:
    with Sandbox(Limits(cpu_seconds=1)) as sandbox:
        files: list[Path] = []
        for number in range(6):
            file = tmp_path / f"{number}.txt"
            file.write_text("Some words of a sentence. " * 150_000)
            files.append(file)
        children: set[int | None] = set()
        for file in files:
            assert sandbox.read(file).pages
            children.add(sandbox.process_id)
        assert len(children) <= 2


def test_a_reader_that_stands_still_is_given_up(tmp_path: Path) -> None:
    with Sandbox(Limits(idle_seconds=0.5)) as sandbox:
        assert sandbox.read(good(tmp_path)).pages
        assert sandbox.process_id is not None
        os.kill(sandbox.process_id, signal.SIGSTOP)
        assert refusal_of(sandbox, good(tmp_path)).code == "too_slow"
        assert sandbox.read(good(tmp_path)).pages


def test_a_reader_that_works_on_a_busy_machine_is_waited_for(tmp_path: Path) -> None:
    with Sandbox(Limits(cpu_seconds=1, idle_seconds=0.5)) as sandbox:
        started = time.monotonic()
        assert refusal_of(sandbox, slow(tmp_path)).code == "too_slow"
        assert time.monotonic() - started > 0.9  # its processor time, and not the clock, ran out


def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path: Path) -> None:
    with Sandbox(Limits(memory_bytes=150_000_000)) as sandbox:
        error = refusal_of(sandbox, greedy(tmp_path))
        assert error.code == "too_much_memory"
        assert "greedy.html" in error.problem
        assert sandbox.read(good(tmp_path)).pages


def test_a_reader_that_is_killed_is_an_error_and_the_next_file_is_read(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        sandbox.read(good(tmp_path))
        child = sandbox.process_id
        assert child is not None
        threading.Timer(0.5, os.kill, (child, signal.SIGSEGV)).start()
        error = refusal_of(sandbox, slow(tmp_path))
        assert error.code == "crashed"
        assert "SIGSEGV" in error.problem
        assert "slow.html" in error.problem
        assert sandbox.read(good(tmp_path)).pages
        assert sandbox.process_id != child


def test_a_child_that_died_between_files_is_replaced_without_a_word(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        sandbox.read(good(tmp_path))
        child = sandbox.process_id
        assert child is not None
        os.kill(child, signal.SIGKILL)
        time.sleep(0.2)
        assert sandbox.read(good(tmp_path)).pages


def test_text_beyond_the_limit_is_refused_and_the_child_goes_on(tmp_path: Path) -> None:
    with Sandbox(Limits(answer_bytes=10_000)) as sandbox:
        file = tmp_path / "long.txt"
        file.write_text("word " * 10_000)
        assert refusal_of(sandbox, file).code == "too_large"
        assert sandbox.read(good(tmp_path)).pages


@pytest.mark.slow
def test_a_single_line_of_thirty_megabytes_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "line.txt"
    file.write_text("A line that never ends, " * 1_250_000)
    pages = sandbox.read(file).pages
    assert sum(len(page.text) for page in pages) > 29_000_000


@pytest.mark.parametrize(
    "name",
    [
        "with space.txt",
        "line\nbreak.txt",
        "-rf.txt",
        "ünïcödé 政府.txt",
        "'quote\"$(x).txt",
        "é.TXT",
    ],
)
def test_odd_file_names_are_read(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("Words.")
    assert sandbox.read(file).pages[0].text == "Words."


def test_a_name_that_is_not_valid_text_is_read_and_can_be_shown(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    file.write_text("Words.")
    assert sandbox.read(file).pages[0].text == "Words."
    file.write_text("")
    refusal_of(sandbox, file).problem.encode("utf-8")


def test_links_folders_pipes_and_missing_files_are_clear_errors(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    (tmp_path / "broken.txt").symlink_to(tmp_path / "nowhere.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    codes = {
        name: refusal_of(sandbox, tmp_path / name).code
        for name in ("folder.pdf", "loop.txt", "broken.txt", "pipe.txt", "gone.txt", "a" * 300)
    }
    assert codes == {
        "folder.pdf": "unreadable",
        "loop.txt": "not_found",
        "broken.txt": "not_found",
        "pipe.txt": "unreadable",
        "gone.txt": "not_found",
        "a" * 300: "not_found",
    }


def test_a_link_to_a_file_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    link = tmp_path / "link.txt"
    link.symlink_to(good(tmp_path))
    assert sandbox.read(link).pages[0].text == "Words to read."


def test_several_threads_may_share_one_sandbox(sandbox: Sandbox, tmp_path: Path) -> None:
    texts: dict[int, str] = {}

    def read(number: int) -> None:
        file = tmp_path / f"{number}.txt"
        file.write_text(f"This is number {number}.")
        texts[number] = sandbox.read(file).pages[0].text

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {number: f"This is number {number}." for number in range(8)}


def test_the_child_ends_with_the_sandbox(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        sandbox.read(good(tmp_path))
        child = sandbox.process_id
    assert child is not None
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_the_child_sees_no_keys_and_loads_no_models(tmp_path: Path) -> None:
    os.environ["PLUMBLINE_CHAT_API_KEY"] = "secret"
    try:
        with Sandbox() as sandbox:
            sandbox.read(good(tmp_path))
            child = sandbox.process_id
            proc = Path(f"/proc/{child}")
            if not proc.exists():
                pytest.skip("this system does not show the environment of a process")
            assert b"secret" not in (proc / "environ").read_bytes()
            assert "torch" not in (proc / "maps").read_text()
    finally:
        del os.environ["PLUMBLINE_CHAT_API_KEY"]


def test_the_child_starts_from_any_folder_and_runs_nothing_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "html.py").write_text("raise SystemExit('run from the folder of the files')")
    program = (
        "import sys, pathlib; from ingest.sandbox import Sandbox\n"
        "with Sandbox() as s: print(s.read(pathlib.Path('good.md')).pages[0].text)"
    )
    (tmp_path / "good.md").write_text("Words to read.")
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "Words to read.\n"
