"""Which measures a task gets: by its kind, by what its rows hold, by the settings."""

from __future__ import annotations

import json

import pytest

from strop.errors import NotReady, SettingsError
from strop.evaluate import domain_suite, primary_measure
from strop.settings import Settings


def settings(**blocks) -> Settings:
    return Settings.model_validate(blocks)


@pytest.fixture
def measures(tmp_path):
    """Names of the measures of a suite, the primary one first; checks that it alone is marked."""

    def of(rows, kind, **blocks) -> list[str]:
        suite = domain_suite(rows, kind=kind, split="validation", settings=settings(**blocks), project=tmp_path)
        names = [spec.name for spec in suite.measures]
        assert [spec.name for spec in suite.measures if spec.primary] == names[:1]
        assert primary_measure(kind, rows, settings(**blocks)) == names[0]
        return names

    return of


def test_by_kind_and_rows(row, measures) -> None:
    entity = '[{"text": "aspirin", "type": "Chemical"}]'
    pairs = "name: Aldo\nweight: 900 g"
    assert measures([row("x", "cards")], "classification") == ["macro_f1", "accuracy", "brier"]
    assert measures([row("x", entity)], "extraction")[:3] == ["entity_f1", "entity_f1_partial", "valid_json"]
    assert measures([row("x", '{"party": "Acme"}')], "extraction")[:2] == ["field_f1", "valid_json"]
    lines = row("x", '[{"item": "bolt", "price": 2}]')
    assert measures([lines, row("y", "[]"), row("z", "[]")], "extraction")[:2] == ["field_f1", "valid_json"]
    assert measures([row("y", "[]")], "extraction")[0] == "entity_f1"  # of texts that hold none
    assert measures([lines, row("y", "[]"), row("z", entity)], "extraction")[0] == "entity_f1"
    assert measures([row("x", "Acme")], "extraction")[0] == "exact_match"
    assert measures([row("x", "A poem.")], "generation") == ["rouge_l", "length_ratio", "own_words", "stopped"]
    assert measures([row(pairs, "Aldo, 900 g.")], "generation")[0] == "attribute_inclusion"
    window = {"keywords": [{"term": "tent"}]}
    assert measures([row("x", "A tent.", expect=window)], "generation")[:3] == [
        "rouge_l",
        "length_ratio",
        "keywords_in_window",
    ]
    assert measures([row("x", "Short.")], "summarisation")[:2] == ["rouge_l", "grounded"]
    assert measures([row("x", "Hello.")], "chat")[0] == "rouge_l"
    chat = measures([row("x", "Hello.", expect={"gold_facts": [1], "should_escalate": False})], "chat")
    assert chat[0] == "facts_used"
    assert "escalation_f1" in chat
    assert measures([row("x", "a = 1")], "code")[:2] == ["tests_passed", "compiles"]
    assert "compiles" not in measures([row("x", "int a = 1;")], "code")


def test_attributes_lead_only_where_most_rows_have_them(row, measures) -> None:
    pairs = row("name: Aldo\nweight: 900 g", "Aldo, 900 g.")
    assert measures([pairs, row("a", "A."), row("b", "B.")], "generation")[0] == "rouge_l"


def test_style_needs_a_guide(row, measures, tmp_path) -> None:
    rules = [{"id": "calm", "check": {"must_not_match": "!"}}]
    (tmp_path / "style.json").write_text(json.dumps({"rules": rules}), "utf-8")
    rows = [row("x", "A poem.")]
    assert "style" in measures(rows, "generation", task={"style": "style.json"})
    with pytest.raises(SettingsError, match="needs a style guide"):
        measures(rows, "generation", decision={"primary": "style"})


def test_the_named_primary_leads(row, measures) -> None:
    names = measures([row("x", "cards")], "classification", decision={"primary": {"accuracy": {"target": 0.9}}})
    assert names == ["accuracy", "macro_f1", "brier"]
    assert measures([row("x", "A.")], "summarisation", decision={"primary": "exact_match"})[0] == "exact_match"


def test_an_unknown_primary_names_the_nearest(row, measures) -> None:
    with pytest.raises(SettingsError, match="did you mean `macro_f1`"):
        measures([row("x", "cards")], "classification", decision={"primary": "macro_f2"})


def test_a_label_measure_is_refused_elsewhere(row, measures) -> None:
    with pytest.raises(SettingsError, match="classification"):
        measures([row("x", "A poem.")], "generation", decision={"primary": "accuracy"})


def test_the_users_function_can_lead(row, measures, tmp_path) -> None:
    (tmp_path / "own_suite_measure.py").write_text("def warmth(example, answer): return 1.0\n", "utf-8")
    blocks = {"measures": ["own_suite_measure:warmth"]}
    assert measures([row("x", "A.")], "generation", **blocks)[-1] == "warmth"
    assert measures([row("x", "A.")], "generation", **blocks, decision={"primary": "warmth"})[0] == "warmth"


def test_the_users_function_may_not_take_a_known_name(row, measures, tmp_path) -> None:
    (tmp_path / "own_taken_name.py").write_text("def rouge_l(example, answer): return 1.0\n", "utf-8")
    with pytest.raises(SettingsError, match="rename"):
        measures([row("x", "A.")], "generation", measures=["own_taken_name:rouge_l"])


def test_same_rows_same_suite_whatever_their_order(row, tmp_path) -> None:
    rows = [row(f"question {i}", "cards") for i in range(5)]

    def suite(examples, split="validation"):
        return domain_suite(examples, kind="classification", split=split, settings=settings(), project=tmp_path)

    assert suite(rows) == suite(rows[::-1])
    assert suite(rows).items == tuple(sorted(r.id for r in rows))
    assert suite(rows).id != suite(rows[1:]).id
    assert suite(rows).id != suite(rows, "test").id
    assert suite(rows, "test").sealed
    assert not suite(rows).sealed


def test_rows_without_anything_to_compare_with_are_no_items(row, tmp_path) -> None:
    rows = [row("a", "cards"), row("b")]
    suite = domain_suite(rows, kind="classification", split="validation", settings=settings(), project=tmp_path)
    assert suite.items == (rows[0].id,)
    with pytest.raises(NotReady):
        domain_suite(rows[1:], kind="classification", split="validation", settings=settings(), project=tmp_path)
