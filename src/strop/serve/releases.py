"""What serves: read off an append-only list of releases, of which the newest under an alias counts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from itertools import takewhile
from typing import Literal

from strop.errors import NotReady, UserError
from strop.records import Decision, Release, new_id, now

Arm = Literal["release", "canary"]


def serving(releases: Sequence[Release], alias: str) -> Release | None:
    """The release that serves under ``alias`` now (``releases`` newest first), or None."""
    newest = next((release for release in releases if release.alias == alias), None)
    return newest if newest is not None and (newest.candidate or newest.canary) else None


def came(releases: Sequence[Release], alias: str) -> Release | None:
    """The release with which the candidate of now came to serve, whatever canary was opened beside it since."""
    current = serving(releases, alias)
    if current is None or current.candidate is None:
        return None
    return _first(releases, current, lambda one: one.candidate)


def opened(releases: Sequence[Release], alias: str) -> Release | None:
    """The release with which the canary of now was opened, at whatever share; None without an open canary."""
    current = serving(releases, alias)
    if current is None or current.canary is None:
        return None
    return _first(releases, current, lambda one: (one.candidate, one.canary))


def _first(releases: Sequence[Release], current: Release, told: Callable[[Release], object]) -> Release:
    """The oldest release since which what is ``told`` of an alias's releases is what it is now."""
    under = (release for release in releases if release.alias == current.alias)
    return list(takewhile(lambda release: told(release) == told(current), under))[-1]


def promote(releases: Sequence[Release], decision: Decision, *, alias: str, traffic: float, by: str) -> Release:
    """A release of the decision's candidate: all traffic, or a canary's share beside what serves.

    Asked again for what is already so, it gives the release that stands.

    Raises:
        NotReady: unless the decision says promote; UserError: for a share outside 0 to 1.
    """
    if decision.verdict != "promote":
        word = {"refuse": "refused", "not_enough_evidence": "found not enough evidence for"}[decision.verdict]
        raise NotReady(
            f"decision {decision.id} {word} {decision.candidate}", remedy=f"strop show {decision.id} says why"
        )
    if not 0 < traffic <= 1:
        raise UserError(f"a share of {traffic:g} is no share", remedy="--traffic takes a number above 0, up to 1")
    current = serving(releases, alias)
    champion = current.candidate if current else None
    alone = traffic >= 1 or champion is None or champion == decision.candidate
    candidate, canary = (decision.candidate, None) if alone else (champion, decision.candidate)
    share = 0.0 if alone else traffic
    if current is not None and (current.candidate, current.canary, current.traffic) == (candidate, canary, share):
        return current
    return Release(
        id=new_id("rel"), alias=alias, candidate=candidate, canary=canary, traffic=share, decision=decision.id,
        before=current.id if current else None, why="promoted" if alone else f"canary at {traffic:.0%}", by=by,
        created=now(),
    )  # fmt: skip


def rollback(
    releases: Sequence[Release], *, alias: str, by: str, why: str = "rolled back", blocked: Collection[str] = ()
) -> Release:
    """Undo: close an open canary, else go back to the candidate that served before.

    Raises NotReady when nothing serves, or nothing that may (``blocked`` candidates may not) served before.
    """
    current = serving(releases, alias)
    if current is None:
        raise NotReady(f"nothing serves as {alias}", remedy="strop promote")
    candidate = current.candidate
    if current.canary is None or candidate is None:
        earlier = [one for one in _served(releases, alias)[:-1] if one not in blocked]
        if not earlier:
            raise NotReady(f"nothing served as {alias} before", remedy="strop promote another candidate")
        candidate = earlier[-1]
    return Release(
        id=new_id("rel"), alias=alias, candidate=candidate, before=current.id, why=why, by=by, created=now()
    )  # fmt: skip


def _served(releases: Sequence[Release], alias: str) -> list[str]:
    """Candidates in the order in which they came to serve; one that was rolled back is no longer among them."""
    served: list[str] = []
    for release in reversed([release for release in releases if release.alias == alias]):
        if release.candidate is None or (served and served[-1] == release.candidate):
            continue
        if release.decision is None and release.candidate in served:  # a rollback: what came after it is undone
            while served[-1] != release.candidate:
                served.pop()
        else:
            served.append(release.candidate)
    return served


def arm_of(release: Release, unit: str) -> tuple[Arm, str]:
    """Which arm answers ``unit`` (a session), and with which candidate.

    A hash of canary and unit against the share: sticky, and a growing share keeps everyone who is in.
    """
    if release.canary is not None and release.traffic > 0:
        digest = hashlib.sha256(f"{release.canary}\x00{unit}".encode("utf-8", "surrogatepass")).digest()
        if int.from_bytes(digest[:4], "big") / 2**32 < release.traffic:
            return "canary", release.canary
    if release.candidate is None:
        raise NotReady(f"release {release.id} serves nothing", remedy="strop promote")
    return "release", release.candidate
