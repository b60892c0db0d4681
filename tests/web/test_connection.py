"""A head that never ends, and one that never comes: the connection is closed. Bytes arrive here without a network."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from tests.web.own_loop import run_alone
from uvicorn.server import ServerState

from strop.web.connection import Patient, allow_many

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


class Wire:
    """The transport that a protocol writes to."""

    def __init__(self) -> None:
        self.sent, self.closed, self.changed = b"", False, asyncio.Event()

    def write(self, data: bytes) -> None:
        self.sent += data
        self.changed.set()

    def close(self) -> None:
        self.closed = True
        self.changed.set()

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str) -> None:
        return None

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


def run(work: Callable[[Any, Wire], Awaitable[None]], *, longest: int = 1_000, seconds: float = 30.0) -> None:
    """A connection whose limits are small."""

    async def inside() -> None:
        limited = type("Limited", (Patient,), {"longest": longest, "seconds": seconds})
        config = uvicorn.Config(hello, log_level="critical", lifespan="off")
        config.load()
        connection, wire = limited(config=config, server_state=ServerState(), app_state={}), Wire()
        connection.connection_made(wire)
        await work(connection, wire)
        connection.connection_lost(None)

    run_alone(inside())


@pytest.mark.parametrize(
    "line", [b"X-A: " + b"y" * 600, b"".join(b"X-%d: y\r\n" % number for number in range(90))], ids=["one", "many"]
)
def test_a_head_without_end_is_cut_off(line: bytes) -> None:
    async def work(connection: Any, wire: Wire) -> None:
        connection.data_received(HEAD)
        connection.data_received(line)
        assert not wire.closed
        connection.data_received(line[5:])
        assert wire.closed and wire.sent.startswith(b"HTTP/1.1 400")

    run(work)


def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    async def nothing(connection: Any, wire: Wire) -> None:
        await wire.until(lambda: wire.closed)
        assert wire.sent == b""

    async def second(connection: Any, wire: Wire) -> None:
        connection.data_received(HEAD + b"\r\n")
        await wire.until(lambda: wire.sent.endswith(b"hello"))
        connection.data_received(HEAD[:20])
        assert not wire.closed
        await wire.until(lambda: wire.closed)

    run(nothing, seconds=0.01)
    run(second, seconds=0.1)


def test_many_requests_on_one_connection_are_not_one_long_head() -> None:
    async def work(connection: Any, wire: Wire) -> None:
        for number in range(60):
            connection.data_received(HEAD[:25])
            connection.data_received(HEAD[25:] + b"\r\n")
            await wire.until(lambda wanted=number + 1: wire.sent.count(b"hello") == wanted)  # type: ignore[misc]
        assert not wire.closed and wire.sent.count(b"HTTP/1.1 200") == 60

    run(work, longest=300)


def test_the_process_may_hold_as_many_connections_as_the_system_permits() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        allow_many()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
