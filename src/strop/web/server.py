"""Put a project behind its address: pages, API, drain on SIGTERM. Loopback only, unless people have keys."""

from __future__ import annotations

import ipaddress
import json

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strop.errors import UserError
from strop.project import Project
from strop.records import Person, Release
from strop.serve import Worker, present
from strop.web.api import chat, errors, live
from strop.web.app import create_app
from strop.web.door import Door
from strop.web.pages.desk import ProjectDesk, ProjectWatch

LARGEST_BODY = 1_000_000
"""Bytes of a request's body; more is refused (413) without being read."""


class BodyLimit:
    """Refuses bodies above the limit, whether or not they say their length."""

    def __init__(self, app: ASGIApp, *, limit: int = LARGEST_BODY) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._limit:
            await _too_large(send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # Past the limit the rest is dropped: what is left is no valid body, and is refused as such.
            return {"type": "http.request", "body": b"", "more_body": False} if seen > self._limit else message

        await self._app(scope, counted, send)


async def _too_large(send: Send) -> None:
    body = json.dumps(errors.body("the request is too large", 413)).encode("utf-8")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def build(project: Project, *, hosts: tuple[str, ...] = ()) -> tuple[FastAPI, Worker]:
    """The application of a project, and the worker to stop when it ends."""
    gateway, worker = project.gateway()

    def names() -> list[str]:
        releases = project.store.all(Release)
        aliases = dict.fromkeys(release.alias for release in releases)
        return [*aliases, *(release.id for release in releases[:20])]

    desk = ProjectDesk(project)

    def routers(door: Door):  # type: ignore[no-untyped-def]
        app_only = door.allow("app", "owner")
        return (
            chat.router(gateway, names, app_only),
            live.feedback_routes(project, app_only),
            live.health_routes(project, worker, lambda: bool(names())),
            live.metric_routes(project, worker, door.allow("owner", "auditor")),
        )

    app = create_app(
        desk, secret=desk.secret, people=desk.people, reviews=project.queue(), watch=ProjectWatch(project),
        routers=routers, hosts=hosts,
    )  # fmt: skip
    app.add_middleware(BodyLimit)
    return app, worker


def serve(project: Project, *, host: str, port: int) -> None:
    """Listen until told to stop; requests under way are finished. Raises UserError for an open host without keys."""
    if not _is_loopback(host) and not present(project.store.all(Person)):
        raise UserError(
            f"{host} is reachable from outside, and nobody has a key",
            remedy="strop people add NAME --role app, or serve on 127.0.0.1",
        )
    app, worker = build(project, hosts=() if _is_loopback(host) else (host,))
    try:
        uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=30, server_header=False)
    finally:
        worker.stop()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
