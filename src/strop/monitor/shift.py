"""Has the traffic, or what is answered to it, changed beyond its own noise?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from strop.measure.statistics.drift import ALPHA, Drift, embedding_drift, label_drift, number_drift
from strop.records import Finding, FindingKind, new_id, now

T = TypeVar("T")

RUNNING = 2
"""So many windows in a row must show a change."""
FEWEST_ROWS, FEWEST_SESSIONS = 40, 20
"""Rows and sessions that a reference must have to know its own noise."""


class Answer(NamedTuple):
    """What was answered: its session, and either its label with its probability or the length of its text.

    ``abstain``: whether the label was too unsure to be used; None where there is no threshold.
    """

    session: str
    label: str | None
    sureness: float
    length: int
    abstain: bool | None = None


class Traffic(NamedTuple):
    """Requests, or the rows that stand for them, with their sessions; and the answers, which may be fewer."""

    embeddings: npt.NDArray[np.float32]
    sessions: tuple[str, ...]
    answers: list[Answer]


def windows(answered: Sequence[T], size: int) -> list[Sequence[T]]:
    """Answers in the order in which they were asked for, cut into full windows; the rest waits to be one.

    Cut from the beginning, a window never changes once it is full: whoever looks again sees the same ones.
    """
    return [answered[start : start + size] for start in range(0, len(answered) - size + 1, size)]


def knows_noise(sessions: Sequence[str]) -> bool:
    """Whether a reference is large enough to know its own noise. ``sessions``: of each of its rows."""
    return len(sessions) >= FEWEST_ROWS and len(set(sessions)) >= FEWEST_SESSIONS


def drift(reference: Traffic, current: Sequence[Traffic]) -> list[Finding]:
    """What is asked, which labels are answered, how surely, how often not at all (or how long answers are), lately.

    A change counts when each of the newest two windows shows it beyond chance, and both together beyond the
    reference's own noise.
    """
    if not current or not knows_noise(reference.sessions):
        return []
    newest = current[-RUNNING:]

    def compared(kind: FindingKind, name: str, check: Callable[[Traffic, Traffic], Drift]) -> Finding:
        seen = [check(reference, window) for window in newest]
        unlikely = len(newest) == RUNNING and all(one.p <= ALPHA for one in seen)
        together = check(reference, _joined(newest)) if unlikely else None
        return _finding(kind, name, seen, together, sum(len(window.sessions) for window in newest))

    found = [compared("input_drift", "what is asked", _questions)]
    if len({answer.session for answer in reference.answers}) < FEWEST_SESSIONS:
        return found
    if any(answer.label is None for answer in reference.answers):
        return [*found, compared("output_drift", "how long answers are", _lengths)]
    found.append(compared("output_drift", "which labels are answered", _labels))
    found.append(compared("output_drift", "how sure the answers are", _sureness))
    if all(answer.abstain is not None for traffic in (reference, *newest) for answer in traffic.answers):
        found.append(compared("output_drift", "how often the model abstains", _abstentions))
    return found


def _questions(before: Traffic, after: Traffic) -> Drift:
    return embedding_drift(before.embeddings, after.embeddings, sessions=(before.sessions, after.sessions))


def _labels(before: Traffic, after: Traffic) -> Drift:
    one, other = [answer.label for answer in before.answers], [answer.label for answer in after.answers]
    return label_drift(one, other, sessions=_sessions(before, after))


def _sureness(before: Traffic, after: Traffic) -> Drift:
    one, other = [answer.sureness for answer in before.answers], [answer.sureness for answer in after.answers]
    return number_drift(one, other, sessions=_sessions(before, after))


def _abstentions(before: Traffic, after: Traffic) -> Drift:
    one, other = [answer.abstain for answer in before.answers], [answer.abstain for answer in after.answers]
    return label_drift(one, other, sessions=_sessions(before, after))


def _lengths(before: Traffic, after: Traffic) -> Drift:
    one, other = [float(answer.length) for answer in before.answers], [float(answer.length) for answer in after.answers]
    return number_drift(one, other, sessions=_sessions(before, after))


def _sessions(before: Traffic, after: Traffic) -> tuple[list[str], list[str]]:
    return [answer.session for answer in before.answers], [answer.session for answer in after.answers]


def _joined(windows: Sequence[Traffic]) -> Traffic:
    return Traffic(
        np.concatenate([window.embeddings for window in windows]),
        tuple(session for window in windows for session in window.sessions),
        [answer for window in windows for answer in window.answers],
    )


def _finding(kind: FindingKind, name: str, seen: Sequence[Drift], together: Drift | None, n: int) -> Finding:
    begun = seen[-1].found()
    running = together is not None and together.found()
    last = together if together is not None and running else seen[-1]
    if running:
        said = "has changed, twice running"
    else:
        said = "may have begun to change (one window)" if begun else "has not changed beyond its own noise"
    sentence = f"{name.capitalize()} {said}: effect {last.effect:.3f}, noise floor {last.floor:.3f}, p {last.p:.3f}."
    return Finding(
        id=new_id("find"), kind=kind, name=name, value=last.effect, noise=last.floor, n=n,
        advice="retrain" if running else "look" if begun else "healthy", sentence=sentence, created=now(),
    )  # fmt: skip
