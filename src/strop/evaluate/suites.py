"""The task's own suite: its items, and the measures picked by the kind of task and by what the rows hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from strop.errors import NotReady, SettingsError
from strop.evaluate.kinds import labels, lint
from strop.evaluate.kinds.catalogue import Catalogue
from strop.evaluate.kinds.code import is_python, usual_k
from strop.evaluate.kinds.schemas import NAME as SCHEMA
from strop.evaluate.kinds.structured import gold_entities, has_fields
from strop.evaluate.kinds.texts import references, wanted_attributes
from strop.evaluate.kinds.voice import NAME as VOICE
from strop.evaluate.measures import Measure
from strop.records import Example, Kind, Suite, content_id
from strop.settings import Settings

_MOST = 0.5  # share of rows from which a property of references counts as the task's
_MOST_TYPES = 8  # of entities that are measured by themselves without being named
_WRITTEN = ("own_words", "stopped")  # asked of all prose


def domain_suite(
    examples: Sequence[Example],
    *,
    kind: Kind,
    split: Literal["validation", "test", "cross_fit"],
    settings: Settings,
    project: Path,
) -> Suite:
    """The suite of a split: its items in the order of their ids, and the measures that fit, the primary one first.

    Args:
        examples: the rows of the split.
        kind: the task's kind.
        split: a test suite is sealed.
        settings: the house's rules under task, decision.primary and measures are read.
        project: the folder that relative paths start from.
    Raises:
        NotReady: without rows that have a reference or an expectation.
        SettingsError: for an unknown measure; InputError: for a style guide that cannot be read.
    """
    usable = [example for example in examples if example.reference is not None or example.expect]
    if not usable:
        raise NotReady(
            f"the {split} split has no row with an answer to compare with",
            remedy="add rows with answers, or raise data.splits, then: strop curate",
        )
    catalogue = Catalogue(settings, project)
    chosen = primary_measure(kind, usable, settings)
    names = [*measure_names(kind, usable, settings), *catalogue.asked]
    measures = catalogue.all(dict.fromkeys([chosen, *names]))
    _refuse(measures[0], key=("decision", "primary", chosen))
    for name in catalogue.asked:
        _refuse_wrong_kind(name, kind, key=("measures",))
    _refuse_wrong_kind(chosen, kind, key=("decision", "primary", chosen))
    specs = tuple(measure.spec(primary=measure.name == chosen) for measure in measures)
    items = tuple(sorted(example.id for example in usable))
    body = ["domain", split, list(items), [spec.signature for spec in specs], chosen]
    return Suite(
        id=content_id("suite", body), name="domain", split=split, items=items, measures=specs, sealed=split == "test"
    )


def primary_measure(kind: Kind, examples: Sequence[Example], settings: Settings) -> str:
    """The name of the measure that decides: ``decision.primary``, else the first that fits kind and rows."""
    named = next(iter(settings.decision.primary), None)
    return named or measure_names(kind, examples, settings)[0]


def measure_names(kind: Kind, examples: Sequence[Example], settings: Settings) -> list[str]:
    """The measures that fit a kind of task, its rows and the house's rules, the natural primary one first."""
    asked = {"style": settings.task.style, VOICE: settings.task.voice, SCHEMA: settings.task.json_schema}
    house = [name for name, named in asked.items() if named is not None]
    if SCHEMA not in house and any(SCHEMA in example.expect for example in examples):
        house.append(SCHEMA)
    draws = usual_k(settings.task.samples) if kind == "code" else []
    return [*_PICKERS[kind](examples, house), *draws]


def _refuse(primary: Measure, *, key: tuple[str, ...]) -> None:
    """A measure that no decision can turn on."""
    if primary.never_primary:
        raise SettingsError(
            f"decision.primary: no decision can turn on `{primary.name}`: {primary.never_primary}",
            remedy="name another measure, and put this one under `measures` to see it beside",
            key=key,
        )


def _refuse_wrong_kind(name: str, kind: Kind, *, key: tuple[str, ...]) -> None:
    if kind != "classification" and name in {measure.name for measure in labels.ALL}:
        raise SettingsError(
            f"{'.'.join(key[:2])}: `{name}` is for classification; this task is {kind}",
            remedy="name another measure, or leave it out: the first that fits the kind decides",
            key=key,
        )


def _classification(examples: Sequence[Example], house: list[str]) -> list[str]:
    return ["macro_f1", "accuracy", "brier"]


def _extraction(examples: Sequence[Example], house: list[str]) -> list[str]:
    fields = [has_fields(example) for example in examples]
    objects = sum(fields) >= _MOST * max(len(examples), 1)
    schema = [name for name in house if name == SCHEMA]
    named = [gold_entities(example) for example in examples]
    if any(named) or (not any(fields) and any(one is not None for one in named)):  # all texts may hold none
        return [
            "entity_f1",
            "entity_f1_partial",
            *(["field_f1"] if objects else []),
            "valid_json",
            *schema,
            "exact_match",
            "stopped",
            *_types(examples),
        ]
    if objects or (any(fields) and all(f or one == () for f, one in zip(fields, named, strict=True))):
        return ["field_f1", "valid_json", *schema, "exact_match", "stopped"]
    return ["exact_match", "rouge_l", *schema, "stopped"]


def _types(examples: Sequence[Example]) -> list[str]:
    """Entity F1 of each type by itself, where there are a few."""
    entities = (entity for example in examples for entity in gold_entities(example) or ())
    kinds = sorted({entity.type for entity in entities if entity.type})
    return [f"entity_f1.{kind}" for kind in kinds] if 1 < len(kinds) <= _MOST_TYPES else []


def _generation(examples: Sequence[Example], house: list[str]) -> list[str]:
    names = ["attribute_inclusion"] if _share(examples, lambda e: bool(wanted_attributes(e))) >= _MOST else []
    if any(example.expect.get("keywords") for example in examples):
        names.append("keywords_in_window")
    if not names and not any(references(example) for example in examples):
        return [*house, *_WRITTEN]
    if names and names[0] == "attribute_inclusion":
        return [*names, "nothing_invented", *house, *_overlap(examples), *_WRITTEN]
    return [*_overlap(examples), *names, *house, *_WRITTEN]


def _overlap(examples: Sequence[Example]) -> list[str]:
    return ["rouge_l", "length_ratio"] if any(references(example) for example in examples) else []


def _summarisation(examples: Sequence[Example], house: list[str]) -> list[str]:
    return ["rouge_l", "grounded", "length_ratio", *house, *_WRITTEN]


def _chat(examples: Sequence[Example], house: list[str]) -> list[str]:
    facts = ["facts_used"] if any("gold_facts" in example.expect for example in examples) else []
    handed = any("should_escalate" in example.expect for example in examples)
    escalation = ["escalation_f1", "escalation_precision", "escalation_recall"] if handed else []
    cites = ["citation_f1"] if any("citations" in example.expect for example in examples) else []
    return [*facts, "rouge_l", *cites, *house, *escalation, "grounded", "length_ratio", *_WRITTEN]


def _code(examples: Sequence[Example], house: list[str]) -> list[str]:
    python = _share(examples, lambda e: is_python(e.reference or "") or is_python(e.input + (e.reference or "")))
    read = ["compiles", lint.NAME] if python >= _MOST else []
    return ["tests_passed", *read, "exact_match", "rouge_l", "stopped"]


def _share(examples: Sequence[Example], test: Callable[[Example], bool]) -> float:
    return sum(test(example) for example in examples) / max(len(examples), 1)


_PICKERS: dict[Kind, Callable[[Sequence[Example], list[str]], list[str]]] = {
    "classification": _classification,
    "extraction": _extraction,
    "summarisation": _summarisation,
    "generation": _generation,
    "chat": _chat,
    "code": _code,
}
