"""Bodies: as long as they may be, in time, and not too many at once. Asked by hand, as a server asks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.web.own_loop import run_alone

from strop.web.api.entry import Entry

PART = b"x" * 1_000


def scope(**headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": "/", "headers": raw}


class Client:
    """Sends what it is told to, and notes what comes back; its end is a disconnect, or silence."""

    def __init__(self, parts: int, *, leaves: bool = False, hangs: bool = False) -> None:
        self.left, self.leaves, self.hangs = parts, leaves, hangs
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self.left == 0:
            if self.hangs:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        self.left -= 1
        last = self.left == 0 and not self.hangs and not self.leaves
        return {"type": "http.request", "body": PART, "more_body": not last}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None


class Application:
    """Waits for a sign, then says how long the body was."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()
        self.asked = 0

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        self.asked += 1
        body = (await receive())["body"]
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(len(body)).encode()})


def run(work: Callable[[Application, Entry], Any], **limits: Any) -> None:
    async def inside() -> None:
        app = Application()
        entry = Entry(app, largest=5_000, **limits)
        await work(app, entry)
        assert entry._held == 0, "nothing is held when nothing is under way"

    run_alone(inside())


async def ask(entry: Entry, client: Client, **headers: str) -> Client:
    await entry(scope(**headers), client.receive, client.send)  # type: ignore[arg-type]
    return client


def test_as_long_as_it_may_be_and_longer() -> None:
    async def work(app: Application, entry: Entry) -> None:
        assert (await ask(entry, Client(5))).sent[1]["body"] == b"5000"
        for client in (await ask(entry, Client(6)), await ask(entry, Client(3), content_length="6000")):
            assert client.status == 413 and client.left == 0, "read to the end, so that the client looks for the answer"
        assert (await ask(entry, Client(10**9), content_length="1")).left > 10**8, "but not without end"
        assert (await ask(entry, Client(1), content_length="1_0")).status == 413
        assert app.asked == 1

    run(work)


def test_a_client_that_leaves_in_the_middle_asks_nothing() -> None:
    async def work(app: Application, entry: Entry) -> None:
        assert (await ask(entry, Client(2, leaves=True))).sent == [] and app.asked == 0

    run(work)


def test_a_client_that_drips_is_told_to_hurry() -> None:
    async def work(app: Application, entry: Entry) -> None:
        assert (await ask(entry, Client(2, hangs=True))).status == 408 and app.asked == 0

    run(work, slow=0.01)


def test_more_than_is_held_at_once_is_refused_and_what_was_held_is_answered() -> None:
    async def work(app: Application, entry: Entry) -> None:
        app.go.clear()
        first = [asyncio.ensure_future(ask(entry, Client(4))) for _ in range(2)]
        while app.asked < 2:
            await asyncio.sleep(0)
        late = await ask(entry, Client(4))
        assert late.status == 429 and (b"retry-after", b"1") in late.sent[0]["headers"]
        assert json.loads(late.sent[1]["body"])["error"]["type"] == "rate_limit_error"
        app.go.set()
        assert [(await one).status for one in first] == [200, 200]
        assert (await ask(entry, Client(4))).status == 200

    run(work, most=9_000)
