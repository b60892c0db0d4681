"""A real project behind the pages: one turn of the loop with the fake engine, then every page of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from test_door import routes_of
from test_report import Reader

from strop.demo.play import play
from strop.errors import UnknownRecord
from strop.evaluate.general import shipped_examples
from strop.project import Project
from strop.records import Candidate, Finding, ItemResult, Release, Spec, new_id, now, silent
from strop.serve import came, new_key, person
from strop.web import report, server
from strop.web.app import create_app
from strop.web.gathering import _examples
from strop.web.pages.desk import ProjectDesk, ProjectWatch


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STROP_CACHE", str(tmp_path_factory.mktemp("cache")))
        opened, _ = play(tmp_path_factory.mktemp("shop") / "demo", engine="fake", quick=True, on_event=silent)
        yield opened
        opened.store.close()


@pytest.fixture
def client(project: Project) -> TestClient:
    desk = ProjectDesk(project)
    app = create_app(desk, secret=desk.secret, people=desk.people, watch=ProjectWatch(project))
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


def test_every_record_of_a_turn_has_a_page_and_a_twin(project: Project, client: TestClient) -> None:
    kinds = ("decision", "ladder", "dataset", "candidate", "report")
    for record in [record for kind in kinds for record in project.records(kind)]:
        page = client.get(f"/records/{record.id}")  # type: ignore[attr-defined]
        assert page.status_code == 200 and Reader(page.text).faults == []
        assert client.get(f"/records/{record.id}.json").json()["record"] == record.to_json()  # type: ignore[attr-defined]
        assert Reader(report.page(record, report.gather(project, record))).faults == []


def test_the_first_page_and_the_decision_say_what_the_project_says(project: Project, client: TestClient) -> None:
    text = Reader(client.get("/").text).text
    for answer in project.questions():
        assert answer.question in text and answer.answer in text
    decision = project.store.latest("decision")
    assert client.get("/decision.json").json()["record"]["id"] == decision.id  # type: ignore[union-attr]


def test_the_dataset_page_shows_the_ledger(project: Project, client: TestClient) -> None:
    dataset = project.opened.dataset()
    text = Reader(client.get(f"/records/{dataset.id}").text).text
    assert f"{dataset.rows.read:,} read" in text and "train.jsonl:" in text


def test_findings_and_people_are_read_as_they_come(project: Project, client: TestClient) -> None:
    assert client.get("/serving.json").json()["advice"] != "rollback"
    finding = Finding(
        id=new_id("find"),
        kind="quality",
        name="style",
        value=0.9,
        advice="rollback",
        sentence="Roll it back.",
        created=now(),
    )
    project.store.add(finding)
    assert client.get("/serving.json").json()["advice"] != "rollback", "it is about nothing that serves"
    serves = came(project.store.all(Release), project.settings.task.name)
    assert serves is not None
    project.store.add(finding.model_copy(update={"id": new_id("find"), "release": serves.id}))
    assert client.get("/serving.json").json()["advice"] == "rollback"
    key = new_key()
    project.store.add(person("ada", "owner", key))
    assert any(client.get("/").status_code == 401 for _ in range(5_000)), "within a moment nobody is let in without"
    assert client.get("/", headers={"authorization": f"Bearer {key}"}).status_code == 200


def test_the_whole_server_lets_nobody_in_by_mistake(project: Project) -> None:
    app, gateway = server.build(project)
    try:
        open_to_all = {"/static/{name}", "/login", "/logout", "/livez", "/readyz", "/health"}
        found = routes_of(app)
        assert {"/v1/chat/completions", "/v1/feedback", "/metrics", "/work", "/review"} <= {r.path for r in found}
        for route in found:
            # A router's own dependencies are part of each of its routes.
            guarded = [d for d in route.dependant.dependencies if hasattr(d.call, "roles")]
            assert bool(guarded) != (route.path in open_to_all), route.path
    finally:
        gateway.close()


def test_what_is_not_in_the_project_is_not_found(project: Project) -> None:
    with pytest.raises(UnknownRecord):
        ProjectDesk(project).record("cand_none")


def test_general_items_are_shown_with_their_text(project: Project) -> None:
    item = shipped_examples()[0]
    found = _examples(project, [[ItemResult(example=item.id, answer="")]], candidates=[])
    assert found == {item.id: item}


def test_the_examples_of_a_prompt_are_at_hand_for_the_page_of_its_verdict(project: Project) -> None:
    row = project.store.examples(project.records("dataset")[0].to_json()["id"], "train")[0]
    prompt = Candidate(
        id="cand_prompt", spec=Spec.of("prompt", shots=1), dataset="ds", seed=0, shots=(row.id,), created=now()
    )
    assert _examples(project, [], candidates=[prompt]) == {row.id: row}
