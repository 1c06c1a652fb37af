// The chat page. Without this file everything still works, by forms and links.

import { Exchange } from "./answer.js";
import { readEvents } from "./events.js";
import { openSources } from "./source.js";

const form = document.getElementById("ask");
const box = document.getElementById("question");
const examples = document.getElementById("examples");
const thread = document.getElementById("thread");
const problem = document.getElementById("problem");
const again = document.getElementById("again");
const button = form.querySelector("button");
let asking = false;

async function ask(question) {
  if (asking || !question.trim()) {
    return;
  }
  asking = true;
  button.disabled = true;
  showProblem(null);
  const exchange = new Exchange(thread, question);
  try {
    const conversation = form.elements.conversation_id.value;
    const response = await fetch("/v1/chat", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify({ message: question, conversation_id: conversation || null }),
    });
    if (response.status === 401) {
      location.assign("/sign-in");
      return;
    }
    if (!response.ok) {
      throw await problemOf(response);
    }
    let ended = false;
    for await (const { event, data } of readEvents(response.body)) {
      if (event === "sentence") {
        exchange.addSentence(data);
      } else if (event === "answer") {
        ended = true;
        exchange.finish(data);
        carryOn(data.conversation_id);
      } else if (event === "error") {
        throw data;
      }
    }
    if (!ended) {
      throw { detail: "The answer was cut short.", fix: "Ask again." };
    }
    box.value = "";
  } catch (fault) {
    exchange.remove();
    box.value = question;
    showProblem(fault);
  } finally {
    asking = false;
    button.disabled = false;
    box.focus({ preventScroll: true });
  }
}

async function problemOf(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("application/problem+json")) {
    return response.json();
  }
  return { detail: `The server answered with status ${response.status}.`, fix: "Try again." };
}

// From now on a question follows up, and reloading shows the same conversation.
function carryOn(conversation) {
  form.elements.conversation_id.value = conversation;
  history.replaceState(null, "", `/conversations/${conversation}`);
  form.querySelector("label").textContent = "Ask a follow-up question";
  examples?.remove();
  if (again) {
    again.hidden = false;
  }
}

function showProblem(fault) {
  problem.replaceChildren();
  document.querySelector("main > .problem")?.remove();
  problem.classList.toggle("problem", fault !== null);
  if (fault === null) {
    return;
  }
  const heading = document.createElement("h2");
  heading.textContent = "There is a problem";
  const words = document.createElement("p");
  words.textContent = fault.detail
    ? `${fault.detail} ${fault.fix ?? ""}`
    : "The server cannot be reached. Check that it is running, and ask again.";
  problem.append(heading, words);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(box.value);
});
examples?.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(event.submitter.value);
});
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
openSources();
