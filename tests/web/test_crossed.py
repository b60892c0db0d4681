"""A cross-fitted decision: its page speaks of the items that its headline speaks of, and says where it does not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import samples

from strop.records import ItemResult
from strop.web import report, verdict
from strop.web.context import Context

SEALED = 30


def world(*, today: bool = False) -> tuple[Context, dict[str, str]]:
    """100 items of 50 families, of which 30 are sealed; what runs today answered these only."""
    rows = samples.examples()

    def part(items: list[ItemResult], count: int) -> list[ItemResult]:
        return [one.model_copy(update={"cluster": f"g{n // 2}"}) for n, one in enumerate(items)][:count]

    def made(name: str, key: str, value: float, split: str) -> samples.Report:
        found = samples.report(key, value, split=split)
        return found.model_copy(update={"id": name, "signature": {"folds": 5}})

    reports = [
        made("own_sealed", "lora", 0.81, "test"),
        made("own_all", "lora", 0.913, "cross_fit"),
        made("shots_sealed", "prompt4", 0.55, "test"),
        made("shots_all", "prompt4", 0.44, "cross_fit"),
        made("today_sealed", "prompt0", 0.7, "test"),
    ]
    own, shots = samples.items(rows, good=0.9, seed=1), samples.items(rows, good=0.4, seed=2)
    items = {
        "own_sealed": part(own, SEALED),
        "own_all": part(own, 100),
        "shots_sealed": part(shots, SEALED),
        "shots_all": part(shots, 100),
        "today_sealed": part(samples.items(rows, good=0.3, seed=3), SEALED),
    }
    roles = {"candidate": "own_sealed", "cross-fitted": "own_all", "cross-fitted rung 1": "shots_all"}
    roles |= {"incumbent 1": "today_sealed"} if today else {}
    return samples.context(reports={one.id: one for one in reports}, items=items), roles


def page(*, today: bool = False) -> str:
    context, roles = world(today=today)
    return report.page(samples.decision(reports=roles, rungs=("shots_sealed",)), context)


def captions(text: str) -> dict[str, str]:
    """The caption of each picture by its title."""
    return dict(re.findall(r"<h3>([^<]+)</h3>\s*<svg.*?<figcaption>([^<]*)</figcaption>", text, re.DOTALL))


def test_pictures_and_items_side_by_side_are_those_of_all_items() -> None:
    text = page()
    said = captions(text)
    assert "items, each answered by a model that did not see it" in said["Attribute inclusion of each rung"]
    assert "items, each answered by a model that did not see it" in said["Paired differences"]
    assert not [title for title in said if "sealed" in title] and "sealed test items" not in " ".join(said.values())
    assert "0.440" in text and "0.550" not in text  # the rung's number on all items, not on the sealed ones
    better, worse, same = (
        int(number)
        for number in re.findall(r"(\d+) items? got better, (\d+) got worse, (\d+) scored the same", text)[0]
    )
    assert better + worse + same == 100


def test_the_page_says_which_items_it_speaks_of_and_where_each_comes_from() -> None:
    text = " ".join(page().split())
    assert (
        "100 items in 50 groups: 70 training rows in 35 groups, each answered by a model that had seen neither the row "
        "nor its group (5 parts), and 30 sealed items in 15 groups, answered by the candidate itself" in text
    )
    assert "Sealed items are among them: rows or prompts written after reading" in text
    shown = re.findall(r"(sealed item|training row) · <code>ex_(\d+)</code>", text)
    assert len(shown) == 12 and {place for place, _ in shown} == {"sealed item", "training row"}
    assert all((place == "sealed item") is (int(number) < SEALED) for place, number in shown)


def test_that_the_models_differ_is_said_where_several_answered() -> None:
    context, roles = world()
    told = "Further trainings would give other models: how far these differ is in each interval of checks and pictures."
    assert told not in page()  # decisions from before parts were noted, and prompts, which are one model
    items = [one.model_copy(update={"part": n % 5 + 1}) for n, one in enumerate(context.items["own_all"])]
    several = replace(context, items={**context.items, "own_all": items})
    text = " ".join(report.page(samples.decision(reports=roles, rungs=("shots_sealed",)), several).split())
    assert f"answered by the candidate itself. {told} Where it says" in text


def test_what_answered_the_sealed_items_only_stands_apart() -> None:
    said = captions(page(today=True))
    assert "All on the same sealed test items" in said["Attribute inclusion of each rung, sealed items"]
    assert "On sealed test items" in said["Paired differences, sealed items"]
    context, roles = world(today=True)
    every, sealed = verdict.arms(samples.decision(reports=roles, rungs=("shots_sealed",)), context)
    assert [one.id for one in every.lower] == ["shots_all"] and [one.id for one in sealed.lower] == ["today_sealed"]


@pytest.mark.parametrize("gone", ["own_all", "shots_all"])
def test_answers_that_are_not_at_hand_are_left_out(gone: str) -> None:
    context, roles = world()
    left = {name: [] if name == gone else items for name, items in context.items.items()}
    text = report.page(samples.decision(reports=roles, rungs=("shots_sealed",)), replace(context, items=left))
    assert "the answers of a lower rung on the same items are not at hand" in text


def test_a_decision_on_sealed_items_alone_says_nothing_of_all_this() -> None:
    text = report.page(samples.decision(), samples.context())
    assert 'id="basis"' not in text and "training row ·" not in text and "These are sealed test items" in text
