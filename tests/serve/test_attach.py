"""A model serves only if it is the one that was judged: swapped, changed or without effect, it is refused."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from strop.engines import fake
from strop.errors import StropError
from strop.project import Project
from strop.project.making import judging
from strop.records import Candidate, Decision, Message, Report, now
from strop.serve import Asked
from strop.web import server

ASKED = Asked("descriptions", (Message(role="user", content="type: mug\nmaterial: clay"),))


def refusal(project: Project) -> str:
    """Why what serves does not answer."""
    gateway = project.gateway()
    with pytest.raises(StropError) as caught:
        gateway.answer(ASKED)
    gateway.close()
    return str(caught.value)


def test_what_was_judged_serves(promoted: Project) -> None:
    gateway = promoted.gateway()
    assert gateway.answer(ASKED).text
    gateway.close()


def test_a_swapped_artifact_is_refused(promoted: Project) -> None:
    candidate = promoted.candidate()
    assert candidate.artifact is not None
    memory = promoted.store.artifacts.path(candidate.artifact) / "memory.jsonl"
    lines = memory.read_text("utf-8").splitlines(keepends=True)
    memory.chmod(0o600)
    memory.write_text("".join(lines[:-1]), "utf-8")
    assert "judged" in refusal(promoted) or "damaged" in refusal(promoted)


def test_an_engine_that_answers_otherwise_by_now_is_refused(promoted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "_substitute", lambda memory, text: "Something else.")
    assert "is not what was judged" in refusal(promoted)


def test_an_adapter_without_effect_is_refused(promoted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judged when it had no effect already (so it answers as it did then), but promoted all the same."""
    monkeypatch.setattr(fake.FakeModel, "_nearest", lambda self, messages: [])
    candidate = promoted.candidate()
    decision = next(d for d in promoted.store.all(Decision) if d.candidate == candidate.id)
    report = promoted.store.get(decision.reports["candidate"], Report)
    rows = {row.id: row for row in promoted.store.examples(candidate.dataset)}
    items = [
        item.model_copy(update={"answer": rows[item.example].input.partition("\n")[0]})
        for item in judging.items_of(promoted.opened, report)
    ]
    forged = report.model_copy(update={"id": "rep_f", "items": promoted.store.artifacts.put_jsonl(items)})
    reports = {**decision.reports, "candidate": "rep_f"}
    promoted.store.add(forged, decision.model_copy(update={"id": "dec_f", "reports": reports, "created": now()}))
    assert "answers like its untuned base" in refusal(promoted)


def test_over_http_it_is_not_ready_and_says_to_come_again(promoted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "_substitute", lambda memory, text: "Something else.")
    app, gateway = server.build(promoted)
    client = TestClient(app, base_url="http://localhost")
    found = client.post(
        "/v1/chat/completions", json={"model": "descriptions", "messages": [{"role": "user", "content": "type: mug"}]}
    )
    assert found.status_code == 503 and "not what was judged" in found.json()["error"]["message"]
    assert client.get("/readyz").status_code == 503
    monkeypatch.undo()
    gateway.worker.warm(promoted.candidate().id).result(10)
    assert client.get("/readyz").status_code == 200, "put right, it serves without a restart"
    gateway.close()


def test_prompts_serve_without_an_artifact(promoted: Project) -> None:
    shots = next(c for c in promoted.store.all(Candidate) if c.spec.method == "prompt" and c.spec.shots)
    gateway = promoted.gateway()
    assert gateway.answer(Asked(shots.id, ASKED.messages)).interaction.candidate == shots.id
    gateway.close()
