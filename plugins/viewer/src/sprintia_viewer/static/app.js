// What script adds to pages that work without it: shortcuts, copying, hiding a revealed secret, news of a newer version.
(() => {
  "use strict";

  const find = (selector) => document.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  function say(text) {
    const place = find("#notices");
    if (!place) return;
    const line = document.createElement("p");
    line.className = "sr-only";
    line.textContent = text;
    place.append(line);
    setTimeout(() => line.remove(), 5000);
  }

  // Shortcuts. Single keys never act while somebody types, nor when they are switched off (WCAG 2.1.4).

  const writes = (element) =>
    element.isContentEditable || element.matches("input, textarea, select, [role=textbox], [role=combobox]");

  /** Go to the next (1) or previous (-1) of these; the focus goes where a keyboard wants to act: the first link. */
  function step(items, by, onto) {
    if (!items.length) return;
    const at = items.findIndex((item) => item.classList.contains("at"));
    const next = items[at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.min(Math.max(at + by, 0), items.length - 1)];
    items.forEach((item) => item.classList.toggle("at", item === next));
    next.scrollIntoView({ block: "nearest" });
    onto(next);
  }

  function ontoRow(row) {
    row.querySelector("a[href], button, input")?.focus({ preventScroll: true });
  }

  function ontoChange(change) {
    if (change instanceof HTMLDetailsElement) change.open = true;
    change.tabIndex = -1;
    change.focus({ preventScroll: true });
  }

  const rows = () => all("[data-rows] > tbody > tr, [data-rows]:not(table) > *");
  const changes = () => all("[data-change]");

  const keys = {
    "/": () => find("[data-shortcut=search]")?.focus(),
    "?": showHelp,
    j: () => step(rows(), 1, ontoRow),
    k: () => step(rows(), -1, ontoRow),
    n: () => step(changes(), 1, ontoChange),
    p: () => step(changes(), -1, ontoChange),
  };

  function showHelp() {
    const dialog = find("#shortcuts");
    if (dialog) dialog.showModal();
    else if (document.body.dataset.help) location.assign(document.body.dataset.help);
  }

  function leave(event) {
    const menu = find("details.person[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (event.target.matches?.("input")) {
      event.target.blur();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") {
      leave(event);
      return;
    }
    if (document.body.dataset.shortcuts === "off" || writes(event.target) || find("dialog[open]")) return;
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("click", (event) => {
    const menu = find("details.person[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
    const button = event.target.closest?.("[data-copy], [data-copy-from]");
    if (button) copy(button);
  });

  // Copying.

  /** The text of an element, without what only stands beside it. */
  function written(element) {
    const whole = element?.cloneNode(true);
    whole?.querySelectorAll(".aside").forEach((beside) => beside.remove());
    return whole?.textContent;
  }

  async function copy(button) {
    const source = button.dataset.copyFrom;
    const text = source ? written(document.getElementById(source)) : button.dataset.copy;
    if (text === undefined || text === null) return;
    await navigator.clipboard.writeText(text);
    const label = button.textContent;
    if (label === button.dataset.copied) return;
    button.textContent = button.dataset.copied;
    say(button.dataset.copied);
    setTimeout(() => { button.textContent = label; }, 2000);
  }

  function showCopyButtons(from) {
    if (!navigator.clipboard) return;
    all("[data-copy], [data-copy-from]", from).forEach((button) => { button.hidden = false; });
  }

  // A revealed secret leaves the page by itself, also from a page that the browser kept to go back to.

  function hide(box) {
    box.replaceChildren();
    box.hidden = true;
    const told = box.parentElement?.querySelector("[data-hidden]");
    if (told) {
      told.hidden = false;
      say(told.textContent);
    }
  }

  function hideLater(from) {
    all("[data-hide-after]", from).forEach((box) => setTimeout(() => hide(box), Number(box.dataset.hideAfter) * 1000));
  }

  addEventListener("pagehide", () => all("[data-hide-after]").forEach(hide));

  // News: told, never swapped under who reads.

  const EVERY = 15000;

  function watch(note) {
    const timer = setInterval(async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch(note.dataset.newerUrl, { headers: { Accept: "application/json" }, redirect: "error" });
        if (!answer.ok) return;
        const { version } = await answer.json();
        if (version > Number(note.dataset.newerThan)) {
          note.hidden = false;
          clearInterval(timer);
        }
      } catch {
        // The network is away: the next round asks again.
      }
    }, Number(note.dataset.newerEvery) || EVERY);
  }

  // Unsaved work: a form that says so asks before it is left.

  function guard(form) {
    const before = () => new URLSearchParams(new FormData(form)).toString();
    const stood = before();
    let sent = false;
    form.addEventListener("submit", () => { sent = true; });
    addEventListener("pageshow", () => { sent = false; });
    addEventListener("beforeunload", (event) => { if (!sent && before() !== stood) event.preventDefault(); });
  }

  // A key that has no line of its own, since an alias stands for it, is shown by the key that holds it.

  function goToKey() {
    let id;
    try {
      id = decodeURIComponent(location.hash.slice(1));
    } catch {
      return;
    }
    if (!id.startsWith("k:/") || document.getElementById(id)) return;
    while (id.includes("/") && !document.getElementById(id)) id = id.slice(0, id.lastIndexOf("/"));
    if (id.includes("/")) location.replace(`#${encodeURIComponent(id)}`);
  }

  addEventListener("hashchange", goToKey);
  goToKey();
  showCopyButtons(document);
  hideLater(document);
  all("[data-newer-url]").forEach(watch);
  all("form[data-unsaved]").forEach(guard);
  // On a phone the current entry may stand beyond the edge of its strip.
  all(".menu [aria-current], .tabs [aria-current]").forEach((entry) => entry.scrollIntoView({ block: "nearest", inline: "nearest" }));
  find("[role=alert][tabindex]")?.focus();

  // Answers that take the place of a part of the page.

  function sendPlainly(form, submitter) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: submitter?.name || "", value: submitter?.value || "" });
    form.append(field);
    form.submit();
  }

  // What is no such page (the session ended, the service is away) is for the browser to ask for, and to show.
  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, sourceEvent, target, text } = event.detail.ctx;
    if (!text.includes(`id="${target.id}"`)) {
      event.preventDefault();
      sendPlainly(sourceElement, sourceEvent.submitter);
    }
  });
  document.addEventListener("htmx:error", (event) => {
    const { sourceElement, sourceEvent } = event.detail.ctx || {};
    if (sourceElement?.matches("form")) sendPlainly(sourceElement, sourceEvent.submitter);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    showCopyButtons(document);
    find(`#${event.detail.ctx.target.id}`)?.scrollIntoView({ block: "nearest" });
  });
})();
