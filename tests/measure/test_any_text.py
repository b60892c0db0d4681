"""Whatever a model answers, a measure gives a number between 0 and 1 and no error."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strop import measure

RULES = measure.read_style(
    [
        {"id": "A", "check": {"must_match": r"\.$", "max_words": 9, "first_sentence_contains": "name"}},
        {"id": "B", "extends": "existence", "tokens": ["very", "é+"], "ignorecase": True, "message": "%s"},
        {"id": "C", "extends": "occurrence", "scope": "sentence", "token": r"\w+", "max": 3},
        {"id": "D", "extends": "repetition", "tokens": [r"[^\s]+"]},
    ]
)
anything = st.text(max_size=60) | st.text(alphabet=st.sampled_from('[]{}",:ab \0\ud800ﬁ’\n.١½'), max_size=40)


@settings(max_examples=60)
@given(anything, anything)
def test_measures_of_any_text(answer: str, reference: str) -> None:
    source = f"{reference} Aspirin."
    gold = [measure.Entity("Aspirin", "Drug", len(reference) + 1, len(reference) + 8)]
    said = measure.read_entities(measure.read_json(answer).value)
    values = [
        measure.exact_match(answer, [reference]),
        measure.rouge_l(answer, reference),
        measure.rouge_n(answer, reference),
        measure.chrf(answer, reference),
        measure.bleu([answer], [[reference]]),
        measure.inclusion(answer, [{"attribute": "a", "value": reference}, {"attribute": "b", "pattern": "b+"}]).share,
        measure.keyword_score(answer, [{"term": reference, "min_count": 1}] if reference.strip() else []),
        measure.style_share(answer, RULES, {"name": reference}),
        measure.f1(measure.field_counts(measure.read_json(reference).value, measure.read_json(answer).value)),
        *(measure.f1(measure.entity_counts(gold, said, agreement=a, source=source)) for a in ("strict", "partial")),
    ]
    assert all(0 <= value <= 1 + 1e-12 for value in values)
    for formula in (measure.lix, measure.flesch_reading_ease, measure.flesch_kincaid_grade):
        assert formula(answer) == formula(answer)
    pairs = measure.near_duplicates([answer, reference, answer], threshold=0.8)
    assert all(0.8 <= pair.similarity <= 1 for pair in pairs)


@settings(max_examples=60)
@given(st.recursive(st.none() | st.booleans() | st.integers() | anything, lambda inner: st.lists(inner, max_size=3)))
def test_entities_out_of_any_json(value: object) -> None:
    for wrapped in (
        value,
        [value],
        {"entities": value},
        [{"text": value, "type": value, "start": value, "end": value}],
    ):
        entities = measure.read_entities(wrapped)
        assert measure.entity_counts(entities, entities)[1] >= 0


GUIDES = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.slow
@pytest.mark.skipif(not GUIDES.is_dir(), reason="the public data sets are not beside the checkout")
@pytest.mark.parametrize(
    ("guide", "rows", "faults"),
    [
        ("product_laptops/style_guide.json", "product_laptops/train_offstyle.jsonl", "style_breaks"),
        ("chat_hospitality/voice_guide.json", "chat_hospitality/train_offvoice.jsonl", "voice_breaks"),
    ],
)
def test_guides_find_the_faults_that_their_authors_found(guide: str, rows: str, faults: str) -> None:
    rules = measure.read_style(json.loads((GUIDES / guide).read_text("utf-8")))
    for line in (GUIDES / rows).read_text("utf-8").splitlines():
        row = json.loads(line)
        name = row["messages"][1]["content"].partition("\n")[0].removeprefix("name: ")
        found = measure.style_breaks(row["messages"][-1]["content"], rules, {"name": name})
        assert sorted({fault.rule for fault in found}) == row["meta"][faults]
