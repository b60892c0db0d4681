"""Foreign hosts and foreign origins are refused; every answer carries its headers."""

from __future__ import annotations

import pytest
from desks import SampleDesk
from fastapi.testclient import TestClient

from strop.web.app import create_app


def client(**more: object) -> TestClient:
    desk = SampleDesk()
    app = create_app(desk, secret=b"s" * 32, reviews=desk, watch=desk, hosts=("Strop.example",))
    return TestClient(app, base_url="http://localhost:8000", follow_redirects=False, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("localhost:8000", 200), ("127.0.0.1:1", 200), ("[::1]:8000", 200), ("[::1]", 200),
        ("STROP.example:443", 200), ("evil.example", 421), ("localhost.evil.example", 421), ("127.0.0.1.evil", 421),
        ("localhost:8000@evil.example", 421), ("evil.example:localhost", 421), ("", 421), ("[::1].evil", 421),
    ],
)  # fmt: skip
def test_only_known_hosts_are_answered(host: str, status: int) -> None:
    assert client().get("/", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"origin": "http://localhost:8000"}, 201),
        ({"origin": "http://localhost:8001"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://localhost:8000", "sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"cookie": "strop_session=x"}, 403),
        ({"cookie": "strop_session=x", "origin": "http://localhost:8000"}, 201),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_what_changes_things_must_come_from_here(headers: dict[str, str], status: int, kind: str) -> None:
    body = {"subject": "int_1", "opinion": "good", "key": "key-12345678"}
    found = client().post("/review.json", json=body, headers=headers | {"content-type": kind})
    assert found.status_code in ({status} if kind == "application/json" else {status, 422})


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"host": "evil.example"}])
def test_a_program_is_refused_in_json_and_a_person_in_words(headers: dict[str, str]) -> None:
    program = client().post("/v1/feedback", json={}, headers=headers | {"accept": "text/html"})
    assert program.json()["error"]["message"] and program.status_code in (403, 421)
    person = client().post("/review", json={}, headers=headers | {"accept": "text/html,*/*"})
    assert person.headers["content-type"].startswith("text/plain") and person.status_code == program.status_code


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "PROPFIND"])
def test_no_unsafe_method_is_left_out(method: str) -> None:
    assert client().request(method, "/review", headers={"origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/strop.css", "/review", "/project.json", "/login"])
def test_every_answer_carries_its_headers(path: str) -> None:
    headers = client().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] in ("no-store", "no-cache")


def test_a_refusal_carries_them_too() -> None:
    assert "content-security-policy" in client().get("/", headers={"host": "evil.example"}).headers
