"""A server of its own process: drain on SIGTERM, a mixed flood with clients that leave, memory that stays flat."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from strop.project import Project
from strop.records import Interaction

pytestmark = pytest.mark.slow  # a server process each

pytestmark = pytest.mark.slow  # a server process for each

CHAT = {"model": "descriptions", "messages": [{"role": "user", "content": "type: mug\nmaterial: clay"}]}


class Server:
    """``strop serve`` on a free port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "strop", "-q", "-p", str(folder), "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=60)
        while True:
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            with contextlib.suppress(httpx.TransportError):
                if self.client.get("/readyz").status_code == 200:
                    break

    def connection(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def memory(self) -> int:
        """Bytes that the process holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def server(promoted: Project) -> Iterator[Server]:
    found = Server(promoted.folder)
    yield found
    found.client.close()
    found.process.kill()
    found.process.communicate()


def raw(body: object) -> bytes:
    text = json.dumps(body).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(text)}\r\n\r\n".encode() + text


def test_sigterm_finishes_what_was_taken_and_ends_well(promoted: Project, server: Server) -> None:
    waiting = [server.connection() for _ in range(8)]
    for number, connection in enumerate(waiting):
        connection.sendall(raw({**CHAT, "user": f"u{number}"}))
    while len(promoted.store.all(Interaction)) < 8:
        pass
    waiting.pop().close()  # one client leaves
    server.process.send_signal(signal.SIGTERM)
    answers = [connection.recv(65_536) for connection in waiting]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    assert server.process.wait(30) == 0
    stored = promoted.store.all(Interaction)
    assert len(stored) == 8 and all(one.complete for one in stored)
    for connection in waiting:
        connection.close()
    with pytest.raises(httpx.TransportError):
        server.client.get("/livez")


@pytest.mark.parametrize("requests", [1_000])
def test_a_mixed_flood(promoted: Project, server: Server, requests: int) -> None:
    """Good requests, streams, clients that leave, floods, 2 MB, wrong types, unknown models: no 5xx, none lost."""
    chance, statuses, left = random.Random(1), [], 0
    before = 0
    for number in range(requests):
        kind = chance.choice(["good", "good", "stream", "leave", "large", "wrong", "unknown", "feedback", "garbage"])
        if kind == "leave":
            with server.connection() as connection:
                connection.sendall(raw({**CHAT, "stream": chance.random() < 0.5})[: chance.choice([40, 10_000])])
            left += 1
            continue
        if kind == "garbage":
            with server.connection() as connection:
                connection.sendall(os.urandom(200) + b"\r\n\r\n")
                connection.recv(1_000)
            continue
        body: object = {
            "good": CHAT, "stream": {**CHAT, "stream": True}, "large": {**CHAT, "user": "x" * 2_000_000},
            "wrong": {**CHAT, "messages": chance.choice([3, None, [], {}, [[]]])}, "unknown": {**CHAT, "model": "gpt"},
            "feedback": {"interaction_id": "int_0190a000-0000-7000-8000-000000000000", "kind": "rating", "value": 1},
        }[kind]  # fmt: skip
        path = "/v1/feedback" if kind == "feedback" else "/v1/chat/completions"
        with contextlib.suppress(httpx.WriteError, httpx.RemoteProtocolError):
            status = server.client.post(path, json=body).status_code
            statuses.append((kind, status))
            wanted = {"good": 200, "stream": 200, "large": 413, "wrong": 422, "unknown": 404, "feedback": 404}
            assert status == wanted[kind]
        if number == requests // 3:
            before = server.memory()
    assert server.memory() < before * 1.1 + 8_000_000
    good = sum(status == 200 for _, status in statuses)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    stored = promoted.store.all(Interaction)
    assert all(one.complete for one in stored)
    assert good <= len(stored) <= good + left
