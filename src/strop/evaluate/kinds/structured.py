"""Measures of answers that are JSON: entities, fields, validity."""

from __future__ import annotations

from strop.evaluate.answers import Answer
from strop.evaluate.measures import Measure, Score, Scorer
from strop.measure.answers.fields import field_counts, read_json
from strop.measure.answers.spans import Agreement, Entity, entity_counts, invented, read_entities
from strop.records import Example


def gold_entities(example: Example) -> tuple[Entity, ...] | None:
    """The entities to be named: ``expect.entities``, else the reference when it is a JSON list of them."""
    if "entities" in example.expect:
        return read_entities(example.expect["entities"])
    value = read_json(example.reference or "").value
    if isinstance(value, list) and all(isinstance(item, dict) and "text" in item for item in value):
        return read_entities(value)
    return None


def _entities(agreement: Agreement, says: str, *, kind: str | None = None) -> Scorer:
    def score(example: Example, answer: Answer) -> Score | None:
        gold = gold_entities(example)
        if gold is None:
            return None
        said = read_entities(read_json(answer.text).value)
        if kind is not None:
            gold, said = (tuple(one for one in side if one.type.casefold() == kind.casefold()) for side in (gold, said))
        return entity_counts(gold, said, agreement=agreement, source=example.input)

    score.__doc__ = f"F1 of the entities, matched one to one: {says} (SemEval 2013 task 9.1). No JSON names none."
    return score


def of_type(name: str) -> Measure | None:
    """``entity_f1.Drug``: the entities of that type by themselves; None for a name of another form."""
    whole, dot, kind = name.partition(".")
    if whole != "entity_f1" or not dot or not kind:
        return None
    scorer = _entities("strict", f"those of type {kind} alone, a hit is the same span", kind=kind)
    settings = {"agreement": "strict", "match": "1:1", "type": kind}
    return Measure(name, "micro_f1", scorer, settings=settings, expect=("entities",))


def invented_entities(example: Example, answer: Answer) -> float | None:
    """Entities of the answer whose text stands nowhere in the input / all that it names; none named: no value."""
    said = read_entities(read_json(answer.text).value)
    if gold_entities(example) is None or not said:
        return None
    return len(invented(said, example.input)) / len(said)


def valid_json(example: Example, answer: Answer) -> float:
    """1 when the whole answer is JSON of the reference's outer type (a list, an object), else 0."""
    said = read_json(answer.text)
    if said.error:
        return 0.0
    expected = read_json(example.reference or "")
    return float(bool(expected.error) or type(said.value) is type(expected.value))


def fields(example: Example, answer: Answer) -> Score | None:
    """F1 of the leaves of JSON, matched by key and value, items of lists one to one; without JSON none is found."""
    if not has_fields(example) and read_json(example.reference or "").value != []:
        return None
    return field_counts(read_json(example.reference or "").value, read_json(answer.text).value)


def has_fields(example: Example) -> bool:
    """Whether the reference is a JSON object, or a list of something else than entities."""
    expected = read_json(example.reference or "").value
    return isinstance(expected, dict) or (isinstance(expected, list) and expected != [] and not gold_entities(example))


_AGREEMENTS: dict[str, tuple[Agreement, str]] = {
    "entity_f1": ("strict", "a hit has the same span and type"),
    "entity_f1_exact": ("exact", "a hit has the same span, of whatever type"),
    "entity_f1_type": ("type", "a hit overlaps and has the same type"),
    "entity_f1_partial": ("partial", "the same span is a hit, an overlap half a one, of whatever type"),
}
ENTITIES = tuple(
    Measure(
        name,
        "micro_f1",
        _entities(agreement, says),
        settings={"agreement": agreement, "match": "1:1"},
        expect=("entities",),
    )
    for name, (agreement, says) in _AGREEMENTS.items()
)
INVENTED_ENTITIES = Measure(
    "invented_entities", "mean", invented_entities, higher_is_better=False, settings={"text": "normalised"}
)
VALID_JSON = Measure("valid_json", "mean", valid_json, settings={"fence": "allowed"})
FIELD_F1 = Measure("field_f1", "micro_f1", fields, settings={"text": "normalised", "order": "ignored", "match": "1:1"})
ALL = (*ENTITIES, INVENTED_ENTITIES, VALID_JSON, FIELD_F1)
