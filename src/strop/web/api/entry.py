"""What every request passes first: its size is limited, and it gets an id that its answer carries, too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strop.records import new_id
from strop.web.api import errors

LARGEST_BODY = 1_000_000
"""Bytes of a request's body; more is refused (413)."""
_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


class Entry:
    """Around the whole application.

    Args:
        app: what it stands before.
        largest: bytes of a body, whether or not the request says its length.
        refused: called with the status of every answer from 400 on.
    """

    def __init__(
        self, app: ASGIApp, *, largest: int = LARGEST_BODY, refused: Callable[[int], None] = lambda status: None
    ) -> None:
        self._app, self._largest, self._refused = app, largest, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        sending = self._marked(send, given if _ID.fullmatch(given) else new_id("req"))
        length = headers.get("content-length", "0")
        body = await self._read(receive) if length.isascii() and length.isdigit() and len(length) < 20 else None
        if body is None or int(length) > self._largest:
            await _too_large(sending)
            return
        await self._app(scope, _replayed(body, receive), sending)

    async def _read(self, receive: Receive) -> bytes | None:
        """The body, None when it is too large; what follows then is not read."""
        parts, size = [], 0
        while True:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._largest:
                return None
            if not message.get("more_body", False):
                return b"".join(parts)

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


async def _too_large(send: Send) -> None:
    body = json.dumps(errors.body("the request is too large", 413)).encode("utf-8")
    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
