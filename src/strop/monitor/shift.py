"""Has the traffic, or what is answered to it, changed beyond its own noise?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strop.measure.drift import Drift, embedding_drift, label_drift, number_drift
from strop.records import Finding, FindingKind, Interaction, new_id, now

WINDOW = 200
"""Requests in a window; drift counts when two windows in a row show it."""
SMALLEST = 40


class Traffic(NamedTuple):
    """Requests (or the rows that stand for them) with the sessions that they belong to."""

    embeddings: npt.NDArray[np.float32]
    sessions: tuple[str, ...]
    labels: tuple[str, ...] = ()
    lengths: tuple[float, ...] = ()


def windows(interactions: Sequence[Interaction], size: int = WINDOW) -> list[list[Interaction]]:
    """The newest windows of traffic, oldest first; the rest that fills none is left out."""
    ordered = sorted((i for i in interactions if i.complete), key=lambda one: one.created)
    count = len(ordered) // size
    if count == 0:
        return [ordered] if len(ordered) >= SMALLEST else []
    start = len(ordered) - count * size
    return [ordered[start + k * size : start + (k + 1) * size] for k in range(count)]


def input_drift(reference: Traffic, current: Sequence[Traffic]) -> Finding | None:
    """Energy distance of embeddings, whole sessions permuted, in the two newest windows."""
    if not current:
        return None
    found = [
        embedding_drift(reference.embeddings, window.embeddings, sessions=(reference.sessions, window.sessions))
        for window in current[-2:]
    ]
    return _finding("input_drift", "what is asked", found, sum(len(w.sessions) for w in current[-2:]))


def output_drift(reference: Traffic, current: Sequence[Traffic]) -> Finding | None:
    """Moved shares of labels, or of answer lengths where there are no labels."""
    if not current or not (reference.labels or reference.lengths):
        return None
    found = []
    for window in current[-2:]:
        sessions = (reference.sessions, window.sessions)
        if reference.labels and window.labels:
            found.append(label_drift(reference.labels, window.labels, sessions=sessions))
        elif reference.lengths and window.lengths:
            found.append(number_drift(reference.lengths, window.lengths, sessions=sessions))
    if not found:
        return None
    name = "which labels are answered" if reference.labels else "how long answers are"
    return _finding("output_drift", name, found, sum(len(w.sessions) for w in current[-2:]))


def _finding(kind: FindingKind, name: str, found: Sequence[Drift], n: int) -> Finding:
    """Drift when every one of the (two) newest windows shows it beyond chance and beyond the reference's noise."""
    drifted = len(found) > 1 and all(one.found() for one in found)
    first_sign = found[-1].found()
    newest = found[-1]
    if drifted:
        said = "has changed, twice running"
    else:
        said = "may have begun to change (one window)" if first_sign else "has not changed beyond its own noise"
    sentence = (
        f"{name.capitalize()} {said}: effect {newest.effect:.3f}, noise floor {newest.floor:.3f}, p {newest.p:.3f}."
    )
    return Finding(
        id=new_id("find"),
        kind=kind,
        name=name,
        value=newest.effect,
        noise=newest.floor,
        n=n,
        advice="retrain" if drifted else "look" if first_sign else "healthy",
        sentence=sentence,
        created=now(),
    )
