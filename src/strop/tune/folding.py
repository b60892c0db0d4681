"""Rows in parts, so that each can be tested by a model that saw neither it nor its group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strop.errors import InputError
from strop.records import Example

FOLDS = 5


def folds(rows: Sequence[Example], count: int = FOLDS) -> list[list[Example]]:
    """The rows in so many parts of about equal size and the same mix of answers; a group is never divided.

    Raises:
        InputError: for fewer than two parts, or fewer groups than parts.
    """
    groups: dict[str, list[Example]] = {}
    for row in sorted(rows, key=lambda row: row.id):
        groups.setdefault(row.group or row.id, []).append(row)
    most = len(groups)
    if not 2 <= count <= most:
        raise InputError(
            f"{most} group{'' if most == 1 else 's'} of rows cannot be cut into {count} parts",
            remedy=f"ask for {'2' if most == 2 else f'2 to {most}'} parts" if most > 1 else "add rows of other groups",
        )
    shuffled = [list(groups.values())[place] for place in np.random.default_rng(0).permutation(most)]
    parts: list[list[Example]] = [[] for _ in range(count)]
    same: dict[str | None, list[int]] = {}
    # The largest groups first: what is small fills what they left uneven.
    for group in sorted(shuffled, key=len, reverse=True):
        had = same.setdefault(group[0].reference, [0] * count)
        place = min(range(count), key=lambda part: (had[part], len(parts[part]), part))
        parts[place] += group
        had[place] += len(group)
    return parts
