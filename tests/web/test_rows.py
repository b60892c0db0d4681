"""The page of rows in doubt: a real project's rows, judged one by one, and what the next curation makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desks import people
from doubted import FLIPPED, doubted, right
from fastapi.testclient import TestClient
from test_report import Reader

from strop.project import Project, open_project
from strop.project.rows import curating, doubtful
from strop.web.app import create_app
from strop.web.pages.desk import ProjectDesk

KEY = "key-0000000"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    found = doubted(tmp_path)
    yield found
    found.store.close()


def client_of(project: Project) -> TestClient:
    desk = ProjectDesk(project)
    app = create_app(desk, secret=desk.secret, people=desk.people)
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


@pytest.fixture
def client(project: Project) -> TestClient:
    return client_of(project)


def form(row: dict[str, Any], opinion: str, correction: str = "", key: str = KEY + "1") -> dict[str, str]:
    return {"subject": row["id"], "opinion": opinion, "correction": correction, "key": key, "seconds": "4.5"}


def test_rows_are_judged_one_by_one_and_the_next_curation_goes_by_it(client: TestClient, project: Project) -> None:
    for number in range(len(FLIPPED)):
        row = client.get("/rows.json").json()["next"]
        assert doubtful.count_waiting(project.opened, project.opened.dataset()) == len(FLIPPED) - number
        page = client.get("/rows").text
        assert Reader(page).faults == [] and f"{len(FLIPPED) - number} row" in page and row["place"] in page
        assert "&lt;b&gt;cards&lt;/b&gt;" in page, "guidelines are shown, as text"
        told = form(row, "fix", right(row["question"]), f"{KEY}{number}")
        assert client.post("/rows", data=told).headers["location"] == "/rows"
    assert "No row waits for you" in client.get("/rows").text
    assert doubtful.count_waiting(project.opened, project.opened.dataset()) == 0
    said = list(project.store.traffic.said("row"))
    assert {one.seconds for one in said} == {4.5} and {one.by for one in said} == {"local"}
    assert len({one.value["guidelines"] for one in said}) == 1  # type: ignore[index,call-overload]
    rows = project.opened.rows(project.curate(), "train")
    assert len(rows) == 160 and all(row.reference == right(row.input) for row in rows)


def test_a_row_left_out_is_gone_and_a_changed_mind_brings_it_back(client: TestClient, project: Project) -> None:
    row = client.get("/rows.json").json()["next"]
    client.post("/rows", data=form(row, "drop"))
    page = client.get("/rows").text
    assert "Saved: leave the row out" in page and f'href="/rows?again={row["id"]}"' in page
    assert row["question"] not in [one.input for one in project.opened.rows(project.curate(), "train")]
    again = client.get("/rows", params={"again": row["id"]}).text
    assert row["question"] in again
    assert client.post("/rows", data=form(row, "good", key=KEY + "2")).status_code == 303
    kept = {one.input: one.reference for one in project.opened.rows(project.curate(), "train")}
    assert kept[row["question"]] == row["answer"]


def test_the_rows_that_a_doubt_rests_on_stand_beside_it_but_for_sealed_ones(tmp_path: Path) -> None:
    project = doubted(tmp_path)
    row = client_of(project).get("/rows.json").json()["next"]
    assert row["related"] and {one["answer"] for one in row["related"]} == {right(row["question"])}
    page = client_of(project).get("/rows").text
    assert all(one["place"] in page and one["question"] in page for one in row["related"])
    settings = tmp_path / "strop.yaml"
    settings.write_text(settings.read_text("utf-8").replace("test: 0", "test: 0.5"), "utf-8")
    project.store.close()
    project = open_project(tmp_path)
    dataset = project.curate()
    ledger = curating.ledger_lines(project.opened, dataset)
    sealed = {f"rows.jsonl:{line.line}" for line in ledger if line.reason == "split_test"}
    named = {place for fault in doubtful.fault_lines(project.opened, dataset) for place in fault.related}
    shown = {one.place for waits in doubtful.waiting(project.opened) for one in waits.related}
    assert shown and not shown & sealed, "sealed rows are quoted nowhere"
    assert named & sealed, "some doubt rests on a sealed one"
    project.store.close()


def test_sent_twice_it_is_one_word(client: TestClient, project: Project) -> None:
    row = client.get("/rows.json").json()["next"]
    made = [client.post("/rows.json", json=form(row, "good") | {"seconds": 1}).json()["id"] for _ in range(2)]
    assert made[0] == made[1] and len(list(project.store.traffic.said("row"))) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"opinion": "maybe"}, "opinion is good"),
        ({"opinion": "fix", "correction": " "}, "fix with a correction"),
        ({"opinion": "fix", "correction": "refunds"}, "no label of this task"),
        ({"key": "x"}, "could not be read"),
        ({"correction": "x" * 20_001, "opinion": "fix"}, "could not be read"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_is_kept(
    client: TestClient, project: Project, more: dict[str, str], said: str
) -> None:
    row = client.get("/rows.json").json()["next"]
    found = client.post("/rows", data=form(row, "good") | more)
    assert found.status_code == 422 and said in found.text
    assert list(project.store.traffic.said("row")) == []


def test_only_rows_that_wait_for_one_can_be_judged(client: TestClient, project: Project) -> None:
    sure = next(row for row in project.opened.rows(project.opened.dataset(), "train") if "case1 " in row.input)
    assert client.post("/rows.json", json=form({"id": sure.id}, "drop") | {"seconds": 1}).status_code == 404
    assert client.get("/rows", params={"again": sure.id}).status_code == 404
    assert client.get("/rows", params={"again": "ex_0"}).status_code == 404
    assert client.get("/rows", params={"again": "../x"}).status_code == 422
    assert list(project.store.traffic.said("row")) == []


def test_people_are_asked_about_what_is_dealt_to_them_and_the_owner_ends_disputes(tmp_path: Path) -> None:
    project = doubted(tmp_path, "people: [expert-person, ben], overlap: 1")
    persons, keys = people("owner", "expert", "auditor")
    for one in persons:
        project.store.add(one)
    client = client_of(project)
    who = {role: {"Authorization": f"Bearer {key}"} for role, key in keys.items()}
    assert client.get("/rows.json").status_code == 401
    assert client.get("/rows.json", headers=who["auditor"]).status_code == 403
    assert client.get("/rows.json", headers=who["owner"]).json()["waiting"] == 0
    assert "No rows are dealt to" in client.get("/rows", headers=who["owner"]).text
    row = client.get("/rows.json", headers=who["expert"]).json()["next"]
    client.post("/rows.json", json=form(row, "good") | {"seconds": 1}, headers=who["expert"])
    project.judge_row(row["id"], {"opinion": "drop"}, by="ben")
    page = client.get("/rows", headers=who["owner"]).text
    assert "what you say is the last word" in page and re.search(r"ben: <q[^>]*>drop", page)
    made = client.post("/rows.json", json=form(row, "drop", key=KEY + "9") | {"seconds": 1}, headers=who["owner"])
    assert made.json()["value"]["settles"] is True
    assert client.get("/rows.json", headers=who["owner"]).json()["waiting"] == 0
    assert project.disputed_rows() == []
    project.store.close()
