// Progress while the page is open: asks once a second as long as something runs. The page works without this file.
"use strict";

(() => {
  const open = [...document.querySelectorAll("[data-job]")].filter((one) => one.querySelector("progress"));
  if (!open.length) return;

  async function look() {
    let jobs;
    try {
      const answer = await fetch("/work.json", { headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      jobs = new Map((await answer.json()).jobs.map((job) => [job.id, job]));
    } catch {
      window.setTimeout(look, 5000);
      return;
    }
    for (const one of open) {
      const job = jobs.get(one.dataset.job);
      if (!job || job.state !== one.dataset.state) { window.location.reload(); return; }
      const bar = one.querySelector("progress");
      if (job.progress) { bar.max = Math.max(1, job.progress.total); bar.value = job.progress.done; }
      const told = one.querySelector(".told");
      if (told.textContent !== job.told) told.textContent = job.told;
    }
    window.setTimeout(look, 1000);
  }
  window.setTimeout(look, 1000);
})();
