"""Look for leakage again, in a finished version: what curation closed must still be closed when a decision is taken."""

from __future__ import annotations

from collections.abc import Sequence

from strop.curate import duplicates
from strop.curate.comparing import Comparison
from strop.curate.drafts import Draft
from strop.records import Example, Kind
from strop.settings import Settings


def leaks(test: Sequence[Example], train: Sequence[Example], *, kind: Kind, settings: Settings) -> int:
    """How many training rows ask what a test item asks, exactly or nearly; by the same rule as at curation."""
    rows, held_out = [_draft(row) for row in train], [_draft(row) for row in test]
    return len(duplicates.leaks(rows, held_out, Comparison(kind, settings.data.near_duplicate)))


def _draft(row: Example) -> Draft:
    return Draft(
        source=row.origin.source,
        line=row.origin.line or 0,
        fixed=None,
        turns=tuple((message.role, message.content) for message in row.messages),
        reference=row.reference,
    )
