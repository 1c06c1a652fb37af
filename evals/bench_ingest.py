"""`make bench-ingest`: what ingesting costs beside bare embedding and beside LangChain's tutorial.

Three parts, each in a process of its own and turn about, all with the model loaded and the
libraries imported before the clock starts:

- ours: files to a fresh data folder: read, chunk, embed, store in SQL, index in tantivy and Chroma;
- floor: the very texts that ours embedded, embedded again with the same model and precision and
  nothing else;
- langchain: the pipeline of the tutorials (recursive splitter 1000/200, all-MiniLM-L6-v2 in
  float32, Chroma), given the text of each file as our readers found it, reading not counted.

By default the files are the starter library. `--corpus` takes a pool in the format of
`plumbline eval retrieval`, each passage a Markdown file named by its id, with the titles in a
manifest; with `--cases` both libraries are then asked the cases' last turns.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from csv import DictWriter
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote, unquote

from corpus.embedding import SHIPPED, Embedder, SpannedText, Vectors, shipped_model_folder
from corpus.settings import Settings
from corpus.store import Store
from evals.machine import machine
from evals.pools import PoolCase, PoolPassage, load_cases, load_passages
from ingest.ingesting import Ingester
from ingest.sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
STARTER = (ROOT / "corpus" / "documents", ROOT / "corpus" / "manuscripts")
PARTS = ("ours", "floor", "langchain")
REPEATS = 3
DEPTH = 100  # chunks asked for, of which passages are ranked by their best
MEASURES = ("nDCG@10", "R@5")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of one part took, by the clock and in processor time of all its processes."""

    wall: float
    cpu: float
    chunks: int
    phases: dict[str, float]  # seconds by the clock of each step; empty where there is one


# -- the parts, each run in a child process -----------------------------------------------------


class Recorder(Embedder):
    """The embedder, which also keeps what it is given and how long it takes."""

    seconds = 0.0

    def embed_spans(
        self,
        texts: Sequence[SpannedText],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Vectors, list[Vectors]]:
        started = time.perf_counter()
        embedded = super().embed_spans(texts, progress=progress)
        self.seconds += time.perf_counter() - started
        self.given.extend(texts)
        return embedded

    def __init__(self, model: str = SHIPPED) -> None:
        super().__init__(model)
        self.given: list[SpannedText] = []


def ours(files: Path, work: Path) -> Cost:
    """Ingest a folder into a fresh library in `work`; leaves the texts for the floor."""
    shutil.rmtree(work / "data", ignore_errors=True)
    store = Store(Settings(data_dir=work / "data"))
    embedder = Recorder()
    _warm(embedder)
    import_module("chromadb")
    clock = _Clock()
    report = Ingester(store.library, store.files, embedder).ingest([files])
    clock.lap("reading and storing")
    store.catch_up()
    clock.lap("tantivy and the matrix")
    store.chroma.catch_up(store.library)
    clock.lap("Chroma")
    failed = [result.path for result in report.results if result.error is not None]
    if failed:
        raise RuntimeError(f"{len(failed)} files could not be ingested, first {failed[0]}.")
    phases = {"embedding": embedder.seconds, **clock.laps}
    phases["reading and storing"] -= embedder.seconds
    (work / "texts").write_bytes(pickle.dumps(embedder.given))
    store.close()
    return clock.cost(len(embedder.given), phases)


def floor(_files: Path, work: Path) -> Cost:
    """Embed the texts that ours embedded."""
    texts: list[SpannedText] = pickle.loads((work / "texts").read_bytes())
    embedder = Embedder()
    _warm(embedder)
    clock = _Clock()
    embedder.embed_spans(texts)
    return clock.cost(len(texts), {})


def langchain(_files: Path, work: Path) -> Cost:
    """LangChain's tutorial over the plain texts in `work`, into a fresh Chroma folder there."""
    from langchain_core.documents import Document
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    chroma: Any = import_module("langchain_chroma").Chroma
    shutil.rmtree(work / "langchain", ignore_errors=True)
    embeddings = _tutorial_embeddings()
    embeddings.embed_query("warm")
    chroma_client = import_module("chromadb")
    clock = _Clock()
    documents = [
        Document(page_content=path.read_text(encoding="utf-8"), metadata={"source": path.stem})
        for path in sorted((work / "plain").iterdir())
    ]
    splits = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(
        documents
    )
    clock.lap("splitting")
    chroma.from_documents(
        documents=splits,
        embedding=embeddings,
        client_settings=chroma_client.config.Settings(anonymized_telemetry=False),
        persist_directory=str(work / "langchain"),
    )
    clock.lap("embedding and Chroma")
    return clock.cost(len(splits), clock.laps)


def _tutorial_embeddings() -> Any:
    from langchain_core.embeddings import Embeddings
    from sentence_transformers import SentenceTransformer

    model: Any = SentenceTransformer(str(shipped_model_folder()), device="cpu")

    class Tutorial(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return model.encode(texts, show_progress_bar=False).tolist()

        def embed_query(self, text: str) -> list[float]:
            return model.encode(text, show_progress_bar=False).tolist()

    return Tutorial()


def _warm(embedder: Embedder) -> None:
    embedder.embed_documents(["warm"])
    if isinstance(embedder, Recorder):
        embedder.given.clear()
        embedder.seconds = 0.0


class _Clock:
    """Seconds since it was made, by lap; processor time includes ended children."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._wall = self._last = time.perf_counter()
        self._cpu = _processor_seconds()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now

    def cost(self, chunks: int, phases: dict[str, float]) -> Cost:
        return Cost(
            time.perf_counter() - self._wall, _processor_seconds() - self._cpu, chunks, phases
        )


def _processor_seconds() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


# -- quality ------------------------------------------------------------------------------------


def quality(work: Path, cases: Sequence[PoolCase]) -> dict[str, dict[str, float]]:
    """Both libraries asked each case's question alone; a passage ranks by its best chunk."""
    return {
        "ours": _measured(cases, _ask_ours(work)),
        "langchain": _measured(cases, _ask_langchain(work)),
    }


def _ask_ours(work: Path) -> Callable[[str], list[str]]:
    from assistant.conversation import understand
    from assistant.retrieval import Retriever

    store = Store(Settings(data_dir=work / "data"))
    store.catch_up()
    retriever = Retriever(store)
    names = {
        file.version_id: unquote(Path(file.file_name).stem) for file in store.library.stored_files()
    }

    def ask(question: str) -> list[str]:
        query = understand(question, (), store.embedder, store.lexical)
        return [names[passage.chunk.version_id] for passage in retriever.rank(query)]

    return ask


def _ask_langchain(work: Path) -> Callable[[str], list[str]]:
    settings = import_module("chromadb").config.Settings(anonymized_telemetry=False)
    held: Any = import_module("langchain_chroma").Chroma(
        embedding_function=_tutorial_embeddings(),
        client_settings=settings,
        persist_directory=str(work / "langchain"),
    )

    def ask(question: str) -> list[str]:
        found = held.similarity_search(question, k=DEPTH)
        return [unquote(document.metadata["source"]) for document in found]

    return ask


def _measured(cases: Sequence[PoolCase], ask: Callable[[str], list[str]]) -> dict[str, float]:
    measures: Any = import_module("ir_measures")  # it has no types
    judgements = {case.id: dict.fromkeys(case.relevant, 1) for case in cases}
    run = {
        case.id: {name: float(-rank) for rank, name in enumerate(dict.fromkeys(ask(case.question)))}
        for case in cases
    }
    wanted = [measures.parse_measure(name) for name in MEASURES]
    found = measures.calc_aggregate(wanted, judgements, run)
    return {str(measure): round(float(value), 4) for measure, value in found.items()}


# -- the run ------------------------------------------------------------------------------------


def lay_out(passages: Sequence[PoolPassage], folder: Path) -> None:
    """Each passage as a Markdown file, and a manifest with the titles."""
    folder.mkdir()
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        manifest = DictWriter(file, ["path", "title"])
        manifest.writeheader()
        for passage in passages:
            name = f"{quote(passage.id, safe='')}.md"
            (folder / name).write_text(passage.text, encoding="utf-8")
            manifest.writerow({"path": name, "title": passage.title})


def lay_out_plain(files: Path, folder: Path) -> None:
    """The text of each file as our readers find it, for the pipeline that has no readers."""
    folder.mkdir()
    with Sandbox() as sandbox:
        for path in sorted(files.iterdir()):
            if path.name != "manifest.csv":
                pages = sandbox.read(path).pages
                text = "\n\n".join(page.text for page in pages)
                (folder / f"{path.stem}.txt").write_text(text, encoding="utf-8")


def run_part(part: str, files: Path, work: Path) -> Cost:
    """One part in a process of its own. Raises CalledProcessError when it fails."""
    child = subprocess.run(
        [sys.executable, "-m", "evals.bench_ingest", "--part", part, str(files), str(work)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Cost(**json.loads(child.stdout.splitlines()[-1]))


def run(files: Path, work: Path, repeats: int, cases: Sequence[PoolCase]) -> None:
    """Run the parts turn about and print what they cost."""
    lay_out_plain(files, work / "plain")
    costs: dict[str, list[Cost]] = {part: [] for part in PARTS}
    for turn in range(repeats):
        for part in PARTS:
            cost = run_part(part, files, work)
            costs[part].append(cost)
            print(
                f"{turn + 1}. {part:9}  {cost.wall:7.1f} s  {cost.cpu:7.1f} s of processor time"
                f"  {cost.chunks:6} chunks  "
                + ", ".join(f"{name} {seconds:.1f}" for name, seconds in cost.phases.items()),
                flush=True,
            )
    wall = {part: median(cost.wall for cost in costs[part]) for part in PARTS}
    cpu = {part: median(cost.cpu for cost in costs[part]) for part in PARTS}
    figures = {
        "embedding_share_wall": wall["floor"] / wall["ours"],
        "embedding_share_cpu": cpu["floor"] / cpu["ours"],
        "embedding_share_within": median(
            cost.phases["embedding"] / cost.wall for cost in costs["ours"]
        ),
        "times_as_fast_wall": wall["langchain"] / wall["ours"],
        "times_as_fast_cpu": cpu["langchain"] / cpu["ours"],
    }
    print(f"\nMedians of {repeats}, wall (processor):")
    print(f"  bare embedding is {_percent(figures, 'embedding_share')} of our ingest; at least 75%")
    print(f"  embedding took {figures['embedding_share_within']:.0%} of the time within our ingest")
    print(
        f"  LangChain's tutorial takes {figures['times_as_fast_wall']:.2f} times as long "
        f"({figures['times_as_fast_cpu']:.2f}); at least 2.5"
    )
    asked = [case for case in cases if case.relevant]
    found = quality(work, asked) if asked else {}
    for name, measures in found.items():
        values = ", ".join(f"{measure} {value:.3f}" for measure, value in measures.items())
        print(f"  {name}: {values} over {len(asked)} questions")
    print(
        json.dumps(
            {
                "bench": "ingest",
                "machine": machine(),
                "versions": {
                    name: version(name)
                    for name in (
                        "torch",
                        "sentence-transformers",
                        "chromadb",
                        "tantivy",
                        "langchain-chroma",
                        "langchain-text-splitters",
                    )
                },
                "precision": Embedder().precision,
                "files": sum(path.name != "manifest.csv" for path in files.iterdir()),
                "costs": {part: [asdict(cost) for cost in costs[part]] for part in PARTS},
                **{name: round(value, 4) for name, value in figures.items()},
                "quality": found,
            }
        )
    )


def _percent(figures: dict[str, float], name: str) -> str:
    return f"{figures[f'{name}_wall']:.0%} ({figures[f'{name}_cpu']:.0%})"


def main() -> int:
    """Run, or be one part of a run."""
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(prog="python -m evals.bench_ingest", description=__doc__)
    parser.add_argument("--files", type=Path, help="a folder; the starter library by default")
    parser.add_argument("--corpus", type=Path, help="a retrieval pool instead (JSON lines)")
    parser.add_argument("--domain", help="only the passages of this domain")
    parser.add_argument("--limit", type=int, help="only so many passages")
    parser.add_argument("--cases", type=Path, help="questions on the pool, for the quality of both")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument(
        "--part", nargs=3, metavar=("PART", "FILES", "WORK"), help=argparse.SUPPRESS
    )
    asked = parser.parse_args()
    if asked.part:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        part: Callable[[Path, Path], Cost] = {
            "ours": ours,
            "floor": floor,
            "langchain": langchain,
        }[asked.part[0]]
        print(json.dumps(asdict(part(Path(asked.part[1]), Path(asked.part[2])))))
        return 0
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        files = asked.files or next(folder for folder in STARTER if folder.is_dir())
        cases: list[PoolCase] = []
        if asked.corpus:
            passages = [
                passage
                for passage in load_passages(asked.corpus)
                if asked.domain in (None, passage.domain)
            ][: asked.limit]
            files = work / "files"
            lay_out(passages, files)
            held = {passage.id for passage in passages}
            if asked.cases:
                cases = [case for case in load_cases(asked.cases) if held >= set(case.relevant)]
        run(files, work, asked.repeats, cases)
    return 0


if __name__ == "__main__":
    sys.exit(main())
