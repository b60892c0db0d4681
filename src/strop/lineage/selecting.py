"""Which records a person means: by id, by who they are about, or by what they say.

    ex_3f…, int_01…, jdg_01…        one row, request or judgement (the beginning of an id is enough)
    person:VALUE                    rows of that group, requests of that session, judgements by them, and every text
                                    that holds the value or the surrogate that stands for it
    pattern:REGULAR EXPRESSION      every text that it matches

What belongs together goes together: a request, what was said of it, and the rows made from that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from strop.errors import UserError
from strop.privacy import Masker
from strop.records import JSON, Example, Interaction, Judgement
from strop.store import Store

LEAST = 3
"""Characters that a person's value must have: shorter ones are in everything."""

Worded: TypeAlias = Example | Interaction | Judgement
"""What holds words of people."""


@dataclass(frozen=True)
class Selected:
    """Records that hold what is to be forgotten, and the strings (``values``) that must be nowhere afterwards."""

    examples: dict[str, Example]
    interactions: dict[str, Interaction]
    judgements: dict[str, Judgement]
    values: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[Worded, ...]:
        """All records."""
        return (*self.examples.values(), *self.interactions.values(), *self.judgements.values())

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids."""
        return tuple(record.id for record in self.records)


def select(store: Store, selector: str) -> Selected:
    """The records that ``selector`` names, with all that belongs to them.

    Raises UserError for a selector that cannot be read, UnknownRecord for an id that is not here.
    """
    if selector.startswith("person:"):
        return _together(store, *_of_person(store, selector.removeprefix("person:").strip()))
    if selector.startswith("pattern:"):
        return _together(store, *_matching(store, _compiled(selector.removeprefix("pattern:"))))
    record = store.find(selector)
    if not isinstance(record, Worded):
        raise UserError(
            f"{record_name(record)} holds no text of its own that could be forgotten",
            remedy="name a row (ex_…), a request (int_…), a judgement (jdg_…), person:VALUE or pattern:REGEX",
        )
    return _together(store, {record.id}, ())


def texts(record: Worded) -> Iterator[str]:
    """Every piece of free text in a record."""
    match record:
        case Example():
            yield from (message.content for message in record.messages)
            yield from record.context
            yield from (text for text in (record.reference,) if text)
            yield from strings(record.expect)
        case Interaction():
            yield from (message.content for message in record.messages)
            yield from (text for text in (record.answer,) if text)
        case Judgement():
            yield from strings(record.value)
            yield from (text for text in (record.comment,) if text)


def record_name(record: object) -> str:
    """What to call a record in a message."""
    return f"{type(record).__name__.lower()} {getattr(record, 'id', '')}".strip()


def _of_person(store: Store, value: str) -> tuple[set[str], tuple[str, ...]]:
    if len(value) < LEAST:
        raise UserError(f"person:{value} is too short to search for", remedy=f"give {LEAST} characters or more")
    values = tuple(dict.fromkeys((value, Masker(store.key, names=[value]).mask(value).text)))
    anywhere = re.compile("|".join(rf"(?<!\w){re.escape(v)}(?!\w)" for v in values), re.IGNORECASE)

    def theirs(record: Worded) -> bool:
        match record:
            case Example():
                return bool({record.group, record.name, *record.slices.values()} & set(values))
            case Interaction():
                return record.session in values
            case Judgement():
                return record.by in values

    def holds(record: Worded) -> bool:
        return theirs(record) or any(anywhere.search(text) for text in texts(record))

    return {record.id for record in everything(store) if holds(record)}, values


def _matching(store: Store, pattern: re.Pattern[str]) -> tuple[set[str], tuple[str, ...]]:
    found: Callable[[str], object] = pattern.search
    return {record.id for record in everything(store) if any(map(found, texts(record)))}, ()


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UserError(
            f"pattern:{pattern} is no regular expression: {error}",
            remedy="put a backslash before ( ) [ ] * + ? . | \\ where the sign itself is meant",
        ) from None
    if compiled.search(""):
        raise UserError(f"pattern:{pattern} matches everything", remedy="write a pattern that says more")
    return compiled


def everything(store: Store) -> Iterator[Worded]:
    """Every row, request and judgement."""
    yield from store.erasure.examples()
    yield from store.all(Interaction)
    yield from store.all(Judgement)


def _together(store: Store, roots: set[str], values: tuple[str, ...]) -> Selected:
    """Close over: request ↔ judgement ↔ row made from it."""
    judgements = {judgement.id: judgement for judgement in store.all(Judgement)}
    interactions = {interaction.id: interaction for interaction in store.all(Interaction)}
    rows = {example.id: example for example in store.erasure.examples()}
    made = store.erasure.corrected()
    groups = [
        {j.id, *({j.subject, j.edits} & (interactions.keys() | rows.keys() | judgements.keys())), *made.get(j.id, ())}
        for j in judgements.values()
    ]
    found, before = set(roots), set[str]()
    while found != before:
        before = set(found)
        for group in groups:
            if group & found:
                found |= group
    erased = {record for record, effect in store.erasure.effects().items() if effect == "erased"}
    wanted = found - erased
    return Selected(
        examples={identity: row for identity, row in rows.items() if identity in wanted},
        interactions={identity: request for identity, request in interactions.items() if identity in wanted},
        judgements={identity: judgement for identity, judgement in judgements.items() if identity in wanted},
        values=values,
    )


def strings(value: JSON) -> Iterator[str]:
    """Every text in a JSON value; keys are not among them."""
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from strings(inner)
        case list() | tuple():
            for inner in value:
                yield from strings(inner)
