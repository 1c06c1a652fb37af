// The Ask page. Without this file everything still works, by forms and links.

import { asking, newId, persist } from "./asking.js";
import { element, showProblem } from "./dom.js";
import { openSources, Panel } from "./panel.js";
import { announce, copy, refresh, settle, Streamed } from "./thread.js";

const form = document.getElementById("ask");
const box = document.getElementById("question");
const length = document.getElementById("length");
const examples = document.getElementById("examples");
const thread = document.getElementById("thread");
const problem = document.getElementById("problem");
const news = document.getElementById("news");
const send = document.getElementById("send");
const stop = document.getElementById("stop");
const most = Number(box.dataset.most);
const tabs = new BroadcastChannel("plumbline");
let now = null; // the question that is being answered: { streamed, hearing }

const LOST = "The connection is lost. Trying again…";
const conversation = () => form.elements.conversation_id.value;

async function ask(question, { insteadOf = "", filters = filtersIn(form) } = {}) {
  document.querySelector("main > .problem")?.remove(); // what the server said of the last form
  showProblem(problem, null);
  news.replaceChildren();
  if (now || !question.trim()) {
    if (!now) {
      showProblem(problem, { detail: "There is no question yet.", fix: "Write one, and ask." });
      box.focus();
    }
    return;
  }
  if (question.trim().length > most) {
    tooLong();
    box.focus();
    return;
  }
  const id = newId();
  const body = {
    message: question,
    message_id: id,
    conversation_id: conversation() || null,
    instead_of: (conversation() && insteadOf) || null,
    filters,
  };
  const streamed = new Streamed(question.trim(), id);
  now = { streamed, hearing: new AbortController() };
  busy(true);
  if (box.value === question) {
    box.value = "";
    form.elements.instead_of.value = "";
  }
  try {
    for await (const { event, data } of asking(body, now.hearing.signal)) {
      if (event === "searched") {
        carryOn(data.conversation_id);
      } else if (event === "sentence") {
        streamed.add(data);
      } else if (event === "lost") {
        streamed.say(LOST);
      } else if (event === "found") {
        streamed.say("Connected again. Answering…");
      } else if (event === "afresh") {
        streamed.forget();
      } else if (event === "answer") {
        await finished(data, now);
      }
    }
  } catch (fault) {
    if (!now.hearing.signal.aborted) {
      failed(fault, streamed, question, { insteadOf, filters });
    }
  } finally {
    now = null;
    busy(false);
  }
}

async function finished(answer, { streamed, hearing }) {
  const id = answer.conversation_id;
  carryOn(id);
  const title = await persist(() => settle(id), hearing.signal, () => streamed.say(LOST));
  if (title === null) {
    throw { detail: "This conversation has been deleted meanwhile.", fix: "What is on this page stays until you leave it." };
  }
  entitle(title);
  const sentences = answer.sentences.length;
  const told = { complete: "Answered.", partial: "Answered in part.", none: "No evidence." };
  announce(`${told[answer.completeness]} ${answer.message} ${answer.notes.join(" ")}`);
  if (!sentences) {
    document.getElementById(`answer-${answer.message_id}`)?.scrollIntoView({ block: "nearest" });
  }
  tabs.postMessage({ conversation: id });
}

function failed(fault, streamed, question, more) {
  if (fault.status === 401) {
    location.assign("/sign-in");
    return;
  }
  const wrong = fault.status >= 400 && fault.status < 500;
  if (fault.status === 404 && conversation()) {
    gone();
    fault = { ...fault, detail: "This conversation has been deleted.", fix: "Ask again to start a new one; what is on this page stays until you leave it." };
  }
  if (wrong && !streamed.started) {
    streamed.article.remove();
    box.value = box.value ? `${question}\n\n${box.value}` : question;
    showProblem(problem, fault);
    box.focus({ preventScroll: true });
  } else {
    streamed.fail(fault, () => ask(question, more));
  }
}

async function halt() {
  const { streamed, hearing } = now;
  streamed.say("Stopping…");
  try {
    const response = await fetch(`/v1/messages/${streamed.messageId}/stop`, { method: "POST" });
    if (!response.ok) {
      throw new Error(`status ${response.status}`);
    }
    // Its last event is on the way, and ends the asking.
  } catch {
    hearing.abort();
    const fault = { detail: "You stopped this answer.", fix: "The server has not kept it." };
    streamed.fail(fault, () => ask(streamed.question));
  }
}

function busy(yes) {
  stop.hidden = !yes;
  send.setAttribute("aria-disabled", String(yes));
}

// From now on a question follows up, and reloading shows the same conversation.
function carryOn(id) {
  if (conversation() !== id) {
    form.elements.conversation_id.value = id;
    history.replaceState(null, "", `/conversations/${id}`);
    thread.dataset.conversation = id;
    for (const link of document.querySelectorAll("#keeping a")) {
      link.href = link.getAttribute("href").replace(/conversations\/[^/]*\//, `conversations/${id}/`);
    }
  }
  form.querySelector("label").textContent = "Ask a follow-up question";
  for (const part of ["examples", "recent", "lede", "example"]) {
    document.getElementById(part)?.remove();
  }
  for (const part of ["trail", "afresh"]) {
    document.getElementById(part).hidden = false;
  }
}

function entitle(title) {
  const heading = document.getElementById("title");
  heading.textContent = title;
  heading.classList.add("titled");
  document.getElementById("keeping").hidden = false;
  document.title = `${title} – Plumbline`;
}

// The conversation is no longer kept: what is on the page is all there is of it.
function gone() {
  form.elements.conversation_id.value = "";
  form.elements.instead_of.value = "";
  document.getElementById("keeping").hidden = true;
}

// Another tab, or a time away: take in what has happened since.
async function catchUp() {
  const id = conversation();
  if (!id || now) {
    return;
  }
  try {
    const before = thread.querySelectorAll("article").length;
    const title = await settle(id);
    if (title === null) {
      gone();
      const words = "This conversation has been deleted. What is on this page stays until you leave it; the next question starts a new conversation.";
      news.replaceChildren(element("p", "notice warn", words));
    } else {
      entitle(title);
      const more = thread.querySelectorAll("article").length - before;
      if (more > 0) {
        const words = `${more} more ${more === 1 ? "question was" : "questions were"} asked in another tab.`;
        news.replaceChildren(element("p", "notice", words));
      }
    }
  } catch {
    // The server cannot be reached; the next question says so, and loses nothing.
  }
}

// An answer that was still coming when this page was opened.
async function hearOut(article) {
  const id = article.id.slice(7);
  const question = article.querySelector(".question").textContent;
  const streamed = new Streamed(question, id);
  now = { streamed, hearing: new AbortController() };
  busy(true);
  try {
    const body = { message_id: id, message: question, conversation_id: conversation() || null };
    for await (const { event, data } of asking(body, now.hearing.signal, { sent: true })) {
      if (event === "sentence") {
        streamed.add(data);
      } else if (event === "answer") {
        await finished(data, now);
      }
    }
  } catch (fault) {
    streamed.fail(fault, () => ask(question));
  } finally {
    now = null;
    busy(false);
  }
}

function filtersIn(fields) {
  const data = new FormData(fields);
  const filters = {
    collection: data.get("collection") || undefined,
    sectors: data.getAll("sectors"),
    standings: data.getAll("standings"),
    published_from: data.get("published_from") || undefined,
    published_to: data.get("published_to") || undefined,
  };
  const any = Object.values(filters).some((value) => value?.length);
  return any ? filters : null;
}

function tooLong() {
  const held = box.value.trim().length;
  const over = held > most;
  length.hidden = !over;
  box.closest(".field").classList.toggle("wrong", over);
  box.setAttribute("aria-invalid", String(over));
  if (over) {
    const shown = (number) => number.toLocaleString("en-GB");
    length.textContent = `This has ${shown(held)} characters; at most ${shown(most)} can be read. Shorten it; nothing has been cut.`;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(box.value, { insteadOf: form.elements.instead_of.value });
});
examples?.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(event.submitter.value);
});
stop.addEventListener("click", () => now && halt());
box.addEventListener("input", tooLong);
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Escape" && now) {
      event.preventDefault();
      halt();
    }
  },
  true,
);
thread.addEventListener("submit", async (event) => {
  const sent = event.target;
  const article = sent.closest("article");
  event.preventDefault();
  const data = new FormData(sent, event.submitter);
  if (sent.matches(".again")) {
    ask(data.get("question"), { insteadOf: data.get("instead_of"), filters: filtersIn(sent) });
    return;
  }
  const pressed = { name: event.submitter.name, label: event.submitter.textContent };
  try {
    const response = await fetch(sent.action, { method: "POST", body: data });
    if (!response.ok || !(await refresh(conversation(), article))) {
      throw new Error(`status ${response.status}`);
    }
    const again = [...article.querySelectorAll(`.feedback button[name="${pressed.name}"]`)];
    const asks = article.querySelector(".why[open] input[type=checkbox]");
    (asks ?? again.find((one) => one.textContent === pressed.label) ?? again[0] ?? article.querySelector(".quick button")).focus();
  } catch {
    article.querySelector(".thanks").textContent = "This was not kept: the server cannot be reached, or the answer has been deleted.";
  }
});
thread.addEventListener("click", async (event) => {
  const edit = event.target.closest("a.edit");
  const button = event.target.closest("button.copy");
  if (edit && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    const article = edit.closest("article");
    box.value = article.querySelector(".question").textContent;
    form.elements.instead_of.value = article.id.slice(7);
    tooLong();
    box.focus();
  } else if (button) {
    const label = button.textContent;
    try {
      await copy(button.closest("article"));
      button.textContent = "Copied";
      announce("Copied.");
    } catch {
      button.textContent = "The browser does not let it be copied";
    }
    setTimeout(() => (button.textContent = label), 4000);
  }
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    catchUp();
  }
});
tabs.addEventListener("message", (event) => {
  if (event.data.conversation === conversation()) {
    catchUp();
  }
});
addEventListener("pageshow", (event) => {
  if (event.persisted) {
    catchUp();
  }
});

for (const part of document.querySelectorAll(".copy")) {
  part.hidden = false;
}
openSources(new Panel());
const unfinished = thread.querySelector("article[data-unfinished]");
if (unfinished) {
  hearOut(unfinished);
}
