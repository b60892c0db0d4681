"""What several people say of rows: who is asked about which, whose word stands, and how far they agree."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeAlias

from strop import measure
from strop.project.opened import Opened
from strop.records import JSON, Judgement, Measured, Record

Words: TypeAlias = dict[str, list[Judgement]]
"""By row the newest word of each person, the oldest first; a last word is apart from what the same person said else."""


class Rater(Record):
    """One person's share in the review of rows. ``gold``: how often right on rows settled before."""

    name: str
    judged: int
    cannot_judge: int
    gold: Measured | None = None


class Raters(Record):
    """How far people agree on rows.

    ``rows``: judged by several, ``same`` of them alike. ``alpha``: Krippendorff's, over the labels that they hold to be
    right, or over good, fix and drop where answers are free; None where ``why_not`` says why. ``disputed``: rows on
    which they differ and nobody said the last word.
    """

    people: tuple[Rater, ...]
    rows: int
    same: int
    alpha: Measured | None = None
    why_not: str = ""
    disputed: int


def words(project: Opened) -> Words:
    """Everything that counts of what people said of rows."""
    newest: dict[tuple[str, str, bool], Judgement] = {}
    for one in project.store.traffic.said("row"):  # newest first
        if _value(one).get("opinion"):  # what was forgotten says nothing
            newest.setdefault((one.subject, one.by, settles(one)), one)
    found: Words = {}
    for one in reversed(newest.values()):
        found.setdefault(one.subject, []).append(one)
    return found


def opinion(word: Judgement) -> str | None:
    """The opinion in it; None for what was forgotten."""
    said = _value(word).get("opinion")
    return said if isinstance(said, str) else None


def settles(word: Judgement) -> bool:
    """Whether it was said to be the last word."""
    return bool(_value(word).get("settles"))


def last_word(said: Sequence[Judgement]) -> Judgement | None:
    """The newest last word on a row."""
    return next((one for one in reversed(said) if settles(one) and is_firm(one)), None)


def standing(said: Sequence[Judgement]) -> Judgement | None:
    """The word on a row that counts: the last word, else what all say alike; None while they differ.

    Of words that are alike it is the oldest, so that a further one changes no dataset.
    """
    if (last := last_word(said)) is not None:
        return last
    firm = [one for one in said if is_firm(one)]
    return firm[0] if len({outcome(one) for one in firm}) == 1 else None


def is_firm(word: Judgement) -> bool:
    """Whether it says anything."""
    return _value(word).get("opinion") != "cannot_judge"


def differ(said: Sequence[Judgement]) -> bool:
    """Whether people say different things of a row, and nobody said the last word."""
    return last_word(said) is None and len({outcome(one) for one in said if is_firm(one)}) > 1


def outcome(word: Judgement, *, free: bool = False) -> Hashable:
    """What a word comes to; of a free answer the opinion alone, since no two people word a correction alike."""
    value = _value(word)
    return value["opinion"] if free else (value["opinion"], str(value.get("correction") or "").strip())


def asked(project: Opened, row: str, said: Sequence[Judgement], person: str | None) -> bool:
    """Whether a row still waits for a word: of this person, or (None) of anybody."""
    if last_word(said) is not None or person in {one.by for one in said}:
        return False
    dealt = dealt_to(project, row)
    if not dealt:
        return not any(is_firm(one) for one in said)
    missing = [name for name in dealt if name not in {one.by for one in said}]
    return bool(missing) if person is None else person in missing


def dealt_to(project: Opened, row: str) -> list[str]:
    """The people who are asked about a row; nobody where strop.yaml names none. The project key deals."""
    review = project.settings.review
    several = draw(project, "overlap", row) < review.overlap
    order = sorted(review.people, key=lambda name: draw(project, "dealt", row, name))
    return order[: review.raters if several else 1]


def gold_for(project: Opened, said: Mapping[str, Sequence[Judgement]], person: str) -> list[str]:
    """Settled rows that a person never saw, as many as strop.yaml mixes in."""
    fresh = [row for row, given in said.items() if last_word(given) and person not in {one.by for one in given}]
    return sorted(fresh, key=lambda row: draw(project, "gold", row))[: project.settings.review.gold]


def agreement(project: Opened, *, free: bool) -> Raters:
    """How far people agree on rows, and how often each was right on settled ones; ``free``: answers are no labels."""
    said = words(project)
    given = [[one for one in row if not settles(one)] for row in said.values()]
    units = [[outcome(one, free=free) for one in row if is_firm(one)] for row in given]
    several = [unit for unit in units if len(unit) > 1]
    alpha, why_not = None, ""
    if len(several) < 2:
        why_not = f"{len(several)} rows were judged by several people; agreement needs two or more"
    else:
        value, bounds = measure.krippendorff_alpha(several), measure.krippendorff_interval(several)
        alpha = Measured(value=value, low=bounds.low, high=bounds.high, n=len(several), method="BCa bootstrap")
    return Raters(
        people=tuple(_rater(name, said, free=free) for name in sorted({one.by for row in given for one in row})),
        rows=len(several),
        same=sum(len(set(unit)) == 1 for unit in several),
        alpha=alpha,
        why_not=why_not,
        disputed=sum(differ(row) for row in said.values()),
    )


def _rater(name: str, said: Words, *, free: bool) -> Rater:
    own = [one for row in said.values() for one in row if one.by == name and not settles(one)]
    right = []
    for row in said.values():
        last = last_word(row)
        # What was said before the last word had a part in it (or led to it), so only later words are a trial.
        after = row[row.index(last) + 1 :] if last is not None else []
        right += [outcome(one, free=free) == outcome(last, free=free) for one in after if last and one.by == name]
    gold = None
    if right:
        bounds = measure.wilson(sum(right), len(right))
        gold = Measured(
            value=sum(right) / len(right), low=bounds.low, high=bounds.high, n=len(right), method="Wilson score"
        )
    return Rater(name=name, judged=len(own), cannot_judge=sum(not is_firm(one) for one in own), gold=gold)


def draw(project: Opened, *named: str) -> float:
    """A number in [0, 1) that the project key gives to what is named; the same one every time."""
    digest = hmac.new(project.store.key, "\0".join(("review", *named)).encode("utf-8"), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _value(word: Judgement) -> dict[str, JSON]:
    return word.value if isinstance(word.value, dict) else {}
