"""Which items changed, and which words in them."""

from __future__ import annotations

import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from strop.records import ItemResult, MeasureSpec
from strop.web import changes

RATE = MeasureSpec(name="rate", how="mean", primary=True)


def item(example: str, score: float, answer: str = "") -> ItemResult:
    return ItemResult(example=example, answer=answer, scores={"rate": score})


def compare(
    before: list[ItemResult], after: list[ItemResult], *, show: int = 12, spec: MeasureSpec = RATE
) -> changes.Changes:
    return changes.compare(spec, before, after, names=("old", "new"), examples={}, show=show)


@given(st.text(), st.text())
def test_the_parts_joined_are_the_texts(before: str, after: str) -> None:
    gone, new = changes.word_marks(before, after)
    assert "".join(part.text for part in gone) == before
    assert "".join(part.text for part in new) == after
    assert {part.mark for part in gone} <= {"", "gone"} and {part.mark for part in new} <= {"", "new"}
    kept_before = [part.text for part in gone if not part.mark]
    assert kept_before == [part.text for part in new if not part.mark]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", " ", "long"]), min_size=1600, max_size=1700))
def test_long_texts_are_compared_at_their_ends(words: list[str]) -> None:
    text = "".join(words)
    gone, new = changes.word_marks(f"start {text} old end", f"start {text} new end")
    assert "".join(part.text for part in new) == f"start {text} new end"
    assert gone[0].text.startswith("start ")


def test_words_that_differ_are_marked_and_nothing_else() -> None:
    gone, new = changes.word_marks("a red tent, light", "a green tent, light")
    assert [part.text for part in gone if part.mark] == ["red"]
    assert [part.text for part in new if part.mark] == ["green"]


def test_counts_add_up_and_losses_are_shown_first() -> None:
    before = [item(f"e{i}", 0.5) for i in range(60)] + [item("only-before", 1)]
    after = [item(f"e{i}", 0.5 + (0.1 * i if i < 30 else -0.1 if i < 40 else 0)) for i in range(60)]
    found = compare(before, after)
    assert (found.better, found.worse, found.same) == (29, 10, 21)
    assert len(found.shown) == 12
    assert [change.difference > 0 for change in found.shown] == [False] * 6 + [True] * 6
    assert found.shown[6].example == "e29"


def test_few_losses_leave_room_for_gains_and_the_other_way_round() -> None:
    base = [item(f"e{i}", 0.5) for i in range(20)]
    mostly_better = [item(f"e{i}", 0.0 if i == 0 else 1.0) for i in range(20)]
    assert [c.difference > 0 for c in compare(base, mostly_better).shown] == [False] + [True] * 11
    mostly_worse = [item(f"e{i}", 1.0 if i == 0 else 0.0) for i in range(20)]
    assert [c.difference > 0 for c in compare(base, mostly_worse).shown] == [False] * 11 + [True]


def test_where_less_is_better_a_smaller_score_is_a_gain() -> None:
    spec = MeasureSpec(name="rate", how="mean", higher_is_better=False)
    assert compare([item("e", 0.9)], [item("e", 0.1)], spec=spec).better == 1


def test_who_invents_where_nothing_was_to_be_found_has_lost_an_item() -> None:
    spans = MeasureSpec(name="entities", how="micro_f1")
    silent, loud = (ItemResult(example="e", answer="", scores={"entities": (0, said, 0)}) for said in (0, 1))
    assert compare([silent], [loud], spec=spans).worse == 1


def test_labels_are_right_or_wrong_and_counts_become_an_f1() -> None:
    label = MeasureSpec(name="macro_f1", how="macro_f1")
    assert changes.score_words(label, ItemResult(example="e", answer="a", gold="a", label="b")) == "wrong"
    items = [ItemResult(example="e", answer=said, gold="a", label=said) for said in ("a", "b")]
    counted = compare(*([one] for one in items), spec=label)
    assert (counted.measure, counted.better, counted.worse) == ("accuracy", 0, 1)
    spans = MeasureSpec(name="entities", how="micro_f1")
    found = ItemResult(example="e", answer="", scores={"entities": (2, 1, 1)})
    assert changes.item_score(spans, found) == 4 / 6
    assert changes.item_score(spans, ItemResult(example="e", answer="", scores={"entities": (0, 0, 0)})) == 1
    assert changes.item_score(spans, ItemResult(example="e", answer="")) is None


def test_the_weakest_come_first_and_perfect_ones_never() -> None:
    found = changes.weakest(RATE, [item("a", 1.0), item("b", 0.2), item("c", 0.7)], examples={}, show=1)
    assert [one.example for one in found.shown] == ["b"] and found.below == 2


def test_a_reference_comes_from_the_example_else_from_the_gold_label() -> None:
    rows = samples.examples(1)
    pair = ([item("ex_000", 0)], [item("ex_000", 1)])
    assert changes.compare(RATE, *pair, names=("a", "b"), examples=rows).shown[0].reference == rows["ex_000"].reference
    assert compare(*pair).shown[0].reference is None
