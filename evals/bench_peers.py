"""`make bench-peers`: ours beside LangChain's tutorial, LlamaIndex, Haystack and txtai.

Each peer is installed in an environment of its own below the data folder (some gigabytes in all,
the first time), and every one gets the same files, model and questions, one after another in one
run. Quality is told by what is among the first passages; no chat model is asked. By default the
files are the starter library; `--corpus` and `--cases` take a retrieval pool in their place, whose
questions are put without the turns before them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from corpus.embedding import shipped_model_folder
from corpus.errors import UserError
from corpus.settings import load_settings
from corpus.store import Store
from evals.figures import figures
from evals.intervals import Figure, mean
from evals.machine import machine
from evals.pools import load_cases, load_passages
from evals.questions import load_questions
from evals.runs.library import library_settings
from evals.runs.suite import ROOT

PEERS = ROOT / "evals" / "peers"
SETS = ("questions-unseen.yaml", "questions-hard.yaml")
NEAR, DEEP = 5, 10
_TORCH = ("torch==2.13.0",)
_MODEL = ("sentence-transformers==6.2.0", "transformers==5.23.0")
PACKAGES: dict[str, tuple[str, ...]] = {
    "langchain_tutorial": (
        "langchain==1.4.7", "langchain-chroma==1.1.0", "langchain-huggingface==1.2.3",
        "langchain-text-splitters==1.1.3", "chromadb==1.5.9", *_MODEL,
    ),
    "llama_index_default": (
        "llama-index-core==0.14.25", "llama-index-embeddings-huggingface==0.8.0", *_MODEL,
    ),
    "haystack_default": ("haystack-ai==3.4.0", "sentence-transformers-haystack==2.0.0", *_MODEL),
    "txtai_default": ("txtai==9.14.0", *_MODEL),
}  # fmt: skip
OURS = "plumbline_itself"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, the files that an answer should come from, and what it should say."""

    question: str
    sources: frozenset[str]  # names of files without their ending
    points: tuple[str, ...] = ()  # of a pool: none


@dataclass(frozen=True, slots=True)
class Row:
    """One system's figures."""

    name: str
    sources: Figure  # share of a question's sources among the first five passages
    gains: tuple[float, ...]  # a question: nDCG of sources among ten passages, each counted once
    with_figures: Figure  # share of points whose figures stand in one of the first five; n may be 0
    characters: float  # in the first five passages, the median: longer ones hold more figures
    ingest: float
    ingest_cpu: float
    query: float  # median milliseconds
    query_cpu: float
    memory: float  # megabytes at most

    @property
    def ndcg(self) -> Figure:
        """The mean of the gains."""
        return mean(self.gains)


def main(arguments: Sequence[str] | None = None) -> int:
    """Install, run and print; a peer that fails is said, and the others are shown."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench_peers", description=__doc__)
    parser.add_argument("--limit", type=int, help="the first N questions")
    parser.add_argument("--files", type=int, help="the first N files, and what they answer")
    parser.add_argument("--corpus", type=Path, help="a retrieval pool instead (JSON lines)")
    parser.add_argument("--domain", help="only the passages of this domain")
    parser.add_argument("--cases", type=Path, help="questions on the pool")
    parser.add_argument("--only", action="append", choices=[OURS, *PACKAGES], help="some systems")
    given = parser.parse_args(arguments)
    if bool(given.corpus) != bool(given.cases):
        parser.error("--corpus and --cases go together")
    settings = load_settings()
    work = settings.data_dir.resolve() / "evals" / "peers"
    files, questions = work / "files", work / "questions.json"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    if given.corpus:
        names = _write_passages(files, given.corpus, given.domain, given.files)
        cases = _pool_cases(given.cases)
    else:
        names, cases = _write_library(files, given.files), _own_cases()
    cases = [case for case in cases if case.sources <= names][: given.limit]
    questions.write_text(json.dumps([case.question for case in cases]), encoding="utf-8")
    rows: list[Row] = []
    failed: dict[str, str] = {}
    for name in given.only or [OURS, *PACKAGES]:
        try:
            python = sys.executable if name == OURS else _environment(name, work)
            rows.append(_measured(name, python, files, questions, work, cases))
        except UserError as error:
            failed[name] = error.problem
            print(error.problem, file=sys.stderr)
    _print(rows, failed, len(cases), len(names), given.corpus)
    return 1 if failed else 0


def _own_cases() -> list[Asked]:
    """Questions that stand alone and that the library answers, from sets nothing was fitted on."""
    cases = [case for name in SETS for case in load_questions(ROOT / "evals" / "sets" / name)]
    return [
        Asked(case.question, frozenset(case.expected_sources), case.expected_points)
        for case in cases
        if case.answerable and not case.previous and case.type != "list"
    ]


def _pool_cases(file: Path) -> list[Asked]:
    """A pool's judged questions, each without the turns before it."""
    return [
        Asked(case.question, frozenset(quote(name, safe="") for name in case.relevant))
        for case in load_cases(file)
        if case.relevant
    ]


def _write_passages(folder: Path, file: Path, domain: str | None, limit: int | None) -> set[str]:
    """Each passage of a pool as Markdown; the files' names without their ending."""
    passages = [held for held in load_passages(file) if domain in (None, held.domain)][:limit]
    for passage in passages:
        text = f"# {passage.title}\n\n{passage.text}" if passage.title else passage.text
        (folder / f"{quote(passage.id, safe='')}.md").write_text(text, encoding="utf-8")
    return {quote(passage.id, safe="") for passage in passages}


def _write_library(folder: Path, limit: int | None) -> set[str]:
    """Each document of the starter library as Markdown, as our readers found its text; the ids."""
    own, _ = library_settings(
        load_settings(), "corpus/documents", progress=lambda said: print(said, file=sys.stderr)
    )
    store = Store(own)
    try:
        documents = sorted(store.library.documents(), key=lambda document: document.id)[:limit]
        for document in documents:
            pages = store.library.pages(document.version_id)
            text = "\n\n".join(page.text for page in pages)
            title = document.details.title
            (folder / f"{document.id}.md").write_text(f"# {title}\n\n{text}", encoding="utf-8")
    finally:
        store.close()
    return {document.id for document in documents}


def _environment(name: str, work: Path) -> str:
    """The python of a peer's environment, made and filled when it is not there."""
    venv = work / name
    python, ready = venv / "bin" / "python", venv / "ready"
    wanted = "\n".join(PACKAGES[name])
    if ready.is_file() and ready.read_text() == wanted:
        return str(python)
    print(f"installing {name}…", file=sys.stderr)
    for command in (
        [sys.executable, "-m", "venv", str(venv)],
        # torch first, and alone: anything else that asks for it may bring gigabytes of CUDA.
        [str(python), "-m", "pip", "install", "--quiet", *_TORCH],
        [str(python), "-m", "pip", "install", "--quiet", *PACKAGES[name]],
    ):
        _run(command, f"{name} could not be installed")
    ready.write_text(wanted)
    return str(python)


def _measured(
    name: str, python: str, files: Path, questions: Path, work: Path, cases: Sequence[Asked]
) -> Row:
    out = work / f"{name}.json"
    own = {"PYTHONPATH": str(ROOT)} if name == OURS else {"PYTHONPATH": ""}
    _run(
        [python, str(PEERS / f"{name}.py"), str(files), str(questions),
         str(shipped_model_folder()), str(out)],
        f"{name} could not be run",
        {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", **own},
    )  # fmt: skip
    return row_of(name, json.loads(out.read_text(encoding="utf-8")), cases)


def row_of(name: str, told: dict[str, Any], cases: Sequence[Asked]) -> Row:
    """A system's figures, from what it wrote."""
    scored = [score(case, found) for case, found in zip(cases, told["found"], strict=True)]
    return Row(
        name=name,
        sources=mean([score[0] for score in scored]),
        gains=tuple(score[1] for score in scored),
        with_figures=mean([hit for _, _, hits in scored for hit in hits]),
        characters=median(sum(len(text) for _, text in found[:NEAR]) for found in told["found"]),
        ingest=told["ingest_seconds"],
        ingest_cpu=told["ingest_cpu_seconds"],
        query=median(told["milliseconds"]),
        query_cpu=median(told["cpu_milliseconds"]),
        memory=told["peak_megabytes"],
    )


def score(case: Asked, found: Sequence[Sequence[str]]) -> tuple[float, float, list[float]]:
    """(sources found, nDCG of sources, for each point with figures whether they were found)."""
    wanted = case.sources
    ranked = [Path(name).stem for name, _ in found]
    near = len(set(ranked[:NEAR]) & wanted) / len(wanted)
    seen: set[str] = set()
    gain = 0.0
    for place, name in enumerate(dict.fromkeys(ranked[:DEEP]), start=1):
        if name in wanted - seen:
            seen.add(name)
            gain += 1 / math.log2(place + 1)
    ideal = sum(1 / math.log2(place + 1) for place in range(1, len(wanted) + 1))
    passages = [figures(text) for _, text in found[:NEAR]]
    hits = [
        float(any(figures(point) <= held for held in passages))
        for point in case.points
        if figures(point)
    ]
    return near, gain / ideal, hits


def _run(command: Sequence[str], problem: str, more: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **(more or {})}, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UserError(f"{problem}: {last}", fix="Run its command by hand to see more.")


def _print(
    rows: Sequence[Row], failed: dict[str, str], questions: int, files: int, corpus: Path | None
) -> None:
    of = corpus.name if corpus else "the starter library"
    print(f"{questions} questions, {files} files of {of}, all-MiniLM-L6-v2")
    print(f"{'system':22} {'sources@5':>18} {'nDCG@10':>18} {'figures@5':>18} {'chars@5':>7} "
          f"{'ingest s':>9} {'cpu s':>7} {'query ms':>9} {'cpu ms':>7} {'MB':>6}")  # fmt: skip
    for row in rows:
        quality = " ".join(
            f"{figure.value:6.3f} ({figure.low:.2f}-{figure.high:.2f})"
            if figure.n
            else f"{'–':>18}"
            for figure in (row.sources, row.ndcg, row.with_figures)
        )
        print(f"{row.name:22} {quality} {row.characters:7.0f} {row.ingest:9.1f} "
              f"{row.ingest_cpu:7.1f} {row.query:9.1f} {row.query_cpu:7.1f} "
              f"{row.memory:6.0f}")  # fmt: skip
    if rows and rows[0].name == OURS:
        for row in rows[1:]:
            less = mean([a - b for a, b in zip(rows[0].gains, row.gains, strict=True)])
            print(f"nDCG@10, ours less {row.name}, question by question: {less.value:+.3f} "
                  f"({less.low:+.3f} to {less.high:+.3f})")  # fmt: skip
    held = [
        {
            "system": row.name,
            "sources@5": row.sources.value,
            "nDCG@10": row.ndcg.value,
            "figures@5": row.with_figures.value if row.with_figures.n else None,
            "characters@5": row.characters,
            "ingest_seconds": round(row.ingest, 2),
            "ingest_cpu_seconds": round(row.ingest_cpu, 2),
            "query_ms": round(row.query, 2),
            "query_cpu_ms": round(row.query_cpu, 2),
            "peak_megabytes": round(row.memory),
            "packages": list(PACKAGES.get(row.name, ())),
        }
        for row in rows
    ]
    told = {
        "bench": "peers",
        "questions": questions,
        "files": files,
        "of": of,
        "systems": held,
        "failed": failed,
    }
    print(json.dumps({**told, "machine": machine()}))


if __name__ == "__main__":
    sys.exit(main())
