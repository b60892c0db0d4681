"""A plan holds what is learned, exactly as it will be asked, and refuses what cannot be learned."""

from __future__ import annotations

import pytest

from strop.decide.ladder import rungs
from strop.engines.fake import FAKE_BASE
from strop.engines.prompts import compose
from strop.errors import CheckFailed, InputError, NotReady
from strop.records import Kind, Spec
from strop.settings import Settings
from strop.tune import estimate, plan
from strop.tune.planning import batch_size, passes


def test_prompts_are_those_that_will_be_asked(rows, spec) -> None:
    made = plan(spec, "classification", rows, [], Settings(), seed=0)
    by_id = {item.example: item for item in made.train}
    for example in rows:
        assert by_id[example.id].messages == compose(spec, example.messages)
        assert by_id[example.id].answer == example.reference


def test_the_order_of_the_rows_does_not_matter(rows, spec) -> None:
    one = plan(spec, "classification", rows, [], Settings(), seed=0)
    assert one == plan(spec, "classification", rows[::-1], [], Settings(), seed=0)


def test_rows_without_an_answer_are_left_out(rows, row, spec) -> None:
    extra = [row("no answer", None), row("blank", "  ")]
    made = plan(spec, "classification", [*rows, *extra], extra, Settings(), seed=0)
    assert len(made.train) == len(rows)
    assert made.validation == ()


def test_training_on_nothing_is_refused(row, spec) -> None:
    with pytest.raises(NotReady, match="none of the 1"):
        plan(spec, "classification", [row("a", None)], [], Settings(), seed=0)
    with pytest.raises(NotReady):
        plan(spec, "classification", [], [], Settings(), seed=0)


def test_a_row_in_two_places_is_refused(rows, spec) -> None:
    with pytest.raises(CheckFailed, match="training and validation"):
        plan(spec, "classification", rows, rows[:1], Settings(), seed=0)
    with pytest.raises(CheckFailed, match="twice"):
        plan(spec, "classification", [*rows, rows[0]], [], Settings(), seed=0)


def test_a_method_that_trains_nothing_is_refused(rows) -> None:
    with pytest.raises(InputError, match="prompt"):
        plan(Spec.of("prompt", base=FAKE_BASE.id), "classification", rows, [], Settings(), seed=0)


def test_a_loss_over_labels_needs_labels(rows, spec) -> None:
    settings = Settings.model_validate({"tune": {"label_share": 0.5}})
    labels = tuple(sorted({row.reference for row in rows}))
    made = plan(Spec.of("lora", base=FAKE_BASE.id, labels=labels), "classification", rows, [], settings, seed=0)
    assert made.settings["label_share"] == 0.5
    with pytest.raises(InputError, match="this task \\(generation\\) has none"):
        plan(Spec.of("lora", base=FAKE_BASE.id), "generation", rows, [], settings, seed=0)


def test_settings_come_from_strop_yaml_then_from_the_spec(rows) -> None:
    settings = Settings.model_validate({"tune": {"lora_r": 4, "num_train_epochs": 2}, "task": {"max_new_tokens": 40}})
    special = Spec.of("lora", base=FAKE_BASE.id, settings={"lora_r": 32})
    made = plan(special, "generation", rows, [], settings, seed=9)
    assert made.settings["lora_r"] == 32
    assert made.settings["num_train_epochs"] == 2
    assert made.settings["max_new_tokens"] == 40
    assert made.settings["kind"] == "generation"
    assert made.settings["seed"] == made.seed == 9


def test_an_estimate_grows_with_the_rows(rows, spec) -> None:
    few = estimate(plan(spec, "classification", rows[:6], [], Settings(), seed=0), FAKE_BASE)
    many = estimate(plan(spec, "classification", rows, [], Settings(), seed=0), FAKE_BASE)
    assert (few.examples, many.examples) == (6, 24)
    assert few.tokens < many.tokens


@pytest.mark.parametrize(
    ("rows", "kind", "epochs", "size"),
    [
        (80, "generation", 3, 4), (80, "classification", 6, 4), (200, "classification", 4, 4),
        (300, "classification", 3, 4),
        (600, "generation", 3, 8), (1100, "classification", 3, 16), (9000, "generation", 3, 16),
        (80, "extraction", 6, 4), (300, "extraction", 6, 4), (400, "extraction", 5, 4), (1200, "extraction", 3, 8),
        (9000, "extraction", 3, 16),
    ],
)  # fmt: skip
def test_few_rows_are_learned_in_small_batches_and_labels_in_more_passes(
    rows: int, kind: Kind, epochs: float, size: int
) -> None:
    assert passes(rows, kind) == epochs
    assert batch_size(rows, epochs, kind) == size


def test_passes_and_batch_of_the_user_win(rows, spec) -> None:
    own = plan(spec, "extraction", rows, [], Settings(), seed=0).settings
    assert (own["num_train_epochs"], own["per_device_train_batch_size"]) == (6, 4)
    settings = Settings.model_validate({"tune": {"num_train_epochs": 0.5, "per_device_train_batch_size": 2}})
    given = plan(spec, "extraction", rows, [], settings, seed=0).settings
    assert (given["num_train_epochs"], given["per_device_train_batch_size"]) == (0.5, 2)


def test_a_rung_of_the_ladder_leaves_passes_and_batch_to_the_plan(rows) -> None:
    settings = Settings.model_validate({"ladder": {"methods": ["lora"]}})
    (rung,) = rungs(settings, "extraction", [FAKE_BASE], system="List them.", labels=())
    made = plan(rung, "extraction", rows, [], settings, seed=0).settings
    assert (made["num_train_epochs"], made["per_device_train_batch_size"]) == (6, 4)


def test_pairs_are_planned_where_there_are_enough(rows, spec) -> None:
    asked = {"objective": "preference", "preference_pairs": 3}
    settings = Settings.model_validate({"tune": asked})
    pairs = {row.id: "another answer" for row in rows[:4]}
    made = plan(spec, "classification", rows, [], settings, seed=0, rejected=pairs)
    assert made.settings["objective"] == "preference" and len(made.train) == len(rows)
    assert {item.example for item in made.train if item.rejected} == set(pairs)
    few = plan(spec, "classification", rows, [], settings, seed=0, rejected=dict(list(pairs.items())[:2]))
    assert few.settings["objective"] == "supervised" and not any(item.rejected for item in few.train)
    alone = Settings.model_validate({"tune": {**asked, "preference_answers": 0}})
    assert len(plan(spec, "classification", rows, [], alone, seed=0, rejected=pairs).train) == 4
    plain = plan(spec, "classification", rows, [], Settings(), seed=0, rejected=pairs)
    assert not any(item.rejected for item in plain.train)


def test_replay_is_a_share_of_the_rows(rows, row, spec) -> None:
    talk = [row(f"a question {n}", f"an answer {n}") for n in range(40)]
    for share, count in ((0.25, 6), (1.0, 24)):
        settings = Settings.model_validate({"tune": {"replay": share}})
        made = plan(spec, "classification", rows, [], settings, seed=0, replay=talk)
        assert sum(item.example.startswith("replay_") for item in made.train) == count
    with pytest.raises(NotReady, match="no conversation"):
        plan(spec, "classification", rows, [], settings, seed=0)
    many = [row(f"text {n}", f"label {n % 3}") for n in range(240)]
    alone, beside = (
        plan(spec, "classification", many, [], asked, seed=0, replay=talk) for asked in (Settings(), settings)
    )
    assert alone.settings["num_train_epochs"] == beside.settings["num_train_epochs"] == 4  # by the rows alone
    labels = Settings.model_validate({"tune": {"replay": 0.1, "label_share": 0.5}})
    with pytest.raises(InputError, match="no place beside it"):
        plan(spec, "classification", rows, [], labels, seed=0, replay=talk)
