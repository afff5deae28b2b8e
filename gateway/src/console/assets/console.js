// What the console's pages do beyond links and forms. Everything on them works without it.
"use strict";

(() => {
  // <button type="button" hidden data-copy="#id">: copies the text of what the selector names.
  const showCopyButtons = (root) => {
    if (!navigator.clipboard) return;
    root.querySelectorAll("button[data-copy]").forEach((button) => {
      button.hidden = false;
    });
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  });

  // After a form was refused, the summary of what is wrong is read first.
  const focusMistakes = () => document.getElementById("mistakes")?.focus();

  document.addEventListener("DOMContentLoaded", () => {
    showCopyButtons(document);
    focusMistakes();
  });
  document.addEventListener("htmx:load", (event) => showCopyButtons(event.target));
})();
