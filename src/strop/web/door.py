"""Who is calling, and what their role may do. Every route asks for itself; no path lets anyone in."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from strop.records import Person, PersonRole
from strop.serve import holder, present
from strop.web.refusals import Refused

COOKIE = "strop_session"
SESSION_SECONDS = 12 * 3600
FRESH = 0.05
"""Seconds for which the people who were read last count: under load, reading them would cost more than the requests."""
HOME: dict[PersonRole, str] = {"owner": "/", "auditor": "/", "expert": "/review", "app": "/"}


@dataclass(frozen=True)
class Caller:
    """A name and a role. Without any keys set, whoever can reach loopback is the owner."""

    name: str
    role: PersonRole


LOCAL = Caller("local", "owner")


class Door:
    """Knows people by the key they send, or by the session that a key opened.

    Args:
        people: every person row, newest first; asked again after FRESH, so that a revoked key stops at once.
        secret: signs sessions; the same after a restart.
        clock: seconds since the epoch.
    """

    def __init__(
        self, people: Callable[[], Sequence[Person]], *, secret: bytes, clock: Callable[[], float] = time.time
    ) -> None:
        self._people, self._clock = people, clock
        self._secret = hmac.new(secret, b"strop web session", hashlib.sha256).digest()
        self._known: Sequence[Person] = ()
        self._asked = float("-inf")

    def caller(self, request: Request, people: Sequence[Person]) -> Caller:
        """Who of them sends this request. Raises Refused (401) for an unknown key, an old session, or none."""
        if not people:
            return LOCAL
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if key:
            found = holder(people, key.strip()) if scheme.lower() == "bearer" else None
        else:
            found = self._of_session(people, request.cookies.get(COOKIE, ""))
        if found is None:
            raise Refused(401, "a key is needed", code="invalid_api_key", remedy="strop people add NAME --role ROLE")
        return Caller(found.name, found.role)

    def allow(self, *roles: PersonRole) -> Callable[[Request], Awaitable[Caller]]:
        """The dependency of a route that these roles may use. Raises Refused (403) for others."""

        async def checked(request: Request) -> Caller:
            caller = self.caller(request, await self._lately())
            if caller.role not in roles:
                raise Refused(403, f"the role {caller.role} may not do this", code="forbidden")
            return caller

        checked.roles = frozenset(roles)  # type: ignore[attr-defined]  # read by the test of every route
        return checked

    def open_session(self, key: str) -> tuple[str, Caller]:
        """A session token for a key. Raises Refused (401) when nobody holds it."""
        found = holder(self._people(), key.strip())
        if found is None:
            raise Refused(401, "nobody holds this key", code="invalid_api_key")
        ends = int(self._clock()) + SESSION_SECONDS
        return f"{found.id}.{ends}.{self._sign(found.id, ends)}", Caller(found.name, found.role)

    async def _lately(self) -> Sequence[Person]:
        """People as they were at most FRESH ago."""
        if time.monotonic() - self._asked > FRESH:
            asked = time.monotonic()
            self._known, self._asked = await run_in_threadpool(self._people), asked
        return self._known

    def _of_session(self, people: Sequence[Person], token: str) -> Person | None:
        identity, _, rest = token.partition(".")
        ends, _, signature = rest.partition(".")
        if not ends.isascii() or not ends.isdigit() or int(ends) < self._clock():
            return None
        if not hmac.compare_digest(signature.encode(), self._sign(identity, int(ends)).encode()):
            return None
        return next((person for person in present(people) if person.id == identity), None)

    def _sign(self, identity: str, ends: int) -> str:
        return hmac.new(self._secret, f"{identity}.{ends}".encode(), hashlib.sha256).hexdigest()
