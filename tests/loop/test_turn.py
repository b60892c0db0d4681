"""A whole turn with the fake engine: raw rows with planted faults to a verdict, again for nothing, and after a kill."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from strop import loop, project
from strop.demo.play import play, prepare
from strop.engines.fake import FakeEngine
from strop.errors import CheckFailed
from strop.project.verdicts import deciding
from strop.records import now, silent
from strop.web import report

pytestmark = pytest.mark.usefixtures("fake_cache")


@pytest.fixture
def turned(tmp_path: Path) -> tuple[project.Project, loop.Turn]:
    opened = prepare(tmp_path / "demo", engine="fake", quick=True, on_event=silent)
    return opened, loop.turn(opened)


def test_every_raw_row_is_accounted_for(turned: tuple[project.Project, loop.Turn]) -> None:
    opened, turn = turned
    rows = turn.dataset.rows
    assert rows.read == rows.kept + rows.held_out + rows.dropped + rows.quarantined
    ledger = opened.ledger(turn.dataset)
    assert len(ledger) == rows.read
    files = [opened.folder / "data" / f"{name}.jsonl" for name in ("train", "test")]
    raw = sum(len(path.read_bytes().splitlines()) for path in files)
    assert raw == rows.read
    for split, identities in turn.dataset.splits.items():
        assert len(opened.store.examples(turn.dataset.id, split)) == len(identities)


def test_the_ladder_starts_with_prompts_and_says_why_it_stopped(turned: tuple[project.Project, loop.Turn]) -> None:
    _, turn = turned
    assert [step.method for step in turn.ladder.steps] == ["prompt", "lora"]
    assert turn.ladder.pick in {step.candidate for step in turn.ladder.steps}
    assert turn.ladder.because
    assert turn.ladder.fine_tune.split(":")[0] in ("Yes", "No", "Not shown")


def test_a_rung_that_broke_the_contract_is_told_and_the_others_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = FakeEngine._losses

    def broken(*given: Any) -> Any:
        first, *rest = honest(*given)
        return (first.model_copy(update={"loss": float("nan")}), *rest)

    monkeypatch.setattr(FakeEngine, "_losses", staticmethod(broken))
    opened = prepare(tmp_path / "demo", engine="fake", quick=True, on_event=silent)
    opened.curate()
    ladder = opened.choose()
    assert [step.method for step in ladder.steps] == ["prompt"]
    assert ladder.failed[0].startswith("lora · fake-small: the run broke the never-silent contract")
    assert "All 2 rungs were tried." in ladder.because
    assert ladder.failed[0] in ladder.because
    assert [(one.gained, one.outcome) for one in ladder.weighed] == [(None, "LoRA gave no candidate.")]
    page = report.page(ladder, report.gather(opened, ladder))
    assert ">no candidate<" in page and "not tried" not in page
    assert ladder.fine_tune.startswith("Not known")
    prompts = project.open(opened.folder, overrides=["ladder.methods=[prompt]"]).choose()
    assert prompts.failed == () and prompts.id != ladder.id  # the same rungs stand, but nothing failed
    alone = project.open(opened.folder, overrides=["ladder.methods=[lora]"])
    with pytest.raises(CheckFailed):
        alone.choose()


def test_the_decision_shows_every_check_with_its_numbers(turned: tuple[project.Project, loop.Turn]) -> None:
    _, turn = turned
    names = {check.name for check in turn.decision.checks}
    assert {"primary", "against_lower_rungs", "leakage", "personal_data", "run_checks", "input_dependence"} <= names
    assert not [check for check in turn.decision.checks if check.verdict == "missing"]


@pytest.mark.parametrize("sooner", [0, 1])
def test_of_equally_good_prompts_the_one_that_answers_sooner_is_the_opponent(
    turned: tuple[project.Project, loop.Turn], sooner: int
) -> None:
    opened = project.open(turned[0].folder, overrides=["ladder.shots=2"])
    ladder = opened.choose()
    prompts = [step for step in ladder.steps if step.method == "prompt"]
    assert len(prompts) == 2 and ladder.steps[-1].method == "lora"
    even = [
        step.model_copy(update={"measures": prompts[0].measures, "latency_ms": 300.0 if n == sooner else 4000.0})
        for n, step in enumerate(prompts)
    ]
    opened.store.add(
        ladder.model_copy(update={"id": "ladder_even", "steps": (*even, ladder.steps[-1]), "created": now()})
    )
    candidate = opened.candidate(ladder.steps[-1].candidate)
    found = deciding._lower_rungs(opened.opened, candidate, opened.opened.dataset())
    assert [one.id for one in found] == [prompts[sooner].candidate]


def test_the_decision_can_be_recomputed(turned: tuple[project.Project, loop.Turn]) -> None:
    opened, turn = turned
    assert opened.verify(turn.decision.id) == []


def test_a_second_turn_finds_everything_done(turned: tuple[project.Project, loop.Turn]) -> None:
    opened, turn = turned
    again = loop.turn(project.open(opened.folder))
    assert again.dataset.id == turn.dataset.id
    assert again.decision.id == turn.decision.id
    assert len(opened.store.all("decision")) == 1
    assert len(opened.store.all("run")) == 1


def test_the_questions_are_answered(turned: tuple[project.Project, loop.Turn]) -> None:
    opened, turn = turned
    answers = opened.questions()
    assert len(answers) == 5
    assert answers[0].answer == turn.ladder.fine_tune
    assert turn.decision.sentence.partition(": ")[2] in answers[3].answer


def test_a_verdict_has_a_best_before_date_and_says_when_it_is_past(turned: tuple[project.Project, loop.Turn]) -> None:
    opened, turn = turned
    made = dt.datetime.fromisoformat(turn.decision.created).date()
    assert turn.decision.best_before == (made + dt.timedelta(days=180)).isoformat()
    assert "best-before" not in opened.questions()[3].would_change
    old = turn.decision.model_copy(update={"id": "dec_old", "best_before": made.isoformat(), "created": now()})
    opened.store.add(old)
    assert f"past its best-before date ({made.isoformat()})" in opened.questions()[3].would_change
    assert opened.verify(turn.decision.id) == []


@pytest.mark.parametrize("after", [0.6, 1.0, 1.4, 1.8])
def test_killed_at_any_moment_the_next_call_goes_on(tmp_path: Path, after: float) -> None:
    command = [sys.executable, "-m", "strop", "--quiet", "demo", str(tmp_path / "demo"), "--engine", "fake", "--quick"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + after
    while process.poll() is None and time.monotonic() < end:
        pass
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, turns = play(tmp_path / "demo", engine="fake", quick=True, on_event=silent)
    assert turns[0].turn.decision.checks


def test_the_second_turn_comes_from_what_was_served(tmp_path: Path) -> None:
    opened, played = play(tmp_path / "demo", engine="fake", quick=False, on_event=silent)
    assert len(played) == 2, played[0].turn.decision.sentence
    first, second = played
    assert first.release is not None
    assert len(opened.store.all("interaction")) == 140
    corrections = opened.store.judgements_in_datasets()
    assert len(corrections) > 40
    origins = {row.origin.judgement for row in opened.store.examples(second.turn.dataset.id)}
    assert corrections == origins - {None}
    old_test = set(first.turn.dataset.splits["test"])
    assert old_test <= set(second.turn.dataset.splits["test"]), "a sealed row left the test set"
    assert any(check.name == "against_release" and check.value is not None for check in second.turn.decision.checks)
    assert opened.verify(second.turn.decision.id) == []
    again, replayed = play(tmp_path / "demo", engine="fake", quick=False, on_event=silent)
    assert len(again.store.all("interaction")) == 140
    assert replayed[0].turn.decision.id == first.turn.decision.id
