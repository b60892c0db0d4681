import itertools

import numpy as np
import pytest

from strop.measure.answers.fields import field_counts, read_json


def test_fields_match_by_path_and_value() -> None:
    gold = {"name": "Ada Byron", "age": 36, "tags": ["x", "y"], "home": {"city": "London"}}
    same = {"age": 36.0, "home": {"city": "london "}, "tags": ["y", "x"], "name": "ada  byron"}
    assert field_counts(gold, same) == (5, 0, 0)
    assert field_counts(gold, {"name": "London", "home": {"town": "London"}, "tags": ["x", "x"]}) == (1, 3, 4)
    assert field_counts(gold, None) == (0, 0, 5)
    assert field_counts({"a": None}, {"a": None}) == (0, 0, 0)
    assert field_counts({"a": True}, {"a": 1}) == (0, 1, 1)
    assert field_counts({"a": 10**400}, {"a": 10**400}) == (1, 0, 0)


def test_only_json_is_json() -> None:
    assert read_json('```json\n{"a": 1}\n```').value == {"a": 1}
    assert read_json(" [1] ").value == [1]
    for answer in ('Here it is: {"a": 1}', "", "{'a': 1}", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000):
        parsed = read_json(answer)
        assert parsed.value is None
        assert parsed.error


def test_the_error_says_why() -> None:
    assert "twice" in read_json('{"a": 1, "a": 2}').error
    assert read_json("null") == (None, "")
    assert field_counts([1, 2], [2, 3]) == pytest.approx((1, 1, 1))


def test_items_of_lists_match_one_to_one_in_whatever_order() -> None:
    order = {"lines": [{"item": "bolt", "price": 2}, {"item": "nut", "price": 1}, {"item": "saw", "price": 9}]}
    turned = {"lines": order["lines"][::-1]}
    assert field_counts(order, turned) == (6, 0, 0)
    swapped = {"lines": [{"item": "bolt", "price": 1}, {"item": "nut", "price": 2}, {"item": "saw", "price": 9}]}
    assert field_counts(order, swapped) == (4, 2, 2)
    assert field_counts(order, {"lines": [order["lines"][1]] * 3}) == (2, 4, 4)
    assert field_counts([[1, 2], [3, 4]], [[3, 4], [2, 1]]) == (4, 0, 0)
    assert field_counts([[1, 2], [3, 4]], [[1, 3], [2, 4]]) == (2, 2, 2)
    assert field_counts({"a": ["x", None]}, {"a": [None, "x", None]}) == (1, 0, 0)
    assert field_counts({"a": "x"}, {"a": ["x"]}) == (0, 1, 1)
    # The pair that finds most at first sight, a with both, would leave the other with nothing.
    gold, said = [{"k": 1, "v": 1}, {"k": 1, "w": 2}], [{"k": 1, "v": 1, "w": 2}, {"v": 1}]
    assert field_counts(gold, said) == (3, 1, 1)


def test_the_most_hits_are_those_of_all_ways_to_pair() -> None:
    rng = np.random.default_rng(4)
    for _ in range(100):
        gold, said = (
            [{key: int(rng.integers(2)) for key in "abc"} for _ in range(rng.integers(1, 5))] for _ in range(2)
        )
        few, many = sorted((gold, said), key=len)
        best = max(
            sum(one[key] == other[key] for one, other in zip(few, order, strict=False) for key in "abc")
            for order in itertools.permutations(many)
        )
        assert field_counts(gold, said) == (best, 3 * len(said) - best, 3 * len(gold) - best)


def test_an_answer_nested_deep_is_wrong_and_no_more() -> None:
    depth = 900
    said = read_json("[" * depth + "]" * depth).value
    assert field_counts({"a": 1}, said) == (0, 0, 1)
    assert field_counts({"a": 1}, {"a": said}) == (0, 0, 1)
