"""Pages and their twins, errors in the language of who asks, nothing planted has an effect."""

from __future__ import annotations

import re

import pytest
import samples
from desks import SampleDesk, SampleJobs, interaction
from fastapi.testclient import TestClient
from test_report import HOSTILE, Reader

from strop.project import Health
from strop.web import report
from strop.web.app import create_app
from strop.web.pages import serving
from strop.web.render import Frame

PAGES = ("/", "/decision", "/records/cand_lora", "/records/run_1", "/serving", "/work", "/review", "/login")


def client(desk: SampleDesk | None = None) -> TestClient:
    desk = desk or SampleDesk()
    app = create_app(desk, secret=b"s" * 32, reviews=desk, watch=desk, jobs=SampleJobs())
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_well_formed_and_keeps_to_the_policy(path: str) -> None:
    reader = Reader(client().get(path).text)
    assert reader.faults == []
    for tag, attributes in reader.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        if tag in ("script", "link", "img"):
            assert (attributes.get("src") or attributes.get("href") or "").startswith("/static/")
    assert "<style" not in client().get(path).text
    assert not re.search(r"<script[^>]*>[^<]", client().get(path).text)


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/login"])
def test_a_page_has_a_twin(path: str) -> None:
    found = client().get(("/project" if path == "/" else path) + ".json")
    assert found.status_code == 200 and found.headers["content-type"] == "application/json"


def test_the_twin_of_a_record_is_the_record() -> None:
    found = client().get("/records/cand_lora.json").json()
    assert found == {"kind": "candidate", "record": samples.CANDIDATES["cand_lora"].to_json()}


def test_the_first_page_has_the_questions_and_the_next_command() -> None:
    text = Reader(client().get("/").text).text
    assert "Yes: +36.0 points [27.0, 45.0]." in text and "strop decide" in text
    assert 'href="/records/cand_' in client().get("/").text


def test_served_and_standing_decision_say_the_same() -> None:
    alone = Reader(report.page(samples.decision(), samples.context())).text
    served = Reader(client().get("/decision").text).text
    mark = "outdoor-shop · Decision\n"
    assert served.split(mark)[1].split() == alone.split(mark)[1].split()


@pytest.mark.parametrize("path", ["/records/cand_none", "/records/..%2f..%2fetc%2fpasswd", "/static/..%2fapp.py", "/x"])
def test_what_is_not_there_is_404_or_422_for_people_and_for_programs(path: str) -> None:
    page = client().get(path, headers={"accept": "text/html"})
    assert page.status_code in (404, 422) and "<h1" in page.text
    assert Reader(page.text).faults == []
    data = client().get(path)
    assert data.status_code in (404, 422) and data.json()["error"]["message"]


def test_pages_of_parts_that_are_not_there_do_not_exist() -> None:
    bare = TestClient(create_app(SampleDesk(), secret=b"s" * 32), base_url="http://localhost")
    assert bare.get("/review").status_code == bare.get("/serving").status_code == 404
    assert "/review" not in bare.get("/").text and "/serving" not in bare.get("/").text


def test_planted_text_has_no_effect_on_any_page() -> None:
    desk = SampleDesk([interaction(1, HOSTILE), interaction(2, HOSTILE)])
    desk.records["cand_lora"] = samples.CANDIDATES["cand_lora"].model_copy(update={"shots": (HOSTILE,)})
    browser = client(desk)
    fields = {
        "subject": "int_1",
        "opinion": "fix",
        "correction": HOSTILE + "!",
        "comment": HOSTILE,
        "key": "key-1234567",
    }
    assert browser.post("/review", data=fields).status_code == 303
    for path in ("/review", "/review?again=int_1", "/records/cand_lora"):
        reader = Reader(browser.get(path).text)
        assert reader.faults == []
        assert HOSTILE in reader.text
        assert [a for tag, a in reader.tags if tag == "script"] in ([], [{"src": "/static/review.js", "defer": None}])
        assert not [tag for tag, _ in reader.tags if tag == "img"]


def test_the_serving_page_puts_the_most_urgent_first_with_a_picture_over_time() -> None:
    page = client().get("/serving").text
    assert re.search(r'class="verdict bad">\s*<p class="word">.*Retrain now', page)
    assert "Attribute inclusion over time" in page and "Week 3: audited answers." in page
    twin = client().get("/serving.json").json()
    assert "160 to come" in page
    assert twin["advice"] == "retrain" and len(twin["findings"]) == 1 and twin["release"]["candidate"] == "cand_lora"


def test_what_is_not_measured_is_not_called_healthy() -> None:
    desk, missing = SampleDesk(), "drift: 40 of the 200 answers that make a window were given, 160 to come"
    unknown = Health(
        advice=None, sentence="Drift is not measured yet.", findings=(desk.findings()[1],), unseen=(missing,)
    )
    page = serving.page("p", desk.releases(), unknown, desk.findings(), frame=Frame())
    assert re.search(r'class="verdict open">\s*<p class="word">.*Not known yet', page) and missing in page
    twin = serving.twin(desk.releases(), unknown)
    assert twin["advice"] is None and twin["unseen"] == [missing]
    nobody = serving.page("p", [], Health(advice=None, sentence="Nobody has looked."), [], frame=Frame())
    assert "Nobody has looked." in nobody and 'class="word"' not in nobody
