import pytest

from strop.measure.writing.style import read_style, style_breaks, style_share

GUIDE = {
    "rules": [
        {"id": "S1", "text": "Starts with a capital.", "check": {"must_match": "^[A-Z]"}},
        {"id": "S2", "text": "No first person.", "check": {"must_not_match": r"\b(we|our)\b", "ignore_case": True}},
        {"id": "S3", "text": "Five words at most.", "check": {"max_words": 5}},
        {"id": "S4", "text": "One comma at most.", "check": {"max_matches": 1, "pattern": ","}},
        {"id": "S5", "text": "Name first.", "check": {"first_sentence_contains": "eval.name"}},
    ]
}


def broken(text: str, name: str | None = "Alto") -> set[str]:
    expect = {"name": name} if name else {}
    return {fault.rule for fault in style_breaks(text, read_style(GUIDE), expect)}


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Alto is good.", set()),
        ("alto is good.", {"S1", "S5"}),
        ("We like Alto.", {"S2"}),
        ("Alto is good for you all.", {"S3"}),
        ("Alto, a, b.", {"S4"}),
        ("Good. Alto.", {"S5"}),
    ],
)
def test_each_rule_finds_its_fault(text: str, rules: set[str]) -> None:
    assert broken(text) == rules
    assert style_share(text, read_style(GUIDE), {"name": "Alto"}) == pytest.approx(1 - len(rules) / 5)


def test_a_rule_without_its_value_does_not_apply() -> None:
    assert broken("Good. Alto.", name=None) == set()
    assert style_share("we", read_style(GUIDE)) == pytest.approx(2 / 4)
    assert style_share("anything", []) == 1


def test_messages_say_what_is_wrong() -> None:
    assert style_breaks("Alto " * 6, read_style(GUIDE), {})[0].message == "Five words at most. (has 6)"


@pytest.mark.parametrize(
    ("guide", "message"),
    [
        ({"rules": [{"id": "X", "check": {"must_match": "("}}]}, "rule X.*not a regular expression"),
        ({"rules": [{"id": "X", "check": {"must_mach": "a"}}]}, "rule X: unknown check must_mach; known"),
        ({"rules": [{"id": "X", "check": {}}]}, "rule X: its check checks nothing"),
        ({"rules": [{"id": "X", "check": {"max_words": "9"}}]}, "rule X: max_words is '9'"),
        ({"rules": [{"id": "X", "check": {"max_matches": 1}}]}, "rule X: pattern is not a pattern"),
        ({"rules": [{"id": "X", "text": "t"}]}, "rule X: neither a check nor a Vale rule"),
        ({"rules": [{"id": "X", "check": {"max_words": 1}}] * 2}, "share a name: X"),
        ({"rules": ["x"]}, "not a mapping"),
        ({}, "no list of rules"),
        ("text", "no list of rules"),
    ],
)
def test_mistakes_name_the_rule(guide: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_style(guide)


def test_vale_rules_stand_beside_own_ones() -> None:
    rules = read_style(
        [
            {"id": "plain", "check": {"max_words": 9}},
            {
                "extends": "substitution",
                "message": "Use '%s' instead of '%s'",
                "swap": {"utilize": "use"},
                "level": "warning",
            },
        ],
        name="house",
    )
    assert [(rule.name, rule.level) for rule in rules] == [("plain", "error"), ("house.2", "warning")]
    assert style_breaks("You utilize it", rules)[0].message == "Use 'use' instead of 'utilize'"
