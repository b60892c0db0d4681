"""Measures of answers that are JSON: entities, fields, validity."""

from __future__ import annotations

from strop.evaluate.answers import Answer
from strop.evaluate.measures import Measure, Score, Scorer
from strop.measure.fields import field_counts, read_json
from strop.measure.spans import Agreement, Entity, entity_counts, read_entities
from strop.records import Example


def gold_entities(example: Example) -> tuple[Entity, ...] | None:
    """The entities to be named: ``expect.entities``, else the reference when it is a JSON list of them."""
    if "entities" in example.expect:
        return read_entities(example.expect["entities"])
    value = read_json(example.reference or "").value
    if isinstance(value, list) and all(isinstance(item, dict) and "text" in item for item in value):
        return read_entities(value)
    return None


def _entities(agreement: Agreement) -> Scorer:
    def score(example: Example, answer: Answer) -> Score | None:
        """(tp, fp, fn) of the entities, one to one (SemEval 2013 task 9.1). An answer that is no JSON names none."""
        gold = gold_entities(example)
        if gold is None:
            return None
        return entity_counts(
            gold, read_entities(read_json(answer.text).value), agreement=agreement, source=example.input
        )

    return score


def valid_json(example: Example, answer: Answer) -> float:
    """1 when the whole answer is JSON of the reference's outer type (a list, an object), else 0."""
    said = read_json(answer.text)
    if said.error:
        return 0.0
    expected = read_json(example.reference or "")
    return float(bool(expected.error) or type(said.value) is type(expected.value))


def fields(example: Example, answer: Answer) -> Score | None:
    """(tp, fp, fn) of the leaves of a JSON object, matched by path and value; an answer that is no JSON has none."""
    expected = read_json(example.reference or "").value
    return field_counts(expected, read_json(answer.text).value) if isinstance(expected, dict) else None


ENTITY_F1 = Measure("entity_f1", "micro_f1", _entities("strict"), settings={"agreement": "strict", "match": "1:1"})
ENTITY_F1_PARTIAL = Measure(
    "entity_f1_partial", "micro_f1", _entities("partial"), settings={"agreement": "partial", "match": "1:1"}
)
VALID_JSON = Measure("valid_json", "mean", valid_json, settings={"fence": "allowed"})
FIELD_F1 = Measure("field_f1", "micro_f1", fields, settings={"text": "normalised", "order": "ignored"})
