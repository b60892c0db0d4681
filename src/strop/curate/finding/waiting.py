"""Training rows that wait outside until a person has looked: those with a label that is probably wrong.

A doubted label mostly stays, since half of such doubts prove wrong and the row is worth more than it harms. That turns
where many labels are wrong: a percent of wrong labels among the training rows costs about 0.6 points, a percent of the
rows about 0.1 (docs/log.md, docs/decisions/0013). How many are wrong is told by the doubts themselves, as they are
probabilities. Rows that are held out stay where they are, and are asked about: a test set without the rows that are
hard to foretell would flatter every model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from strop.curate.drafts import Draft
from strop.curate.faults import THRESHOLDS, Shown
from strop.curate.work import HELD_OUT, Work
from strop.records import Reason, Split

FAULT: Final[Reason] = "label_suspect"
MANY: Final = 0.05
"""Share of rows whose label is more likely wrong than right, from which such rows wait. Of tickets with a tenth of
wrong labels 9 to 11 % are, of 300 of them 4 %; of five sets without planted ones at most 2.6 %."""
MOST: Final = 0.5
"""Share of rows that would wait from which none does: labels that do not hang on the texts look like that."""
LEAST: Final = 1_000
"""Rows with a score from which that share can be told: of 300 headlines with good labels 25 % looked wrong, and without
those the classical model fell from .542 to .435 macro F1 (docs/log.md)."""
WAITS_BELOW: Final = 0.6
"""Score below which they wait then. Best of .5 to .9 on noisy tickets, within the noise on commits (docs/log.md)."""


def look(shown: Shown, free: Sequence[Draft], work: Work) -> None:
    """Decide whether rows with a doubted label wait, and note which; a threshold that the settings name stands."""
    wish = work.settings.data.doubted_labels
    signs = [sign for row in free if (sign := shown.get(FAULT, {}).get(row.identity)) is not None]
    labels = work.settings.task.kind == "classification"
    if wish == "stay" or not signs or not labels or FAULT in work.settings.data.faults:
        return
    share = sum(sign.score < THRESHOLDS[FAULT] for sign in signs) / len(signs)
    if wish == "auto" and (share <= MANY or len(signs) < LEAST):
        return
    if wish == "auto" and sum(sign.score < WAITS_BELOW for sign in signs) > MOST * len(signs):
        work.say(
            f"The texts foretell the labels of most of {len(signs)} rows wrongly: either labels do not hang on the "
            "texts, or most are wrong. No row waits for that; look at some: strop review rows.",
            warning=True,
        )
        return
    if wish == "auto":
        work.moved[FAULT] = WAITS_BELOW
    limit = work.moved.get(FAULT, THRESHOLDS[FAULT])
    for row in free:
        sign = shown[FAULT].get(row.identity)
        if sign is not None and sign.score < limit:
            work.doubted[row.identity] = FAULT, sign.evidence
    if wish == "auto":
        wrong = sum(1 - sign.score for sign in signs) / len(signs)
        work.say(
            f"About {wrong:.0%} of {len(signs)} labels are wrong, as far as the rows tell of each other. So training "
            "rows whose label is probably wrong wait outside until a person has looked (strop review rows); to train "
            "on them all the same: data.doubted_labels: stay.",
            warning=True,
        )


def set_aside(rows: Sequence[Draft], placed: Sequence[Split], staying: Sequence[int], work: Work) -> list[int]:
    """Positions of the rows that stay; doubted ones that would be trained on leave, and wait for a person."""
    kept = []
    for index in staying:
        row = rows[index]
        if row.identity not in work.doubted or placed[index] in HELD_OUT:
            kept.append(index)
            continue
        reason, evidence = work.doubted[row.identity]
        work.book.close(row, "quarantined", reason, detail=evidence, waits=True)
    return kept
