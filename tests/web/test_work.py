"""The page of background work: what runs, how far, and who may start or stop it."""

from __future__ import annotations

import re

import pytest
from desks import SampleDesk, SampleJobs, people
from fastapi.testclient import TestClient
from test_report import HOSTILE, Reader

from strop.jobs import VERBS
from strop.records import LossSeen, Progress
from strop.web.app import create_app


@pytest.fixture
def jobs() -> SampleJobs:
    return SampleJobs()


@pytest.fixture
def client(jobs: SampleJobs) -> TestClient:
    app = create_app(SampleDesk(), secret=b"s" * 32, jobs=jobs)
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


def test_a_verb_is_started_cancelled_and_resumed(client: TestClient, jobs: SampleJobs) -> None:
    assert client.post("/work", data={"start": "choose"}).headers["location"] == "/work"
    assert 'name="cancel" value="job_1"' in client.get("/work").text
    client.post("/work", data={"cancel": "job_1"})
    assert jobs.jobs["job_1"].state == "cancelling"
    jobs.put(id="job_1", state="cancelled")
    assert 'name="resume" value="job_1"' in client.get("/work").text
    client.post("/work", data={"resume": "job_1"})
    assert jobs.jobs["job_1"].state == "running"


def test_both_halves_of_the_loop_are_started_from_the_page(client: TestClient, jobs: SampleJobs) -> None:
    """What is offered is what a job can do, asked for nothing."""
    offered = re.findall(r'name="start" value="(\w+)"', client.get("/work").text)
    assert {"curate", "choose", "decide", "turn", "monitor", "cycle"} <= set(offered) <= set(VERBS)
    for verb in offered:
        assert client.post("/work", data={"start": verb}).status_code == 303
    assert [job.verb for job in jobs.jobs.values()] == offered


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 415), ({"start": "rm"}, 400), ({"start": "tune"}, 400), ({"start": "choose", "cancel": "job_1"}, 400),
        ({"delete": "job_1"}, 400), ({"cancel": "job_9"}, 404), ({"resume": "job_1"}, 409),
    ],
)  # fmt: skip
def test_only_one_known_thing_is_done(
    client: TestClient, jobs: SampleJobs, fields: dict[str, str], status: int
) -> None:
    before = jobs.put()
    assert client.post("/work", data=fields).status_code == status
    assert list(jobs.jobs.values()) == [before]


def test_progress_is_shown_in_words_and_as_a_bar_and_in_the_twin(client: TestClient, jobs: SampleJobs) -> None:
    jobs.put(progress=Progress(task="Scoring", done=12, total=100), said=("Climbing.",))
    page = client.get("/work").text
    assert "Scoring: 12 of 100 items" in page and '<progress max="100" value="12"' in page and "Climbing." in page
    told = client.get("/work.json").json()["jobs"][0]
    assert told["told"] == "Scoring: 12 of 100 items" and told["badge"] == "running"


def test_a_run_that_learns_shows_loss_rate_and_speed(client: TestClient, jobs: SampleJobs) -> None:
    seen = LossSeen(step=12, steps=100, loss=0.5, learning_rate=2e-4, examples_per_second=3.25)
    jobs.put(progress=Progress(task="tuning", done=12, total=100, unit="steps"), loss=seen)
    words = "tuning: 12 of 100 steps · loss 0.500 · learning rate 2.0e-04 · 3.2 rows/s"
    assert words in client.get("/work").text and client.get("/work.json").json()["jobs"][0]["told"] == words


def test_an_error_is_shown_and_planted_text_has_no_effect(client: TestClient, jobs: SampleJobs) -> None:
    jobs.put(state="failed", error=HOSTILE, said=(HOSTILE,), made=("cand_1",))
    reader = Reader(client.get("/work").text)
    assert reader.faults == [] and HOSTILE in reader.text
    assert not [tag for tag, _ in reader.tags if tag == "img"]
    assert 'href="/records/cand_1"' in client.get("/work").text


def test_the_auditor_looks_on_and_starts_nothing(jobs: SampleJobs) -> None:
    staff, keys = people("auditor", "owner")
    jobs.put()
    app = create_app(SampleDesk(), secret=b"s" * 32, people=lambda: staff, jobs=jobs)
    client = TestClient(app, base_url="http://localhost", headers={"authorization": f"Bearer {keys['auditor']}"})
    assert "<button" not in client.get("/work").text.split("<main")[1].split("</main>")[0]
    assert client.post("/work", data={"start": "choose"}).status_code == 403
    assert len(jobs.jobs) == 1
