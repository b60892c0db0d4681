"""Look for leakage again, in a finished version: what curation closed must still be closed when a decision is taken."""

from __future__ import annotations

from collections.abc import Sequence

from strop.curate import duplicates
from strop.curate.comparing import Comparison
from strop.curate.drafts import Draft
from strop.measure.near import canonical_text
from strop.records import Example, Kind
from strop.settings import Settings

_TELLING = 5  # words from which a text in a prompt is a test item's, and no phrase that both happen to use


def leaks(test: Sequence[Example], train: Sequence[Example], *, kind: Kind, settings: Settings) -> int:
    """How many training rows ask what a test item asks, exactly or nearly; by the same rule as at curation."""
    rows, held_out = [_draft(row) for row in train], [_draft(row) for row in test]
    return len(duplicates.leaks(rows, held_out, Comparison(kind, settings.data.near_duplicate)))


def without_leaks(held: Sequence[Example], rows: Sequence[Example], *, kind: Kind, settings: Settings) -> list[Example]:
    """The rows that ask nothing that a held-out item asks, exactly or nearly."""
    drafts, held_out = [_draft(row) for row in rows], [_draft(row) for row in held]
    found = duplicates.leaks(drafts, held_out, Comparison(kind, settings.data.near_duplicate))
    gone = {leak.row for leak in found}
    return [row for index, row in enumerate(rows) if index not in gone]


def leaks_into_prompt(test: Sequence[Example], texts: Sequence[str]) -> int:
    """How many test items stand, word for word, in a text that a prompt shows (an instruction, a label's description).

    Case, spacing and Unicode form do not matter. Inputs of fewer than five words are no find: they may be anybody's.
    """
    shown = [f" {canonical_text(text)} " for text in texts]
    asked = [f" {canonical_text(item.input)} " for item in test]
    return sum(len(one.split()) >= _TELLING and any(one in text for text in shown) for one in asked)


def _draft(row: Example) -> Draft:
    return Draft(
        source=row.origin.source,
        line=row.origin.line or 0,
        fixed=None,
        turns=tuple((message.role, message.content) for message in row.messages),
        reference=row.reference,
    )
