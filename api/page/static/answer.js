// One question and its answer in the thread, sentence by sentence.
// Keep in step with templates/answer.html. Words are set as text, never as HTML.

import { element } from "./dom.js";

export class Exchange {
  constructor(thread, question) {
    this.numbers = new Map();
    this.sources = [];
    this.article = element("article", "exchange");
    const asked = element("h2", "asked");
    asked.append(element("span", "unseen", "You asked: "), question);
    this.answer = element("div", "answer");
    this.waiting = element("p", "waiting", "Looking in the library…");
    this.sentences = null;
    this.article.append(asked, this.answer);
    thread.append(this.article);
    // Put in afterwards, so that a screen reader says it.
    this.answer.append(this.waiting);
    this.article.scrollIntoView({ block: "nearest" });
  }

  addSentence(sentence) {
    if (this.sentences === null) {
      this.waiting.remove();
      this.sentences = element("p", "sentences");
      this.answer.append(this.sentences);
    }
    this.sentences.append(this.said(sentence), " ");
    this.article.scrollIntoView({ block: "nearest" });
  }

  said(sentence) {
    const span = element("span", "sentence", sentence.text);
    for (const citation of sentence.citations) {
      const link = sourceLink(citation, "citation", String(this.number(citation)));
      link.setAttribute(
        "aria-label",
        `Source ${this.number(citation)}: ${citation.title}, page ${citation.page}`,
      );
      span.append(" ", link);
    }
    return span;
  }

  // A comparison is put side by side once all its sentences are there.
  layOut(table) {
    const made = element("table");
    const head = made.createTHead().insertRow();
    head.insertCell();
    for (const column of table.columns) {
      const cell = element("th", "", column);
      cell.scope = "col";
      head.append(cell);
    }
    const body = made.createTBody();
    for (const row of table.rows) {
      const line = body.insertRow();
      const label = element("th", "", row.label);
      label.scope = "row";
      line.append(label);
      for (const cell of row.cells) {
        const place = line.insertCell();
        place.append(...cell.flatMap((sentence) => [this.said(sentence), " "]));
        if (!cell.length) {
          place.append("No evidence");
        }
      }
    }
    const wide = element("div", "table");
    wide.append(made);
    this.sentences.replaceWith(wide);
  }

  finish(answer) {
    this.waiting.remove();
    this.article.id = `answer-${answer.message_id}`;
    if (answer.table && this.sentences) {
      this.layOut(answer.table);
    }
    const nothing = answer.sentences.length ? "" : "Nothing in the library answers this.";
    if (answer.message || nothing) {
      this.answer.append(element("p", "message", answer.message || nothing));
    }
    if (answer.sentences.length && answer.missing.length) {
      const missing = `The library has nothing on: ${answer.missing.join("; ")}`;
      this.answer.append(element("p", "missing", missing));
    }
    if (answer.completeness === "partial" && !answer.missing.length && !answer.message) {
      this.answer.append(element("p", "missing", "This may answer only part of the question."));
    }
    for (const note of answer.notes) {
      this.answer.append(element("p", "note", note));
    }
    if (this.sources.length) {
      this.answer.append(element("h3", "sources-title", "Sources"), this.sourceList());
    }
    this.article.scrollIntoView({ block: "nearest" });
  }

  remove() {
    this.article.remove();
  }

  number(citation) {
    const place = `${citation.version_id} ${citation.page}`;
    if (!this.numbers.has(place)) {
      this.numbers.set(place, this.numbers.size + 1);
      this.sources.push(citation);
    }
    return this.numbers.get(place);
  }

  sourceList() {
    const list = element("ol", "sources");
    for (const citation of this.sources) {
      const item = element("li");
      item.append(sourceLink(citation, "", `${citation.title}, page ${citation.page}`));
      const standing = citation.standing === "unknown" ? "" : citation.standing;
      const about = [citation.publisher, shownDate(citation.published), standing];
      const line = about.filter(Boolean).join(" · ");
      if (line) {
        item.append(element("span", "about", line));
      }
      list.append(item);
    }
    return list;
  }
}

function sourceLink(citation, className, words) {
  const link = element("a", className, words);
  link.href = citation.link;
  link.dataset.source = "";
  return link;
}

// The first of a month stands for a month or a year only, as in showing.py.
function shownDate(iso) {
  if (!iso) {
    return "";
  }
  const [year, month, day] = iso.split("-").map(Number);
  const shown = { year: "numeric", timeZone: "UTC" };
  if (month > 1 || day > 1) {
    shown.month = "long";
  }
  if (day > 1) {
    shown.day = "numeric";
  }
  return new Intl.DateTimeFormat("en-GB", shown).format(Date.UTC(year, month - 1, day));
}
