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
