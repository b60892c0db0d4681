"""Keys, sessions and roles."""

from __future__ import annotations

import pytest
from desks import SampleDesk, SampleJobs, people
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from strop.records import Person
from strop.web.app import create_app
from strop.web.door import COOKIE, SESSION_SECONDS, Door

PUBLIC = {"/static/{name}", "/login", "/logout"}
PAGES = {
    "/": {"owner", "auditor", "expert"},
    "/project.json": {"owner", "auditor"},
    "/decision": {"owner", "auditor"},
    "/decision.json": {"owner", "auditor"},
    "/records/{identity}": {"owner", "auditor"},
    "/records/{identity}.json": {"owner", "auditor"},
    "/serving": {"owner", "auditor"},
    "/serving.json": {"owner", "auditor"},
    "/work": {"owner", "auditor"},
    "/work.json": {"owner", "auditor"},
    "/review": {"owner", "expert"},
    "/review.json": {"owner", "expert"},
    "/pairs": {"owner", "expert"},
    "/pairs.json": {"owner", "expert"},
    "/approve": {"owner", "auditor", "expert"},
    "/approve.json": {"owner", "auditor", "expert"},
}
ROLES = ("owner", "expert", "auditor", "app")


def client(staff: list[Person], **more: object) -> TestClient:
    desk = SampleDesk()
    app = create_app(desk, secret=b"s" * 32, people=lambda: staff, reviews=desk, watch=desk, jobs=SampleJobs())
    return TestClient(app, base_url="http://localhost", follow_redirects=False, **more)  # type: ignore[arg-type]


def routes_of(app: FastAPI) -> list[APIRoute]:
    """Every route of an application, those of its routers among them."""
    found: list[APIRoute] = []

    def walk(entries: object) -> None:
        for entry in entries:  # type: ignore[attr-defined]
            if isinstance(entry, APIRoute):
                found.append(entry)
            elif hasattr(entry, "original_router"):
                walk(entry.original_router.routes)
            else:
                walk(getattr(entry, "routes", ()))

    walk(app.routes)
    return found


def routes() -> list[APIRoute]:
    desk = SampleDesk()
    app = create_app(desk, secret=b"s" * 32, reviews=desk, watch=desk, jobs=SampleJobs())
    return routes_of(app)


def test_every_route_asks_for_a_role_by_itself() -> None:
    guarded: dict[str, set[str]] = {}
    for route in routes():
        roles = [d.call.roles for d in route.dependant.dependencies if hasattr(d.call, "roles")]  # type: ignore[union-attr]
        if route.path in PUBLIC:
            assert roles == []
            continue
        assert len(roles) == 1, route.path
        if route.path == "/work" and "POST" in route.methods:
            assert set(roles[0]) == {"owner"}
            continue
        guarded.setdefault(route.path, set(roles[0]))
        assert guarded[route.path] == set(roles[0])
    assert guarded == PAGES


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_its_pages_and_no_others(path: str, role: str) -> None:
    staff, keys = people(*ROLES)
    address = path.replace("{identity}", "cand_lora")
    found = client(staff).get(address, headers={"authorization": f"Bearer {keys[role]}"})
    sent_on = path == "/" and role == "expert"
    assert found.status_code == (303 if sent_on else 200 if role in PAGES[path] else 403)


@pytest.mark.parametrize("path", PAGES)
def test_without_a_key_nobody_sees_anything(path: str) -> None:
    staff, _ = people("owner")
    address = path.replace("{identity}", "cand_lora")
    for headers in (
        {},
        {"authorization": "Bearer strop_wrong"},
        {"authorization": "Basic x"},
        {"authorization": "Bearer"},
    ):
        assert client(staff).get(address, headers=headers).status_code == 401
    shown = client(staff).get(address, headers={"accept": "text/html"})
    assert shown.status_code == (401 if path.endswith(".json") else 303)


def test_without_people_whoever_is_on_this_machine_is_the_owner() -> None:
    assert client([]).get("/").status_code == 200


def test_a_key_opens_a_session_and_the_expert_lands_on_the_review_page() -> None:
    staff, keys = people("expert", "owner")
    browser = client(staff)
    entered = browser.post("/login", data={"key": keys["expert"]})
    assert entered.status_code == 303 and entered.headers["location"] == "/review"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and keys["expert"].lower() not in cookie
    assert browser.get("/review").status_code == 200
    assert browser.get("/project.json").status_code == 403
    browser.post("/logout", headers={"origin": "http://localhost"})
    assert browser.get("/review.json").status_code == 401


def test_a_wrong_key_is_told_so_and_is_not_echoed() -> None:
    staff, _ = people("owner")
    found = client(staff).post("/login", data={"key": "<script>x</script>"})
    assert found.status_code == 401 and "Nobody holds this key" in found.text and "<script>x" not in found.text


def test_a_session_ends_with_its_time_with_the_key_and_with_any_change_to_it() -> None:
    staff, keys = people("owner")
    clock = [1000.0]
    door = Door(lambda: staff, secret=b"s" * 32, clock=lambda: clock[0])
    token, _ = door.open_session(keys["owner"])

    def caller_of(value: str) -> str | None:
        from starlette.requests import Request

        from strop.web.refusals import Refused

        scope = {"type": "http", "headers": [(b"cookie", f"{COOKIE}={value}".encode())]}
        try:
            return door.caller(Request(scope), staff).role
        except Refused:
            return None

    assert caller_of(token) == "owner"
    identity, ends, signature = token.split(".")
    for forged in (
        f"{identity}.{int(ends) + 1}.{signature}", f"person_other.{ends}.{signature}", f"{identity}.{ends}.", identity,
        f"{identity}.{ends}.{'0' * 64}", "..", f"{identity}.\u0663.{signature}",
    ):  # fmt: skip
        assert caller_of(forged.encode("utf-8").decode("latin-1")) is None, forged
    other = Door(lambda: staff, secret=b"t" * 32, clock=lambda: clock[0])
    assert other.open_session(keys["owner"])[0] != token
    clock[0] += SESSION_SECONDS + 1
    assert caller_of(token) is None
    clock[0] = 1000.0
    staff.insert(0, staff[0].model_copy(update={"revoked": True}))
    assert caller_of(token) is None
