"""Which doubtful row is worth a person's minute: the probability of its fault times what such a fault costs.

A score alone does not say: a doubted label among 3,000 training rows moves next to nothing, the same doubt among 60
test rows moves the verdict, and more so where its label is rare and every label counts alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from strop.records import Split

LABELS: Final = "label_suspect"
FOUND_RIGHT: Final[Mapping[str, float]] = {"off_topic": 0.89, "unsupported_answer": 0.77, "paraphrase_duplicate": 0.94}
"""How often a fault was right where it was measured (docs/log.md); the score of a doubted label is a probability."""
COSTS: Final[Mapping[Split, float]] = {"test": 1.0, "validation": 0.5, "train": 0.6}
"""What a wrong row of a split costs of the primary measure, as a multiple of its share in the split. Of the test set
it is that share; of the training rows a percent of wrong labels cost 0.6 points (noisy tickets, docs/log.md); wrong
validation rows mislead a choice, not a verdict: half is a guess."""
COPY: Final = 0.1
"""What one row too many costs against a wrong one. A guess; copies weigh twice, they teach nothing false."""


LOST: Final = 0.1
"""What a row costs that waits outside, as a multiple of its share: a cleaner who left out 17 % of the tickets and
nothing but what was wrong lost 1.6 points (docs/log.md)."""


class Doubted(NamedTuple):
    """A row in doubt: its fault and score, its split and its answer; ``waits``: it is set aside until judged."""

    fault: str
    score: float
    split: Split
    answer: str
    waits: bool = False


def expected_effects(
    doubted: Sequence[Doubted], answers: Mapping[Split, Sequence[str]], labels: Sequence[str]
) -> list[float]:
    """For each row by how much the primary measure is expected to be off while nobody judges it, in its own units.

    Args:
        doubted: the rows.
        answers: the answers of all rows, by split.
        labels: those of the task, where answers are labels: then every label counts alike, as in macro-F1.
    """
    counts = {split: Counter(given) for split, given in answers.items()}
    found = []
    for row in doubted:
        rows, of_label = len(answers[row.split]), counts[row.split][row.answer]
        share = 1 / (len(labels) * of_label) if labels and of_label else 1 / max(rows, 1)
        if row.waits:  # whatever a person says of it, a row more
            found.append(LOST * share)
            continue
        right = 1.0 if row.fault == LABELS else FOUND_RIGHT.get(row.fault, 0.5)
        cost = COSTS[row.split] * (COPY if row.fault == "paraphrase_duplicate" else 1)
        found.append(right * (1 - row.score) * cost * share)
    return found
