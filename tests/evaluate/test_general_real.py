"""The general suite on the shipped base: most tasks are within its reach, and damage shows."""

from __future__ import annotations

import pytest

from strop.engines import bases, open_engine
from strop.errors import UserError
from strop.evaluate import general_suite
from strop.evaluate.answers import pick_choices
from strop.evaluate.general import right_share
from strop.records import silent
from strop.settings import cache_folder


@pytest.mark.slow
def test_most_tasks_are_within_reach_of_the_smallest_base() -> None:
    try:
        base = bases.find(cache_folder(), "smollm2-135m-instruct")
    except UserError:
        pytest.skip("the shipped base is not at hand: strop models add smollm2-135m-instruct")
    with open_engine("torch").open(base, None) as model:
        suite, examples = general_suite(model, base=base, on_event=silent)
        answers = pick_choices(model, examples[:40], on_event=silent)
    assert len({example.slices["task"] for example in examples}) >= 30
    assert len(suite.items) >= 900
    shares = [right_share(example, answer) for example, answer in zip(examples, answers, strict=False)]
    assert 0.5 < sum(shares) / len(shares) < 0.95
