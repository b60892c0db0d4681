"""Examples in a prompt are searched for on validation items: bounded, remembered, never a test item."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from strop import project, tune
from strop.engines.base import ScoreRequest, ScoreResult
from strop.engines.fake import FakeModel
from strop.project import Project
from strop.project.making import prompting
from strop.project.making.tuning import make_candidate
from strop.records import Listener

pytestmark = pytest.mark.usefixtures("fake_cache")
WORDS = {"cards": "card blocked at the till", "refunds": "money back for order", "post": "parcel lost in the mail"}


@pytest.fixture
def tickets(tmp_path: Path) -> Project:
    path = tmp_path / "tickets.csv"
    queues = tuple(WORDS)
    lines = ["text,label"]
    for n in range(240):
        queue = queues[n % 3]
        lines.append(f"{WORDS[queue]} number {n * 37} since week {n % 11},{queue}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    project.init(tmp_path / "p", path)
    opened = project.open(tmp_path / "p", overrides=["ladder.bases=[fake-small]", "ladder.shots=3"])
    opened.curate()
    return opened


def test_the_likeliest_set_is_taken_and_says_of_how_many(tickets: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ScoreRequest] = []
    honest = FakeModel.score

    def counted(self: FakeModel, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        asked.extend(requests)
        return honest(self, requests, on_event=on_event)

    monkeypatch.setattr(FakeModel, "score", counted)
    dataset, spec = tickets.opened.dataset(), tickets.spec("prompt")
    candidate, _ = make_candidate(tickets.opened, spec, dataset, 0)
    assert len(candidate.shots) == spec.shots == 3
    assert set(candidate.shots) <= set(dataset.splits["train"])
    items = min(len(dataset.splits["validation"]), prompting.SEARCH_ITEMS)
    assert items > 16
    tried = next(n for n in range(4, 9) if f"the likeliest of {n} sets of examples on {items} " in candidate.how)
    assert len(asked) == 8 * tried + 8 * (tried // 2) + (items - 16) * (tried // 4)  # the better half after each round
    test = {row.input for row in tickets.opened.rows(dataset, "test")}
    assert test.isdisjoint(message.content for request in asked for message in request.messages)
    asked.clear()
    assert make_candidate(tickets.opened, spec, dataset, 0)[0] == candidate
    assert asked == []


def test_it_finds_the_set_that_the_model_answers_best_with(tickets: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, spec = tickets.opened.dataset(), tickets.spec("prompt")
    sets = tune.shot_sets(tickets.opened.rows(dataset, "train"), 3, by_label=True)
    wanted = next(one for one in sets if one.name == "random 3")
    shown = {tickets.store.example(shot).input for shot in wanted.shots}

    def answered(request: ScoreRequest) -> ScoreResult:
        right = next(queue for queue, words in WORDS.items() if words in request.messages[-1].content)
        sees = shown <= {message.content for message in request.messages}
        return ScoreResult(logprobs=tuple(-0.1 if sees and option == right else -3.0 for option in request.options))

    def partial(self: FakeModel, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        return [answered(request) for request in requests]

    monkeypatch.setattr(FakeModel, "score", partial)
    made, _ = make_candidate(tickets.opened, spec, dataset, 0)
    assert made.shots == wanted.shots and made.how.startswith("random 3: the likeliest")


def test_with_few_validation_items_nothing_is_searched_by_chance(
    tickets: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompting, "FEWEST_ITEMS", 100)
    monkeypatch.setattr(FakeModel, "score", None)
    dataset, spec = tickets.opened.dataset(), tickets.spec("prompt")
    candidate, _ = make_candidate(tickets.opened, spec, dataset, 0)
    sets = tune.shot_sets(tickets.opened.rows(dataset, "train"), 3, by_label=True)
    assert candidate.shots == next(one for one in sets if one.name == "central").shots
    assert "validation items are too few to compare sets by" in candidate.how


def test_a_test_item_in_the_instruction_is_a_leak(tickets: Project) -> None:
    _, candidate = tickets.tune(tickets.spec("classical"))
    assert leaks(tickets, candidate.id) == 0
    item = tickets.opened.rows(tickets.opened.dataset(), "test")[0]
    tickets.store.close()
    told = json.dumps(f"Name the queue. For example: {item.input.upper()} is {item.reference}.")
    again = project.open(tickets.folder, overrides=["ladder.bases=[fake-small]", f"task.system={told}"])
    again.curate()
    _, cheat = again.tune(again.spec("classical"))
    assert leaks(again, cheat.id) == 1


def leaks(opened: Project, candidate: str) -> float | None:
    decision = opened.decide(candidate)
    return next(check for check in decision.checks if check.name == "leakage").value
