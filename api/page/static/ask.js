// The chat page. Without this file everything still works, by forms and links.

import { Exchange } from "./answer.js";
import { problemOf, showProblem } from "./dom.js";
import { readEvents } from "./events.js";
import { openSources, Panel } from "./panel.js";

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
  document.querySelector("main > .problem")?.remove(); // what the server said of the last form
  showProblem(problem, null);
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
    showProblem(problem, fault);
  } finally {
    asking = false;
    button.disabled = false;
    box.focus({ preventScroll: true });
  }
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
openSources(new Panel());
