// The desk: filters without a new page, from finding to finding by keyboard, sources beside them.
// Without this file all of it works by links and forms.

import { Panel, openSources } from "./panel.js";

const review = document.getElementById("review");
const filters = document.getElementById("filters");
const wide = matchMedia("(min-width: 60rem)");

openSources(new Panel());

// -- what is shown ------------------------------------------------------------------------------

let asked = 0;

function chosen() {
  return new URLSearchParams([...new FormData(filters)].filter(([, value]) => value !== ""));
}

async function narrow() {
  const query = chosen().toString();
  const address = `${location.pathname}${query ? `?${query}` : ""}`;
  asked += 1;
  const mine = asked;
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = page.getElementById("review");
    if (mine !== asked) {
      return; // another choice was made meanwhile
    }
    const shown = document.getElementById("shown");
    const kept = found.querySelector("#shown");
    shown.replaceChildren(...kept.childNodes); // the same element, so that it is announced
    kept.replaceWith(shown);
    review.replaceChildren(...found.childNodes);
    history.replaceState(null, "", address);
    ready();
  } catch {
    location.assign(address); // the page itself says what is wrong
  }
}

filters.querySelector("button").hidden = true; // a choice is enough
filters.addEventListener("change", narrow);
filters.addEventListener("submit", (event) => {
  event.preventDefault();
  narrow();
});

// -- from finding to finding --------------------------------------------------------------------

function findings() {
  return [...document.querySelectorAll(".finding")];
}

function mark(finding, clause) {
  for (const held of document.querySelectorAll(".now")) {
    held.classList.remove("now");
  }
  finding?.classList.add("now");
  clause?.classList.add("now");
}

function clauseOf(finding) {
  return document.getElementById(finding.dataset.clause);
}

function go(step) {
  const all = findings();
  if (!all.length) {
    return;
  }
  const now = all.findIndex((held) => held.classList.contains("now"));
  const next = now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step;
  const finding = all[Math.min(Math.max(next, 0), all.length - 1)];
  finding.focus({ preventScroll: true });
  finding.scrollIntoView({ block: "nearest" });
  const clause = clauseOf(finding);
  if (wide.matches) {
    clause?.scrollIntoView({ block: "center" });
  }
  mark(finding, clause);
}

function ready() {
  const keys = document.querySelector(".keys");
  keys.hidden = !findings().length;
  document.getElementById("previous").addEventListener("click", () => go(-1));
  document.getElementById("next").addEventListener("click", () => go(1));
}

function follow() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) {
    return;
  }
  if (target.classList.contains("finding")) {
    mark(target, clauseOf(target));
  } else {
    const finding = findings().find((held) => held.dataset.clause === target.id);
    mark(finding, target);
  }
}

addEventListener("hashchange", follow);
// J and K go on and back, but only from within the draft or the findings, and never while writing.
document.addEventListener("keydown", (event) => {
  const within = event.target.closest?.(".review");
  const writing = event.target.closest?.("input, textarea, select");
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (within && !writing && plain && (event.key === "j" || event.key === "k")) {
    event.preventDefault();
    go(event.key === "j" ? 1 : -1);
  }
});
ready();
follow();
// What was chosen before this file was there, or was put back by the browser, counts too.
const now = new URLSearchParams(location.search);
now.delete("part");
now.sort();
const wanted = chosen();
wanted.sort();
if (wanted.toString() !== now.toString()) {
  narrow();
}
