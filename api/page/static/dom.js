// Elements made from words. Words are set as text, never as HTML.

export function element(name, className = "", ...children) {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  made.append(...children);
  return made;
}

// A response that is not ok, as the problem it describes: { detail, fix, status }.
export async function problemOf(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("application/problem+json")) {
    return response.json();
  }
  const { status } = response;
  return { detail: `The server answered with status ${status}.`, fix: "Try again.", status };
}

// Fill <div id="problem" role="alert"> with a problem, or with what a lost connection means.
export function showProblem(box, fault) {
  box.classList.toggle("problem", fault !== null);
  if (fault === null) {
    box.replaceChildren();
    return;
  }
  const words = fault.detail
    ? `${fault.detail} ${fault.fix ?? ""}`
    : "The server cannot be reached. Check that it is running, and try again.";
  box.replaceChildren(element("h2", "", "There is a problem"), element("p", "", words));
}
