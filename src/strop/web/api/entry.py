"""What every request passes first: its size is limited, and it gets an id that its answer carries, too."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strop.records import new_id
from strop.web import refusals

LARGEST_BODY = 1_000_000
"""Bytes of a request's body; more is refused (413)."""
MOST_HELD = 64_000_000
"""Bytes of all bodies that are held at once; what comes then is refused (429), whoever sends it."""
SLOW_SECONDS = 60.0
"""Within which a body must have come; a client that drips is refused (408)."""
_TO_THE_END = 10
"""Times the largest body: what is longer is cut off."""
_LEFT = 499  # the client went away in the middle: nobody is answered
_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


class Entry:
    """Around the whole application.

    Args:
        app: what it stands before.
        largest: bytes of a body, whether or not the request says its length.
        refused: called with the status of every answer from 400 on.
        slow: seconds within which a body must have come.
        most: bytes of all bodies that are held at once.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        largest: int = LARGEST_BODY,
        refused: Callable[[int], None] = lambda status: None,
        slow: float = SLOW_SECONDS,
        most: int = MOST_HELD,
    ) -> None:
        self._app, self._largest, self._refused = app, largest, refused
        self._slow, self._most, self._held = slow, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        sending = self._marked(send, given if _ID.fullmatch(given) else new_id("req"))
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit() and len(length) < 20):
            await _refuse(sending, 413)
            return
        parts: list[bytes] = []
        try:
            status = await self._read(receive, parts, int(length))
            if status is None:
                await self._app(scope, _replayed(b"".join(parts), receive), sending)
            elif status != _LEFT:
                await _refuse(sending, status)
        finally:
            self._let_go(parts)

    async def _read(self, receive: Receive, parts: list[bytes], length: int) -> int | None:
        """Read the body; what is wrong with it, as a status.

        Of one that is refused the rest is read, too, up to a limit: many clients look for an answer only then.
        """
        size, wrong = 0, 413 if length > self._largest else None
        try:
            async with asyncio.timeout(self._slow):
                while size <= _TO_THE_END * self._largest:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return _LEFT
                    part = message.get("body", b"")
                    size += len(part)
                    if wrong is None:
                        parts.append(part)
                        self._held += len(part)
                        wrong = 413 if size > self._largest else 429 if part and self._held > self._most else None
                    if wrong is not None:
                        self._let_go(parts)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            return wrong or 408
        return wrong

    def _let_go(self, parts: list[bytes]) -> None:
        """Until its request was answered, what was read is held, and counted."""
        self._held -= sum(map(len, parts))
        parts.clear()

    def _marked(self, send: Send, identity: str) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = identity
                if message["status"] >= 400:
                    self._refused(message["status"])
            await send(message)

        return sending


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body in one message, then whatever else comes (that the client has left)."""
    first = True

    async def receiving() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return receiving


_REFUSALS = {
    408: "the request came too slowly", 413: "the request is too large", 429: "too many requests come at once",
}  # fmt: skip


async def _refuse(send: Send, status: int) -> None:
    body = json.dumps(refusals.body(_REFUSALS[status], status)).encode("utf-8")
    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close"),
    ]  # fmt: skip
    headers += [(b"retry-after", b"1")] if status == 429 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
