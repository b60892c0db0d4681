"""The fake engine is a real, simple learner: it answers from rows, and worse without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.engines import open_engine
from strop.engines.base import GenerateRequest, ScoreRequest, TrainItem, TrainPlan
from strop.errors import CheckFailed
from strop.records import Message, Spec, silent


def ask(text: str, *shots: tuple[str, str]) -> tuple[Message, ...]:
    turns = []
    for question, answer in shots:
        turns += [Message(role="user", content=question), Message(role="assistant", content=answer)]
    return (*turns, Message(role="user", content=text))


def plan(rows: list[tuple[str, str]]) -> TrainPlan:
    items = tuple(TrainItem(example=str(i), messages=ask(text), answer=answer) for i, (text, answer) in enumerate(rows))
    return TrainPlan(spec=Spec.of("lora", base="base_fake-small"), seed=0, train=items, settings={})


ROWS = [
    ("name: Aldo 20\nweight: 900 g", "The Aldo 20 weighs just 900 g."),
    ("name: Birk\nlength: 2 m", "Birk stretches to 2 m."),
]


def train(folder: Path, rows: list[tuple[str, str]]) -> Path:
    open_engine("fake").train(plan(rows), None, folder=folder / "a", work=folder / "w", on_event=silent)
    return folder / "a"


def test_values_of_the_nearest_row_are_replaced(tmp_path: Path) -> None:
    model = open_engine("fake").open(None, train(tmp_path, ROWS))
    answer = model.generate([GenerateRequest(messages=ask("name: Corin 7\nweight: 1200 g"))], on_event=silent)[0]
    assert answer.text == "The Corin 7 weighs just 1200 g."
    assert answer.stopped


def test_untrained_it_repeats_and_with_shots_it_follows_them() -> None:
    model = open_engine("fake").open(None, None)
    plain, shown = model.generate(
        [
            GenerateRequest(messages=ask("name: Corin 7\nweight: 1200 g")),
            GenerateRequest(messages=ask("name: Corin 7\nweight: 1200 g", ROWS[0])),
        ],
        on_event=silent,
    )
    assert plain.text == "name: Corin 7"
    assert shown.text == "The Corin 7 weighs just 1200 g."


def test_a_limit_cuts_and_says_so(tmp_path: Path) -> None:
    model = open_engine("fake").open(None, train(tmp_path, ROWS))
    answer = model.generate([GenerateRequest(messages=ask(ROWS[0][0]), max_new_tokens=2)], on_event=silent)[0]
    assert (answer.text, answer.stopped) == ("The Aldo", False)


def test_scores_are_a_distribution_that_follows_the_rows(tmp_path: Path) -> None:
    folder = train(tmp_path, [("my card is lost", "cards"), ("where is my refund", "refunds")])
    model = open_engine("fake").open(None, folder)
    result = model.score([ScoreRequest(messages=ask("card lost"), options=("refunds", "cards"))], on_event=silent)[0]
    assert sum(result.probabilities()) == pytest.approx(1)
    assert result.logprobs[1] > result.logprobs[0]


def test_equal_rows_give_equal_signatures(tmp_path: Path) -> None:
    engine = open_engine("fake")
    one = engine.open(None, train(tmp_path / "1", ROWS)).signature
    assert one == engine.open(None, train(tmp_path / "2", ROWS)).signature
    assert one != engine.open(None, train(tmp_path / "3", ROWS[:1])).signature


def test_training_on_nothing_fails(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed):
        train(tmp_path, [])
