"""Look for leakage again, in a finished version: what curation closed must still be closed when a decision is taken."""

from __future__ import annotations

from collections.abc import Sequence

from strop.curate.alike import duplicates
from strop.curate.alike.comparing import Comparison
from strop.curate.drafts import Draft
from strop.curate.leaks import revealing
from strop.curate.leaks.traits import Seen, traits
from strop.measure.alike.quoted import words_of
from strop.records import Example, Kind, Listener, silent
from strop.settings import Settings

_TELLING = 5  # words from which a text in a prompt is a test item's, and no phrase that both happen to use


def leaks(
    test: Sequence[Example],
    train: Sequence[Example],
    *,
    kind: Kind,
    settings: Settings,
    on_event: Listener = silent,
) -> int:
    """How many training rows ask what a test item asks, exactly, nearly or in other words, quote, rewrite or disguise
    it; by the rules of curation, but for words that are other ones, or stand otherwise: there it has to be clearer
    still."""
    rows, held = [draft_of(row) for row in train], [draft_of(row) for row in test]
    return len(_found(rows, held, kind, settings, on_event))


def without_leaks(held: Sequence[Example], rows: Sequence[Example], *, kind: Kind, settings: Settings) -> list[Example]:
    """The rows that ask nothing that a held-out item asks (as :func:`leaks` tells it)."""
    gone = _found([draft_of(row) for row in rows], [draft_of(row) for row in held], kind, settings, silent)
    return [row for index, row in enumerate(rows) if index not in gone]


def _found(
    rows: Sequence[Draft], held: Sequence[Draft], kind: Kind, settings: Settings, on_event: Listener
) -> set[int]:
    compare = Comparison(kind, settings.data.near_duplicate)
    mine, theirs = (Seen(part, traits(part, compare)) for part in (rows, held))
    layers = (
        duplicates.leaks(rows, held, compare),
        revealing.quoting(mine, theirs, compare),
        revealing.rewriting(mine, theirs, compare, again=True),
        revealing.disguising(mine, theirs, compare, again=True),
        revealing.by_meaning(rows, held, settings, on_event, again=True),
    )
    return {leak.row for found in layers for leak in found}


def leaks_into_prompt(test: Sequence[Example], texts: Sequence[str]) -> int:
    """How many test items stand, word for word, in a text that a prompt shows (an instruction, a label's description).

    Case, punctuation and Unicode form do not matter. Inputs of fewer than five words are no find: anybody says them.
    """
    shown = [f" {' '.join(words_of(text))} " for text in texts]
    asked = [words_of(item.input) for item in test]
    return sum(len(one) >= _TELLING and any(f" {' '.join(one)} " in text for text in shown) for one in asked)


def draft_of(row: Example) -> Draft:
    """The row as curation compares it."""
    return Draft(
        source=row.origin.source,
        line=row.origin.line or 0,
        fixed=None,
        turns=tuple((message.role, message.content) for message in row.messages),
        reference=row.reference,
    )
