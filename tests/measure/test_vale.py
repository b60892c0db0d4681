import pytest

from strop.measure.vale import sentences, vale_test


def faults(rule: dict[str, object], text: str) -> list[str]:
    return vale_test({"message": "%s", **rule}, "House.Rule")(text)


def test_existence() -> None:
    rule = {"extends": "existence", "tokens": ["very", "really+"], "ignorecase": True}
    assert faults(rule, "Very good, reallyy, everyday") == ["Very", "reallyy"]
    assert faults({**rule, "exceptions": ["very"]}, "Very good") == []
    assert faults({"extends": "existence", "tokens": ["very"]}, "Very") == []
    assert faults({"extends": "existence", "tokens": ["!"], "nonword": True}, "Now!") == ["!"]
    assert faults({"extends": "existence", "raw": ["a", "b"]}, "cab") == ["ab"]


def test_substitution() -> None:
    rule = {"extends": "substitution", "swap": {"e-mail": "email", "colou?r": "color"}, "message": "%s, not %s"}
    assert faults(rule, "An e-mail of colour, color") == ["email, not e-mail", "color, not colour"]
    assert faults({**rule, "swap": {"app": "application|program"}}, "app program") == ["application|program, not app"]


def test_occurrence_by_sentence() -> None:
    rule = {"extends": "occurrence", "scope": "sentence", "token": r"\b\w+\b", "max": 4}
    assert faults(rule, "One two three. One two three four five. One.") == ["5"]
    assert faults({"extends": "occurrence", "token": "laptop", "min": 1}, "a thing") == ["0"]


def test_occurrence_by_paragraph() -> None:
    rule = {"extends": "occurrence", "scope": "paragraph", "token": ",", "max": 1}
    assert faults(rule, "a, b\n\nc, d, e") == ["2"]


def test_repetition() -> None:
    rule = {"extends": "repetition", "tokens": [r"\b\w+\b"], "alpha": True, "ignorecase": True}
    assert faults(rule, "The the cat sat, sat on on 7 7") == ["the", "on"]
    assert faults(rule, "a b a b") == []


def test_consistency() -> None:
    rule = {"extends": "consistency", "either": {"advisor": "adviser"}, "ignorecase": True}
    assert faults(rule, "An advisor, an Adviser") == ["advisor / adviser"]
    assert faults(rule, "An advisor, an advisor") == []


def test_conditional() -> None:
    rule = {
        "extends": "conditional",
        "first": r"\b([A-Z]{3,5})\b",
        "second": r"(?:\b[A-Z][a-z]+ )+\(([A-Z]{3,5})\)",
        "exceptions": ["ABC"],
    }
    assert faults(rule, "The World Health Organization (WHO) and WHO, ABC, FAO, FAO") == ["FAO"]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"extends": "spelling"}, "kind 'spelling' cannot be checked; known kinds"),
        ({"extends": "existence"}, "needs tokens or raw"),
        ({"extends": "existence", "tokens": "very"}, "tokens is not a list"),
        ({"extends": "existence", "tokens": ["("]}, "not a regular expression"),
        ({"extends": "existence", "tokens": ["a"], "scope": "heading"}, "scope 'heading'"),
        ({"extends": "substitution"}, "swap is not a mapping"),
        ({"extends": "occurrence", "token": "a"}, "needs max or min"),
        ({"extends": "occurrence", "max": 1}, "needs a token"),
        ({"extends": "occurrence", "token": "a", "max": "1"}, "not a whole number"),
        ({"extends": "conditional", "first": "a"}, "needs first and second"),
    ],
)
def test_mistakes_name_the_rule(rule: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=rf"rule House\.Rule: .*{message}"):
        vale_test(rule, "House.Rule")


def test_sentences() -> None:
    assert sentences('One. "Two!" Three? 4.5 four') == ["One.", '"Two!"', "Three?", "4.5 four"]
