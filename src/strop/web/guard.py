"""What stands before every route: the Host it was asked under, the Origin of what changes things, and safe headers."""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strop.web import refusals

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not "no-referrer": under it browsers send forms of our own pages with "Origin: null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Refuses foreign hosts and foreign origins; gives every answer its headers.

    A page of another site can make a browser send requests here, with its cookies or, on loopback, with no more than
    its place. Two facts give it away, and a page cannot forge either: the Host (a name rebound to this address) and,
    on unsafe methods, the Origin. Programs send no Origin and are let through to the key check.

    ``hosts`` are the names under which this server may be asked, beside loopback; without port, in lower case.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = LOOPBACK | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is not None:
            await _answer(scope, *refusal)(scope, receive, _with_headers(send))
            return
        await self._app(scope, receive, _with_headers(send))

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name(hosts[0]) not in self._hosts:
            return 421, "This server is not asked under that name."
        if method in SAFE:
            return None
        origins = headers.getlist("origin")
        if any(origin not in (f"http://{hosts[0]}", f"https://{hosts[0]}") for origin in origins):
            return 403, "Requests that change things must come from this site."
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "Requests that change things must come from this site."
        if "cookie" in headers and not origins and "sec-fetch-site" not in headers:
            return 403, "A browser that changes things must say where it stands (Origin)."
        return None


def _answer(scope: Scope, status: int, message: str) -> Response:
    """The refusal: words for a person, an error object for a program."""
    if refusals.wants_page(scope["path"], Headers(scope=scope)):
        return PlainTextResponse(f"{message}\n", status)
    return JSONResponse(refusals.body(message, status), status)


def _name(host: str) -> str:
    """A Host header without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and (port.isdigit() or not port) and not host.endswith("]") else host).lower()


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
