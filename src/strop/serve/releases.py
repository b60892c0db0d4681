"""What serves: read off an append-only list of releases, of which the newest under an alias counts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from strop.errors import NotReady, UserError
from strop.records import Decision, Release, new_id, now

Arm = Literal["release", "canary"]


def serving(releases: Sequence[Release], alias: str) -> Release | None:
    """The release that serves under ``alias`` now (``releases`` newest first), or None."""
    newest = next((release for release in releases if release.alias == alias), None)
    return newest if (newest is not None and newest.candidate is not None) or _has_canary(newest) else None


def _has_canary(release: Release | None) -> bool:
    return release is not None and release.canary is not None


def promote(releases: Sequence[Release], decision: Decision, *, alias: str, traffic: float, by: str) -> Release:
    """A release of the decision's candidate: all traffic, or a canary's share beside what serves.

    Raises NotReady unless the decision says promote, UserError for a share outside 0 to 1.
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
    return Release(
        id=new_id("rel"),
        alias=alias,
        candidate=decision.candidate if alone else champion,
        canary=None if alone else decision.candidate,
        traffic=0.0 if alone else traffic,
        decision=decision.id,
        before=current.id if current else None,
        why="promoted" if alone else f"canary at {traffic:.0%}",
        by=by,
        created=now(),
    )


def rollback(releases: Sequence[Release], *, alias: str, by: str, why: str = "rolled back") -> Release:
    """Undo: close an open canary, else go back to the candidate that served before. Raises NotReady if none did."""
    current = serving(releases, alias)
    if current is None:
        raise NotReady(f"nothing serves as {alias}", remedy="strop promote")
    candidate = current.candidate
    if current.canary is None:
        earlier = [r for r in releases if r.alias == alias and r.candidate not in (None, current.candidate)]
        if not earlier:
            raise NotReady(f"nothing served as {alias} before", remedy="strop promote another candidate")
        candidate = earlier[0].candidate
    return Release(
        id=new_id("rel"), alias=alias, candidate=candidate, before=current.id, decision=None, why=why, by=by,
        created=now(),
    )  # fmt: skip


def arm_of(release: Release, unit: str) -> tuple[Arm, str]:
    """Which arm answers ``unit`` (a session), and with which candidate.

    A hash of canary and unit against the share: sticky, and a growing share keeps everyone who is in.
    """
    if release.canary is not None and release.traffic > 0:
        digest = hashlib.sha256(f"{release.canary}\x00{unit}".encode()).digest()
        if int.from_bytes(digest[:4], "big") / 2**32 < release.traffic:
            return "canary", release.canary
    if release.candidate is None:
        raise NotReady(f"release {release.id} serves nothing", remedy="strop promote")
    return "release", release.candidate
