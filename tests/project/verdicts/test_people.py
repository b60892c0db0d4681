"""Blind pairs and approvals, end to end: asked for, judged, counted, recomputed; never a further look at the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strop import decide
from strop.decide import protocol
from strop.errors import InputError, NotReady, UnknownRecord
from strop.project import Project, open_project
from strop.records import Check, Decision, Ladder, Report

PEOPLE = "decision.people={blind_pairs: 12, approve: [legal, owner]}"


@pytest.fixture
def asking(decided: Project) -> Project:
    """The demo's project under a protocol that asks people."""
    decided.store.close()
    return open_project(decided.folder, overrides=[PEOPLE])


def check(decision: Decision, name: str) -> Check:
    return next(one for one in decision.checks if one.name == name)


def judge(project: Project, *, candidate_wins: bool, by: str = "ada") -> None:
    """A judge who can see through the blind, as the test must to know what should come out."""
    queue, key = project.pairs(), project.store.key
    for pair in queue.waiting(by):
        best = "left" if decide.won(pair.pair, "left", key=key) == float(candidate_wins) else "right"
        assert queue.add(pair.pair, best, by=by)[1]
    assert queue.waiting(by) == []


def approve(project: Project) -> None:
    for name, role in (("legal", "auditor"), ("bo", "owner")):
        project.add_person(name, role)  # type: ignore[arg-type]
        project.approve(person=name)


def test_a_decision_waits_for_people_and_then_counts_what_they_said(asking: Project) -> None:
    waiting = asking.decide()
    assert waiting.verdict == "not_enough_evidence"
    assert waiting.needed is not None and waiting.needed.slice == "blind pairs"
    assert check(waiting, "blind_pairs").detail == "0 of 12 blind pairs were judged"
    assert check(waiting, "approvals").detail == "2 of 2 missing: waits for legal, owner"
    judge(asking, candidate_wins=True)
    approve(asking)
    decision = asking.decide()
    assert decision.verdict == "promote"
    assert (check(decision, "blind_pairs").value, check(decision, "blind_pairs").n) == (1.0, 12)
    assert decision.test_uses == waiting.test_uses  # the same look
    assert decision.id != waiting.id and len(decision.judgements) == 14
    assert asking.verify(waiting.id) == asking.verify(decision.id) == []
    assert asking.decide().id == decision.id
    assert set(decision.judgements) <= set(asking.history(decision)["from"])


def test_people_can_refuse_what_every_number_promotes(asking: Project) -> None:
    asking.decide()
    judge(asking, candidate_wins=False)
    approve(asking)
    decision = asking.decide()
    assert decision.verdict == "refuse"
    assert {one.name for one in decision.checks if one.verdict == "fail"} == {"blind_pairs"}
    asking.approve(person="legal", approved=False, comment="clause 4")
    assert check(asking.decide(), "approvals").detail == "refused by legal"
    asking.approve(person="legal")
    assert check(asking.decide(), "approvals").verdict == "pass"


def test_a_changed_opinion_counts_once_and_an_unsure_one_asks_the_next_person(asking: Project) -> None:
    asking.decide()
    queue = asking.pairs()
    pair = queue.waiting("ada")[0].pair
    first, new = queue.add(pair, "cannot_judge", by="ada")
    assert new and queue.add(pair, "cannot_judge", by="ada") == (first, False)
    assert pair not in [one.pair for one in queue.waiting("ada")]
    assert pair in [one.pair for one in queue.waiting("bo")]
    second, _ = queue.add(pair, "same", by="ada")
    assert second.edits == first.id
    assert pair not in [one.pair for one in queue.waiting("bo")]
    assert check(asking.decide(), "blind_pairs").detail == "1 of 12 blind pairs were judged"


def test_nobody_is_asked_about_a_candidate_that_is_refused_anyway(decided: Project) -> None:
    decided.store.close()
    out_of_reach = "decision.guard.p95_ms=0.0001"
    project = open_project(decided.folder, overrides=[PEOPLE, out_of_reach])
    decision = project.decide()
    assert decision.verdict == "refuse" and check(decision, "blind_pairs").verdict == "undecided"
    assert project.pairs().waiting("ada") == []


def test_what_is_asked_wrongly_is_told(asking: Project) -> None:
    with pytest.raises(InputError, match="'mine' is none of left, right"):
        asking.pairs().add("pair_1", "mine", by="ada")
    asking.decide()
    with pytest.raises(UnknownRecord, match="no such pair"):
        asking.pairs().add("pair_1", "left", by="ada")
    asking.add_person("ada", "expert")
    with pytest.raises(UnknownRecord, match="nobody called 'eve'"):
        asking.approve(person="eve")
    untried = asking.candidate(asking.store.all("ladder")[0].steps[0].candidate)  # type: ignore[attr-defined]
    with pytest.raises(NotReady, match="was not decided on"):
        asking.approve(untried.id, person="ada")


def test_a_pair_that_was_dropped_from_a_decision_is_missed(asking: Project) -> None:
    decision = asking.decide()
    judge(asking, candidate_wins=True)
    approve(asking)
    decision = asking.decide()
    trimmed = decision.model_copy(update={"pairs": decision.pairs[:-1]})
    from strop.project.verdicts import verifying

    assert any(one.startswith("pairs:") for one in verifying.verify_decision(asking.opened, trimmed))


def test_the_commands_list_judge_import_and_approve(asking: Project, strop: Callable[..., Any], tmp_path: Path) -> None:
    asking.store.close()
    at = ("--project", asking.folder, "--json", "--set", PEOPLE)
    assert strop(*at, "decide").code == 4
    listed = strop(*at, "review", "pairs", "-o", tmp_path / "pairs.jsonl").json
    assert len(listed["waiting"]) == 12 and set(listed["waiting"][0]) == {"pair", "asked", "left", "right"}
    pair = listed["waiting"][0]["pair"]
    assert strop(*at, "review", "prefer", pair, "same").json["waiting"] == 11
    assert strop(*at, "review", "prefer", pair, "sideways").code == 2
    rows = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text("utf-8").splitlines()]
    filled = "".join(json.dumps(row | {"preferred": "same", "by": "ada"}) + "\n" for row in rows[:11])
    (tmp_path / "judged.jsonl").write_text(
        filled + json.dumps(rows[11]) + "\n" + json.dumps({"pair": "pair_0", "preferred": "left"})
    )
    imported = strop(*at, "review", "import", tmp_path / "judged.jsonl").json
    assert (imported["accepted"], [one["line"] for one in imported["rejected"]]) == (11, [13])
    assert strop(*at, "review", "import", tmp_path / "judged.jsonl").json["duplicates"] == 11
    other = [rows[0] | {"preferred": " Same", "by": "ben"}, rows[1] | {"preferred": "Cannot judge", "by": "ben"}]
    other += [rows[0] | {"preferred": "left", "by": "ben"}, rows[2] | {"preferred": "tie", "by": "ben"}]
    (tmp_path / "ben.jsonl").write_text("".join(json.dumps(row) + "\n" for row in other), "utf-8")
    imported = strop(*at, "review", "import", tmp_path / "ben.jsonl").json
    assert imported["accepted"] == 2
    assert imported["rejected"] == [
        {"line": 3, "reason": "line 1 says 'same' of the same pair"},
        {"line": 4, "reason": "'tie' is none of left, right, same or cannot_judge"},
    ]
    strop(*at, "people", "add", "legal", "--role", "auditor")
    strop(*at, "people", "add", "bo", "--role", "owner")
    assert strop(*at, "review", "approve", "--person", "eve").code == 2
    assert strop(*at, "review", "approve", "--person", "bo").json["approved"] is True
    assert strop(*at, "review", "approve", "--person", "legal", "--refuse").json["approved"] is False
    said = strop(*at, "decide").json
    assert {one["name"]: one["verdict"] for one in said["checks"] if one["verdict"] != "pass"} == {
        "blind_pairs": "undecided",
        "approvals": "fail",
    }


def asked_of(make: Callable[..., Project], methods: str) -> Project:
    """A project whose ladder was climbed, under a protocol that asks for pairs."""
    climbed = make(methods=methods)
    climbed.choose()
    return open_project(climbed.folder, overrides=["decision.people={blind_pairs: 5}"])


def test_pairs_of_the_cheapest_rung_are_drawn_with_a_dearer_one(make: Callable[..., Project]) -> None:
    """Without a word this passed: nothing was judged, since nothing cheaper stood beside it."""
    project = asked_of(make, "classical, prompt")
    ladder = project.store.all(Ladder)[0]
    candidate = next(step.candidate for step in ladder.steps if step.method == "classical")
    waiting = project.decide(candidate)
    assert check(waiting, "blind_pairs").verdict == "undecided" and len(waiting.pairs) == 5
    beside = project.store.get(waiting.reports["beside"], Report)
    assert beside.split == "test" and beside.candidate in {step.candidate for step in ladder.steps} - {candidate}
    assert project.verify(waiting.id) == []
    judge(project, candidate_wins=True)
    judged = project.decide(candidate)
    assert check(judged, "blind_pairs").n == 5 and judged.test_uses == waiting.test_uses
    assert project.verify(judged.id) == []


def test_a_decision_by_the_rules_of_before_stands_without_pairs(
    make: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = asked_of(make, "classical, prompt")
    candidate = next(step.candidate for step in project.store.all(Ladder)[0].steps if step.method == "classical")
    with monkeypatch.context() as before:
        before.setattr(protocol, "RULES", 5)
        made = project.decide(candidate)
    assert check(made, "blind_pairs").verdict == "pass" and made.pairs == ()
    assert project.verify(made.id) == []


def test_pairs_are_not_asked_for_where_nothing_else_was_tried(make: Callable[..., Project]) -> None:
    project = asked_of(make, "classical")
    with pytest.raises(NotReady, match="nothing was tried"):
        project.decide()
    assert project.store.sealed.last() is None
