"""The audit sample: a few requests of every period and arm, drawn by a hash of their ids, for an expert to judge.

Ratings and corrections are chosen by those who send them and cannot tell how good the model is; a random sample can.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence

from strop.errors import SettingsError
from strop.records import Interaction

_UNITS = {"h": 3_600, "d": 86_400, "w": 604_800}


def seconds_of(period: str) -> int:
    """``7d`` as seconds; also h and w. Raises SettingsError for anything else."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", period)
    if found is None:
        raise SettingsError(f"{period!r} is no period", remedy="write 12h, 7d or 2w")
    return int(found[1]) * _UNITS[found[2]]


def audited(interactions: Sequence[Interaction], *, items: int, every: str) -> set[str]:
    """Ids of the sample: in every period of ``every``, of each candidate, the ``items`` with the smallest hashes.

    Which ones they are says nothing of what was asked or answered. While a period lasts, later requests may push
    earlier ones out; what was judged by then was drawn at random all the same.
    """
    length = seconds_of(every)
    groups: dict[tuple[int, str], list[str]] = {}
    for one in interactions:
        if one.complete:
            period = int(dt.datetime.fromisoformat(one.created).timestamp()) // length
            groups.setdefault((period, one.candidate), []).append(one.id)
    return {identity for group in groups.values() for identity in sorted(group, key=_hash)[:items]}


def _hash(identity: str) -> bytes:
    return hashlib.sha256(identity.encode("utf-8")).digest()
