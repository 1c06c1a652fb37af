"""A run as one HTML file that needs nothing else: no script, no font, no picture to load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, cast

from evals.clauses import NAMES
from evals.runs.folder import RunFolder
from evals.runs.measures import in_words
from evals.runs.reporting import curves
from evals.runs.reporting.markdown import first_figures, shown
from evals.runs.reporting.plots import Series, bars_plot, lines_plot
from evals.runs.suite import SetSpec, Suite
from evals.runs.summary import HEADLINES, broken_thresholds

_STYLE = Path(__file__).with_name("report.css")
Json = Mapping[str, Any]


def html_report(
    folder: RunFolder, suite: Suite, summary: Json, past: Sequence[tuple[Json, Json]]
) -> str:
    """The whole report."""
    run = folder.read("run.json")
    sets = {entry: folder.rows("scores", entry.name) for entry in suite.set}
    outputs = {entry: folder.rows("outputs", entry.name) for entry in suite.set}
    body = [
        _head(suite, run, summary),
        _figures(suite, summary),
        _plots(suite, sets, summary, run, past),
        *[_confusion(entry, rows) for entry, rows in sets.items()],
        *[_tags(entry, summary) for entry in suite.set],
        *[_cases(entry, rows, outputs[entry]) for entry, rows in sets.items() if rows],
        _settings(run, summary),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(suite.name)}: {escape(run['target']['name'])}</title>"
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head>\n"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _head(suite: Suite, run: Json, summary: Json) -> str:
    broken = broken_thresholds(summary)
    if broken:
        verdict = (
            '<div class="verdict bad"><p>Bounds broken:</p><ul>'
            + "".join(f"<li>{escape(said)}</li>" for said in broken)
            + "</ul></div>"
        )
    elif summary["thresholds"]:
        verdict = f'<p class="verdict good">All {len(summary["thresholds"])} bounds kept.</p>'
    else:
        verdict = '<p class="verdict">This suite sets no bounds.</p>'
    changed = " with uncommitted changes" if run["uncommitted_changes"] else ""
    notes = "".join(f"<li>{escape(note)}</li>" for note in summary["notes"])
    links = "".join(f'<a href="#{entry.name}">{escape(entry.name)}</a>' for entry in suite.set)
    return (
        f"<header><h1>{escape(suite.name)}</h1><p>{escape(suite.description)}</p>"
        f"<p class=about>Target <b>{escape(run['target']['name'])}</b>, {escape(run['created'])}, "
        f"commit {escape(run['commit'][:10] or 'unknown')}{changed}.</p>{verdict}"
        f"{f'<ul class=notes>{notes}</ul>' if notes else ''}"
        f'<nav aria-label="Parts of this report"><a href="#figures">Figures</a>'
        f'<a href="#plots">Plots</a>{links}<a href="#settings">How it was run</a></nav></header>'
    )


def _figures(suite: Suite, summary: Json) -> str:
    against = bool(summary["baseline"])
    head = "<th>Figure<th class=n>Value<th class=n>n<th class=n>95% interval" + (
        f"<th class=n>{escape(summary['baseline'])}<th class=n>Difference<th class=n>Real?"
        if against
        else ""
    )
    head += "<th class=n>Smallest difference this set shows"
    names = first_figures(suite, summary)
    rest = [name for name in summary["metrics"] if name not in names]
    rows = "".join(_figure_row(name, summary, against=against) for name in names)
    more = "".join(_figure_row(name, summary, against=against) for name in rest)
    return (
        '<section id="figures"><h2>Figures</h2><p>Rates have Wilson\'s interval, everything else a '
        "bootstrap over conversations. “Real?” is what is left of chance when the two runs are "
        "swapped case by case; the last column is what would be seen four times in five.</p>"
        f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        + (
            f"<details><summary>The other {len(rest)} figures</summary><div class=wide><table>"
            f"<thead><tr>{head}</tr></thead><tbody>{more}</tbody></table></div></details>"
            if more
            else ""
        )
        + "</section>"
    )


def _figure_row(name: str, summary: Json, *, against: bool) -> str:
    figure = summary["metrics"][name]
    words = in_words(name.partition(".")[2])
    cells = [
        f"<th scope=row>{escape(name)}<br><small>{escape(words)}</small>",
        f"<td class=n><b>{shown(name, figure['value'])}</b>",
        f"<td class=n>{figure['n']}",
        f"<td class=n>{shown(name, figure['low'])} to {shown(name, figure['high'])}",
    ]
    told = summary["comparisons"].get(name)
    if against and told is None:
        cells += ["<td class=n>–"] * 3
    elif against and not told["changed"]:
        cells += [f"<td class=n>{shown(name, told['before'])}", "<td class=n>none", "<td class=n>–"]
    elif against:
        kind = "worse" if told["worse"] else "better" if told["difference"] else ""
        real = f"{told['probability_real']:.3f}"
        cells += [
            f"<td class=n>{shown(name, told['before'])}",
            f'<td class="n {kind}">{told["difference"]:+.3f}<br><small>{told["low"]:+.3f} to '
            f"{told['high']:+.3f}</small>",
            f"<td class=n>{real}",
        ]
    detectable = told["detectable"] if told and told["changed"] else summary["detectable"][name]
    cells.append(f"<td class=n>{shown(name, detectable)}")
    return f"<tr>{''.join(cells)}</tr>"


# -- plots --------------------------------------------------------------------------------------


def _plots(
    suite: Suite,
    sets: Mapping[SetSpec, Sequence[Json]],
    summary: Json,
    run: Json,
    past: Sequence[tuple[Json, Json]],
) -> str:
    metrics: dict[str, Any] = summary["metrics"]
    drawn: list[str] = []
    tenths = [(number / 10, f"{number * 10}%") for number in range(0, 11, 2)]

    def add(
        title: str, note: str, series: Sequence[Series], across: str, up: str, **more: Any
    ) -> None:
        held = [(name, points) for name, points in series if len(points) > 1]
        if held:
            drawn.append(lines_plot(title, held, note=note, across=across, up=up, **more))

    depths: list[Series] = [
        (f"{entry.name}{label}", curves.found_by_depth(f"{entry.name}.{prefix}", metrics))
        for entry in suite.set
        for prefix, label in (
            ("sources", ""), ("conversation.R", ", in conversation"), ("last-turn.R", ", alone")
        )
    ]  # fmt: skip
    add(
        "Retrieval: sources found",
        "How many of the documents that an answer should rest on are among the first found.",
        depths, "documents looked at", "share of the sources",
        ticks=[(1, "1"), (3, "3"), (5, "5"), (10, "10")],
    )  # fmt: skip
    risks: list[Series] = [
        (entry.name, curves.risk_by_coverage(rows)) for entry, rows in sets.items()
    ]
    highest = max((risk for _, points in risks for _, risk in points), default=0.0)
    add(
        "Risk by coverage",
        "If only the questions it is surest of were answered: how many of those answers give none "
        "of the facts they should. Low and to the right is good.",
        risks, "share of questions answered", "share of those wrong", ticks=tenths, high=highest,
    )  # fmt: skip
    add(
        "Calibration",
        "How often it is right when it is so sure: on the dashed line, as often as it says.",
        [(entry.name, curves.reliability(rows)) for entry, rows in sets.items()],
        "confidence", "share right", ticks=tenths, diagonal=True,
    )  # fmt: skip
    for entry, rows in sets.items():
        if bars := curves.latency_bars(rows):
            drawn.append(
                bars_plot(
                    f"Time a case: {entry.name}",
                    bars,
                    note=f"Median {shown('_ms', metrics[f'{entry.name}.latency_ms']['value'])}.",
                    across="milliseconds",
                    up="cases",
                )
            )
    over_time = _over_time(suite, summary, run, past)
    if over_time:
        drawn.append(over_time)
    if not drawn:
        return ""
    return f'<section id="plots"><h2>Plots</h2><div class=plots>{"".join(drawn)}</div></section>'


def _over_time(suite: Suite, summary: Json, run: Json, past: Sequence[tuple[Json, Json]]) -> str:
    """The first figures over earlier runs of the same target and this one."""
    runs = [
        (described, summed)
        for described, summed in past
        if described["target"]["name"] == run["target"]["name"]
        and described["chosen"] == run["chosen"]
        and str(described["created"]) < str(run["created"])
    ][-19:]
    runs.append((run, summary))
    if len(runs) < 2:
        return ""
    names = [name for name in first_figures(suite, summary) if not name.endswith("_ms")][:4]
    series: list[Series] = [
        (
            name,
            [
                (float(number), float(summed["metrics"][name]["value"]))
                for number, (_, summed) in enumerate(runs)
                if name in summed["metrics"]
            ],
        )
        for name in names
    ]
    every = -(-len(runs) // 4)  # more labels would stand in one another
    ticks = [
        (float(number), str(described["created"])[5:16].replace("T", " "))
        if number % every == 0
        else (float(number), "")
        for number, (described, _) in enumerate(runs)
    ]
    return lines_plot(
        "Over past runs",
        series,
        note="The first figures in runs of this target over the same choice of cases.",
        across="run",
        up="value",
        ticks=ticks,
    )


def _confusion(entry: SetSpec, rows: Sequence[Json]) -> str:
    tables: list[str] = []
    head = "".join(f"<th class=n>{name}" for name in NAMES)
    for title, counts in curves.confusions(rows):
        lines = ""
        for true, name in enumerate(NAMES):
            total = max(1.0, counts[true].sum())
            cells = "".join(
                f'<td class="n heat{min(9, int(9 * count / total))}'
                f'{" hit" if said == true else ""}">{count:.0f}'
                for said, count in enumerate(counts[true])
            )
            lines += f"<tr><th scope=row>{name}{cells}</tr>"
        tables.append(
            f"<table class=confusion><caption>{escape(title)}</caption>"
            f"<thead><tr><td>{head}</tr></thead><tbody>{lines}</tbody></table>"
        )
    if not tables:
        return ""
    return (
        f"<section><h2>Confusion by principle: {escape(entry.name)}</h2>"
        "<p>Rows are what people say, columns what the judge says.</p>"
        f"<div class=tables>{''.join(tables)}</div></section>"
    )


def _tags(entry: SetSpec, summary: Json) -> str:
    tags: Json = summary["breakdown"].get(entry.name, {})
    measures = [
        measure
        for measure in HEADLINES[entry.kind]
        if any(measure in held for held in tags.values())
    ]
    if not tags or not measures:
        return ""
    head = "".join(f"<th class=n>{escape(measure)}<th class=n>n" for measure in measures)
    rows = ""
    for tag, held in tags.items():
        cells = ""
        for measure in measures:
            figure = held.get(measure)
            cells += (
                f"<td class=n>{figure['value']:.3f}<br><small>{figure['low']:.3f} to "
                f"{figure['high']:.3f}</small><td class=n>{figure['n']}"
                if figure
                else "<td><td>"
            )
        rows += f"<tr><th scope=row>{escape(tag)}{cells}</tr>"
    return (
        f"<section><h2>By tag: {escape(entry.name)}</h2><div class=wide><table><thead><tr>"
        f"<th>Tag{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


# -- cases --------------------------------------------------------------------------------------


def _cases(entry: SetSpec, rows: Sequence[Json], outputs: Sequence[Json]) -> str:
    said = {(output["id"], output["epoch"]): output for output in outputs}
    wrong = [row for row in rows if row["wrong"]]
    right = [row for row in rows if not row["wrong"]]

    def listed(chosen: Sequence[Json]) -> str:
        return "".join(_case(row, said.get((row["id"], row["epoch"]), {})) for row in chosen)

    return (
        f'<section id="{entry.name}"><h2>Cases: {escape(entry.name)}</h2>'
        f"<h3>{len(wrong)} of {len(rows)} with something wrong</h3>{listed(wrong)}"
        f"<details class=group><summary>{len(right)} with nothing wrong</summary>{listed(right)}"
        "</details></section>"
    )


def _case(row: Json, output: Json) -> str:
    faults = "".join(f"<li>{escape(fault)}</li>" for fault in row["wrong"])
    points = "".join(
        f'<li class="{"made" if made else "missed"}">{"✓" if made else "✗"} {escape(point)}</li>'
        for point, made in zip(row.get("expected", ()), row.get("points", ()), strict=False)
    )
    must = f"<p class=must>Must hold: {escape(row['must'])}</p>" if "must" in row else ""
    tags = "".join(f"<span class=tag>{escape(tag)}</span>" for tag in row["tags"])
    epoch = f" (time {row['epoch']})" if row["epoch"] > 1 else ""
    first = f"<br><small>{escape(row['wrong'][0][:160])}</small>" if row["wrong"] else ""
    return (
        f"<details class=case><summary><code>{escape(row['id'])}</code>{epoch} "
        f"{escape(str(row['question']))}{first}</summary>"
        f"{f'<ul class=faults>{faults}</ul>' if faults else ''}{must}"
        f"{_answer(output)}{f'<ul class=points>{points}</ul>' if points else ''}"
        f"{_expected_sources(row)}<p>{tags}</p></details>"
    )


def _answer(output: Json) -> str:
    reply = output.get("reply")
    if not reply:
        return f"<p class=error>{escape(output['error'])}</p>" if output.get("error") else ""
    sentences = ""
    for sentence in reply["sentences"]:
        cites = "".join(
            f"<li>{escape(cited['title'] or cited['document_id'])}, page {cited['page']}"
            f"{'' if cited['verified'] else ' <b class=worse>not on the page</b>'}"
            + ("" if cited["quote"] == sentence["text"] else f"<q>{escape(cited['quote'])}</q>")
            + "</li>"
            for cited in sentence["citations"]
        )
        sentences += f"<p>{escape(sentence['text'])}</p><ul class=cites>{cites}</ul>"
    state = reply["declined"] or reply["completeness"]
    likely = f", likely {reply['probability']:.2f}" if reply.get("probability") is not None else ""
    found = "".join(
        f"<li>{escape(passage['document_id'])}, page {passage['page']}: "
        f"{escape(' '.join(passage['text'].split())[:240])}</li>"
        for passage in reply["passages"][:5]
    )
    message = f"<p><i>{escape(reply['message'])}</i></p>" if reply["message"] else ""
    return (
        f"<div class=answer><p class=state>{escape(state)}{likely}, "
        f"{output.get('milliseconds', 0):.0f} ms</p>{sentences}{message}</div>"
        + (f"<details><summary>Passages found</summary><ol>{found}</ol></details>" if found else "")
    )


def _expected_sources(row: Json) -> str:
    sources = row.get("sources")
    return f"<p class=must>Expected sources: {escape(', '.join(sources))}</p>" if sources else ""


def _settings(run: Json, summary: Json) -> str:
    held = {
        "Suite": run["suite_file"],
        "Target": run["target"],
        "Cases chosen": run["chosen"],
        "Library": run["library"],
        "Data (sha256)": run["data"],
        "Versions": run["versions"],
        "Machine": run["machine"],
        "Settings": run["settings"],
        "Cases with something wrong": summary["cases_with_something_wrong"],
    }
    rows = ""
    for name, value in held.items():
        lines = (
            [f"{key}: {item}" for key, item in cast("Json", value).items() if item]
            if isinstance(value, dict)
            else [str(value)]
        )
        said = "<br>".join(escape(line) for line in lines)
        rows += f"<tr><th scope=row>{escape(name)}<td>{said}</tr>"
    return (
        '<section id="settings"><h2>How it was run</h2><div class=wide><table><tbody>'
        f"{rows}</tbody></table></div></section>"
    )
