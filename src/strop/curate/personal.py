"""Personal data in rows: replaced everywhere in a row alike, so that its parts still fit each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from strop.curate.drafts import Draft
from strop.privacy import Masked, Masker
from strop.privacy.masking import LEAST_KEY
from strop.records import JSON


def masker(key: bytes, rows: Iterable[Draft]) -> Masker:
    """A masker that knows the names in the rows' metadata.

    Raises:
        ValueError: for a key that is too short.
    """
    assert len(key) >= LEAST_KEY, "the project key has 32 bytes"
    return Masker(key, names=sorted({name for row in rows for name in row.people}))


def found(row: Draft, hide: Masker) -> list[str]:
    """The kinds of personal data in a row, one entry a piece."""
    texts = [text for _, text in row.turns] + [row.answer, *row.context]
    return [span.kind for text in texts for span in hide.mask(text).spans]


def mask(row: Draft, hide: Masker) -> list[str]:
    """Replace the personal data of a row, in place; the kinds of what was replaced, one entry a piece."""
    turns = [(role, hide.mask(text)) for role, text in row.turns]
    answer = hide.mask(row.reference) if row.reference is not None else None
    context = [hide.mask(text) for text in row.context]
    every = [masked for _, masked in turns] + ([answer] if answer else []) + context
    originals: dict[str, str] = {}
    for masked in every:
        originals |= masked.originals
    spans = [span for masked in every for span in masked.spans]
    asked = next((masked for role, masked in reversed(turns) if role == "user"), None)
    row.expect = _expect(row.expect, hide, originals, asked)
    row.group = None if row.group is None else hide.mask(row.group).text
    row.name = None if row.name is None else hide.mask(row.name).text
    row.slices = {key: hide.mask(value).text for key, value in row.slices.items()}
    row.people = ()
    if spans:
        row.turns = tuple((role, masked.text) for role, masked in turns)
        row.reference = answer.text if answer else None
        row.context = tuple(masked.text for masked in context)
        row.masked = tuple(sorted({span.kind for span in spans}))
    return [span.kind for span in spans]


def _expect(
    expect: Mapping[str, JSON], hide: Masker, originals: Mapping[str, str], asked: Masked | None
) -> dict[str, JSON]:
    """``expect`` with the same replacements; places of entities move along with the question's text."""
    if not expect:
        return {}
    made: dict[str, JSON] = {str(k): _replaced(v, hide, originals) for k, v in expect.items()}
    entities = expect.get("entities")
    if asked is not None and asked.spans and isinstance(entities, list):
        made["entities"] = [_moved(entity, asked) for entity in entities]
    return made


def _replaced(value: JSON, hide: Masker, originals: Mapping[str, str]) -> JSON:
    if isinstance(value, str):
        for stand_in, original in originals.items():
            value = value.replace(original, stand_in)
            # In a regular expression the value may stand escaped.
            value = re.sub(re.escape(re.escape(original)), re.escape(stand_in).replace("\\", "\\\\"), value, flags=re.I)
        return hide.mask(value).text
    if isinstance(value, list):
        return [_replaced(item, hide, originals) for item in value]
    if isinstance(value, dict):
        return {str(k): _replaced(v, hide, originals) for k, v in value.items()}
    return value


def _moved(entity: JSON, asked: Masked) -> JSON:
    """An entity's text and place in the masked question."""
    if not (isinstance(entity, dict) and isinstance(entity.get("start"), int) and isinstance(entity.get("end"), int)):
        return entity
    start = _shifted(entity["start"], asked, at_end=False)
    end = _shifted(entity["end"], asked, at_end=True)
    return {**entity, "start": start, "end": end, "text": asked.text[start:end]}


def _shifted(place: int, asked: Masked, *, at_end: bool) -> int:
    """Where a place of the original text lies in the masked one; inside a replaced piece: its start or end."""
    shift = 0
    for span, stand_in in zip(asked.spans, asked.stand_ins, strict=True):
        if place <= span.start:
            break
        if place < span.end:
            return span.start + shift + (len(stand_in) if at_end else 0)
        shift += len(stand_in) - (span.end - span.start)
    return place + shift
