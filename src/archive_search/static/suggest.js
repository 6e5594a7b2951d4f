// Suggests while a reader types in the search box: the combobox pattern of WAI-ARIA, with a list that pops up.
// Without this script the box is a plain one, and /suggest a page.
"use strict";
(() => {
  const PAUSE_MS = 150;
  const LEAST_LETTERS = 2;

  const box = document.querySelector("input[data-suggest]");
  if (!box || !window.fetch || !window.AbortController) return;

  const list = document.createElement("div");
  let options = [];
  let active = -1;
  let asked = "";
  let composing = false;
  let timer = 0;
  let request = new AbortController();

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function close() {
    clearTimeout(timer);
    request.abort();
    asked = "";
    list.hidden = true;
    list.replaceChildren();
    options = [];
    activate(-1);
    box.setAttribute("aria-expanded", "false");
  }

  function activate(number) {
    if (options[active]) options[active].setAttribute("aria-selected", "false");
    active = number;
    const option = options[active];
    if (!option) {
      box.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function optionOf(suggestion) {
    const option = element("div", "suggestion");
    option.id = `suggestion-${options.length}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.url = suggestion.url;
    const text = element("span", "suggestion-text", suggestion.text);
    text.lang = "vi";
    option.append(text);
    if (suggestion.kind !== "title") option.append(" ", element("span", "count", String(suggestion.count)));
    options.push(option);
    return option;
  }

  function groupOf(suggestion) {
    const group = element("div");
    const label = element("div", "suggestion-kind", suggestion.label);
    label.id = `suggested-${suggestion.kind}`;
    label.setAttribute("role", "presentation");
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", label.id);
    group.append(label);
    list.append(group);
    return group;
  }

  function show(suggestions) {
    list.replaceChildren();
    options = [];
    activate(-1);
    let kind = "";
    let group = null;
    suggestions.forEach((suggestion) => {
      if (suggestion.kind !== kind) {
        kind = suggestion.kind;
        group = groupOf(suggestion);
      }
      group.append(optionOf(suggestion));
    });
    list.hidden = options.length === 0;
    box.setAttribute("aria-expanded", String(options.length > 0));
  }

  async function ask() {
    const typed = box.value.trim();
    if (typed === asked) return;
    if (typed.length < LEAST_LETTERS) {
      close();
      return;
    }
    request.abort();
    const own = request = new AbortController();
    asked = typed;
    const address = new URL(box.dataset.suggest, location.href);
    address.searchParams.set("q", typed);
    address.searchParams.set("format", "json");
    try {
      const response = await fetch(address, { signal: own.signal });
      const answer = response.ok ? await response.json() : { suggestions: [] };
      if (!own.signal.aborted) show(answer.suggestions);
    } catch (error) {
      // The answer is no longer wanted, or the network is down: the box works without it.
      if (!own.signal.aborted) close();
    }
  }

  function askSoon() {
    clearTimeout(timer);
    if (!composing) timer = setTimeout(ask, PAUSE_MS);
  }

  function step(by) {
    // One place more than there are options: the box itself.
    const places = options.length + 1;
    activate((active + 1 + by + places) % places - 1);
  }

  const KEYS = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Escape: close,
    Enter: () => options[active] && location.assign(options[active].dataset.url),
  };

  box.addEventListener("input", askSoon);
  box.addEventListener("compositionstart", () => {
    composing = true;
    clearTimeout(timer);
  });
  box.addEventListener("compositionend", () => {
    composing = false;
    askSoon();
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || composing) return;
    if (event.key === "ArrowDown" && !options.length) {
      ask();
      return;
    }
    if (!options.length || !(event.key in KEYS)) return;
    // Enter in the box itself sends the form.
    if (event.key === "Enter" && active < 0) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  box.addEventListener("blur", close);
  box.form.addEventListener("submit", close);
  // Else the box would lose the focus, and the list be gone, before the click arrives.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.url);
  });

  list.id = "suggestions";
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.suggestions);
  box.after(list);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", list.id);
})();
