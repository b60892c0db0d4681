"""Feedback over HTTP, health, metrics, a full disk, overload; and who may do what, on every route."""

from __future__ import annotations

import socket
import threading
from contextlib import AbstractContextManager
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from strop.errors import UserError
from strop.project import Project
from strop.records import Interaction, Judgement, PersonRole
from strop.web import server

CHAT = {"model": "descriptions", "messages": [{"role": "user", "content": "type: mug"}]}


@pytest.fixture
def interaction(client: TestClient) -> str:
    identity: str = client.post("/v1/chat/completions", json=CHAT).json()["id"]
    return identity


def test_feedback_is_stored_once_for_a_key(client: TestClient, promoted: Project, interaction: str) -> None:
    sent = {"interaction_id": interaction, "kind": "rating", "value": 1}
    first = client.post("/v1/feedback", json=sent, headers={"Idempotency-Key": "k1"})
    again = client.post("/v1/feedback", json=sent, headers={"Idempotency-Key": "k1"})
    other = client.post("/v1/feedback", json={**sent, "value": 0}, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json()["id"] == again.json()["id"] and again.json()["new"] is False
    assert len(promoted.store.all(Judgement)) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "review"}, 422), ({"kind": "approval"}, 422), ({"kind": ""}, 422), ({"kind": "outcome"}, 422),
        ({"kind": "outcome:re solved"}, 422), ({"kind": "rating:x"}, 422), ({"value": 2}, 422), ({"value": None}, 422),
        ({"value": "1"}, 422), ({"value": {"a": 1}}, 422), ({"value": [1]}, 422), ({"kind": "correction"}, 422),
        ({"kind": "correction", "value": "  "}, 422), ({"kind": "correction", "value": "x" * 20_001}, 422),
        ({"kind": "preference", "value": "c"}, 422), ({"trusted": True}, 422), ({"by": "owner"}, 422),
        ({"interaction_id": "int_0190a000-0000-7000-8000-000000000000"}, 404), ({"interaction_id": "cand_1"}, 422),
        ({"interaction_id": 3}, 422), ({"comment": 3}, 422), ({"comment": "x" * 20_001}, 422),
    ],
)  # fmt: skip
def test_what_is_no_feedback_is_told_so(
    client: TestClient, promoted: Project, interaction: str, change: dict[str, Any], status: int
) -> None:
    sent = {"interaction_id": interaction, "kind": "rating", "value": 1, **change}
    assert client.post("/v1/feedback", json=sent).status_code == status
    assert promoted.store.all(Judgement) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [("rating", 1), ("rating", -1), ("rating", 0.5), ("rating", True), ("comment", "fine"), ("correction", "A mug."),
     ("preference", "tie"), ("outcome:resolved", False), ("outcome:minutes", 1e9)],
)  # fmt: skip
def test_every_kind_of_feedback(client: TestClient, promoted: Project, interaction: str, kind: str, value: Any) -> None:
    sent = {"interaction_id": interaction, "kind": kind, "value": value, "comment": "why"}
    assert client.post("/v1/feedback", json=sent).status_code == 201
    stored = promoted.store.all(Judgement)[0]
    assert (stored.value, stored.trusted, stored.by) == (value, False, "local")


def test_half_a_character_is_refused(client: TestClient, promoted: Project, interaction: str) -> None:
    raw = f'{{"interaction_id":"{interaction}","kind":"comment","value":"\\ud800","comment":""}}'
    found = client.post("/v1/feedback", content=raw, headers={"content-type": "application/json"})
    assert found.status_code == 422
    session = '{"model":"descriptions","messages":[{"role":"user","content":"x"}],"user":"\\udfff"}'
    found = client.post("/v1/chat/completions", content=session, headers={"content-type": "application/json"})
    assert found.status_code == 422
    assert promoted.store.all(Judgement) == []


def test_liveness_readiness_and_what_they_say(client: TestClient, promoted: Project) -> None:
    assert client.get("/livez").status_code == 200
    for _ in range(200):
        if client.get("/readyz").status_code == 200:
            break
    assert client.get("/readyz").json() == {"ready": True}
    assert client.get("/health").json() == {"status": "ok", "waiting": 0}


def test_it_is_not_ready_while_nothing_serves(decided: Project) -> None:
    app, gateway = server.build(decided)
    client = TestClient(app, base_url="http://localhost")
    assert client.get("/readyz").status_code == 503
    assert client.post("/v1/chat/completions", json=CHAT).status_code == 404
    gateway.close()


def test_it_is_not_ready_once_it_stops(promoted: Project) -> None:
    app, gateway = server.build(promoted)
    client = TestClient(app, base_url="http://localhost")
    gateway.worker.stop()
    assert client.get("/readyz").status_code == 503 and client.get("/livez").status_code == 200
    found = client.post("/v1/chat/completions", json=CHAT)
    assert found.status_code == 503 and found.headers["retry-after"]
    gateway.close()


def test_metrics_are_read_by_prometheus_own_parser(client: TestClient, promoted: Project, interaction: str) -> None:
    client.post("/v1/feedback", json={"interaction_id": interaction, "kind": "rating", "value": 1})
    client.post("/v1/chat/completions", json={**CHAT, "model": "nope"})
    families = {family.name: family for family in text_string_to_metric_families(client.get("/metrics").text)}

    def value(name: str, sample: str) -> float:
        return sum(s.value for s in families[name].samples if s.name == sample)

    assert value("strop_requests", "strop_requests_total") == 1
    assert value("strop_feedback", "strop_feedback_total") == 1
    assert value("strop_refused", "strop_refused_total") == 1
    assert value("strop_e2e_request_latency_seconds", "strop_e2e_request_latency_seconds_count") == 1
    assert families["strop_release_info"].samples[0].labels["candidate"] == promoted.candidate().id


def test_a_full_disk_is_507_and_reads_stay_up(
    client: TestClient, promoted: Project, interaction: str, full_disk: AbstractContextManager[None]
) -> None:
    large = {**CHAT, "messages": [{"role": "user", "content": "x" * 20_000}]}
    with full_disk:
        found = [client.post("/v1/chat/completions", json=large).status_code for _ in range(150)]
        assert found[-1] == 507 and set(found) <= {200, 507}
        sent = {"interaction_id": interaction, "kind": "comment", "value": "y" * 20_000}
        given = [client.post("/v1/feedback", json=sent).status_code for _ in range(150)]
        assert given[-1] == 507
        assert client.get("/v1/models").status_code == 200 and client.get("/serving.json").status_code == 200
    assert client.post("/v1/feedback", json=sent).status_code == 201
    assert len(promoted.store.all(Judgement)) == given.count(201) + 1
    assert sum(one.complete for one in promoted.store.all(Interaction)) >= found.count(200)


def test_overload_is_429_with_a_time_to_come_again(promoted: Project) -> None:
    app, gateway = server.build(promoted)
    client = TestClient(app, base_url="http://localhost")
    gateway.worker._waiting = 0
    found = client.post("/v1/chat/completions", json=CHAT)
    assert found.status_code == 429 and int(found.headers["retry-after"]) >= 1
    assert found.json()["error"]["type"] == "rate_limit_error"
    assert promoted.store.all(Interaction) == []
    gateway.close()


def test_many_clients_at_once_lose_nothing(client: TestClient, promoted: Project) -> None:
    statuses: list[int] = []

    def work(number: int) -> None:
        for turn in range(10):
            sent = {**CHAT, "user": f"u{number}", "messages": [{"role": "user", "content": f"type: mug {turn}"}]}
            statuses.append(client.post("/v1/chat/completions", json=sent).status_code)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert sum(one.complete for one in promoted.store.all(Interaction)) == 60


MAY: dict[tuple[str, str], set[PersonRole] | None] = {
    ("POST", "/v1/chat/completions"): {"app", "owner"}, ("POST", "/v1/completions"): {"app", "owner"},
    ("GET", "/v1/models"): {"app", "owner"}, ("GET", "/v1/models/{name}"): {"app", "owner"},
    ("POST", "/v1/feedback"): {"app", "owner"}, ("GET", "/metrics"): {"owner", "auditor"},
    ("GET", "/livez"): None, ("GET", "/readyz"): None, ("GET", "/health"): None,
}  # fmt: skip
ROLES: tuple[PersonRole, ...] = ("expert", "app", "owner", "auditor")


def test_every_route_of_the_api_asks_who_calls(promoted: Project) -> None:
    keys = {role: promoted.add_person(f"the {role}", role) for role in ROLES}
    app, gateway = server.build(promoted)
    client = TestClient(app, base_url="http://localhost")
    routes = {(method, route.path) for route in _routes(app) if route.include_in_schema for method in route.methods}
    assert routes == set(MAY), "a new route is declared here, with the roles that may use it"
    for (method, path), allowed in MAY.items():
        place = path.replace("{name}", "descriptions")
        assert (client.request(method, place).status_code == 401) == (allowed is not None), path
        wrong = client.request(method, place, headers={"authorization": "Bearer strop_wrong"})
        assert (wrong.status_code == 401) == (allowed is not None), path
        for role in ROLES:
            found = client.request(method, place, headers={"authorization": f"Bearer {keys[role]}"})
            refused = allowed is not None and role not in allowed
            assert (found.status_code == 403) == refused, f"{role} {method} {path}: {found.status_code}"
    gateway.close()


def _routes(app: Any) -> list[APIRoute]:
    found: list[APIRoute] = []
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        found += _routes(inner) if inner is not None else [route] if isinstance(route, APIRoute) else []
    return found


def test_a_revoked_key_stops_at_once(promoted: Project) -> None:
    key = promoted.add_person("shop", "app")
    promoted.add_person("me", "owner")
    app, gateway = server.build(promoted)
    client = TestClient(app, base_url="http://localhost", headers={"authorization": f"Bearer {key}"})
    assert client.get("/v1/models").status_code == 200
    promoted.revoke_person("shop")
    assert any(client.get("/v1/models").status_code == 401 for _ in range(5_000))
    gateway.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.com"])
def test_an_open_host_is_refused_while_nobody_has_a_key(promoted: Project, host: str) -> None:
    with pytest.raises(UserError, match="nobody has a key"):
        server.serve(promoted, host=host, port=1)
    promoted.add_person("shop", "app")
    promoted.revoke_person("shop")
    with pytest.raises(UserError, match="nobody has a key"):
        server.serve(promoted, host=host, port=1)


def test_a_port_that_is_taken_is_told_before_anybody_is_sent_there(promoted: Project) -> None:
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=rf"127\.0\.0\.1:{port}: Address already in use") as found:
            server.serve(promoted, host="127.0.0.1", port=port, on_open=told.append)
    assert "--port" in str(found.value.remedy) and not told


def test_a_host_that_is_none_of_this_machine_is_told(promoted: Project) -> None:
    promoted.add_person("shop", "app")
    with pytest.raises(UserError, match="nobody can listen on 192"):
        server.serve(promoted, host="192.0.2.7", port=8123)
