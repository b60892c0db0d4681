"""Run a verb in the background: progress, cancel, resume. What a job is doing stands in the store, not in this process.

A job is a process of its own (``python -m strop.jobs FOLDER JOB``) that holds the lock of the file ``jobs/JOB.lock``
as long as it lives; the system lets go of it however the process ends, so nobody has to guess from a process id. Jobs
of one project run one after another. Every verb finds what it finished before, so to resume a job is to run it again.

    job = jobs.start(project, "choose")
    jobs.read(project, job.id).progress
"""

from __future__ import annotations

import contextlib
import fcntl
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from strop import loop
from strop.durable import make_folder
from strop.errors import NotReady, StropError, UnknownRecord, UserError
from strop.project import Project
from strop.project import open as open_project
from strop.project.opened import listening
from strop.records import JSON, Event, LossSeen, Method, Progress, Record, Said, new_id
from strop.store import STATE, Store
from strop.store.joblog import PROGRESS

State = Literal["queued", "running", "done", "failed", "cancelling", "cancelled", "stopped"]
ENDED: frozenset[State] = frozenset({"done", "failed", "cancelled", "stopped"})
REPORT_EVERY = 0.5
"""Seconds between two reports of progress; each is a durable write."""
SAID = 20
"""Sentences that a job shows."""


class Job(Record):
    """A verb in the background. ``stopped``: its process is gone without a word (killed, or the machine went down)."""

    id: str
    verb: str
    arguments: dict[str, JSON]
    state: State
    progress: Progress | None = None
    loss: LossSeen | None = None
    said: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    error: str = ""
    created: str
    changed: str
    last_event: int


# -- the verbs


Verb: TypeAlias = Callable[..., Sequence[Record]]
"""Runs on a project with the job's arguments and returns what it made."""


def _curate(project: Project, *, files: Sequence[str] = ()) -> Sequence[Record]:
    return [project.curate([Path(file) for file in files])]


def _choose(project: Project) -> Sequence[Record]:
    return [project.choose()]


def _tune(
    project: Project, *, method: Method = "lora", base: str | None = None, dataset: str | None = None,
    seed: int | None = None,
) -> Sequence[Record]:  # fmt: skip
    return project.tune(project.spec(method, base, dataset), dataset=dataset, seed=seed)


def _evaluate(project: Project, *, candidates: Sequence[str] = (), suite: str = "domain") -> Sequence[Record]:
    return project.evaluate(candidates, suite=suite).reports


def _decide(project: Project, *, candidate: str | None = None) -> Sequence[Record]:
    return [project.decide(candidate)]


def _turn(project: Project) -> Sequence[Record]:
    made = loop.turn(project)
    return [made.dataset, made.ladder, made.decision]


def _monitor(project: Project) -> Sequence[Record]:
    found = project.monitor()
    for sentence in (*(finding.sentence for finding in found.findings), *found.unseen):
        project.opened.on_event(Said(text=sentence))
    return [*found.findings, *([found.release] if found.release else [])]


def _cycle(project: Project) -> Sequence[Record]:
    made = loop.cycle(project)
    return [made.turn.dataset, made.turn.ladder, made.turn.decision, *([made.release] if made.release else [])]


VERBS: dict[str, Verb] = {
    "choose": _choose,
    "curate": _curate,
    "cycle": _cycle,
    "decide": _decide,
    "evaluate": _evaluate,
    "monitor": _monitor,
    "tune": _tune,
    "turn": _turn,
}


# -- from outside: start, look, cancel, resume


def start(project: Project, verb: str, arguments: dict[str, JSON] | None = None) -> Job:
    """Start a verb in the background; one that is under way already with the same arguments is returned instead.

    Raises UserError for an unknown verb or argument.
    """
    given = arguments or {}
    _check(verb, given)
    for job in every(project):
        if (job.verb, job.arguments) == (verb, given) and job.state not in ENDED:
            return job
    return _launch(project, new_id("job"), {"verb": verb, "arguments": given})


def read(project: Project, job: str) -> Job:
    """A job as it stands. Raises UnknownRecord."""
    found = _summed(project, job)
    if found.state in ENDED or _alive(project, job):
        return found
    found = _summed(project, job)  # the process may have said its last word between the two looks
    return found if found.state in ENDED else found.model_copy(update={"state": "stopped"})


def every(project: Project) -> list[Job]:
    """All jobs of a project, the newest first."""
    return [read(project, job) for job in project.store.job_log.jobs()]


def cancel(project: Project, job: str) -> Job:
    """Ask a job to end; what it finished is kept. Nothing to do when it has ended."""
    if read(project, job).state not in ENDED and project.store.job_log.write(job, "cancelling", unless=ENDED):
        known = [event.body["pid"] for event in project.store.job_log.events(job) if "pid" in event.body]
        if known and _alive(project, job):
            with contextlib.suppress(ProcessLookupError):
                os.kill(known[-1], signal.SIGINT)
    return read(project, job)


def resume(project: Project, job: str) -> Job:
    """Run a job again that was cancelled, failed or stopped: it goes on. Raises NotReady when it is not over."""
    found = read(project, job)
    if found.state not in ENDED or found.state == "done":
        raise NotReady(f"{job} is {found.state}", remedy="only a job that ended before it was done is resumed")
    return _launch(project, job, {"verb": found.verb, "arguments": found.arguments})


def wait(project: Project, job: str) -> Job:
    """Wait for a job's process to end."""
    with _lock(project, job).open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
    return read(project, job)


def _check(verb: str, arguments: dict[str, JSON]) -> None:
    if verb not in VERBS:
        raise UserError(f"{verb!r} does not run in the background", remedy=f"one of {', '.join(VERBS)}")
    try:
        inspect.signature(VERBS[verb]).bind(None, **arguments)
    except TypeError as error:
        raise UserError(f"{verb}: {error}", remedy="check the names of the arguments") from None


def _launch(project: Project, job: str, body: dict[str, JSON]) -> Job:
    """Take the job's lock, note the job, and hand the lock over to its process."""
    path = _lock(project, job)
    make_folder(path.parent)
    with path.open("ab") as lock, path.with_suffix(".log").open("ab") as log:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotReady(f"{job} is still ending", remedy="try again in a moment") from None
        project.store.job_log.write(job, "queued", body)
        process = subprocess.Popen(  # noqa: S603  (our own module, and an id that we made)
            [sys.executable, "-m", "strop.jobs", str(project.folder.resolve()), job, str(lock.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # or it stays as a zombie while this process lives
    return read(project, job)


def _summed(project: Project, job: str) -> Job:
    """A job from its events; one that was resumed starts afresh with its newest "queued"."""
    events = project.store.job_log.events(job)
    if not events:
        raise UnknownRecord(f"no job is called {job[:80]!r}", remedy="the page of jobs lists them")
    told: dict[str, Any] = {}
    said: list[str] = []
    for event in events:
        if event.state == "queued":
            told, said = dict(event.body), []
        if event.state != PROGRESS:
            told["state"] = event.state
        told |= {name: event.body[name] for name in ("progress", "loss", "made", "error") if name in event.body}
        said += [event.body["said"]] if "said" in event.body else []
    first, last = events[0], events[-1]
    return Job(
        id=job, said=tuple(said[-SAID:]), created=first.created, changed=last.created, last_event=last.number, **told
    )


def _alive(project: Project, job: str) -> bool:
    """Whether somebody holds the job's lock."""
    try:
        with _lock(project, job).open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _lock(project: Project, job: str) -> Path:
    return project.folder / STATE / "jobs" / f"{job}.lock"


# -- from inside: the job's own process


def run(project: Project, job: str) -> int:
    """Do the work of a job in this process; returns the exit code. Its end, however it comes, is written down."""
    log = project.store.job_log
    try:
        # From here on a wish to end finds this process; one that came before is found here.
        if not log.write(job, PROGRESS, {"pid": os.getpid()}, unless={"cancelling"}):
            raise KeyboardInterrupt
        with _turn_of(project):
            log.write(job, "running")
            found = _summed(project, job)
            listening_project = Project(listening(project.opened, _Reporter(project.store, job)))
            made = VERBS[found.verb](listening_project, **found.arguments)
        log.write(job, "done", {"made": [getattr(record, "id", "") for record in made]})
        return 0
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # asked once is enough: the next must not cut this short
        log.write(job, "cancelled")
        return 130
    except StropError as error:
        log.write(job, "failed", {"error": str(error)})
        return error.exit_code
    except BaseException as error:
        log.write(job, "failed", {"error": "".join(traceback.format_exception_only(error)).strip()})
        raise


class _Reporter:
    """Writes events to the job's log, progress and loss each no oftener than every half second."""

    def __init__(self, store: Store, job: str) -> None:
        self._store, self._job, self._last = store, job, dict[str, float]()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Said):
            self._store.job_log.write(self._job, PROGRESS, {"said": event.text})
            return
        whole = isinstance(event, Progress) and event.done in (0, event.total)
        name = "progress" if isinstance(event, Progress) else "loss"
        if whole or time.monotonic() - self._last.get(name, float("-inf")) >= REPORT_EVERY:
            self._last[name] = time.monotonic()
            self._store.job_log.write(self._job, PROGRESS, {name: event.to_json()})


@contextlib.contextmanager
def _turn_of(project: Project) -> Iterator[None]:
    """Wait for the jobs before this one."""
    path = project.folder / STATE / "jobs" / "turn.lock"
    make_folder(path.parent)
    with path.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str]) -> int:
    """``python -m strop.jobs FOLDER JOB LOCK``: what :func:`start` runs. LOCK is the descriptor of the held lock."""
    folder, job, lock = arguments
    os.set_inheritable(int(lock), False)  # processes that the verb starts must not keep the job alive
    for number in (signal.SIGINT, signal.SIGTERM):  # also where the parent ignores them
        signal.signal(number, signal.default_int_handler)
    project = open_project(folder)
    try:
        return run(project, job)
    finally:
        project.store.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
