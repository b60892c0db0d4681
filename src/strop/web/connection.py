"""A connection that waits for nobody without end: the head of a request has a longest length and a latest time.

Bodies are limited by the application (``api/entry.py``); before a request is one, only the protocol sees its bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

LONGEST_HEAD = 65_536
"""Bytes of a request's first line and headers that are waited for."""
SLOW_SECONDS = 60.0
"""Within which a head must have come."""
_OPEN = 65_536  # connections and files that are enough

Protocol: Any = AutoHTTPProtocol  # httptools where it is installed, else h11: the same methods in both


class Patient(Protocol):  # type: ignore[misc]  # known at run time only
    """Closes a connection on which a head is longer, or later, than it may be."""

    longest, seconds = LONGEST_HEAD, SLOW_SECONDS
    _come = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A client is there: its first head has so long."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.seconds, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on; count what belongs to a head that is not complete yet."""
        super().data_received(data)
        if self.transport.is_closing() or (self.cycle is not None and not self.cycle.response_complete):
            self._arrived()
            return
        self._come += len(data)
        if self._come > self.longest:
            self.send_400_response("The head of the request is too long.")
        elif self._timer is None:
            self._timer = self.loop.call_later(self.seconds, self.transport.close)

    def _arrived(self) -> None:
        self._come = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def allow_many() -> None:
    """Let this process hold as many connections as the system permits: a flood of them has to leave room for files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN if hard == resource.RLIM_INFINITY else min(hard, _OPEN)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
