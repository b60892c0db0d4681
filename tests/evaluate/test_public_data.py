"""Rows that nobody here wrote: their own references get top marks, other rows' references do not."""

from __future__ import annotations

import json

import pytest

from strop.evaluate import domain_suite
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.catalogue import Catalogue
from strop.measure import aggregate
from strop.records import Example, ItemResult, Message, Origin, content_id
from strop.settings import Settings

SETS = {
    "tickets_banking15": ("classification", None, {"macro_f1": 1.0, "accuracy": 1.0}),
    "fin_news_sentiment": ("classification", None, {"macro_f1": 1.0}),
    "product_laptops": (
        "generation",
        "style_guide.json",
        {"attribute_inclusion": 1.0, "keywords_in_window": 1.0, "style": 1.0, "rouge_l": 1.0},
    ),
    "product_e2e": ("generation", None, {"attribute_inclusion": 0.95}),
    "ner_bc5cdr": ("extraction", None, {"entity_f1": 1.0, "entity_f1_partial": 1.0, "valid_json": 1.0}),
    "ner_ncbi_disease": ("extraction", None, {"entity_f1": 1.0, "valid_json": 1.0}),
    "contract_summaries": ("summarisation", None, {"rouge_l": 1.0, "grounded": 0.9}),
    "chat_hospitality": ("chat", "voice_guide.json", {"facts_used": 0.85, "escalation_f1": 1.0, "rouge_l": 1.0}),
}


def read(path, count: int) -> list[Example]:
    found = []
    for line in path.read_text("utf-8").splitlines()[:count]:
        value = json.loads(line)
        *asked, answer = [Message(**message) for message in value["messages"]]
        found.append(
            Example(
                id=content_id("ex", value),
                messages=tuple(asked),
                reference=answer.content,
                expect=value.get("eval") or {},
                origin=Origin(source=path.name),
            )
        )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_references_get_top_marks(shared, name) -> None:
    kind, style, least = SETS[name]
    folder = shared / name
    rows = read(folder / "validation.jsonl", 80)
    settings = Settings.model_validate({"task": {"kind": kind, "style": style}})
    suite = domain_suite(rows, kind=kind, split="validation", settings=settings, project=folder)
    assert suite.measures[0].name == next(iter(least))
    catalogue = Catalogue(settings, folder)

    def marks(answers: list[str]) -> dict[str, float]:
        items = []
        for example, text in zip(rows, answers, strict=True):
            said = Answer(text, label=text)
            scores = {spec.name: catalogue.get(spec.name).score(example, said) for spec in suite.measures}
            scores = {measure: value for measure, value in scores.items() if value is not None}
            items.append(ItemResult(example=example.id, answer=text, gold=example.reference, label=text, scores=scores))
        return {spec.name: aggregate(spec, items) for spec in suite.measures if spec.name in least}

    own = [example.reference or "" for example in rows]
    for measure, value in marks(own).items():
        assert value >= least[measure], measure
    primary = suite.measures[0].name
    assert marks([*own[1:], own[0]])[primary] < 0.6
