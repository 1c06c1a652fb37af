// Giving a draft in: dropped, chosen or pasted, with progress by clause. Without this file the form
// sends the draft and the page comes back when it is checked.

import { problemOf, showProblem } from "./dom.js";
import { readEvents } from "./events.js";

const form = document.getElementById("give-in");
const chooser = document.getElementById("file");
const pasted = document.getElementById("text");
const drop = document.getElementById("drop");
const problem = document.getElementById("problem");
const doing = document.getElementById("doing");
const title = document.getElementById("doing-title");
const words = document.getElementById("doing-words");
const bar = document.getElementById("doing-bar");
const CUT = {
  detail: "The check was cut short: the server stopped or cannot be reached.",
  fix: "Your draft is still here. Check it again when the server is back.",
};

function wrong() {
  const file = chooser.files[0];
  const text = pasted.value.trim();
  const most = Number(form.dataset.most);
  const characters = Number(form.dataset.characters);
  if (!file && !text) {
    return { detail: "There is no draft yet.", fix: "Choose a file, or paste the text of your draft." };
  }
  if (file && text) {
    return { detail: "There is a file and pasted text.", fix: "Take one away: one draft is checked at a time." };
  }
  if (file && file.size === 0) {
    return { detail: `${file.name} is empty.`, fix: "Save it again, or choose another file." };
  }
  if (file && file.size > most * 1_000_000) {
    return { detail: `${file.name} is larger than ${most} MB, the most that this server takes.`, fix: "Take out its pictures, or paste its text." };
  }
  if (pasted.value.length > characters) {
    return { detail: `The text has ${pasted.value.length.toLocaleString("en-GB")} characters, and at most ${characters.toLocaleString("en-GB")} are taken.`, fix: "Send it as a file." };
  }
  return null;
}

let said = 0;

function tell({ doing: what, done, total }) {
  bar.max = total;
  bar.value = done;
  const now = Date.now();
  // A screen reader is told every few seconds, not at every clause.
  if (now - said > 2000 || done === total || said === 0) {
    said = now;
    words.textContent = `${what[0].toUpperCase()}${what.slice(1)}: ${done} of ${total}`;
  }
}

function working(on) {
  form.hidden = on;
  doing.hidden = !on;
  if (on) {
    said = 0;
    bar.removeAttribute("value");
    words.textContent = "Reading the draft";
    title.textContent = `Checking ${chooser.files[0]?.name ?? "the pasted text"}`;
    title.focus();
  }
}

// The connection is gone; the check may have gone on without it.
async function foundLater(id) {
  for (let tries = 0; id && tries < 6; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    try {
      const response = await fetch(`/v1/checks/${id}`);
      if (response.ok) {
        return true;
      }
    } catch {
      // Not back yet.
    }
  }
  return false;
}

async function check() {
  const body = new FormData(form);
  body.delete(chooser.files.length ? "text" : "file");
  const against = body.get("against");
  const beside = against ? `?against=${against}` : "";
  let id = "";
  let fault = CUT;
  try {
    const response = await fetch("/v1/checks", {
      method: "POST",
      headers: { Accept: "text/event-stream" },
      body,
    });
    if (response.status === 401) {
      location.assign("/sign-in");
      return;
    }
    if (!response.ok) {
      throw await problemOf(response);
    }
    for await (const { event, data } of readEvents(response.body)) {
      if (event === "progress") {
        id = data.id;
        tell(data);
      } else if (event === "report") {
        location.assign(`/checks/${data.id}${beside}`);
        return;
      } else if (event === "error") {
        throw data;
      }
    }
  } catch (error) {
    fault = error.detail ? error : CUT;
  }
  if (fault === CUT && (await foundLater(id))) {
    location.assign(`/checks/${id}${beside}`);
    return;
  }
  working(false);
  showProblem(problem, fault);
  problem.scrollIntoView({ block: "nearest" });
  (chooser.files.length ? chooser : pasted).focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const fault = wrong();
  showProblem(problem, fault);
  if (fault) {
    problem.scrollIntoView({ block: "nearest" });
    chooser.focus({ preventScroll: true });
    return;
  }
  working(true);
  check();
});

for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  drop.addEventListener(name, () => drop.classList.remove("over"));
}
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) {
    chooser.files = event.dataTransfer.files;
    showProblem(problem, null);
  }
});
// Coming back by the Back button shows the form, not the progress of the check that has ended.
addEventListener("pageshow", (event) => event.persisted && working(false));
