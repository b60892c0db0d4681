"""Labels and slices that hardly occur: their rows are listed, none leaves, and what follows from it is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from strop.curate.drafts import Draft
from strop.curate.faults import THRESHOLDS, Sign
from strop.curate.work import Work
from strop.measure import wilson
from strop.records import Reason, Split

FAULT: Final[Reason] = "imbalance"
_LISTED: Final = 0.5
"""Share of an even share below which rows stand in the fault table, so that the threshold can be moved up to here."""
_VALUES: Final = 50
"""Values of a slice from which it is a name rather than a slice."""
_TOLD: Final = 5


def tell(staying: Sequence[tuple[Draft, Split]], work: Work) -> None:
    """Note rows of rare labels and slices in the fault table, and say what they do to the measures.

    Args:
        staying: the rows of the version, with their splits.
        work: the run.
    """
    limit = work.settings.data.faults.get(FAULT, THRESHOLDS[FAULT])
    signs: dict[int, Sign] = {}
    rare: list[tuple[float, str]] = []
    training, test = ([row for row, split in staying if split == one] for one in ("train", "test"))
    for name, of in _parts(staying, work):
        trained = Counter([value for row in training if (value := of(row)) is not None])
        if not 2 <= len(trained) <= _VALUES:
            continue
        even = trained.total() / len(trained)
        listed: dict[str | None, Sign] = {}
        for value, count in trained.items():
            if (share := min(1.0, count / even)) < _LISTED:
                evidence = f"{name} {value!r}: {count} of {trained.total():,} rows, an even share is {even:.0f}"
                listed[value] = Sign(share, evidence)
                if share < limit:
                    tested = sum(of(row) == value for row in test)
                    rare.append((share, f"{name} {value!r} {count} rows to train on, {_known(tested)}"))
        for number, (row, _) in enumerate(staying) if listed else ():
            sign = listed.get(of(row))
            if sign is not None and (number not in signs or signs[number].score > sign.score):
                signs[number] = sign
    for number, sign in signs.items():
        work.book.fault(staying[number][0], FAULT, sign.score, sign.evidence, is_fault=sign.score < limit)
    if rare:
        told = "; ".join(text for _, text in sorted(rare)[:_TOLD]) + (
            f"; and {len(rare) - _TOLD} more" * (len(rare) > _TOLD)
        )
        counts = " Every label counts alike in macro-F1." if work.settings.task.kind == "classification" else ""
        work.say(f"Rare: {told}.{counts}", warning=True)


def _parts(staying: Sequence[tuple[Draft, Split]], work: Work) -> list[tuple[str, Callable[[Draft], str | None]]]:
    """What rows can be divided by: their label, and each slice."""
    names = sorted({name for row, _ in staying for name in row.slices})
    parts: list[tuple[str, Callable[[Draft], str | None]]] = [
        (name, lambda row, name=name: row.slices.get(name))  # type: ignore[misc]
        for name in names
    ]
    return [("label", lambda row: row.answer), *parts] if work.settings.task.kind == "classification" else parts


def _known(items: int) -> str:
    """How surely a share of so many test items can be known, at its worst."""
    if not items:
        return "none in the test set: nothing will be known of it"
    bounds = wilson(items // 2, items)
    return f"{items} in the test set: known to ±{50 * (bounds.high - bounds.low):.0f} points at worst"
