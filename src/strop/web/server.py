"""Put a project behind its address: pages, API, drain on SIGTERM. Loopback only, unless people have keys."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

import uvicorn
from fastapi import APIRouter, FastAPI

from strop.errors import UserError
from strop.project import Project
from strop.records import Person, Release
from strop.serve import Gateway, present, serving
from strop.web.api import chat, live
from strop.web.api.entry import Entry
from strop.web.api.metrics import Metrics, metric_routes
from strop.web.app import create_app
from strop.web.connection import Patient, allow_many
from strop.web.door import Door
from strop.web.pages.desk import ProjectDesk, ProjectJobs, ProjectWatch

GRACE_SECONDS = 30
"""How long requests under way may take after SIGTERM."""
_WAITING = 2_048
"""Connections that may wait to be taken."""
_RECENT = 20  # releases that /v1/models lists by id, beside the aliases


def build(project: Project, *, hosts: Sequence[str] = ()) -> tuple[FastAPI, Gateway]:
    """The application of a project, and the gateway to close when it ends."""
    gateway = project.gateway()
    metrics = Metrics()
    gateway.listeners.append(metrics.answered)

    def current() -> list[Release]:
        releases = gateway.models.releases()
        found = (serving(releases, alias) for alias in dict.fromkeys(release.alias for release in releases))
        return [release for release in found if release is not None]

    def names() -> list[str]:
        recent = (release.id for release in gateway.models.releases()[:_RECENT])
        return [*(release.alias for release in current()), *recent]

    def routers(door: Door) -> tuple[APIRouter, ...]:
        applications = door.allow("app", "owner")
        ready = live.Readiness(gateway.worker, current)
        return (
            chat.router(gateway, names, applications),
            live.feedback_routes(project, applications, heard=metrics.judged),
            live.health_routes(gateway.worker, ready),
            metric_routes(metrics, gateway.worker, current, door.allow("owner", "auditor")),
        )

    desk = ProjectDesk(project)
    app = create_app(
        desk, secret=desk.secret, people=desk.people, reviews=project.queue(), watch=ProjectWatch(project),
        jobs=ProjectJobs(project), routers=routers, hosts=hosts,
    )  # fmt: skip
    app.add_middleware(Entry, refused=metrics.refused)
    return app, gateway


def serve(project: Project, *, host: str, port: int, on_open: Callable[[str], None] = lambda address: None) -> None:
    """Listen until told to stop; requests under way are finished.

    Args:
        project: whose pages and models.
        host: a name or address of this machine.
        port: where.
        on_open: is told the address once somebody can connect to it.
    Raises:
        UserError: for an open host without keys, and where nobody may listen.
    """
    if not _is_loopback(host) and not present(project.store.all(Person)):
        raise UserError(
            f"{host} is reachable from outside, and nobody has a key",
            remedy="strop people add NAME --role app, or serve on 127.0.0.1",
        )
    with contextlib.ExitStack() as until:
        listening = _listening(host, port, until)
        app, gateway = build(project, hosts=[*_names(host), *project.settings.live.hosts])
        until.callback(gateway.close, GRACE_SECONDS)
        config = uvicorn.Config(
            app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False, http=Patient, ws="none",
        )  # fmt: skip
        allow_many()
        on_open(f"http://{_in_url(host)}:{port}")
        _Server(config).run(sockets=listening)


def _listening(host: str, port: int, until: contextlib.ExitStack) -> list[socket.socket]:
    """Sockets on which connections wait from now on, one for each address of the host (localhost has two)."""
    opened: list[socket.socket] = []
    failed: OSError | None = None
    try:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                opened.append(until.enter_context(socket.create_server(address[:2], family=family, backlog=_WAITING)))
            except OSError as error:  # a machine may lack addresses of one family
                failed = error
    except OSError as error:  # no such name
        failed = error
    if failed is not None and (not opened or failed.errno == errno.EADDRINUSE):
        raise UserError(
            f"nobody can listen on {_in_url(host)}:{port}: {str(failed.strerror).partition(' (')[0]}",
            remedy="end what listens there, or name another port: strop serve --port N",
        )
    return opened


class _Server(uvicorn.Server):
    """Ends quietly on SIGTERM and SIGINT. Uvicorn's own raises the signal again when it is done, which would end this
    process before the answers that nobody waits for any more are written down."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Both signals ask for the drain; a second one of SIGINT ends it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def asked(number: int, frame: FrameType | None) -> None:
            self.handle_exit(number, frame)

        before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _names(host: str) -> list[str]:
    """Under which names a server on this host is asked, beside loopback."""
    if _is_loopback(host):
        return []
    if host not in ("0.0.0.0", "::"):  # noqa: S104  (compared, not bound)
        return [_in_url(host)]
    name = socket.gethostname()
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(name, None)}
    except OSError:
        addresses = set()
    return [name, socket.getfqdn(), *(_in_url(address) for address in sorted(addresses))]


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
