"""Background jobs: a process of their own that says how far it is, ends when asked, and goes on when asked again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop import jobs, project
from strop.errors import NotReady, UnknownRecord, UserError
from strop.records import Dataset, Decision, Finding, Ladder, LossSeen, Message, Progress, Said
from strop.serve import Asked
from strop.store.joblog import PROGRESS

ROWS = "text,label\n" + "".join(
    f"{what} number {number} {when},{label}\n"
    for number in range(40)
    for what, when, label in (
        ("where is my parcel", "it is late", "delivery"),
        ("refund my order", "it was broken", "refund"),
        ("change my address", "i moved house", "account"),
    )
)


@pytest.fixture
def opened(tmp_path: Path, fake_cache: Path) -> Iterator[project.Project]:
    """A project on the fake base."""
    (tmp_path / "rows.csv").write_text(ROWS)
    made = project.init(tmp_path / "p", tmp_path / "rows.csv")
    made.store.close()
    settings = (tmp_path / "p" / "strop.yaml").read_text("utf-8")
    (tmp_path / "p" / "strop.yaml").write_text(settings + "\nladder: {bases: [fake-small]}\n", "utf-8")
    made = project.open(tmp_path / "p")
    yield made
    made.store.close()


def test_a_verb_runs_in_the_background_and_its_records_are_there(opened: project.Project) -> None:
    job = jobs.start(opened, "curate")
    assert job.state in ("queued", "running")
    done = jobs.wait(opened, job.id)
    assert (done.state, done.error) == ("done", "")
    assert done.made == tuple(record.id for record in opened.store.all(Dataset))
    assert len(done.made) == 1
    assert done.progress is None or done.progress.done == done.progress.total
    assert jobs.every(opened) == [done]
    assert jobs.cancel(opened, job.id) == done
    with pytest.raises(NotReady, match="is done"):
        jobs.resume(opened, job.id)


def test_the_second_half_of_the_loop_runs_in_the_background_too(promoted: project.Project) -> None:
    """What serves is looked at; a review of an answer goes into the next turn, whose records the job names."""
    gateway = promoted.gateway()
    asked = Asked("descriptions", (Message(role="user", content="type: mug\nmaterial: clay"),))
    answer = gateway.answer(asked).interaction
    gateway.close()
    watched = jobs.wait(promoted, jobs.start(promoted, "monitor").id)
    assert (watched.state, watched.error) == ("done", "")
    assert set(watched.made) == {finding.id for finding in promoted.store.all(Finding)} != set()
    assert any("1 of the 200 answers" in said for said in watched.said)
    review = promoted.review(answer.id, opinion="fix", correction="A clay mug for your tea.", by="anna")
    turned = jobs.wait(promoted, jobs.start(promoted, "cycle").id)
    assert (turned.state, turned.error) == ("done", "")
    assert review.id in promoted.store.judgements_in_datasets()
    newest = [promoted.store.latest(kind) for kind in (Dataset, Ladder, Decision)]
    assert list(turned.made[:3]) == [record.id for record in newest if record is not None]


@pytest.mark.slow
def test_the_same_job_is_not_started_twice(opened: project.Project) -> None:
    first = jobs.start(opened, "curate")
    second = jobs.start(opened, "curate")
    assert second.id == first.id
    other = jobs.start(opened, "curate", {"files": []})
    assert other.id != first.id
    assert jobs.wait(opened, other.id).made == jobs.wait(opened, first.id).made
    again = jobs.start(opened, "curate")
    assert again.id not in (first.id, other.id)
    assert jobs.wait(opened, again.id).state == "done"


@pytest.mark.slow
def test_a_killed_job_is_seen_and_resumed(opened: project.Project) -> None:
    job = jobs.start(opened, "turn")
    _until(opened, job.id, "running")
    os.kill(_processes(opened, job.id)[-1], signal.SIGKILL)
    assert jobs.wait(opened, job.id).state == "stopped"
    jobs.resume(opened, job.id)
    with pytest.raises(NotReady):
        jobs.resume(opened, job.id)
    done = jobs.wait(opened, job.id)
    assert done.state == "done"
    assert len(done.made) == 3
    assert done.made[1] == opened.store.all(Ladder)[0].id


@pytest.mark.slow
def test_a_cancelled_job_ends_and_goes_on(opened: project.Project) -> None:
    job = jobs.start(opened, "turn")
    _until(opened, job.id, "running")
    assert jobs.cancel(opened, job.id).state in ("cancelling", "cancelled")
    assert jobs.wait(opened, job.id).state == "cancelled"
    jobs.resume(opened, job.id)
    assert jobs.wait(opened, job.id).state == "done"


@pytest.mark.slow
def test_jobs_run_one_after_another_and_one_that_waits_can_be_cancelled(opened: project.Project) -> None:
    with jobs._turn_of(opened):
        job = jobs.start(opened, "curate")
        while not (process := _processes(opened, job.id)):
            pass
        assert os.getsid(process[0]) != os.getsid(0), "Ctrl-C in the terminal must not reach it"
        jobs.cancel(opened, job.id)
        assert jobs.wait(opened, job.id).state == "cancelled"
    assert "running" not in [event.state for event in opened.store.job_log.events(job.id)]
    assert opened.store.all(Dataset) == []


def test_a_job_that_was_cancelled_before_it_began_does_not_begin(opened: project.Project) -> None:
    log = opened.store.job_log
    log.write("job_1", "queued", {"verb": "curate", "arguments": {}})
    log.write("job_1", "cancelling")
    log.write("job_1", PROGRESS, {"said": "late"})
    assert not log.write("job_1", "running", unless={"cancelling"})
    handler = signal.getsignal(signal.SIGINT)
    try:
        assert jobs.run(opened, "job_1") == 130
    finally:
        signal.signal(signal.SIGINT, handler)
    assert jobs.read(opened, "job_1").state == "cancelled"
    assert opened.store.all(Dataset) == []


def test_what_the_user_can_mend_is_said(opened: project.Project) -> None:
    opened.store.job_log.write("job_1", "queued", {"verb": "decide", "arguments": {}})
    assert jobs.run(opened, "job_1") == 2
    failed = jobs.read(opened, "job_1")
    assert failed.state == "failed"
    assert "→" in failed.error, "the remedy is part of it"


def test_a_fault_of_ours_is_recorded(opened: project.Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(project: project.Project) -> list[Dataset]:
        raise RuntimeError("a fault")

    monkeypatch.setitem(jobs.VERBS, "choose", broken)
    opened.store.job_log.write("job_1", "queued", {"verb": "choose", "arguments": {}})
    with pytest.raises(RuntimeError):
        jobs.run(opened, "job_1")
    assert jobs.read(opened, "job_1").state == "failed"
    assert jobs.read(opened, "job_1").error == "RuntimeError: a fault"


def test_progress_is_kept_and_not_every_step_is_written(
    opened: project.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def steps(project: project.Project) -> list[Dataset]:
        say = project.opened.on_event
        for number in range(1001):
            say(Progress(task="tuning", done=number, total=1000))
        say(LossSeen(step=1, steps=2, loss=0.5, learning_rate=1e-4, examples_per_second=3))
        say(Said(text="and a word"))
        return []

    monkeypatch.setitem(jobs.VERBS, "choose", steps)
    log = opened.store.job_log
    log.write("job_1", "queued", {"verb": "choose", "arguments": {}})
    assert jobs.run(opened, "job_1") == 0
    job = jobs.read(opened, "job_1")
    assert (job.state, job.said) == ("done", ("and a word",))
    assert job.progress == Progress(task="tuning", done=1000, total=1000)
    events = log.events("job_1")
    assert len(events) < 30
    assert job.last_event == events[-1].number
    assert log.events("job_1", after=events[-2].number) == events[-1:]


def test_a_loss_does_not_keep_progress_from_being_told(
    opened: project.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step tells its loss, and its progress right behind it."""

    def step(project: project.Project) -> list[Dataset]:
        project.opened.on_event(LossSeen(step=1, steps=3, loss=0.5, learning_rate=1e-4, examples_per_second=3))
        project.opened.on_event(Progress(task="tuning", done=1, total=3))
        return []

    monkeypatch.setattr(jobs, "REPORT_EVERY", 1e9)
    monkeypatch.setitem(jobs.VERBS, "choose", step)
    opened.store.job_log.write("job_1", "queued", {"verb": "choose", "arguments": {}})
    assert jobs.run(opened, "job_1") == 0
    job = jobs.read(opened, "job_1")
    assert job.progress is not None and job.progress.done == 1 and job.loss is not None


@pytest.mark.parametrize(
    ("verb", "arguments"), [("rm", {}), ("curate", {"file": "x"}), ("tune", {"seeds": 1}), ("__init__", {})]
)
def test_what_cannot_run_is_refused_at_once(opened: project.Project, verb: str, arguments: dict[str, object]) -> None:
    with pytest.raises(UserError):
        jobs.start(opened, verb, arguments)
    assert jobs.every(opened) == []


def test_an_unknown_job_is_named(opened: project.Project) -> None:
    for ask in (jobs.read, jobs.cancel, jobs.resume):
        with pytest.raises(UnknownRecord):
            ask(opened, "job_not_here")


def _until(opened: project.Project, job: str, state: str) -> None:
    """Look until the job is in a state; the log grows by itself."""
    while jobs.read(opened, job).state not in (state, *jobs.ENDED):
        pass


def _processes(opened: project.Project, job: str) -> list[int]:
    return [int(event.body["pid"]) for event in opened.store.job_log.events(job) if "pid" in event.body]
