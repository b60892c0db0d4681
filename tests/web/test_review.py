"""Judging: one form, one judgement, nothing lost, nothing twice."""

from __future__ import annotations

import re

import pytest
from desks import SampleDesk, interaction
from fastapi.testclient import TestClient

from strop.errors import InputError
from strop.web.app import create_app
from strop.web.pages import review
from strop.web.routes import MOST_BYTES

GOOD = {"subject": "int_1", "opinion": "good", "key": "key-00000001"}
FIX = GOOD | {"opinion": "fix", "correction": "A tent of 2 kg, in moss green."}


@pytest.fixture
def desk() -> SampleDesk:
    return SampleDesk()


@pytest.fixture
def client(desk: SampleDesk) -> TestClient:
    app = create_app(desk, secret=b"s" * 32, reviews=desk)
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


def test_a_good_answer_leaves_the_queue(client: TestClient, desk: SampleDesk) -> None:
    assert "3 answers to judge" in client.get("/review").text
    assert client.post("/review", data=GOOD | {"seconds": "12.5"}).headers["location"] == "/review"
    assert "2 answers to judge" in client.get("/review").text
    made = desk.judgements[0]
    assert (made.kind, made.value, made.by, made.seconds, made.trusted) == (
        "review",
        {"opinion": "good"},
        "local",
        12.5,
        True,
    )


def test_a_fix_keeps_the_correction_and_the_page_shows_what_it_changed(client: TestClient, desk: SampleDesk) -> None:
    client.post("/review", data=FIX | {"faults": ["tone", "format"], "comment": " too dry \r\n"})
    made = desk.judgements[0]
    assert made.value == {"opinion": "fix", "correction": FIX["correction"], "faults": ["tone", "format"]}
    assert made.comment == "too dry"
    page = client.get("/review").text
    assert "<ins> green</ins>" in page and "Saved: corrected" in page


def test_sent_twice_it_is_one_judgement(client: TestClient, desk: SampleDesk) -> None:
    client.post("/review", data=FIX)
    client.post("/review", data=FIX)
    assert len(desk.judgements) == 1


def test_every_form_has_a_key_of_its_own(client: TestClient) -> None:
    keys = [re.findall(r'name="key" value="([^"]+)"', client.get("/review").text) for _ in range(2)]
    assert len(keys[0]) == 1 and keys[0] != keys[1]


def test_a_changed_mind_is_a_new_judgement_that_names_the_old(client: TestClient, desk: SampleDesk) -> None:
    client.post("/review", data=GOOD)
    assert "Change your mind" in client.get("/review", params={"again": "int_1"}).text
    client.post("/review", data=FIX | {"key": "key-00000002"})
    assert [one.edits for one in desk.judgements] == [None, desk.judgements[0].id]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"opinion": ""}, "Choose one of the three"),
        ({"opinion": "fix", "correction": " A tent of 2 kg, in moss. "}, "was not changed"),
        ({"opinion": "fix", "correction": "\r\n"}, "was not changed"),
        ({"opinion": "good", "key": "x"}, "could not be read"),
        ({"opinion": "good", "faults": "nonsense"}, "could not be read"),
        ({"opinion": "good", "comment": "x" * (review.LONGEST + 1)}, "could not be read"),
    ],
)
def test_what_cannot_be_taken_is_said_and_the_draft_stays(
    client: TestClient, desk: SampleDesk, fields: dict[str, str], said: str
) -> None:
    found = client.post("/review", data=GOOD | {"comment": "my long thought"} | fields)
    assert found.status_code == 422 and said in found.text
    assert ("my long thought" if "comment" not in fields else "xxx") in found.text
    assert desk.judgements == []


def test_where_answers_are_labels_one_of_them_is_chosen(client: TestClient, desk: SampleDesk) -> None:
    desk.closed = ("refund", "card <lost>")
    desk.queue["int_1"] = interaction(1, "refund")
    page = client.get("/review").text
    assert "<option selected>refund</option>" in page and "<option>card &lt;lost&gt;</option>" in page
    told = client.post("/review", data=FIX | {"correction": "something else"})
    assert told.status_code == 422 and "none of the labels" in told.text
    assert client.post("/review", data=FIX | {"correction": "card <lost>"}).status_code == 303
    assert desk.judgements[0].value["correction"] == "card <lost>"


def test_only_what_is_in_the_queue_can_be_judged(client: TestClient, desk: SampleDesk) -> None:
    assert client.post("/review", data=GOOD | {"subject": "int_99"}).status_code == 404
    assert client.get("/review", params={"again": "int_99"}).status_code == 404
    assert client.post("/review.json", json=GOOD | {"subject": "int_99"}).status_code == 404
    assert desk.judgements == []


def test_the_twin_takes_json_and_gives_the_judgement(client: TestClient, desk: SampleDesk) -> None:
    assert client.get("/review.json").json()["next"]["id"] == "int_1"
    made = client.post("/review.json", json=FIX)
    assert made.status_code == 201 and made.json() == desk.judgements[0].to_json()
    for wrong in ({**FIX, "opinion": "maybe"}, {**FIX, "more": 1}, {"subject": "int_1"}, {**FIX, "seconds": -1}, []):
        assert client.post("/review.json", json=wrong).status_code == 422


def test_a_flood_and_a_file_are_refused(client: TestClient) -> None:
    assert client.post("/review", data=GOOD | {"comment": "x" * MOST_BYTES}).status_code == 413
    assert client.post("/review", content=b"a", headers={"content-type": "multipart/form-data"}).status_code == 415
    broken = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/review", content=b"\xff\xfe", headers=broken).status_code == 400
    assert client.post("/review", content=b"a=1&" * 60, headers=broken).status_code == 400


def test_what_senders_said_is_quoted_and_never_taken_by_itself(client: TestClient, desk: SampleDesk) -> None:
    desk.send("int_1", "rating", False)
    desk.send("int_1", "outcome", 0.5)
    desk.send("int_1", "comment", "<script>alert(1)</script>", by="bot <b>")
    sent = desk.send("int_1", "correction", "A moss-green tent.\n2 kg.", comment="too dry")
    page = client.get("/review").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "bot &lt;b&gt; wrote" in page
    assert ">A moss-green tent.\n2 kg.</blockquote>" in page and ">too dry</blockquote>" in page
    assert "shop would have answered" in page and "shop rated it no" in page and "not checked" in page
    form = re.findall(r'<textarea id="correction".*?>(.*?)</textarea>', page, re.DOTALL)
    assert form == ["A tent of 2 kg, in moss."], "the form begins with the answer"
    assert client.get("/review.json").json()["said"][0]["id"] == sent.id
    assert "sent" not in client.post("/review", data=GOOD).text
    assert client.get("/review.json").json()["said"] == [] and "What was said" not in client.get("/review").text


def test_a_senders_text_is_taken_into_the_form_without_script(client: TestClient, desk: SampleDesk) -> None:
    sent = desk.send("int_1", "correction", "A moss-green tent.")
    other = desk.send("int_2", "correction", "Another.")
    link = re.findall(r'class="use" href="([^"]+)"', client.get("/review").text)
    assert link == [f"/review?use={sent.id}"]
    taken = client.get(link[0])
    assert taken.status_code == 200 and "A moss-green tent.</textarea>" in taken.text
    assert re.search(r'value="fix" required checked', taken.text)
    assert client.get("/review", params={"use": other.id}).status_code == 404, "it was said of another answer"
    assert desk.judgements == []
    client.post("/review", data=GOOD)
    again = re.findall(r'class="use" href="([^"]+)"', client.get("/review?again=int_1").text)
    assert again == [f"/review?again=int_1&amp;use={sent.id}"]
    assert "A moss-green tent.</textarea>" in client.get(again[0].replace("&amp;", "&")).text


def test_where_answers_are_labels_a_text_that_is_none_is_only_quoted(client: TestClient, desk: SampleDesk) -> None:
    desk.closed, desk.queue["int_1"] = ("refund", "card lost"), interaction(1, "refund")
    fits = desk.send("int_1", "correction", "card lost")
    desk.send("int_1", "correction", "some other queue")
    page = client.get("/review").text
    assert re.findall(r'class="use" href="([^"]+)"', page) == [f"/review?use={fits.id}"]
    assert "some other queue</blockquote>" in page and page.count("<kbd>u</kbd>") == 1
    assert "<option selected>card lost</option>" in client.get("/review", params={"use": fits.id}).text


def test_an_empty_queue_says_so() -> None:
    page = review.page("p", review.Shown(None), frame=review.Frame())
    assert "Nothing waits for you" in page and "<form" not in page


def test_an_answer_that_is_empty_can_be_corrected() -> None:
    asked = interaction(1).model_copy(update={"answer": None})
    reviewed = review.Reviewed(subject="int_1", opinion="fix", correction="An answer.", key="key-12345")
    assert review.judgement(reviewed, asked, by="ada").value["correction"] == "An answer."
    with pytest.raises(InputError):
        review.judgement(reviewed.model_copy(update={"correction": ""}), asked, by="ada")
