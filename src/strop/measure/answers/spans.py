"""Entities in text: gold and predicted mentions matched one to one, counted by how well they agree.

The four ways to agree are those of SemEval 2013 task 9.1 (Segura-Bedmar et al. 2013):

    strict   same span, same type          exact    same span, any type
    type     overlapping span, same type   partial  overlapping span, any type: half a hit unless the span is the same

Models answer with texts, not offsets. A predicted text stands for any of its places in the source; each gold mention is
matched by at most one prediction and each prediction matches at most one gold mention, in the way that scores most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import scipy

from strop.measure.text import normalise
from strop.records import JSON

Agreement = Literal["strict", "exact", "partial", "type"]


class Entity(NamedTuple):
    """A mention: its text and type, and its offsets in the source when they are known."""

    text: str
    type: str
    start: int | None = None
    end: int | None = None


def read_entities(value: JSON) -> tuple[Entity, ...]:
    """Entities out of a JSON list of ``{"text", "type", "start"?, "end"?}``, or of ``{"entities": [...]}``.

    An item that is no entity becomes one with empty text and type, so that it counts as wrong and does not vanish.
    """
    if isinstance(value, Mapping):
        value = value.get("entities", [value])
    return tuple(_entity(item) for item in value) if isinstance(value, list) else ()


def _entity(item: JSON) -> Entity:
    if not isinstance(item, Mapping) or not isinstance(item.get("text"), str):
        return Entity("", "")
    start, end = item.get("start"), item.get("end")
    placed = isinstance(start, int) and isinstance(end, int) and 0 <= start < end
    return Entity(item["text"], str(item.get("type", "")), start if placed else None, end if placed else None)


def entity_counts(
    gold: Sequence[Entity], predicted: Sequence[Entity], *, agreement: Agreement = "strict", source: str | None = None
) -> tuple[float, float, float]:
    """(tp, fp, fn) of predicted against gold entities.

    Args:
        agreement: what counts as a hit, see the module's head.
        source: the text they stand in; without it, entities without offsets compare by their words.
    """
    if not gold or not predicted:
        return 0.0, float(len(predicted)), float(len(gold))
    there = [_places(entity, source) for entity in predicted]
    wanted = [_places(entity, source) for entity in gold]
    credit = np.zeros((len(gold), len(predicted)))
    for i, expected in enumerate(gold):
        for j, said in enumerate(predicted):
            credit[i, j] = _credit(expected, said, wanted[i], there[j], agreement)
    rows, columns = scipy.optimize.linear_sum_assignment(credit, maximize=True)
    hits = float(credit[rows, columns].sum())
    return hits, len(predicted) - hits, len(gold) - hits


def entity_counts_by_type(
    gold: Sequence[Entity], predicted: Sequence[Entity], *, agreement: Agreement = "strict", source: str | None = None
) -> dict[str, tuple[float, float, float]]:
    """As :func:`entity_counts`, for the entities of each type by themselves."""
    return {
        kind: entity_counts(_of(kind, gold), _of(kind, predicted), agreement=agreement, source=source)
        for kind in sorted({entity.type for entity in (*gold, *predicted)})
    }


def _of(kind: str, entities: Iterable[Entity]) -> list[Entity]:
    return [entity for entity in entities if entity.type == kind]


def invented(predicted: Sequence[Entity], source: str) -> tuple[Entity, ...]:
    """Predicted entities whose text is nowhere in the source."""
    folded = normalise(source)
    return tuple(entity for entity in predicted if not entity.text.strip() or normalise(entity.text) not in folded)


def f1(counts: tuple[float, float, float]) -> float:
    """2·tp / (2·tp + fp + fn); 1 when nothing was there and nothing was said."""
    tp, fp, fn = counts
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0


def _credit(
    expected: Entity, said: Entity, wanted: list[tuple[int, int]], there: list[tuple[int, int]], agreement: Agreement
) -> float:
    if agreement in ("strict", "type") and expected.type.casefold() != said.type.casefold():
        return 0.0
    same = _same(expected, said, wanted, there)
    if same or agreement in ("strict", "exact"):
        return float(same)
    if not _overlaps(expected, said, wanted, there):
        return 0.0
    return 1.0 if agreement == "type" else 0.5


def _same(expected: Entity, said: Entity, wanted: list[tuple[int, int]], there: list[tuple[int, int]]) -> bool:
    if said.start is not None and expected.start is not None:
        return (said.start, said.end) == (expected.start, expected.end)
    return normalise(expected.text) == normalise(said.text) or any(place in there for place in wanted)


def _overlaps(expected: Entity, said: Entity, wanted: list[tuple[int, int]], there: list[tuple[int, int]]) -> bool:
    if wanted and there:
        return any(a < d and c < b for a, b in wanted for c, d in there)
    return bool(set(normalise(expected.text).split()) & set(normalise(said.text).split()))


def _places(entity: Entity, source: str | None) -> list[tuple[int, int]]:
    """Where the entity may stand: its own offsets, or every place of its text, whole words where there are any."""
    if entity.start is not None and entity.end is not None:
        return [(entity.start, entity.end)]
    words = entity.text.split()
    if source is None or not words:
        return []
    text = r"\s+".join(map(re.escape, words))
    for pattern in (rf"(?<!\w){text}(?!\w)", text):
        found = [match.span() for match in re.finditer(pattern, source, re.IGNORECASE)]
        if found:
            return found
    return []
