// One question, asked until it is answered: over lost connections and a server that starts again.
//
// The page chooses the answer's id. So, whatever was lost, it can ask for the answer by that id;
// and when the server has never heard of it, the question may be sent again without harm.

import { problemOf } from "./dom.js";
import { readEvents } from "./events.js";

const STREAM = "text/event-stream";
const PATIENCE = 120_000; // milliseconds without a word from the server
const SENDINGS = 4;

// Yields { event, data }: "searched", "sentence"…, and at last one "answer"; and between them
// "lost" when the connection is gone, "found" when it is back, "afresh" when what was said must be
// forgotten. Throws a problem ({ detail, fix, status }) for what cannot be answered.
// `sent` says that the server has the question already.
export async function* asking(body, signal, { sent = false } = {}) {
  let sending = !sent;
  let sendings = 0;
  let last = "";
  let quietSince = 0;
  let pause = 250;
  for (;;) {
    try {
      if (sending && ++sendings > SENDINGS) {
        throw { detail: "The server does not keep this question.", fix: "Ask again.", status: 0 };
      }
      const response = sending ? await send(body, signal) : await hearOn(body, last, signal);
      const starting = response.status === 503 || response.status === 502;
      if (!sending && response.status === 404) {
        sending = true; // it was never received, or the server has started again without it
        if (last) {
          last = "";
          yield { event: "afresh" };
        }
        continue;
      }
      if (sending && response.status === 409) {
        sending = false; // it was received, though we never heard so
        continue;
      }
      if (!response.ok && !starting) {
        throw await problemOf(response);
      }
      if (response.ok) {
        if (quietSince) {
          quietSince = 0;
          pause = 250;
          yield { event: "found" };
        }
        for await (const told of readEvents(response.body)) {
          last = told.id || last;
          if (told.event === "error") {
            throw told.data;
          }
          yield told;
          if (told.event === "answer") {
            return;
          }
        }
        sending = false; // cut short
      }
    } catch (fault) {
      if (signal.aborted || !(fault instanceof TypeError)) {
        throw fault;
      }
      sending = false; // a lost connection; it may have reached the server before
    }
    if (!quietSince) {
      quietSince = Date.now();
      yield { event: "lost" };
    }
    if (Date.now() - quietSince > PATIENCE) {
      throw { lost: true, detail: "The server has not been reached for two minutes.", fix: "Check that it is running, and ask again." };
    }
    await wait(pause, signal);
    pause = Math.min(pause * 2, 4000);
  }
}

function send(body, signal) {
  return fetch("/v1/chat", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: STREAM },
    body: JSON.stringify(body),
    signal,
  });
}

function hearOn(body, last, signal) {
  const headers = { Accept: STREAM };
  if (last) {
    headers["Last-Event-ID"] = last;
  }
  return fetch(`/v1/messages/${body.message_id}/events`, { headers, signal });
}

// What `work` resolves to, tried again while the server cannot be reached; `told` is called at each
// failure. Throws the last one when patience is at its end.
export async function persist(work, signal, told) {
  const began = Date.now();
  for (let pause = 250; ; pause = Math.min(pause * 2, 4000)) {
    try {
      return await work();
    } catch (fault) {
      if (signal.aborted || Date.now() - began > PATIENCE) {
        throw fault;
      }
    }
    told();
    await wait(pause, signal);
  }
}

// Resolves after so long, or as soon as the browser is online again.
function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", cut);
      resolve();
    };
    const cut = () => {
      done();
      reject(signal.reason);
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal.addEventListener("abort", cut);
  });
}

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
