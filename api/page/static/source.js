// Opens a source beside the answer: the same page that its link would open, in a panel.

export function openSources() {
  const panel = document.getElementById("source");
  const columns = panel.parentElement;
  const title = document.getElementById("source-title");
  const content = document.getElementById("source-content");
  const main = document.getElementById("main");
  const narrow = matchMedia("(max-width: 63.99rem)");
  let opener = null;
  let wanted = "";

  async function open(link) {
    const address = link.getAttribute("href");
    wanted = address;
    if (!panel.contains(link)) {
      opener?.removeAttribute("aria-current");
      opener = link;
      opener.setAttribute("aria-current", "true");
    }
    try {
      const response = await fetch(address, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const found = page.getElementById("source-page");
      if (!response.ok || !found) {
        throw new Error(`status ${response.status}`);
      }
      if (wanted === address) {
        show(found);
      }
    } catch {
      location.assign(address); // the page itself says what is wrong
    }
  }

  function show(found) {
    title.textContent = found.dataset.title;
    content.replaceChildren(document.importNode(found, true));
    panel.hidden = false;
    columns.classList.add("with-source");
    main.inert = narrow.matches; // over the whole screen: what is below is out of reach
    panel.scrollTop = 0;
    title.focus({ preventScroll: true });
    const mark = content.querySelector("mark");
    if (mark && mark.checkVisibility?.()) {
      panel.scrollTop = mark.offsetTop - panel.clientHeight / 3;
    }
  }

  function close() {
    panel.hidden = true;
    main.inert = false;
    columns.classList.remove("with-source");
    content.replaceChildren();
    opener?.removeAttribute("aria-current");
    opener?.focus();
    opener = null;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-source]");
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (link && plain) {
      event.preventDefault();
      open(link);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) {
      close();
    }
  });
  document.getElementById("source-close").addEventListener("click", close);
}
