// The questions and answers on the page. A streamed answer is put up sentence by sentence, in the
// shape that templates/answer.html gives it; the rest comes from the server when it has ended.

import { element } from "./dom.js";

const thread = document.getElementById("thread");
const said = document.getElementById("said");

export class Streamed {
  constructor(question, messageId) {
    this.question = question;
    this.messageId = messageId;
    this.numbers = new Map();
    this.sentences = null;
    this.state = element("p", "state");
    this.answer = element("div", "answer");
    const asked = element("h2", "asked");
    const words = element("span", "question", question);
    asked.append(element("span", "who", "You asked"), " ", words);
    this.article = element("article", "exchange", asked, this.state, this.answer);
    this.article.id = `answer-${messageId}`;
    this.say("Looking in the library…");
    document.getElementById(this.article.id)?.remove();
    thread.append(this.article);
    this.article.scrollIntoView({ block: "nearest" });
  }

  get started() {
    return this.sentences !== null;
  }

  say(words) {
    this.state.replaceChildren(element("span", "tag", words));
    announce(words);
  }

  add(sentence) {
    if (!this.sentences) {
      this.sentences = element("p", "sentences");
      this.answer.append(this.sentences);
      this.answer.classList.add("plumb", "partly");
      this.say("Answering…");
    }
    const span = element("span", "sentence", sentence.text);
    for (const citation of sentence.citations) {
      const number = this.number(citation);
      const link = element("a", "citation", String(number));
      link.href = citation.link;
      link.dataset.source = "";
      link.dataset.quote = citation.quote;
      const where = `${citation.title}, page ${citation.page}`;
      link.setAttribute("aria-label", `Source ${number}: ${where}`);
      span.append("\u00a0", link); // the number never stands on a line alone
    }
    this.sentences.append(span, " ");
    announce(sentence.text);
    this.article.scrollIntoView({ block: "nearest" });
  }

  forget() {
    this.answer.replaceChildren();
    this.answer.className = "answer";
    this.sentences = null;
    this.numbers.clear();
  }

  // It ended badly: what was said stays, with what to do.
  fail(fault, again) {
    const words = fault.detail
      ? `${fault.detail} ${fault.fix ?? ""}`
      : "The server cannot be reached. Check that it is running, and ask again.";
    const button = element("button", "secondary small", "Ask again");
    button.type = "button";
    button.addEventListener("click", () => {
      this.article.remove();
      again();
    });
    this.state.replaceChildren(element("span", "tag bad", "Not finished"));
    const notice = element("div", "notice warn", element("p", "", words), button);
    notice.setAttribute("role", "alert");
    this.article.append(notice);
  }

  number(citation) {
    const place = `${citation.version_id} ${citation.page}`;
    if (!this.numbers.has(place)) {
      this.numbers.set(place, this.numbers.size + 1);
    }
    return this.numbers.get(place);
  }
}

// What a screen reader says, a sentence at a time. Gone again before a reader comes upon it twice.
export function announce(words) {
  const line = element("p", "", words);
  said.append(line);
  setTimeout(() => line.remove(), 30_000);
}

// Bring the thread to what the server keeps: the answers that came here, in another tab, or while
// the connection was lost. Returns the conversation's title, or null when it has been deleted.
export async function settle(conversation, { busy = "" } = {}) {
  const settled = thread.querySelectorAll("article[data-settled]");
  const last = settled.length ? settled[settled.length - 1].id.slice(7) : "";
  const response = await fetch(`/conversations/${conversation}/exchanges?after=${last}`, {
    headers: { Accept: "text/html" },
  });
  if (response.status === 404) {
    return null;
  }
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const fresh of page.querySelectorAll("article")) {
    if (fresh.id !== `answer-${busy}`) {
      put(document.importNode(fresh, true));
    }
  }
  return page.title;
}

// One exchange again, after something was said of it.
export async function refresh(conversation, article) {
  const address = `/conversations/${conversation}/exchanges?only=${article.id.slice(7)}`;
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("article");
  if (response.ok && fresh) {
    article.querySelector(".feedback").replaceWith(
      document.importNode(fresh.querySelector(".feedback"), true),
    );
  }
  return response.ok;
}

function put(fresh) {
  const held = document.getElementById(fresh.id);
  if (!held) {
    thread.append(fresh);
  } else if (fresh.dataset.unfinished === undefined) {
    merge(held, fresh);
    thread.append(...thread.querySelectorAll("article:not([data-settled])"));
  }
  for (const button of thread.querySelectorAll(".copy")) {
    button.hidden = false;
  }
}

// Sentences that are on the page already stay as they are: someone may be on one of their links.
function merge(held, fresh) {
  const mine = held.querySelector(".answer");
  const theirs = fresh.querySelector(".answer");
  const same = mine && words(mine) === words(theirs);
  if (same) {
    mine.className = theirs.className;
    const before = [...fresh.children];
    const place = before.indexOf(theirs);
    for (const old of [...held.children]) {
      if (old !== mine) {
        old.remove();
      }
    }
    mine.before(...before.slice(0, place));
    mine.after(...before.slice(place + 1));
    held.dataset.settled = "";
    delete held.dataset.unfinished;
  } else {
    held.replaceWith(fresh);
  }
}

function words(part) {
  return part.textContent.replace(/\s+/g, " ").trim();
}

// An answer as it is copied: the sentences with their numbers, and the sources under them.
export async function copy(article) {
  const question = article.querySelector(".question").textContent;
  const answer = article.querySelector(".answer");
  const items = [...article.querySelectorAll(".sources li")];
  const marked = answer.cloneNode(true);
  for (const link of marked.querySelectorAll(".citation")) {
    link.replaceWith(`[${link.textContent}]`);
  }
  const notes = [...article.querySelectorAll(".after .message, .after .notice, .after .note")];
  const text = [
    question,
    ...[...marked.children].map((part) => rows(part)),
    ...notes.map((note) => words(note)),
    items.map((item) => `[${item.value}] ${source(item)}`).join("\n"),
  ];
  const plain = text.filter(Boolean).join("\n\n");
  const html = element("div", "", element("p", "", element("strong", "", question)));
  html.append(...marked.cloneNode(true).children);
  html.append(...notes.map((note) => element("p", "", words(note))));
  html.append(...items.map((item) => element("p", "", `[${item.value}] ${source(item)}`)));
  for (const part of html.querySelectorAll("*")) {
    for (const { name } of [...part.attributes]) {
      part.removeAttribute(name);
    }
  }
  await putOnClipboard(plain, new XMLSerializer().serializeToString(html));
}

function rows(part) {
  const lines = [...part.querySelectorAll("tr")].map((row) => [...row.cells].map(words).join("\t"));
  return lines.length ? lines.join("\n") : words(part);
}

function source(item) {
  const link = item.querySelector("a");
  const about = item.querySelector(".about");
  const facts = about ? ` (${words(about)})` : "";
  return `${words(link)}${facts}: ${new URL(link.getAttribute("href"), location).href}`;
}

async function putOnClipboard(plain, html) {
  if (navigator.clipboard?.write && globalThis.ClipboardItem) {
    const kinds = { "text/plain": plain, "text/html": html };
    const made = Object.entries(kinds).map(([type, words]) => [type, new Blob([words], { type })]);
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(made))]);
    return;
  }
  // A page that is not served securely has no clipboard of its own.
  const box = element("textarea", "unseen");
  box.value = plain;
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (!done) {
    throw new Error("not copied");
  }
}
