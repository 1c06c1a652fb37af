// The panel beside the main column (templates/panel.html). Under 64rem it covers the screen.
//
//   const panel = new Panel();
//   panel.show({ title, content: node, opener: element });   // opener gets the focus back
//   panel.onclose = () => {};
//   openSources(panel);   // a[data-source] opens the page it links to in the panel

import { element } from "./dom.js";

export class Panel {
  constructor() {
    this.aside = document.getElementById("panel");
    this.title = document.getElementById("panel-title");
    this.content = document.getElementById("panel-content");
    this.main = document.getElementById("main");
    this.columns = this.aside.parentElement;
    this.narrow = matchMedia("(max-width: 63.99rem)");
    this.opener = null;
    this.onclose = () => {};
    document.getElementById("panel-close").addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen && !event.defaultPrevented) {
        event.preventDefault();
        this.close();
      }
    });
    this.narrow.addEventListener("change", () => this.keepBehind());
  }

  get isOpen() {
    return !this.aside.hidden;
  }

  show({ title, content, opener = null }) {
    if (opener && !this.aside.contains(opener)) {
      this.opener?.removeAttribute("aria-current");
      this.opener = opener;
      opener.setAttribute("aria-current", "true");
    }
    this.title.textContent = title;
    this.content.replaceChildren(content);
    this.aside.hidden = false;
    this.columns.classList.add("with-panel");
    this.keepBehind();
    this.aside.scrollTop = 0;
    this.title.focus({ preventScroll: true });
    this.scrollToMark();
  }

  close() {
    this.aside.hidden = true;
    this.columns.classList.remove("with-panel");
    this.keepBehind();
    this.content.replaceChildren();
    this.opener?.removeAttribute("aria-current");
    this.opener?.focus();
    this.opener = null;
    this.onclose();
  }

  // Over the whole screen, what is below is out of reach.
  keepBehind() {
    const covered = this.isOpen && this.narrow.matches;
    for (const part of document.querySelectorAll("body > :not(.columns), .columns > :not(#panel)")) {
      part.inert = covered;
    }
  }

  scrollToMark() {
    const mark = this.content.querySelector("mark");
    if (mark?.checkVisibility?.()) {
      const place = mark.getBoundingClientRect().top - this.aside.getBoundingClientRect().top;
      this.aside.scrollTop = place - this.aside.clientHeight / 3;
    }
  }
}

export function openSources(panel) {
  let wanted = "";

  async function open(link) {
    const address = link.getAttribute("href");
    wanted = address;
    let found = null;
    let words = "The server cannot be reached, so the source cannot be opened. Try again.";
    try {
      const response = await fetch(address, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      found = page.getElementById("source-page");
      const said = [...page.querySelectorAll("main p")].map((part) => part.textContent);
      words =
        response.status === 404
          ? "This is not in the library any more: the document has been removed since it was cited."
          : said.slice(0, 2).join(" ");
    } catch {
      // What to say is set already.
    }
    if (wanted !== address) {
      return; // another link was followed meanwhile
    }
    if (found) {
      const content = document.importNode(found, true);
      panel.show({ title: found.dataset.title, content, opener: link });
    } else {
      const content = element("div", "", element("p", "notice warn", words));
      if (link.dataset.quote) {
        const quote = element("blockquote", "marked-words", element("p", "", link.dataset.quote));
        content.append(element("p", "", "The words that were cited:"), quote);
      }
      panel.show({ title: "This source cannot be opened", content, opener: link });
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-source]");
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (link && plain) {
      event.preventDefault();
      open(link);
    }
  });
}
