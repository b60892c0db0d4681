"""A run's record: environment, estimate against measured, checks; and an artifact that answers."""

from __future__ import annotations

import platform

import pytest

from strop import durable
from strop.engines import open_engine
from strop.engines.base import ScoreRequest
from strop.engines.fake import FAKE_BASE
from strop.errors import InputError
from strop.records import Cost, Said, Spec, silent
from strop.settings import Settings
from strop.tune import plan, tune, worth_comparing
from strop.tune.running import estimate_error, memory_error


@pytest.mark.parametrize("method", ["lora", "classical"])
def test_a_run_is_on_record_and_its_artifact_answers(tmp_path, rows, method) -> None:
    base = FAKE_BASE if method == "lora" else None
    spec = Spec.of(method, base=base.id if base else None, labels=("cards", "refunds", "transfers"))
    made = plan(spec, "classification", rows[1:], rows[:1], Settings(), seed=3)
    heard: list[str] = []
    run, _ = tune(
        made,
        base,
        folder=tmp_path / "artifact",
        work=tmp_path / "work",
        dataset="data_1",
        on_event=lambda event: heard.append(event.text) if isinstance(event, Said) else None,
    )
    assert (run.spec, run.dataset, run.seed) == (spec, "data_1", 3)
    assert all(check.passed for check in run.checks)
    assert run.environment["python"] == platform.python_version()
    assert run.environment["packages"]["numpy"]
    assert run.environment["cores"] >= 1
    assert run.estimate_error == pytest.approx(estimate_error(run.estimate, run.measured))
    assert heard[0].startswith("Estimate: 23 rows")
    assert heard[-1].startswith("Took 23 rows") and "%" not in heard[-1]  # of so short a run most is loading
    assert durable.is_complete(tmp_path / "artifact")
    request = ScoreRequest(messages=made.validation[0].messages, options=spec.labels)
    with open_engine("fake" if base else "classical").open(base, tmp_path / "artifact") as model:
        scores = model.score([request], on_event=silent)[0].logprobs
    assert spec.labels[scores.index(max(scores))] == made.validation[0].answer


def test_the_same_plan_gives_the_same_artifact(tmp_path, train_plan) -> None:
    for name in ("one", "two"):
        tune(train_plan, FAKE_BASE, folder=tmp_path / name, work=tmp_path / "work", on_event=silent)
    one, two = ((tmp_path / name / "manifest.json").read_bytes() for name in ("one", "two"))
    assert one == two


def test_one_label_is_refused_before_anything_is_written(tmp_path, rows) -> None:
    made = plan(Spec.of("classical"), "classification", rows[:8], [], Settings(), seed=0)
    with pytest.raises(InputError):
        tune(made, None, folder=tmp_path / "artifact", work=tmp_path / "work", on_event=silent)
    assert not (tmp_path / "artifact").exists()


def cost(seconds: float) -> Cost:
    return Cost(examples=1, tokens=1, cpu_seconds=seconds, wall_seconds=seconds, peak_memory_bytes=0)


def test_an_estimate_is_compared_where_there_was_work() -> None:
    assert worth_comparing(cost(10), cost(1)) and worth_comparing(cost(1), cost(10))
    assert not worth_comparing(cost(0.4), cost(1.8))


def test_the_estimate_is_audited() -> None:
    assert estimate_error(cost(10), cost(15)) == pytest.approx(0.5)
    assert estimate_error(cost(10), cost(5)) == pytest.approx(-0.5)


def test_the_estimate_of_memory_is_audited(tmp_path, train_plan) -> None:
    less, more = (cost(1).model_copy(update={"peak_memory_bytes": n}) for n in (100, 150))
    assert memory_error(less, more) == pytest.approx(0.5) and memory_error(more, less) == pytest.approx(-1 / 3)
    assert memory_error(cost(1), more) is None
    run, _ = tune(train_plan, FAKE_BASE, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    assert run.estimate and run.memory_error == memory_error(run.estimate, run.measured)
