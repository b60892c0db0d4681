"""Rows that say in other words what another row says: only a person can tell, so they are asked about, not dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from strop.curate.drafts import Draft
from strop.curate.faults import DIGITS, Shown, Sign
from strop.curate.finding.embedding import Floats, embed
from strop.curate.work import Work
from strop.records import Reason

FAULT: Final[Reason] = "paraphrase_duplicate"
LISTED = 0.3
"""Rows with a score below this stand in the fault table, so that the threshold can be moved up to here."""
_MOST = 50_000
"""Rows up to which all are compared."""
_BLOCK = 1_000
_COMMON, _PIECE = 0.4, 4
"""Share of common pieces of so many characters (Dice 1945) that two texts must have to be found by their directions:
texts of which the directions hold little all look alike. On the tickets no find has less than .46."""


def paraphrases(rows: Sequence[Draft], work: Work) -> Shown:
    """Of each row that is much like one before it, 1 - cosine; none where strop.yaml names no embedder.

    Where answers are labels, rows of one label are compared by what they ask: another label makes it another row.
    Otherwise question and answer count together.
    """
    if work.settings.data.embedder is None or FAULT in work.scores or len(rows) < 2:
        return {}
    if len(rows) > _MOST:
        work.say(f"{FAULT} was not looked for: more than {_MOST:,} rows.", warning=True)
        return {}
    labelled = work.settings.task.kind == "classification"
    order = sorted(rows, key=lambda row: row.number)
    vectors = embed(
        [row.asked if labelled else f"{row.asked}\n{row.answer}" for row in order], work.settings, work.on_event
    )
    alike: dict[str, list[int]] = {}
    for number, row in enumerate(order):
        alike.setdefault(row.answer if labelled else "", []).append(number)
    found: dict[str, Sign] = {}
    for members in alike.values():
        for number, other, cosine in _like_one_before(vectors[members]):
            row, earlier = order[members[number]], order[members[other]]
            if work.settings.data.embedder == "svd" and not common_pieces(row.asked, earlier.asked):
                continue
            found[row.identity] = Sign(
                round(float(np.clip(1 - cosine, 0, 1)), DIGITS),
                f"much like {earlier.place} (cosine {cosine:.2f})",
                (earlier.place,),
            )
    return {FAULT: found}


def _like_one_before(vectors: Floats) -> list[tuple[int, int, float]]:
    """(row, the earlier row that is most like it, cosine) of those that are listed."""
    found = []
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        cosines = block @ vectors[: start + len(block)].T
        cosines[np.triu_indices(len(block), start, cosines.shape[1])] = -1  # itself, and those that come later
        best = cosines.argmax(axis=1) if cosines.shape[1] else np.zeros(0, dtype=np.int64)
        for offset, other in enumerate(best.tolist()):
            cosine = float(cosines[offset, other])
            if 1 - cosine < LISTED:
                found.append((start + offset, other, cosine))
    return found


def common_pieces(one: str, other: str) -> bool:
    """Whether two texts share so many pieces of words that directions may be trusted."""
    mine, theirs = (
        {text.casefold()[at : at + _PIECE] for at in range(len(text) - _PIECE + 1)} for text in (one, other)
    )
    return 2 * len(mine & theirs) / max(len(mine) + len(theirs), 1) >= _COMMON
