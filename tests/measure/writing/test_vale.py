import pytest

from strop.measure.text import sentences
from strop.measure.writing.readability import flesch_kincaid_grade
from strop.measure.writing.vale import vale_test


def faults(rule: dict[str, object], text: str) -> list[str]:
    return vale_test({"message": "%s", **rule}, "House.Rule")(text)


def test_existence() -> None:
    rule = {"extends": "existence", "tokens": ["very", "really+"], "ignorecase": True}
    assert faults(rule, "Very good, reallyy, everyday") == ["Very", "reallyy"]
    assert faults({**rule, "exceptions": ["very"]}, "Very good") == []
    assert faults({"extends": "existence", "tokens": ["very"]}, "Very") == []
    assert faults({"extends": "existence", "tokens": ["!"], "nonword": True}, "Now!") == ["!"]
    assert faults({"extends": "existence", "raw": ["a", "b"]}, "cab") == ["ab"]


def test_raw_stands_before_the_tokens() -> None:
    """As in the rules of Microsoft, Google and write-good against the passive."""
    passive = {"extends": "existence", "raw": [r"\b(am|are|is|was|were)\b\s*"], "tokens": [r"[\w]+ed", "known"]}
    assert faults(passive, "It is red. The walked dog is glad, and was walked; it is well known.") == [
        "is red",
        "was walked",
    ]
    assert faults({**passive, "exceptions": ["is red"]}, "It is red, it was known.") == ["was known"]


def test_exceptions_are_patterns_and_lines_have_ends() -> None:
    rule = {"extends": "existence", "tokens": [r"\w+ly"], "exceptions": ["[a-z]*only", "C++"]}
    assert faults(rule, "only really commonly newly") == ["really", "newly"]
    assert faults({**rule, "tokens": [r"C\+\+"], "nonword": True}, "in C++") == []
    assert faults({"extends": "existence", "tokens": [r"^So\s"], "nonword": True}, "One.\nSo two.") == ["So "]


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


def test_substitution_with_groups() -> None:
    rule = {
        "extends": "substitution", "ignorecase": True, "message": "%s, not %s",
        "swap": {r"within the (\w+ )?directory": "in the $1directory", r"(\w+)-click": "$1 click $2"},
    }  # fmt: skip
    assert faults(rule, "Look within the log directory.") == ["in the log directory, not within the log directory"]
    assert faults(rule, "Look within the directory.") == ["in the directory, not within the directory"]
    assert faults(rule, "Right-click it.") == ["Right click $2, not Right-click"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("You must be able run it.", ["'able' wants 'to' before 'run': be able run"]),
        ("You must be able to run it.", []),
        ("Be quite able run, and be able jump.", ["'able' wants 'to' before 'run': Be quite able run",
                                                   "'able' wants 'to' before 'jump': be able jump"]),
        ("To be. Able run.", []),
        ("be not at all able run", []),
    ],
)  # fmt: skip
def test_sequence_without_parts_of_speech(text: str, told: list[str]) -> None:
    tokens = [{"pattern": "be", "skip": 1}, {"pattern": "able"}, {"pattern": r"to|[^\w\s]", "negate": True}]
    rule = {
        "extends": "sequence",
        "ignorecase": True,
        "message": "'%[2]s' wants 'to' before '%[3]s': %s",
        "tokens": tokens,
    }
    assert faults(rule, text) == told


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"extends": "spell"}, "kind 'spell' cannot be checked; known kinds"),
        ({"extends": "spelling"}, "kind 'spelling' cannot be checked: it needs Vale's own dictionary"),
        ({"extends": "sequence"}, "needs tokens, each with a pattern"),
        ({"extends": "sequence", "tokens": [{"pattern": "be"}, {"tag": "JJ"}]}, "tag 'JJ' .* needs a tagger"),
        ({"extends": "sequence", "tokens": [{"skip": 2}]}, "each with a pattern"),
        ({"extends": "script", "script": "x"}, "is a program that the style brings"),
        ({"extends": "existence"}, "needs tokens or raw"),
        ({"extends": "existence", "tokens": "very"}, "tokens is not a list"),
        ({"extends": "existence", "tokens": ["("]}, "not a regular expression"),
        ({"extends": "existence", "tokens": ["a"], "scope": "table"}, "scope 'table'"),
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


@pytest.mark.parametrize(
    ("match", "text", "right"),
    [
        ("$title", "The Quick Brown Fox", True),
        ("$title", "A Guide to the Use of Tents", True),
        ("$title", "The quick brown fox", False),
        ("$title", "Managing XML and JSON", True),
        ("$sentence", "The quick brown fox", True),
        ("$sentence", "The Quick Brown Fox", False),
        ("$sentence", "the quick brown fox", False),
        ("$sentence", "Deploy with Kubernetes today", True),  # an exception
        ("$sentence", "Using the REST API well", True),
        ("$sentence", "Top-level items: first steps", True),
        ("$lower", "all lower", True),
        ("$lower", "Not lower", False),
        ("$upper", "ALL UPPER", True),
        ("$upper", "Not UPPER", False),
        (r"^\d+\. ", "1. Begin", True),
        (r"^\d+\. ", "Begin", False),
    ],
)
def test_capitalization_of_headings(match: str, text: str, right: bool) -> None:
    rule = {"extends": "capitalization", "scope": "heading", "match": match, "exceptions": ["Kubernetes"]}
    assert faults(rule, f"Some words here Are Odd.\n\n## {text}\n\nAnd others.") == ([] if right else [text])


def test_a_colon_begins_a_sentence_where_the_rule_says_so() -> None:
    rule = {"extends": "capitalization", "match": "$sentence"}
    assert faults(rule, "Tents: Big ones") == ["Tents: Big ones"]
    assert faults({**rule, "indicators": [":"]}, "Tents: Big ones") == []


def test_chicago_keeps_all_prepositions_small() -> None:
    rule = {"extends": "capitalization", "match": "$title"}
    assert faults(rule, "Tents with Rain") == ["Tents with Rain"]
    assert faults({**rule, "style": "Chicago"}, "Tents with Rain") == []


def test_headings_have_depths() -> None:
    rule = {"extends": "existence", "tokens": ["bad"], "scope": "heading.h2"}
    text = "# bad one\n\n## bad two ##\n\nbad three\n\n#bad four"
    assert faults(rule, text) == ["bad"]
    assert faults({**rule, "scope": "heading"}, text) == ["bad", "bad"]
    assert faults({**rule, "scope": "heading"}, "bad") == []


HARD = "The considerable implementation of organisational responsibilities necessitates deliberation."


def test_a_metric_is_a_formula_and_a_condition() -> None:
    """The rule of Vale 2.13's release notes."""
    rule = {
        "extends": "metric",
        "message": "grade %s",
        "formula": "(0.39 * (words / sentences)) + (11.8 * (syllables / words)) - 15.59\n",
        "condition": "> 8",
    }
    assert faults(rule, "The cat sat. The dog ran.") == []
    (told,) = faults(rule, HARD)
    assert float(told.removeprefix("grade ")) == pytest.approx(flesch_kincaid_grade(HARD), abs=0.006)
    assert faults({**rule, "formula": "math.sqrt(words * 4.0) - -1", "condition": "== 5"}, "a b c d") == ["grade 5.00"]
    assert faults({**rule, "formula": "heading_h2", "condition": "> 1"}, "## a\n\n## b") == ["grade 2.00"]
    assert faults(rule, "") == []


def test_readability_is_the_mean_of_its_grades() -> None:
    rule = {"extends": "readability", "metrics": ["Flesch-Kincaid"], "grade": 8}
    assert faults(rule, "The cat sat. The dog ran.") == []
    assert float(faults(rule, HARD)[0]) == pytest.approx(flesch_kincaid_grade(HARD), abs=0.006)
    both = {**rule, "metrics": ["Flesch-Kincaid", "SMOG", "Gunning Fog", "Coleman-Liau", "Automated Readability"]}
    assert 8 < float(faults(both, HARD)[0]) < 60


@pytest.mark.parametrize(
    "changes",
    [
        {"formula": "__import__('os').getpid()"},
        {"formula": "words ** 9"},
        {"formula": "wordz"},
        {"formula": "(words"},
        {"condition": "8"},
        {"condition": "> words"},
    ],
    ids=str,
)
def test_a_formula_is_arithmetic_and_nothing_else(changes: dict[str, str]) -> None:
    rule = {"extends": "metric", "formula": "words", "condition": "> 8", **changes}
    with pytest.raises(ValueError, match=r"rule House\.Rule: the (formula|condition)"):
        vale_test(rule, "House.Rule")
