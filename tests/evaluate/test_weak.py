"""A slice that fails is found without a name: by column, label, length or word; what is fine is not named."""

from __future__ import annotations

import random

import pytest

from strop.evaluate import weak_slices
from strop.measure import beside, item_score
from strop.records import Example, ItemResult, MeasureSpec, Message, Origin

ACCURACY = MeasureSpec(name="accuracy", how="mean", primary=True)
OTHER = ("the parcel is late", "my card was lost", "please change the address", "where is the invoice")


def made(count: int, *, fails: str) -> tuple[list[ItemResult], dict[str, Example]]:
    """Items that are wrong 3 times in 4 where the input holds ``fails``, else 1 time in 10."""
    rng = random.Random(4)
    items, examples = [], {}
    for n in range(count):
        text = f"{rng.choice(OTHER)} since week {n % 9}" + (f", {fails}" if n % 6 == 0 else "")
        right = rng.random() < (0.25 if n % 6 == 0 else 0.9)
        example = Example(
            id=f"ex_{n}",
            messages=(Message(role="user", content=text),),
            reference="a",
            origin=Origin(source="f", line=n),
        )
        examples[example.id] = example
        items.append(
            ItemResult(
                example=example.id, answer="a", scores={"accuracy": float(right)}, slices={"channel": "ab"[n // 6 % 2]}
            )
        )
    return items, examples


def test_a_word_of_the_input_marks_the_failing_slice() -> None:
    items, examples = made(300, fails="twint")
    found = weak_slices(ACCURACY, items, examples)
    names = {one.found.name for one in found}
    assert "input says “twint”" in names and not {"channel: a", "channel: b"} & names
    assert found[0].found.value < 0.5 < found[0].found.rest and found[0].trained is None
    assert "ask for" not in found[0].sentence


def test_it_says_how_many_training_rows_are_like_it_and_which_to_ask_for() -> None:
    items, examples = made(300, fails="twint")
    rare = weak_slices(ACCURACY, items, examples, trained=[examples["ex_0"], examples["ex_1"]])
    asked = next(one for one in rare if one.found.name == "input says “twint”")
    assert asked.trained == 1 and asked.sentence.endswith("ask for 10 such rows, training has 1")
    often = weak_slices(ACCURACY, items, examples, trained=[*examples.values(), *examples.values()])
    asked = next(one for one in often if one.found.name == "input says “twint”")
    assert asked.trained == 100 and "ask for 60 such rows" in asked.sentence


def test_where_lower_is_better_the_numbers_keep_their_sign() -> None:
    items, examples = made(300, fails="twint")
    items = [item.model_copy(update={"scores": {"edits": 1.0 - float(str(item.scores["accuracy"]))}}) for item in items]
    found = weak_slices(MeasureSpec(name="edits", how="mean", higher_is_better=False), items, examples)
    assert found[0].found.value > found[0].found.rest and found[0].found.low > 0


def test_items_whose_rows_are_gone_are_looked_at_by_their_columns() -> None:
    items, _ = made(120, fails="x")
    worse = [
        item.model_copy(update={"scores": {"accuracy": float(item.slices["channel"] == "a" or n % 3 == 0)}})
        for n, item in enumerate(items)
    ]
    assert [one.found.name for one in weak_slices(ACCURACY, worse, {})] == ["channel: b"]


@pytest.mark.parametrize(
    ("spec", "item", "score"),
    [
        (MeasureSpec(name="macro_f1", how="macro_f1"), {"gold": "a", "label": "b"}, 0.0),
        (MeasureSpec(name="macro_f1", how="macro_f1"), {}, None),
        (MeasureSpec(name="f1", how="micro_f1"), {"scores": {"f1": (2.0, 1.0, 1.0)}}, 2 / 3),
        (MeasureSpec(name="f1", how="micro_f1"), {"scores": {"f1": (0.0, 0.0, 0.0)}}, 1.0),
        (ACCURACY, {}, None),
    ],
)
def test_an_item_has_one_number(spec: MeasureSpec, item: dict[str, object], score: float | None) -> None:
    found = item_score(spec, ItemResult.model_validate({"example": "ex", "answer": "a", **item}))
    assert found == (None if score is None else pytest.approx(score))


def test_two_traits_that_fail_only_together_are_named_together() -> None:
    items, examples = [], {}
    for n in range(80):
        language, label = ("de", "fr")[n % 2], ("refund", "card")[n // 2 % 2]
        example = Example(
            id=f"ex_{n}", messages=(Message(role="user", content="x" * (10 + n)),), reference=label,
            slices={"language": language}, origin=Origin(source="f", line=n),
        )  # fmt: skip
        examples[example.id] = example
        wrong = language == "de" and label == "refund"
        items.append(
            ItemResult(
                example=example.id,
                answer=label,
                gold=label,
                label="card" if wrong else label,
                scores={"accuracy": float(not wrong)},
                slices=example.slices,
            )
        )
    found = weak_slices(ACCURACY, items, examples, trained=examples.values())
    assert found[0].found.name == "language: de and right label: refund"
    assert (found[0].found.value, found[0].found.rest, found[0].found.n) == (0, 1, 20)
    assert (found[0].trained, found[0].ask_for) == (20, 20)


def test_a_slice_in_which_nothing_is_to_be_found_is_told_by_its_items_and_not_by_an_f1() -> None:
    """Of texts without entities half were answered right, with none: their F1 is 0 by one wrong answer."""
    spec = MeasureSpec(name="f1", how="micro_f1")
    empty, rest = (
        [ItemResult(example=f"ex_{kind}{n}", answer="", scores={"f1": one}) for n, one in enumerate(counts)]
        for kind, counts in (("a", [(0.0, 1.0, 0.0), (0.0, 0.0, 0.0)]), ("b", [(2.0, 0.0, 0.0), (1.0, 1.0, 1.0)]))
    )
    told = beside(spec, empty, rest)
    assert (told.name, told.value, told.rest) == ("F1 of an item", 0.5, 0.75)
