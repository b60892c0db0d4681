// The pages of answers and of rows to judge work without this file; with it: keys, a draft that survives, and changes shown as they are made.
"use strict";

(() => {
  const form = document.getElementById("review");
  const accepted = document.querySelector("[data-accepted]");
  const draftName = (item) => `strop-draft:${item}`;
  const store = (() => {
    try { window.localStorage.getItem("strop"); return window.localStorage; } catch { return null; }
  })();
  if (accepted && store) store.removeItem(draftName(accepted.dataset.accepted));
  if (!form) return;

  const item = form.dataset.item;
  const answer = document.getElementById("answer").textContent;
  const correction = form.elements.correction;
  const comment = form.elements.comment || { value: "" };  // rows have none
  const tracked = form.querySelector(".tracked");
  const fix = form.querySelector(".fix");
  const kept = document.getElementById("kept");
  const opinions = [...form.querySelectorAll("input[name=opinion]")];
  const faults = [...form.querySelectorAll("input[name=faults]")];
  const opened = Date.now();

  const chosen = () => (opinions.find((one) => one.checked) || {}).value || "";

  // Longest common subsequence of words; long texts are not aligned, only the page would suffer.
  function marks(before, after) {
    const a = before.match(/\s+|[^\s]+/g) || [], b = after.match(/\s+|[^\s]+/g) || [];
    if (a.length * b.length > 4e6) return null;
    const width = b.length + 1, table = new Uint32Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        table[i * width + j] = a[i] === b[j] ? table[(i + 1) * width + j + 1] + 1
          : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    const parts = [];
    const push = (tag, text) => {
      const last = parts[parts.length - 1];
      if (last && last.tag === tag) last.text += text; else parts.push({ tag, text });
    };
    let i = 0, j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) { push("", a[i]); i++; j++; }
      else if (i < a.length && (j === b.length || table[(i + 1) * width + j] >= table[i * width + j + 1])) push("del", a[i++]);
      else push("ins", b[j++]);
    }
    return parts;
  }

  function show() {
    const fixing = chosen() === "fix";
    fix.hidden = !fixing;
    const parts = fixing && correction.value !== answer ? marks(answer, correction.value) : null;
    tracked.hidden = !parts;
    tracked.replaceChildren(...(parts || []).map(({ tag, text }) => {
      if (!tag) return document.createTextNode(text);
      const mark = document.createElement(tag);
      mark.textContent = text;
      return mark;
    }));
  }

  function keep() {
    if (!store) return;
    const draft = { opinion: chosen(), correction: correction.value, comment: comment.value,
      faults: faults.filter((one) => one.checked).map((one) => one.value) };
    try { store.setItem(draftName(item), JSON.stringify(draft)); kept.textContent = "Draft kept on this computer."; } catch { /* full */ }
  }

  function restore() {
    if (!store) return;
    let draft = null;
    try { draft = JSON.parse(store.getItem(draftName(item))); } catch { return; }
    if (!draft || typeof draft !== "object") return;
    for (const one of opinions) one.checked = one.value === draft.opinion;
    for (const one of faults) one.checked = Array.isArray(draft.faults) && draft.faults.includes(one.value);
    if (typeof draft.correction === "string") correction.value = draft.correction;
    if (typeof draft.comment === "string") comment.value = draft.comment;
    kept.textContent = "Your draft is back.";
  }

  function pick(value) {
    const radio = opinions.find((one) => one.value === value);
    radio.checked = true;
    radio.focus();
    show();
    keep();
    if (value === "fix") correction.focus();
  }

  // What a sender wrote becomes the text to correct, with its changes shown; the expert still has to save it.
  function use(link) {
    correction.value = document.getElementById(link.dataset.text).textContent;
    pick("fix");
  }

  const offered = [...form.querySelectorAll("a.use")];
  for (const link of offered) link.addEventListener("click", (event) => { event.preventDefault(); use(link); });
  form.addEventListener("input", () => { show(); keep(); });
  form.addEventListener("submit", () => { form.elements.seconds.value = ((Date.now() - opened) / 1000).toFixed(1); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); form.requestSubmit(); return; }
    const typing = event.target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const picked = (opinions[Number(event.key) - 1] || {}).value;
    const taken = event.key === "u" && offered.length > 0;
    if (!picked && !taken) return;
    event.preventDefault();
    if (taken) use(offered[0]); else pick(picked);
  });
  restore();
  show();
})();
