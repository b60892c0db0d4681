"""Personal data in rows: replaced everywhere in a row alike, so that its parts still fit each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from strop.curate.drafts import Draft
from strop.privacy import Looks, Masked, Masker, NameModel, PersonalKind
from strop.privacy.masking import LEAST_KEY
from strop.records import JSON

_Hide: TypeAlias = Callable[[str], Masked]
_OWN = re.compile(r"jdg_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What names a judgement: by chance its digits look like a card or an account, and it has to be found again."""


def masker(key: bytes, rows: Iterable[Draft], model: NameModel | None) -> Masker:
    """A masker that knows the names in the rows' metadata; ``model`` finds further ones.

    Raises:
        ValueError: for a key that is too short.
    """
    assert len(key) >= LEAST_KEY, "the project key has 32 bytes"
    return Masker(key, names=sorted({name for row in rows for name in row.people}), model=model)


def found(row: Draft, hide: Masker, looks: Looks | None = None) -> list[str]:
    """The kinds of personal data in a row, one entry a piece; ``looks``: what was found in its texts before."""
    return [span.kind for text in _texts(row) for span in hide.mask(text, looks=looks).spans]


def content(row: Draft) -> tuple[object, ...]:
    """All of a row that may hold personal data."""
    return row.turns, row.reference, row.expect, row.context, row.group, row.name, row.slices


def mask(row: Draft, masker: Masker, *, labelled: bool, looks: Looks | None = None) -> list[str]:
    """Replace the personal data of a row, in place; the kinds of what was replaced, one entry a piece.

    What one part of the row shows to be personal (a name after "my name is", say) is replaced in all of them.

    Args:
        row: the row.
        masker: the project's.
        labelled: the answer is one of a closed set of labels, which stay as they are.
        looks: what was found in its texts before.
    """
    looks = looks or Looks()
    known = {span.text: span.kind for text in _texts(row) for span in masker.mask(text, looks=looks).spans}

    def hide(text: str) -> Masked:
        return masker.mask(text, also=known, looks=looks)

    row.group = None if row.group is None else hide(row.group).text
    if row.name is not None and not _OWN.fullmatch(row.name):
        row.name = hide(row.name).text
    row.slices = {key: hide(value).text for key, value in row.slices.items()}
    row.people = ()
    if not known:
        row.expect = _expect(row.expect, hide, {}, None)
        return []
    turns = [(role, hide(text)) for role, text in row.turns]
    row.expect = _expect(row.expect, hide, known, next((m for role, m in reversed(turns) if role == "user"), None))
    masked = [part for _, part in turns]
    row.turns = tuple((role, part.text) for role, part in turns)
    if row.reference is not None and not labelled:
        masked.append(hide(row.reference))
        row.reference = masked[-1].text
    context = [hide(text) for text in row.context]
    row.context = tuple(part.text for part in context)
    spans = [span for part in (*masked, *context) for span in part.spans]
    row.masked = tuple(sorted({span.kind for span in spans}))
    return [span.kind for span in spans]


def _texts(row: Draft) -> list[str]:
    return [text for _, text in row.turns] + [row.answer, *row.context]


def _expect(
    expect: Mapping[str, JSON], hide: _Hide, known: Mapping[str, PersonalKind], asked: Masked | None
) -> dict[str, JSON]:
    """``expect`` with the same replacements; places of entities move along with the question's text."""
    if not expect:
        return {}
    made: dict[str, JSON] = {str(k): _replaced(v, hide, known) for k, v in expect.items()}
    entities = expect.get("entities")
    if asked is not None and asked.spans and isinstance(entities, list):
        made["entities"] = [_moved(entity, asked) for entity in entities]
    return made


def _replaced(value: JSON, hide: _Hide, known: Mapping[str, PersonalKind]) -> JSON:
    if isinstance(value, str):
        for piece in known:
            # In a regular expression the piece may stand escaped, and in small letters.
            if (at := value.lower().find(escaped := re.escape(piece).lower())) >= 0 and escaped != piece.lower():
                stand_in = re.escape(hide(piece).text)
                value = value[:at] + stand_in + value[at + len(escaped) :]
        return hide(value).text
    if isinstance(value, list):
        return [_replaced(item, hide, known) for item in value]
    if isinstance(value, dict):
        return {str(k): _replaced(v, hide, known) for k, v in value.items()}
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
