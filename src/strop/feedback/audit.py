"""The audit sample: requests drawn at random as they come, for an expert to judge.

Ratings and corrections are chosen by those who send them and cannot tell how good the model is; a random sample can.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import threading
from collections import deque
from collections.abc import Iterable

from strop.errors import SettingsError

_UNITS = {"h": 3_600, "d": 86_400, "w": 604_800}


def seconds_of(period: str) -> int:
    """``7d`` as seconds; also h and w. Raises SettingsError for anything else."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", period)
    if found is None:
        raise SettingsError(f"{period!r} is no period", remedy="write 12h, 7d or 2w")
    return int(found[1]) * _UNITS[found[2]]


class Sampler:
    """Draws about ``items`` requests of each candidate in every period, whatever is asked or answered.

    A request is drawn with the chance ``items`` / (requests of its candidate in the last period), so a new candidate is
    looked at more closely: of its first ``items`` requests all are drawn. What is drawn stays drawn.

    ``before``: candidate and time (ISO) of the requests of the last period.
    """

    def __init__(self, items: int, every: str, *, before: Iterable[tuple[str, str]] = ()) -> None:
        self._items, self._length = items, seconds_of(every)
        self._seen: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        for candidate, created in sorted(before, key=lambda one: one[1]):
            self._seen.setdefault(candidate, deque()).append(dt.datetime.fromisoformat(created).timestamp())

    def draw(self, identity: str, candidate: str, when: float) -> bool:
        """Whether the request of this id belongs to the sample. ``when``: seconds since the epoch."""
        with self._lock:
            seen = self._seen.setdefault(candidate, deque())
            while seen and seen[0] <= when - self._length:
                seen.popleft()
            seen.append(when)
            lately = len(seen)
        digest = hashlib.sha256(identity.encode("utf-8")).digest()
        return int.from_bytes(digest[:4], "big") / 2**32 * lately < self._items
