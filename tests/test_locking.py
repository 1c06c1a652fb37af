"""One writer at a time, and none that outlives its process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from corpus.errors import ConfigurationError
from corpus.locking import writer_lock

HOLDER = """
import sys, time
from pathlib import Path
from corpus.locking import writer_lock
with writer_lock(Path(sys.argv[1]), doing="plumbline ingest"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Generator[subprocess.Popen[str]]:
    """Another process that holds the lock of `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_told_who_holds_the_lock(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with (
        pytest.raises(ConfigurationError) as raised,
        writer_lock(tmp_path, doing="plumbline serve"),
    ):
        pass
    assert f"process {holder.pid}, plumbline ingest" in raised.value.problem
    assert str(tmp_path) in raised.value.problem


def test_the_lock_of_a_killed_process_is_free(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait()
    with writer_lock(tmp_path, doing="plumbline serve"):
        assert "plumbline serve" in (tmp_path / "lock").read_text()


def test_the_lock_is_free_again_after_use(tmp_path: Path) -> None:
    for _ in range(2):
        with writer_lock(tmp_path / "new", doing="plumbline ingest"):
            pass


def test_a_holder_that_has_not_said_who_it_is_is_reported_too(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    assert holder.pid
    (tmp_path / "lock").write_text("")
    with (
        pytest.raises(ConfigurationError, match="it has not said who it is"),
        writer_lock(tmp_path, doing="plumbline serve"),
    ):
        pass
