"""Free text: attributes, keywords, style, overlap, length; rouge-score as an oracle."""

from __future__ import annotations

import json

import pytest
from rouge_score.rouge_scorer import RougeScorer

from strop.errors import InputError
from strop.evaluate.answers import Answer
from strop.evaluate.kinds import texts
from strop.evaluate.kinds.guide import read_guide
from strop.settings import Settings

PAIRS = "name: Aldo 20\nweight: 900 g\ncolour: moss green"


def share(example, text: str) -> float | None:
    return texts.attribute_inclusion(example, Answer(text))


def test_patterns_decide_where_given(row) -> None:
    wanted = [{"attribute": "name", "pattern": "aldo"}, {"attribute": "weight", "pattern": r"900\s*g"}]
    example = row("anything", expect={"must_include": wanted})
    assert share(example, "The ALDO weighs 900g.") == 1
    assert share(example, "The Aldo weighs nothing.") == 0.5
    assert share(example, "") == 0


def test_key_value_lines_are_attributes_where_nothing_else_says(row) -> None:
    assert share(row(PAIRS), "Aldo 20, moss green, 900 g.") == 1
    assert share(row(PAIRS), "The Aldo 20 comes in moss green.") == pytest.approx(2 / 3)
    assert share(row("Write about a tent."), "A tent.") is None
    assert share(row("Note: one line only"), "x") is None
    assert share(row(PAIRS + "\nPlease be kind."), "x") is None


def test_prose_values_are_no_attributes(row) -> None:
    example = row(PAIRS + "\nnotes: made by hand in a small village by the sea")
    assert [entry["attribute"] for entry in texts.wanted_attributes(example)] == ["name", "weight", "colour"]


def test_a_bad_pattern_names_the_row(row) -> None:
    example = row("x", expect={"must_include": [{"attribute": "name", "pattern": "("}]})
    with pytest.raises(InputError) as error:
        share(example, "x")
    assert error.value.place == "rows.jsonl:1"
    assert "name" in error.value.message


def test_keywords(row) -> None:
    window = {"term": "tent", "min_count": 1, "max_count": 2, "max_density": 0.5}
    example = row("x", expect={"keywords": [window]})
    assert texts.keywords_in_window(example, Answer("A tent for two.")) == 1
    assert texts.keywords_in_window(example, Answer("Tent tent tent in a sunny field of grass.")) == 0
    assert texts.keywords_in_window(example, Answer("A house.")) == 0
    assert texts.keywords_in_window(row("x"), Answer("tent")) is None
    with pytest.raises(InputError):
        texts.keywords_in_window(row("x", expect={"keywords": [{"min_count": 1}]}), Answer("tent"))


def test_overlap_equals_rouge_score(row) -> None:
    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    answer, known = "The tent weighs 900 g and packs small.", ["A tent of 900 g packs small.", "It packs small."]
    expected = max(scorer.score(reference, answer)["rougeL"].fmeasure for reference in known)
    example = row("x", known[0], expect={"references": known})
    assert texts.nearest_overlap(example, Answer(answer)) == pytest.approx(expected)
    assert texts.nearest_overlap(row("x"), Answer(answer)) is None


def test_length_ratio(row) -> None:
    example = row("x", "one two three four")
    assert texts.length_ratio(example, Answer("a b c d")) == 1
    assert texts.length_ratio(example, Answer("a b")) == 0.5
    assert texts.length_ratio(example, Answer("a b c d e f g h")) == 0.5
    assert texts.length_ratio(example, Answer("")) == 0


GUIDE = {
    "rules": [
        {"id": "short", "text": "At most 4 words.", "check": {"max_words": 4}},
        {"id": "calm", "text": "No shouting.", "check": {"must_not_match": "!"}},
        {"id": "name", "text": "Named first.", "check": {"first_sentence_contains": "eval.name"}},
    ],
    "escalation_answer": "Let me pass you on.",
}


def styled(tmp_path, name: str, text: str):
    (tmp_path / name).write_text(text, "utf-8")
    return read_guide(Settings.model_validate({"task": {"style": name}}), tmp_path)


def test_style_is_the_share_of_rules_obeyed(tmp_path, row) -> None:
    guide = styled(tmp_path, "guide.json", json.dumps(GUIDE))
    score = texts.style(guide).score
    assert score(row("x"), Answer("Buy it now!")) == 0.5  # the rule on the name does not apply
    assert score(row("x", expect={"name": "Aldo"}), Answer("Aldo it is.")) == 1
    assert score(row("x", expect={"name": "Aldo"}), Answer("One two three four five!")) == 0
    assert guide.escalation == "Let me pass you on."


def test_yaml_and_json_guides_are_one_guide(tmp_path) -> None:
    rules = "rules:\n- {id: calm, text: No shouting., check: {must_not_match: '!'}}\n"
    one = styled(tmp_path, "guide.yaml", rules)
    other = styled(tmp_path, "g.json", json.dumps({"rules": [{**GUIDE["rules"][1]}]}))
    assert one.digest == other.digest


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("guide.json", "{"),
        ("guide.json", '{"rules": []}'),
        ("guide.yaml", "rules: [{id: a, check: {must_match: '('}}]"),
        ("guide.yaml", "rules: [{id: a, check: {unheard_of: 1}}]"),
        ("guide.yaml", "a: b: c"),
    ],
)
def test_a_guide_that_cannot_be_checked_is_refused(tmp_path, name, text) -> None:
    with pytest.raises(InputError) as error:
        styled(tmp_path, name, text)
    assert error.value.source == name
    assert error.value.remedy


def test_a_guide_that_is_missing_is_refused(tmp_path) -> None:
    with pytest.raises(InputError):
        read_guide(Settings.model_validate({"task": {"style": "nowhere.json"}}), tmp_path)
