// Adding documents: one file at a time, with its progress and what became of it. Without this file
// the form sends them all together and the page says the same afterwards.

import { element } from "./dom.js";

const form = document.getElementById("upload");
const chooser = document.getElementById("files");
const list = document.getElementById("uploads");
const button = form.querySelector("button");
const most = Number(form.dataset.most) * 1_000_000;

function send(file, tell) {
  return new Promise((settle) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("files", file);
    request.open("POST", "/v1/documents");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      tell(event.loaded / event.total);
    });
    request.addEventListener("load", () => settle([request.status, request.response]));
    request.addEventListener("error", () => settle([0, null]));
    request.send(body);
  });
}

const WORDS = { added: "added", changed: "new version", unchanged: "already here" };

function fault(name, words) {
  return [element("span", "tag bad", "not added"), " ", element("strong", "", name), element("span", "about", words)];
}

function outcome(file, status, body) {
  if (status === 0) {
    return fault(file.name, "The server cannot be reached. Check that it is running, and send the file again.");
  }
  if (status !== 200) {
    const words = body ? `${body.detail} ${body.fix ?? ""}` : `The server answered with status ${status}.`;
    return fault(file.name, words);
  }
  const [result] = body.documents;
  if (result.error) {
    return fault(file.name, result.error.message);
  }
  const link = element("a", "", file.name);
  link.href = `/documents/${result.document_id}`;
  const version = result.outcome === "changed" ? `, version ${result.version}` : "";
  const pages = `${result.pages} ${result.pages === 1 ? "page" : "pages"}${version}`;
  const notes = result.warnings.map((words) => element("span", "about", `Noticed: ${words}`));
  const tag = element("span", "tag good", WORDS[result.outcome] ?? result.outcome);
  return [tag, " ", link, " ", element("span", "about", pages), ...notes];
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const files = [...chooser.files];
  if (!files.length) {
    list.replaceChildren(element("p", "fault", "Choose at least one file first."));
    chooser.focus();
    return;
  }
  button.disabled = true;
  const lines = files.map((file) => element("li", "", element("strong", "", file.name), " waiting"));
  const heading = element("h3", "", "What became of your files");
  list.replaceChildren(heading, element("ul", "outcomes", ...lines));
  let added = 0;
  for (const [place, file] of files.entries()) {
    const line = lines[place];
    if (file.size > most) {
      line.replaceChildren(...fault(file.name, `It is larger than ${form.dataset.most} MB, the most that this server takes. Split it, or take out its pictures.`));
      continue;
    }
    const bar = element("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", `Sending ${file.name}`);
    const doing = element("span", "", " sending");
    line.replaceChildren(element("strong", "", file.name), doing, bar);
    const [status, body] = await send(file, (share) => {
      bar.value = share;
      if (share === 1) {
        bar.removeAttribute("value"); // how long reading takes cannot be told
        doing.textContent = " reading";
      }
    });
    if (status === 401) {
      location.assign("/sign-in");
      return;
    }
    line.replaceChildren(...outcome(file, status, body));
    added += Number(status === 200 && !body.documents[0].error);
  }
  button.disabled = false;
  form.reset();
  heading.textContent = `Added ${added} of ${files.length}`;
  if (added) {
    const link = element("a", "", "Show the library with them");
    link.href = "/documents?sort=newest";
    list.append(element("p", "", link));
  }
});
