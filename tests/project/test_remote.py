"""A remote model is the incumbent: asked once for each item, priced, compared, and only where strop.yaml names it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from strop.errors import InputError, RemoteError, UserError
from strop.project import Project, open_project
from strop.records import Candidate, Report

Make = Callable[..., Project]
Say = Callable[..., dict[str, Any]]


def clever(say: Say, wrong: str = "case 7") -> Callable[[dict[str, Any]], Any]:
    """Routes by word, but for the tickets that it gets wrong."""

    def answer(body: dict[str, Any]) -> Any:
        text = body["messages"][-1]["content"]
        queue = "cards" if "card" in text else "refunds"
        if wrong in text:
            queue = "cards" if queue == "refunds" else "refunds"
        return say(f"Queue: {queue}.")

    return answer


def today(server: Any, **more: Any) -> dict[str, Any]:
    return {"remote": "gpt-x", "url": server.url, **more}


def remote(project: Project) -> Candidate:
    return next(one for one in project.store.all(Candidate) if one.spec.method == "remote")


def test_it_is_a_rung_with_its_price(make: Make, server: Any, say: Say) -> None:
    server.answer = clever(say)
    project = make(today(server, price={"input": 10, "output": 30}, shots=2))
    ladder = project.choose()
    step = next(step for step in ladder.steps if step.method == "remote")
    assert step.measures["accuracy"].value == 1.0
    assert (step.name, step.memory_bytes) == ("today: gpt-x", None)
    assert step.cost == pytest.approx(50_000 * (100 * 10 + 10 * 30) / 1e6)
    assert ladder.steps[-1] is step
    report = project.store.get(step.report, Report)
    assert report.not_measured["brier"] == "its answers carry no probabilities"
    assert report.signature["labels"] == "written"
    assert "gpt-x (runs today)" in ladder.because
    messages = server.asked[0]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "- cards\n- refunds" in messages[0]["content"]
    decision = project.decide()
    assert next(check for check in decision.checks if check.name == "against_incumbent").value is not None
    assert project.verify(decision.id) == []


def test_an_interrupted_evaluation_does_not_pay_twice(make: Make, server: Any, say: Say) -> None:
    good = clever(say)
    count = iter(range(1000))
    server.answer = lambda body: good(body) if next(count) < 20 else (403, {}, b"quota is spent")
    with pytest.raises(RemoteError, match="quota is spent"):
        make(today(server, concurrency=1)).choose()
    server.answer = good
    project = make(today(server, concurrency=1))
    project.choose()
    items = len(project.opened.dataset().splits["validation"])
    asked = len(server.asked)
    assert items < asked <= items + 2, "only what was refused was asked twice (the next may have been on its way)"
    project.choose()
    assert len(server.asked) == asked


def test_a_server_that_is_down_ends_with_place_and_remedy(make: Make, server: Any, strop: Callable[..., Any]) -> None:
    project = make(today(server))
    server.close()
    ran = strop("--project", project.folder, "choose")
    assert ran.code == 2
    assert server.url in ran.err and "start it" in ran.err and "Traceback" not in ran.err


def test_only_a_server_that_the_settings_name_is_asked(make: Make, server: Any, say: Say) -> None:
    server.answer = clever(say)
    project = make(today(server))
    project.choose()
    candidate, asked = remote(project), len(server.asked)
    without = make()
    with pytest.raises(UserError, match=r"is not in strop\.yaml"):
        without.ask(["where is my card"], candidate=candidate.id)
    assert len(server.asked) == asked


def test_the_key_is_nowhere_in_the_project(make: Make, server: Any, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "sk-SECRET-123")
    server.answer = clever(say)
    project = make(today(server, key_env="SHOP_KEY"))
    project.choose()
    project.ask(["my card"], candidate=remote(project).id)
    assert server.headers[-1]["Authorization"] == "Bearer sk-SECRET-123"
    project.store.close()
    files = [path for path in project.folder.rglob("*") if path.is_file()]
    assert files and not [path for path in files if b"SECRET" in path.read_bytes()]


def test_what_is_sent_holds_no_personal_data(make: Make, server: Any, say: Say) -> None:
    server.answer = clever(say)
    project = make(today(server))
    project.choose()
    reply = project.ask(["my card, write to ada.lovelace@example.com"], candidate=remote(project).id)[0]
    assert (reply.answer, reply.probabilities, reply.abstain) == ("cards", {}, None)
    assert "lovelace" not in json.dumps(server.asked)


def test_where_the_server_tells_probabilities_they_are_measured(make: Make, server: Any, say: Say) -> None:
    def answer(body: dict[str, Any]) -> Any:
        queue = "cards" if "card" in body["messages"][-1]["content"] else "refunds"
        tops = [{"token": "cards", "logprob": -0.1 if queue == "cards" else -2.4}]
        tops += [{"token": "refunds", "logprob": -0.1 if queue == "refunds" else -2.4}]
        return say(queue, logprobs={"content": [{"token": queue, "logprob": -0.1, "top_logprobs": tops}]})

    server.answer = answer
    project = make(today(server))
    step = next(step for step in project.choose().steps if step.method == "remote")
    assert step.measures["brier"].value == pytest.approx(2 * 0.0909**2, rel=0.1)


def test_a_server_that_runs_a_candidate_is_asked_as_that_was_tuned(make: Make, server: Any, say: Say) -> None:
    project = make()
    project.choose()
    tuned = next(one for one in project.store.all(Candidate) if one.spec.method == "lora")
    shown = next(one for one in project.store.all(Candidate) if one.spec.shots)
    assert not tuned.spec.settings.get("labels_in_prompt") and shown.shots
    server.answer = clever(say)
    make(today(server, candidate=tuned.id)).choose()
    assert {message["role"] for body in server.asked for message in body["messages"]} == {"user"}, "no label list"
    asked = len(server.asked)
    project = make(today(server, candidate=shown.id))
    step = next(step for step in project.choose().steps if step.method == "remote")
    elsewhere = project.store.get(step.candidate, Candidate)
    assert elsewhere.shots == shown.shots and "- cards" in server.asked[-1]["messages"][0]["content"]
    assert len(server.asked) > asked, "answers of another candidate are not taken for its own"
    with pytest.raises(UserError, match=f"ran {shown.id} when it was judged") as told:
        make(today(server, candidate=tuned.id)).ask(["where is my card"], candidate=elsewhere.id)
    assert f"serve {shown.id} there again" in told.value.remedy


def test_a_candidate_that_does_not_exist_is_told_with_its_line(make: Make, server: Any) -> None:
    project = make(today(server, candidate="cand_nobody"))
    with pytest.raises(UserError, match="cand_nobody") as told:
        project.choose()
    assert "strop.yaml:" in told.value.place


def test_no_row_goes_to_a_server_with_what_is_masked_now(make: Make, server: Any, say: Say) -> None:
    server.answer = clever(say)
    project = make(today(server))
    rows = project.opened.folder / "validation.csv"
    rows.write_text(rows.read_text("utf-8").replace("case 3 ", "case 3 of anna.berg@web.de "), "utf-8")
    kept = open_project(project.folder, overrides=["data.personal_data=keep"])
    kept.curate()
    with closing(kept.store), pytest.raises(InputError, match=r"validation.csv:.*email\).*; nothing was asked"):
        project.choose()
    assert server.asked == []
