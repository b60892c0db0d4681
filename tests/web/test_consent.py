"""Blind pairs and approvals in the browser: what a judge sees, what is kept, who may say yes."""

from __future__ import annotations

import pytest
import samples
from desks import SampleConsent, SampleDesk, people
from fastapi.testclient import TestClient
from test_report import Reader

from strop.project.verdicts.people import ShownPair
from strop.records import Message
from strop.web.app import create_app


def pair(number: int) -> ShownPair:
    asked = (Message(role="user", content=f"type: tent <{number}>"),)
    return ShownPair(pair=f"pair_{number}", messages=asked, left=f"A <b>tent</b> {number}", right="")


@pytest.fixture
def consent() -> SampleConsent:
    return SampleConsent([pair(1), pair(2)], [samples.decision()])


@pytest.fixture
def client(consent: SampleConsent) -> TestClient:
    desk = SampleDesk()
    desk.consent = consent
    return TestClient(create_app(desk, secret=b"s" * 32), base_url="http://localhost", follow_redirects=False)


def test_a_pair_is_shown_blind_and_leaves_the_queue_when_judged(client: TestClient, consent: SampleConsent) -> None:
    page = client.get("/pairs").text
    assert Reader(page).faults == []
    assert "2 pairs to judge" in page and "A &lt;b&gt;tent&lt;/b&gt; 1" in page
    for telling in ("cand_", "lora", "prompt,", "rep_"):
        assert telling not in page.lower()
    sent = client.post("/pairs", data={"pair": "pair_1", "preferred": "same", "seconds": "4.5"})
    assert sent.headers["location"] == "/pairs"
    assert (consent.said[0].name, consent.said[0].value, consent.said[0].seconds) == ("pair_1", "same", 4.5)
    assert "1 pair to judge" in client.get("/pairs").text
    assert client.get("/pairs.json").json()["next"]["pair"] == "pair_2"
    assert client.post("/pairs.json", json={"pair": "pair_2", "preferred": "left"}).status_code == 201
    assert "No pair waits for you" in client.get("/pairs").text


@pytest.mark.parametrize(
    ("address", "data", "status"),
    [
        ("/pairs", {"pair": "nonsense", "preferred": "left"}, 422),
        ("/pairs", {"pair": "pair_9", "preferred": "left"}, 404),
        ("/pairs", {"pair": "pair_1", "preferred": "sideways"}, 422),
        ("/approve", {"candidate": "cand_lora"}, 422),
        ("/approve", {"candidate": "../x", "say": "approve"}, 422),
    ],
)
def test_what_cannot_be_understood_is_kept_nowhere(
    client: TestClient, consent: SampleConsent, address: str, data: dict[str, str], status: int
) -> None:
    assert client.post(address, data=data).status_code == status
    assert consent.said == []


def test_an_approval_shows_the_numbers_and_is_kept_with_name_and_role(
    client: TestClient, consent: SampleConsent
) -> None:
    page = client.get("/approve").text
    assert Reader(page).faults == []
    assert samples.decision().sentence in Reader(page).text
    client.post("/approve", data={"candidate": "cand_lora", "say": "refuse", "comment": " too early "})
    said = consent.said[0]
    assert (said.kind, said.value, said.by, said.name, said.comment) == (
        "approval", "refuse", "local", "owner", "too early",
    )  # fmt: skip
    assert "Nothing waits for your approval" in client.get("/approve").text
    body = {"candidate": "cand_lora", "approved": True}
    assert client.post("/approve.json", json=body).json()["value"] == "approve"


def test_an_auditor_approves_but_does_not_judge(consent: SampleConsent) -> None:
    staff, keys = people("auditor", "app")
    desk = SampleDesk()
    desk.consent = consent
    app = create_app(desk, secret=b"s" * 32, people=lambda: staff)
    client = TestClient(app, base_url="http://localhost", headers={"authorization": f"Bearer {keys['auditor']}"})
    assert client.get("/approve.json").status_code == 200
    assert client.get("/pairs.json").status_code == 403
    other = TestClient(app, base_url="http://localhost", headers={"authorization": f"Bearer {keys['app']}"})
    assert other.get("/approve.json").status_code == 403
