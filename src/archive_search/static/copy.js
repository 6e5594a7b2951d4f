// Adds buttons that copy a citation, or a paragraph with its citation. Without this script the same
// text is on the page, to be selected.
"use strict";
(() => {
  const main = document.querySelector("[data-copy]");
  const citation = main && document.getElementById(main.dataset.copy);
  const status = document.getElementById("copied");
  if (!citation || !status) return;

  async function copy(text) {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
    } else {
      // Over plain http browsers have no clipboard API.
      const box = document.createElement("textarea");
      box.value = text;
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
    status.textContent = "";
    requestAnimationFrame(() => { status.textContent = main.dataset.done; });
  }

  function textOf(passage) {
    const clone = passage.cloneNode(true);
    clone.querySelectorAll(".permalink, .quote, .changed-note, .picture").forEach((part) => part.remove());
    return clone.textContent.trim().replace(/\s+/g, " ");
  }

  main.hidden = false;
  main.addEventListener("click", () => copy(citation.textContent));

  document.querySelectorAll(".passage > .permalink, .passage > * > .permalink").forEach((link) => {
    const passage = link.closest(".passage");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quote";
    button.textContent = "❝";
    button.title = main.dataset.quote;
    button.setAttribute("aria-label", main.dataset.quote);
    button.addEventListener("click", () => {
      copy(`“${textOf(passage)}” ${citation.textContent}#${passage.id}`);
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1500);
    });
    link.after(button);
  });
})();
