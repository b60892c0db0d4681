"""Planted faults: every way in which a run can look fine and be worthless ends without a result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strop.engines.base import TrainOutcome
from strop.engines.fake import FAKE_BASE, FakeEngine
from strop.errors import CheckFailed
from strop.records import LossPoint, Progress, RunCheck, Said, silent
from strop.tune import tune

HONEST = FakeEngine.train


def _points(values: list[float]) -> tuple[LossPoint, ...]:
    return tuple(LossPoint(step=i, epoch=1.0, loss=value, learning_rate=1e-4) for i, value in enumerate(values, 1))


def _changed(outcome: TrainOutcome, **fields: object) -> TrainOutcome:
    return outcome.model_copy(update=fields)


def loses_rows(outcome: TrainOutcome, folder: Path) -> TrainOutcome:
    return _changed(outcome, measured=outcome.measured.model_copy(update={"examples": 5}))


def trains_on_no_token(outcome: TrainOutcome, folder: Path) -> TrainOutcome:
    return _changed(outcome, measured=outcome.measured.model_copy(update={"tokens": 0}))


def diverges(outcome: TrainOutcome, folder: Path) -> TrainOutcome:
    return _changed(outcome, losses=_points([2.0, float("nan"), 1.0]))


def validation_explodes(outcome: TrainOutcome, folder: Path) -> TrainOutcome:
    return _changed(outcome, validation_losses=_points([2.0, float("inf")]))


def masks_everything(outcome: TrainOutcome, folder: Path) -> TrainOutcome:
    return _changed(outcome, losses=_points([0.0] * 20))


def writes_nothing(outcome: TrainOutcome, folder: Path) -> TrainOutcome:
    (folder / "memory.jsonl").unlink()
    return outcome


def saves_an_empty_adapter(outcome: TrainOutcome, folder: Path) -> TrainOutcome:
    (folder / "memory.jsonl").write_text("", "utf-8")
    (folder / "adapter_config.json").write_text("{}", "utf-8")
    return outcome


def never_stops(outcome: TrainOutcome, folder: Path) -> TrainOutcome:
    broken = RunCheck(name="stops", passed=False, detail="12 of 50 answers ended by themselves")
    return _changed(outcome, checks=(*outcome.checks, broken))


def forgets_to_check(outcome: TrainOutcome, folder: Path) -> TrainOutcome:
    return _changed(outcome, checks=())


FAULTS = {
    forgets_to_check: "remembers: was not checked",
    loses_rows: "all_rows: 5 of 23 rows",
    trains_on_no_token: "0 tokens",
    diverges: "loss nan at step 2",
    validation_explodes: "loss inf at step 2",
    masks_everything: "every loss is zero",
    writes_nothing: "artifact_written",
    saves_an_empty_adapter: "differs_from_base",
    never_stops: "stops: 12 of 50",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_broken_line_leaves_no_candidate(tmp_path, train_plan, monkeypatch, fault) -> None:
    def train(self, plan, base, *, folder, **more):
        return fault(HONEST(self, plan, base, folder=folder, **more), folder)

    monkeypatch.setattr(FakeEngine, "train", train)
    with pytest.raises(CheckFailed) as error:
        tune(train_plan, FAKE_BASE, folder=tmp_path / "artifact", work=tmp_path / "work", on_event=silent)
    assert FAULTS[fault] in error.value.message
    assert error.value.exit_code == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["work"]


def test_what_was_there_before_stays_when_a_run_fails(tmp_path, train_plan, monkeypatch) -> None:
    folder, work = tmp_path / "artifact", tmp_path / "work"
    tune(train_plan, FAKE_BASE, folder=folder, work=work, on_event=silent)
    before = (folder / "memory.jsonl").read_bytes()

    def train(self, plan, base, *, folder, **more):
        return writes_nothing(HONEST(self, plan, base, folder=folder, **more), folder)

    monkeypatch.setattr(FakeEngine, "train", train)
    with pytest.raises(CheckFailed):
        tune(train_plan, FAKE_BASE, folder=folder, work=work, on_event=silent)
    assert (folder / "memory.jsonl").read_bytes() == before


def test_an_interrupt_leaves_nothing_that_looks_like_a_result(tmp_path, train_plan) -> None:
    def interrupt(event) -> None:
        if not isinstance(event, (Said, Progress)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(train_plan, FAKE_BASE, folder=tmp_path / "artifact", work=tmp_path / "work", on_event=interrupt)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["work"]


def test_rows_that_share_one_answer_still_show_that_something_was_learned(tmp_path, rows, spec) -> None:
    from strop.settings import Settings
    from strop.tune import plan

    same = [example.model_copy(update={"reference": "cards"}) for example in rows]
    made = plan(spec, "classification", same, [], Settings(), seed=0)
    run, _ = tune(made, FAKE_BASE, folder=tmp_path / "artifact", work=tmp_path / "work", on_event=silent)
    assert {check.name for check in run.checks} >= {
        "all_rows",
        "losses_finite",
        "artifact_written",
        "differs_from_base",
    }
    assert json.loads((tmp_path / "artifact" / "manifest.json").read_text("utf-8"))
