// The page of blind pairs works without this file; with it: 1 to 4 choose, and the time a judgement took is sent along.
"use strict";

(() => {
  const form = document.getElementById("pair");
  if (!form) return;
  const opened = Date.now();
  const buttons = [...form.querySelectorAll("button[name=preferred]")];
  form.addEventListener("submit", () => { form.elements.seconds.value = ((Date.now() - opened) / 1000).toFixed(1); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const button = buttons[Number(event.key) - 1];
    if (!button) return;
    event.preventDefault();
    button.click();
  });
})();
