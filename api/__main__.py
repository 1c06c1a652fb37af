"""The command line: `plumbline VERB …`. Results on stdout, progress on stderr.

Exit status: 0 clean, 1 something failed or was found, 2 wrong usage or configuration. While
`plumbline serve` runs on the same data folder, the other commands send their work to it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

# Everything else is imported where it is used: `plumbline --help` answers at once.

# Read by numpy when it is imported. One question's products are too small to share out, and the
# threads that wait for the next keep a core busy for 30 ms each time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="plumbline",
    help="A policy assistant for public service reform: cited answers, offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Collection = Annotated[str, typer.Option(help="The collection to use.")]


@app.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders.")] = None,
    collection: Collection = "public",
    prune: Annotated[
        bool, typer.Option(help="Remove documents of these folders whose files are gone.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option(help="Read and embed again everything that is stored.")
    ] = False,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Download a document of the catalogue by its id, and ingest it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take documents into the library: .pdf .docx .odt .html .md .txt."""
    from api.commands import ingest_paths

    ingest_paths(
        paths or [],
        collection=collection,
        prune=prune,
        rebuild=rebuild,
        sources=source or [],
        as_json=as_json,
    )


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question.")],
    history: Annotated[
        Path | None,
        typer.Option(help='Earlier turns: JSON lines of {"role": "user|assistant", "text": …}.'),
    ] = None,
    collection: Annotated[str | None, typer.Option(help="Only this collection.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question from the library, with citations."""
    from api.commands import ask_question

    ask_question(question, history=history, collection=collection, as_json=as_json)


@app.command()
def check(
    draft: Annotated[Path, typer.Argument(help="The draft; - for standard input.")],
    other: Annotated[
        Path | None, typer.Argument(help="With --compare, the proposal to set beside it.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Set two proposals side by side.")
    ] = False,
    against: Annotated[Path | None, typer.Option(help="The last draft, to compare with.")] = None,
    format_: Annotated[
        str, typer.Option("--format", help="text, json, html, md, csv, sarif, junit or docx.")
    ] = "text",
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out findings less likely than this.")
    ] = 0.0,
    fail_on: Annotated[str, typer.Option(help="Exit 1 on: conflicts, or unsure too.")] = "",
    principles: Annotated[
        Path | None, typer.Option(help="Another organisation's principles (TOML).")
    ] = None,
    waivers: Annotated[Path | None, typer.Option(help="Accepted findings (TOML).")] = None,
    supports: Annotated[bool, typer.Option(help="List clauses that support, too.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the report to this file.")] = None,
) -> None:
    """Check a draft, clause by clause, against the seven principles."""
    from api.checking import check_draft, compare_drafts

    if compare != (other is not None):
        raise typer.BadParameter("Two proposals and --compare go together: A B --compare.")
    if other is not None:
        compare_drafts(draft, other, format_=format_, principles=principles, out=out)
        return
    check_draft(
        draft,
        against=against,
        format_=format_,
        min_confidence=min_confidence,
        fail_on=fail_on,
        principles=principles,
        waivers=waivers,
        supports=supports,
        out=out,
    )


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many passages.")] = 10,
    collection: Annotated[str | None, typer.Option(help="Only this collection.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find the passages nearest to a question."""
    from api.commands import search_library

    search_library(query, limit=limit, collection=collection, as_json=as_json)


@app.command()
def show(
    document_id: Annotated[str, typer.Argument(metavar="ID", help="A document's id.")],
    page: Annotated[int | None, typer.Option(min=1, help="Only this page.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a document's text as it is stored, page by page."""
    from api.commands import show_document

    show_document(document_id, page=page, as_json=as_json)


@app.command(name="list")
def list_(
    collection: Annotated[str | None, typer.Option(help="Only this collection.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the documents in the library."""
    from api.commands import list_documents

    list_documents(collection=collection, as_json=as_json)


@app.command()
def remove(
    document_id: Annotated[str, typer.Argument(metavar="ID", help="A document's id.")],
) -> None:
    """Delete a document with all its versions."""
    from api.commands import remove_document

    remove_document(document_id)


@app.command()
def sources(as_json: AsJson = False) -> None:
    """List the catalogue of public documents that `ingest --source ID` can download."""
    from api.commands import list_sources

    list_sources(as_json=as_json)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 picks one.")] = None,
) -> None:
    """Serve the chat page and the HTTP interface."""
    from api.serving import serve_forever

    serve_forever(host=host, port=port)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check everything that an operator can get wrong, and say what to do."""
    from api.doctor.examine import examine

    examine(as_json=as_json)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
) -> None:
    """Copy the library and the originals to a new folder, safely while it is in use."""
    from api.commands import back_up

    back_up(target)


evaluate = typer.Typer(help="Measure: tables with counts and 95% intervals.", no_args_is_help=True)
app.add_typer(evaluate, name="eval")

FailUnder = Annotated[
    list[str] | None,
    typer.Option(help="METRIC=VALUE: exit 1 when the figure is worse. May be repeated."),
]
Out = Annotated[Path | None, typer.Option(help="A folder for the outcome of each case.")]
Cases = Annotated[Path, typer.Option(help="The set of cases.")]


@evaluate.command(name="answers")
def eval_answers(
    cases: Cases, fail_under: FailUnder = None, out: Out = None, as_json: AsJson = False
) -> None:
    """Do answers say what they should, prove it, and refuse rightly?"""
    from api import evaluating

    evaluating.eval_answers(cases, fail_under=fail_under or [], out=out, as_json=as_json)


@evaluate.command(name="retrieval")
def eval_retrieval(
    corpus: Annotated[Path, typer.Option(help="The pool of passages, as JSON lines.")],
    cases: Cases,
    fail_under: FailUnder = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Does the retriever find the passages that people judged relevant?"""
    from api import evaluating

    evaluating.eval_retrieval(corpus, cases, fail_under=fail_under or [], out=out, as_json=as_json)


@evaluate.command(name="answerability")
def eval_answerability(
    corpus: Annotated[Path, typer.Option(help="The pool of passages, as JSON lines.")],
    cases: Cases,
    fail_under: FailUnder = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Is it known when the passages do not answer a question?"""
    from api import evaluating

    evaluating.eval_answerability(
        corpus, cases, fail_under=fail_under or [], out=out, as_json=as_json
    )


@evaluate.command(name="checks")
def eval_checks(
    cases: Cases,
    chat_model: Annotated[
        bool, typer.Option("--chat-model", help="By the chat model of the settings alone.")
    ] = False,
    fail_under: FailUnder = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Does the judge label clauses as people do?"""
    from api import evaluating

    evaluating.eval_checks(
        cases, by_chat_model=chat_model, fail_under=fail_under or [], out=out, as_json=as_json
    )


@evaluate.command(name="invariance")
def eval_invariance(cases: Cases, fail_under: FailUnder = None, as_json: AsJson = False) -> None:
    """Are wordings that mean the same judged alike, whoever says them?"""
    from api import evaluating

    evaluating.eval_invariance(cases, fail_under=fail_under or [], as_json=as_json)


Suite = Annotated[Path, typer.Argument(metavar="SUITE", help="A suite's file, or its name.")]
Ids = Annotated[list[str] | None, typer.Option(help="Only this case. May be repeated.")]
Library = Annotated[
    Path | None, typer.Option(help="Measure over this data folder, not the suite's own library.")
]


@evaluate.command(name="run")
def eval_run(
    suite: Suite,
    target: Annotated[str | None, typer.Option(help="One of the suite's targets.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The first N of each set.")] = None,
    ids: Ids = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Ask each question N times.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder.")] = None,
    resume: Annotated[str | None, typer.Option(help="Go on with this run.")] = None,
    rescore: Annotated[
        str | None, typer.Option(help="Score this run again from its outputs; asks no model.")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="Compare with this run.")] = None,
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Generate, score and report a suite: a folder with every case, figures and a report."""
    from api import eval_runs

    eval_runs.eval_run(
        suite,
        target=target,
        limit=limit,
        ids=ids or [],
        epochs=epochs,
        out=out,
        resume=resume,
        again=rescore,
        baseline=baseline,
        library=library,
        as_json=as_json,
    )


@evaluate.command(name="gate")
def eval_gate(
    suite: Suite,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Make this run the baseline to commit.")
    ] = False,
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Fail on a real fall of a figure against the committed baseline, and not on noise."""
    from api import eval_runs

    eval_runs.eval_gate(suite, update_baseline=update_baseline, library=library, as_json=as_json)


@evaluate.command(name="runs")
def eval_list_runs(as_json: AsJson = False) -> None:
    """List the runs that there are."""
    from api import eval_runs

    eval_runs.list_runs(as_json=as_json)


RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's name or folder.")]
SetName = Annotated[str, typer.Option("--set", help="A question set of the run.")]
ShapeName = Annotated[str, typer.Option(help="ragas, deepeval or mtrag.")]


@evaluate.command(name="attacks")
def eval_attacks(
    cases: Annotated[Path | None, typer.Option(help="The attacks; ours when not named.")] = None,
    library: Library = None,
    as_json: AsJson = False,
) -> None:
    """Try prompts, planted documents and tampered drafts; exit 1 when one is not withstood."""
    from api import eval_tools

    eval_tools.eval_attacks(cases, library=library, json_=as_json)


@evaluate.command(name="review")
def eval_review(
    into: Annotated[Path, typer.Option(help="The question set that cases are added to.")] = Path(
        "evals/sets/questions-from-use.yaml"
    ),
    decisions: Annotated[
        Path | None, typer.Option(help="Decisions as JSON lines, instead of asking.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Walk through what readers marked as wrong or wanted in tests, and complete the cases."""
    from api import eval_tools

    eval_tools.eval_review(into, decisions, json_=as_json)


@evaluate.command(name="figures")
def eval_figures(
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="The last when not named.")] = (
        None
    ),
) -> None:
    """Put the figures of a run of the full suite into evals/figures.json and README.md."""
    from api import eval_tools

    eval_tools.eval_figures(run)


@evaluate.command(name="export")
def eval_export(
    run: RunName,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    shape: ShapeName = "ragas",
    set_name: SetName = "questions",
) -> None:
    """Write the answers of a run for another tool: ragas, deepeval or MT-RAG."""
    from api import eval_tools

    eval_tools.eval_export(run, set_name, shape, out)


@evaluate.command(name="import")
def eval_import(
    file: Annotated[Path, typer.Argument(help="Another tool's cases.")],
    out: Annotated[Path, typer.Option(help="The question set to write (YAML).")],
    shape: ShapeName = "ragas",
) -> None:
    """Make a question set of the cases of ragas, deepeval or MT-RAG."""
    from api import eval_tools

    eval_tools.eval_import(file, shape, out)


@evaluate.command(name="marks")
def eval_marks(
    run: RunName,
    model: Annotated[str, typer.Option(help="PROVIDER:NAME, as for PLUMBLINE_CHAT_MODEL.")],
    url: Annotated[str, typer.Option(help="Address of an OpenAI-style server.")] = "",
    set_name: SetName = "questions",
    same_model: Annotated[
        bool, typer.Option("--same-model", help="Even where it wrote the answers itself.")
    ] = False,
) -> None:
    """Have a chat model mark the answers of a run, twice, and show where it disagrees."""
    from api import eval_tools

    eval_tools.eval_marks(run, set_name, model, url, same_model=same_model)


def main() -> None:
    """Run the command line; an error that a person can act on is shown without a traceback."""
    from corpus.errors import UserError

    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark, not a traceback.
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        app()
    except UserError as error:
        if "--json" in sys.argv:
            print(json.dumps({"error": {"code": error.code, "message": str(error)}}))
        print(f"Error: {error.problem}\n{error.fix}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
