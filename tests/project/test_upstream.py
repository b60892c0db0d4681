"""A server that runs a model (vLLM, llama-server) behind the gateway: asked masked, waited for, told in pieces."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from strop.errors import CheckFailed
from strop.measure.statistics.drift import embedding_drift
from strop.project import Project, open_project
from strop.project.live.places import places
from strop.records import Candidate, Interaction, Message, Release, Spec, now
from strop.serve import Asked, Gateway, Overloaded
from strop.web import server as web

Say = Callable[..., dict[str, Any]]
MAIL = "jane.doe@acme-corp.example"
ASKED = Asked("descriptions", (Message(role="user", content=f"type: mug\nwrite to {MAIL}"),))
CHAT = {"model": "descriptions", "messages": [{"role": "user", "content": f"type: mug\nwrite to {MAIL}"}]}


def events(pieces: list[str], *, end: bool = True) -> Iterator[bytes]:
    """An answer as such servers stream it."""
    for piece in pieces:
        yield b"data: " + json.dumps({"choices": [{"delta": {"content": piece}}]}).encode() + b"\n\n"
    if end:
        yield b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
        yield b'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}\n\ndata: [DONE]\n\n'


def streamed(pieces: list[str], **more: Any) -> tuple[int, dict[str, str], Iterator[bytes]]:
    return 200, {"Content-Type": "text/event-stream"}, events(pieces, **more)


def upstream(promoted: Project, server: Any, *settings: str, **connection: Any) -> Project:
    """The project as it is, under these settings, served by the server from now on."""
    incumbent = {"remote": "model-a", "url": server.url, **connection}
    project = open_project(promoted.folder, overrides=[f"ladder.incumbent={json.dumps([incumbent])}", *settings])
    spec = Spec.of("remote", settings={"name": "model-a", "model": "model-a", "url": server.url})
    pick = promoted.candidate()
    identity = Candidate.identity(spec, pick.dataset, 0, (), None)
    candidate = Candidate(id=identity, spec=spec, dataset=pick.dataset, seed=0, created=now())
    project.store.add(candidate)
    project.store.add(Release(id="rel_9", alias="descriptions", candidate=candidate.id, by="test", created=now()))
    return project


def elsewhere_of(project: Project) -> Candidate:
    """The candidate that the server is."""
    return next(one for one in project.store.all(Candidate) if one.spec.method == "remote")


@pytest.fixture
def open_upstream(promoted: Project, server: Any) -> Iterator[Callable[..., tuple[Project, Gateway]]]:
    """``open_upstream(**connection)``: the project and its gateway."""
    opened: list[tuple[Project, Gateway]] = []

    def make(**connection: Any) -> tuple[Project, Gateway]:
        project = upstream(promoted, server, **connection)
        opened.append((project, project.gateway()))
        return opened[-1]

    yield make
    server.over.set()
    for project, gateway in opened:
        gateway.close()
        project.store.close()


@pytest.fixture
def browse(promoted: Project, server: Any) -> Iterator[Callable[..., TestClient]]:
    """``browse(**connection)``: a client of the whole application."""
    opened: list[tuple[Project, Gateway]] = []

    def make(**connection: Any) -> TestClient:
        project = upstream(promoted, server, **connection)
        app, gateway = web.build(project)
        opened.append((project, gateway))
        return TestClient(app, base_url="http://localhost")

    yield make
    server.over.set()
    for project, gateway in opened:
        gateway.close()
        project.store.close()


def test_the_server_sees_surrogates_and_the_client_names(open_upstream: Any, server: Any, say: Say) -> None:
    project, gateway = open_upstream()
    server.answer = lambda body: say("Sure: " + body["messages"][-1]["content"])
    answered = gateway.answer(ASKED)
    assert MAIL in answered.text and MAIL not in json.dumps(server.asked)
    stored = project.store.get(answered.interaction.id, Interaction)
    assert stored.complete and MAIL not in (stored.answer or "") and stored.release == "rel_9"
    asked = len(server.asked)
    gateway.answer(ASKED)
    assert len(server.asked) == asked + 1, "what was answered in an evaluation is not served from there"


def test_what_is_asked_of_a_server_is_watched_by_its_words(open_upstream: Any, server: Any) -> None:
    project, _ = open_upstream()
    candidate = elsewhere_of(project)
    texts = [row.input for row in project.opened.rows(project.opened.dataset(), "train")]
    others = [f"where is parcel {number} that I paid for" for number in range(60)]
    with project.opened.model(candidate) as model:
        before, after, moved = places(project.opened, candidate, model, [texts[:80], texts[80:160], others])
    assert embedding_drift(before, moved).found() and not embedding_drift(before, after).found()
    assert server.asked == []


def test_a_piece_arrives_before_the_answer_has_ended(open_upstream: Any, server: Any) -> None:
    _, gateway = open_upstream()
    arrived, told = threading.Event(), []

    def parts() -> Iterator[bytes]:
        yield from events(["A mug", " of clay " * 20], end=False)
        assert arrived.wait(10), "nothing was told while the server waited"
        yield from events([" for tea."])

    def on_text(interaction: Interaction, piece: str) -> None:
        told.append(piece)
        arrived.set()

    server.answer = lambda body: (200, {}, parts())
    answered = gateway.ask(ASKED, on_text).result(20)
    assert answered.text == "A mug" + " of clay " * 20 + " for tea."
    assert answered.text.startswith("".join(told)) and answered.interaction.tokens == 3


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_a_stream_is_passed_on_with_the_names_put_back(browse: Any, server: Any, size: int) -> None:
    def answer(body: dict[str, Any]) -> Any:
        text = f"Sent: {body['messages'][-1]['content']}."
        return streamed([text[start : start + size] for start in range(0, len(text), size)])

    server.answer = answer
    client = browse()
    found = client.post(
        "/v1/chat/completions", json={**CHAT, "stream": True, "stream_options": {"include_usage": True}}
    )
    *sent, end = [line.removeprefix("data: ") for line in found.text.split("\n\n") if line]
    parts = [json.loads(one) for one in sent]
    assert end == "[DONE]" and found.headers["x-strop-release"] == "rel_9"
    text = "".join(part["choices"][0]["delta"].get("content", "") for part in parts[:-1])
    assert text == f"Sent: {CHAT['messages'][0]['content']}."  # type: ignore[index]
    assert parts[-1]["usage"]["prompt_tokens"] == 7 and MAIL not in json.dumps(server.asked)


def test_tokens_are_told_as_the_server_counted_them(browse: Any, server: Any, say: Say) -> None:
    server.answer = lambda body: say("A mug.", usage=(41, 3))
    assert browse().post("/v1/chat/completions", json=CHAT).json()["usage"] == {
        "prompt_tokens": 41, "completion_tokens": 3, "total_tokens": 44,
    }  # fmt: skip


def test_a_slow_server_keeps_no_other_model_waiting(open_upstream: Any, server: Any, promoted: Project) -> None:
    project, gateway = open_upstream()
    hanging, hang = threading.Event(), server.hang

    def hangs(body: dict[str, Any]) -> Any:
        hanging.set()
        return hang(body)

    server.answer = hangs
    slow = gateway.ask(ASKED)
    assert hanging.wait(10)
    local = gateway.ask(Asked(promoted.candidate().id, ASKED.messages)).result(10)
    assert local.text and not slow.done()
    server.over.set()
    assert slow.result(10).text == "too late"
    assert all(one.complete for one in project.store.all(Interaction))


def test_what_a_server_has_not_answered_takes_a_place_in_the_queue(open_upstream: Any, server: Any) -> None:
    _, gateway = open_upstream()
    gateway.worker._waiting = 2
    server.answer = server.hang
    taken = [gateway.ask(ASKED) for _ in range(2)]
    with pytest.raises(Overloaded):
        gateway.ask(ASKED)
    server.over.set()
    assert [one.result(10).text for one in taken] == ["too late"] * 2
    server.answer = lambda body: {"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}
    assert gateway.ask(ASKED).result(10).text == "ok"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((401, {}, b"{}"), 502), ((404, {}, b"{}"), 502), ((200, {}, b"nonsense"), 502), ((500, {}, b"{}"), 503),
        ((429, {"Retry-After": "0"}, b"{}"), 503),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_server_is_told(
    browse: Any, server: Any, stream: bool, answer: Any, status: int
) -> None:
    client = browse()
    server.answer = lambda body: answer
    if stream and answer[2] == b"nonsense":
        answer = (200, {}, b"data: nonsense\n\n")
    found = client.post("/v1/chat/completions", json={**CHAT, "stream": stream})
    assert found.status_code == status and found.json()["error"]["message"]
    assert (status == 503) == ("retry-after" in found.headers)
    assert server.url not in found.text


def test_a_server_that_is_away_or_silent_is_told(browse: Any, server: Any) -> None:
    client = browse(timeout_seconds=0.2)
    server.answer = server.hang
    assert client.post("/v1/chat/completions", json=CHAT).status_code == 504
    server.close()
    assert client.post("/v1/chat/completions", json=CHAT).status_code == 503


def test_a_stream_that_breaks_off_says_so_among_the_events(browse: Any, server: Any) -> None:
    client = browse()
    server.answer = lambda body: streamed(["A mug of clay. " * 10], end=False)
    found = client.post("/v1/chat/completions", json={**CHAT, "stream": True})
    last = json.loads([line for line in found.text.split("\n\n") if line][-1].removeprefix("data: "))
    assert found.status_code == 200 and "broke off" in last["error"]["message"]
    assert "[DONE]" not in found.text


def test_a_server_that_does_not_answer_is_not_attached(promoted: Project, server: Any, say: Say) -> None:
    """With a decision, its first item is asked when it is opened; the words may differ, but there must be some."""
    decision = promoted.store.latest("decision")
    project = upstream(promoted, server)
    elsewhere = elsewhere_of(project)
    report = project.store.get(decision.reports["candidate"])  # type: ignore[union-attr]
    signature = {"engine": "remote", "url": server.url, "model": "model-a"}
    project.store.add(report.model_copy(update={"id": "report_9", "candidate": elsewhere.id, "signature": signature}))  # type: ignore[union-attr]
    reports = {**decision.reports, "candidate": "report_9"}  # type: ignore[union-attr]
    project.store.add(decision.model_copy(update={"id": "dec_9", "candidate": elsewhere.id, "reports": reports}))  # type: ignore[union-attr]
    gateway = project.gateway()
    server.answer = lambda body: 401
    with pytest.raises(Exception, match="key") as caught:
        gateway.worker.warm(elsewhere.id).result(10)
    assert not isinstance(caught.value, CheckFailed) and gateway.worker.refusal(elsewhere.id)
    server.answer = lambda body: say("Something.")
    gateway.worker.warm(elsewhere.id).result(10)
    assert gateway.worker.is_open(elsewhere.id)
    gateway.close()
    project.store.close()
