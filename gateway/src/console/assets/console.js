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

  // A form is sent once: a second click would do the same thing again. Not before the event is over, since a disabled button is not sent
  // along. A page that is left and shown again has its buttons back; so has one that stays, because the answer is a file.
  const SENT_FOR_MS = 10000;
  const buttonsOf = (form) => form.querySelectorAll("button[type=submit]");

  document.addEventListener("submit", (event) => {
    const form = event.target;
    // A field may be called method, too.
    if (form.getAttribute("method") !== "post" || form.hasAttribute("hx-post") || event.defaultPrevented) return;
    const buttons = [...buttonsOf(form)].filter((button) => !button.disabled);
    setTimeout(() => buttons.forEach((button) => { button.disabled = true; }));
    setTimeout(() => buttons.forEach((button) => { button.disabled = false; }), SENT_FOR_MS);
  });

  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[method=post]").forEach((form) => {
      buttonsOf(form).forEach((button) => { button.disabled = false; });
    });
  });

  // After a form was refused, the summary of what is wrong is read first.
  const focusMistakes = () => document.getElementById("mistakes")?.focus();

  // <div id="live" data-events="PATH">: shows the last of the events at PATH, each of which is the whole content. Nothing is asked for while
  // the page is hidden or paused, and nothing moves under the keyboard's focus.
  const watchLive = () => {
    const region = document.querySelector("#live[data-events]");
    const pause = document.getElementById("live-pause");
    const state = document.getElementById("live-state");
    if (!region || !pause || !state || !window.EventSource) return;
    let source = null;
    let isPaused = false;
    const say = (text) => {
      if (state.textContent === text) return;
      state.textContent = text;
      state.hidden = text === "";
    };
    // What was scrolled sideways on a narrow screen stays so.
    const show = (html) => {
      const scrolled = () => [...region.querySelectorAll(".scroll")];
      const places = scrolled().map((part) => part.scrollLeft);
      region.innerHTML = html;
      scrolled().forEach((part, index) => { part.scrollLeft = places[index] ?? 0; });
    };
    const update = () => {
      source?.close();
      source = null;
      pause.textContent = isPaused ? "Go on" : "Pause";
      if (isPaused || document.hidden) return;
      source = new EventSource(region.dataset.events);
      source.onmessage = (event) => {
        say("");
        if (!region.contains(document.activeElement)) show(event.data);
      };
      source.onerror = (event) => {
        const isRefused = event.target.readyState === EventSource.CLOSED;
        say(isRefused ? "The live view was refused: too many watch at once. Reload the page later." : "The gateway does not answer. Trying again.");
      };
    };
    pause.hidden = false;
    pause.addEventListener("click", () => {
      isPaused = !isPaused;
      say(isPaused ? "Paused." : "");
      update();
    });
    document.addEventListener("visibilitychange", update);
    window.addEventListener("pagehide", () => source?.close());
    update();
  };

  // An answer that is no success is not swapped in. Sent without htmx, the form shows the page that says what is wrong.
  document.addEventListener("htmx:responseError", (event) => {
    const form = event.target.closest("form[method=post]");
    form?.submit();
  });

  document.addEventListener("DOMContentLoaded", () => {
    showCopyButtons(document);
    focusMistakes();
    watchLive();
  });
  document.addEventListener("htmx:load", (event) => showCopyButtons(event.target));
})();
