"""Long verbs in the background: what runs and how far it is, and buttons to start, cancel and resume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strop.jobs import ENDED, Job, State
from strop.records import JSON
from strop.web import words
from strop.web.render import Frame, render

VERBS: dict[str, str] = {
    "curate": "Curate the rows",
    "choose": "Climb the ladder",
    "decide": "Decide (opens the sealed test set, which is counted)",
    "turn": "A whole turn: curate, choose, decide",
    "monitor": "Look at what serves (closes a canary that does harm)",
    "cycle": "The next turn: corrections, ladder, decision, canary",
}
"""What may be started from the page: verbs that need nothing said."""

STATES: dict[State, words.Badge] = {
    "queued": words.Badge("queued", "…", "quiet"),
    "running": words.Badge("running", "▸", "open"),
    "done": words.Badge("done", "✓", "good"),
    "failed": words.Badge("failed", "✕", "bad"),
    "cancelling": words.Badge("cancelling", "…", "open"),
    "cancelled": words.Badge("cancelled", "–", "quiet"),
    "stopped": words.Badge("stopped", "!", "bad"),
}


@dataclass(frozen=True)
class JobRow:
    """A job, ready to print."""

    job: Job
    badge: words.Badge
    ended: bool
    resumable: bool
    progress: str


def row(job: Job) -> JobRow:
    """A job as the page shows it."""
    ended = job.state in ENDED
    return JobRow(job, STATES[job.state], ended, ended and job.state != "done", _progress(job))


def _progress(job: Job) -> str:
    if job.state in ENDED or job.progress is None:
        return ""
    step, seen = job.progress, job.loss
    told = f"{step.task}: {step.done:,} of {step.total:,} {step.unit}"
    if seen is None or step.task != "tuning" or not step.done:
        return told
    rate, speed = f"learning rate {seen.learning_rate:.1e}", f"{seen.examples_per_second:.1f} rows/s"
    return f"{told} · loss {seen.loss:.3f} · {rate} · {speed}"


def twin(found: Sequence[Job]) -> dict[str, JSON]:
    """The page as JSON; ``told`` is the progress in words, as the page shows it while it is open."""
    return {"jobs": [{**job.to_json(), "told": _progress(job), "badge": STATES[job.state].word} for job in found]}


def page(project: str, found: Sequence[Job], *, may_start: bool, frame: Frame) -> str:
    """Jobs, the newest first. ``may_start``: show the buttons."""
    return render(
        "work.html",
        frame=frame,
        project=project,
        rows=[row(job) for job in found],
        verbs=VERBS,
        may_start=may_start,
        running=any(job.state not in ENDED for job in found),
    )
