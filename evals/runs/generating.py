"""Generate: every case's output, one line each; a run that was stopped goes on where it was."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.checks.clauses import split_clauses
from assistant.types import Role, Turn
from corpus.errors import ConfigurationError
from corpus.settings import Settings
from corpus.store import Store
from evals.attacks import Attack, load_attacks
from evals.checks import Pair, load_pairs
from evals.clauses import LabelledClause, load_clauses
from evals.questions import QuestionCase, load_questions
from evals.runs.folder import Row, RunFolder, case_sha, chosen_cases
from evals.runs.pool import pool_rows
from evals.runs.replies import Reply, reply_from
from evals.runs.suite import SetSpec, Suite
from evals.runs.targets import EmbeddedTarget, Target
from ingest.ingesting import Ingester
from ingest.sandbox import Sandbox

if TYPE_CHECKING:
    from evals.runs.folder import Case

JUDGED_TOGETHER = 16
Progress = Callable[[str, int, int], None]  # the set, cases done, cases in all


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cases run, and how often each."""

    ids: tuple[str, ...] = ()
    limit: int | None = None
    epochs: int = 1


class Generator:
    """Fills a run's outputs."""

    def __init__(
        self,
        folder: RunFolder,
        suite: Suite,
        target: Target,
        store: Store | None,
        choice: Choice,
        progress: Progress,
    ) -> None:
        self._folder = folder
        self._suite = suite
        self._target = target
        self._store = store
        self._choice = choice
        self._progress = progress
        self._seen: set[str] = set()  # ids of cases in the suite's sets

    def run(self) -> list[str]:
        """Generate every set; what could not be asked of this target is said, one line a set."""
        notes: list[str] = []
        for entry in self._suite.set:
            file = self._suite.path(entry.file)
            if entry.kind == "questions":
                self._questions(entry, load_questions(file))
            elif entry.kind == "attacks":
                notes += self._attacks(entry, load_attacks(file))
            elif entry.kind == "pool":
                notes += self._pool(entry)
            else:
                notes += self._judged(entry, file)
        unknown = sorted(set(self._choice.ids) - self._seen)
        if unknown:
            raise ConfigurationError(
                f"No case of the suite {self._suite.name!r} is called {unknown[0]!r}.",
                fix="Give ids as the sets have them; the cases of a pool are not chosen by id.",
            )
        return notes

    # -- questions --------------------------------------------------------------------------

    def _questions(self, entry: SetSpec, cases: Sequence[QuestionCase]) -> None:
        chosen = self._chosen(entry, [case.id for case in cases])
        by_id = {case.id: case for case in cases}
        for name in list(chosen):
            chosen.update(by_id[name].previous)  # a turn needs those before it
        wanted = [
            (epoch, case)
            for epoch in range(1, self._choice.epochs + 1)
            for case in cases
            if case.id in chosen
        ]
        done = self._done(entry.name)
        for number, (epoch, case) in enumerate(wanted, start=1):
            if (case.id, epoch) not in done:
                turns = [
                    turn
                    for earlier in case.previous
                    for turn in turns_of(by_id[earlier].question, done[(earlier, epoch)])
                ]
                row = self._answered(case.id, epoch, case, case.question, turns)
                self._folder.append(entry.name, row)
                done[(case.id, epoch)] = row
            self._progress(entry.name, number, len(wanted))

    def _answered(
        self, name: str, epoch: int, case: Case, question: str, turns: Sequence[Turn]
    ) -> Row:
        return timed(
            {"id": name, "epoch": epoch, "case_sha": case_sha(case)},
            lambda: {"reply": self._target.answer(question, turns).as_json()},
        )

    # -- clauses and pairs ------------------------------------------------------------------

    def _judged(self, entry: SetSpec, file: Path) -> list[str]:
        cases: list[LabelledClause] | list[Pair] = (
            load_clauses(file) if entry.kind == "clauses" else load_pairs(file)
        )
        chosen = self._chosen(entry, [case.id for case in cases])
        done = self._done(entry.name)
        waiting = [case for case in cases if case.id in chosen and (case.id, 1) not in done]
        if not waiting:
            return []
        if self._target.judge([]) is None:
            return [f"{entry.name}: the target judges no clauses, so the set was left out."]
        for first in range(0, len(waiting), JUDGED_TOGETHER):
            batch = waiting[first : first + JUDGED_TOGETHER]
            for row in self._judged_rows(batch):
                self._folder.append(entry.name, row)
            self._progress(entry.name, len(chosen) - len(waiting) + first + len(batch), len(chosen))
        return []

    def _judged_rows(self, batch: Sequence[LabelledClause | Pair]) -> list[Row]:
        texts = [
            text
            for case in batch
            for text in ([case.text] if isinstance(case, LabelledClause) else
                         [case.first, case.second])
        ]  # fmt: skip
        heads: list[Row] = [
            {"id": case.id, "epoch": 1, "case_sha": case_sha(case)} for case in batch
        ]
        started = time.perf_counter()
        try:
            labels = self._target.judge(texts)
            assert labels is not None
        except Exception as error:  # a crash is a failed case, and the run goes on
            return [{**head, "error": repr(error)} for head in heads]
        each = (time.perf_counter() - started) * 1000 / len(batch)
        told = iter(labels)
        rows: list[Row] = []
        for head, case in zip(heads, batch, strict=True):
            said = [next(told) for _ in range(1 if isinstance(case, LabelledClause) else 2)]
            gave_all = all(any(sure) for _, sure in said)  # a chat model may give nothing
            rows.append(
                {
                    **head,
                    "labels": [found for found, _ in said],
                    "confidence": [sure for _, sure in said],
                    "milliseconds": each,
                    "error": "" if gave_all else "the judge gave no verdict",
                }
            )
        return rows

    # -- attacks ----------------------------------------------------------------------------

    def _attacks(self, entry: SetSpec, cases: Sequence[Attack]) -> list[str]:
        chosen = self._chosen(entry, [case.id for case in cases])
        done = self._done(entry.name)
        waiting = [case for case in cases if case.id in chosen and (case.id, 1) not in done]
        notes: list[str] = []
        embedded = isinstance(self._target, EmbeddedTarget)
        if not embedded and any(case.kind != "prompt" for case in waiting):
            notes.append(
                f"{entry.name}: nothing can be planted in this target's library, so only prompts "
                "were tried."
            )
            waiting = [case for case in waiting if case.kind == "prompt"]
        planted = [case for case in waiting if case.kind == "document"]
        with tempfile.TemporaryDirectory() as temporary, Sandbox() as sandbox:
            poisoned = self._poisoned(planted, Path(temporary)) if planted else None
            try:
                for number, case in enumerate(waiting, start=1):
                    self._folder.append(
                        entry.name, self._attacked(case, poisoned, sandbox, Path(temporary))
                    )
                    self._progress(entry.name, len(chosen) - len(waiting) + number, len(chosen))
            finally:
                if poisoned is not None:
                    poisoned.store.close()
        return notes

    def _attacked(
        self, case: Attack, poisoned: EmbeddedTarget | None, sandbox: Sandbox, folder: Path
    ) -> Row:
        head: Row = {"id": case.id, "epoch": 1, "case_sha": case_sha(case)}
        if case.kind == "draft":
            return timed(
                head,
                lambda: {
                    side: self._clause_labels(text, sandbox, folder / f"{case.id}-{side}.md")
                    for side, text in (("clean", case.clean), ("tampered", case.tampered))
                },
            )
        target = poisoned if case.kind == "document" and poisoned is not None else self._target
        return timed(head, lambda: {"reply": target.answer(case.question, ()).as_json()})

    def _clause_labels(
        self, text: str, sandbox: Sandbox, file: Path
    ) -> list[tuple[str, list[int]]]:
        file.write_text(text, encoding="utf-8")
        clauses = split_clauses(sandbox.read(file).pages)
        labels = self._target.judge([clause.judged_text for clause in clauses]) or []
        return [(clause.text, found) for clause, (found, _) in zip(clauses, labels, strict=True)]

    def _poisoned(self, planted: Sequence[Attack], folder: Path) -> EmbeddedTarget:
        """This program over a library of the planted documents alone."""
        assert self._store is not None
        documents = folder / "documents"
        documents.mkdir()
        for case in planted:
            (documents / f"{case.id}.{case.format}").write_text(case.document, encoding="utf-8")
        settings: Settings = self._store.settings.model_copy(
            update={"data_dir": folder / "data", "database_url": None, "chroma_url": None}
        )
        store = Store(settings)
        store.embedder = self._store.embedder
        report = Ingester(store.library, store.files, store.embedder).ingest([documents])
        failed = [result.path for result in report.results if result.error]
        if failed:
            store.close()
            raise ConfigurationError(
                f"The planted document {failed[0]} cannot be read.", fix="Correct the attack."
            )
        store.catch_up()
        return EmbeddedTarget(store)

    # -- pools ------------------------------------------------------------------------------

    def _pool(self, entry: SetSpec) -> list[str]:
        if self._store is None:
            return [f"{entry.name}: a pool measures this program only, so it was left out."]
        if self._done(entry.name):
            return []
        rows = pool_rows(
            self._suite.path(entry.corpus),
            self._suite.path(entry.file),
            self._store.settings,
            limit=self._choice.limit,
            progress=lambda done, total: self._progress(entry.name, done, total),
        )
        self._folder.write_rows("outputs", entry.name, rows)
        return []

    # -- choosing ---------------------------------------------------------------------------

    def _chosen(self, entry: SetSpec, ids: Sequence[str]) -> set[str]:
        self._seen.update(ids)
        return chosen_cases(ids, self._choice.ids, self._choice.limit, entry.every)

    def _done(self, set_name: str) -> dict[tuple[str, int], Row]:
        """What an earlier start of this run has, without the line that a kill tore."""
        rows = self._folder.rows("outputs", set_name)
        if rows:
            self._folder.write_rows("outputs", set_name, rows)
        return {(str(row["id"]), int(row["epoch"])): row for row in rows}


def timed(head: Row, work: Callable[[], dict[str, Any]]) -> Row:
    """An output line: what was made, or how it crashed, and the milliseconds that it took."""
    started = time.perf_counter()
    try:
        made = work()
    except ConfigurationError:
        raise  # the run itself is set up wrongly, and so would be every further case
    except Exception as error:  # a crash is a failed case, and the run goes on
        made = {"error": repr(error)}
    elapsed = round((time.perf_counter() - started) * 1000, 2)
    return {**head, "error": "", "milliseconds": elapsed, **made}


def turns_of(question: str, row: Row) -> tuple[Turn, Turn]:
    """An earlier question and what this target said to it."""
    reply = reply_from(row["reply"]) if row.get("reply") else Reply((), "none")
    return (
        Turn(Role.USER, question),
        Turn(Role.ASSISTANT, reply.text, declined=reply.refused),
    )
