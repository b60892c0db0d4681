"""A server of its own process: drain on SIGTERM, a mixed flood with clients that leave, memory that stays flat."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.web.served import Server

from strop.project import Project, open_project
from strop.records import Interaction, Judgement, Message
from strop.serve import Asked

pytestmark = pytest.mark.slow  # a server process for each

CHAT = {"model": "descriptions", "messages": [{"role": "user", "content": "type: mug\nmaterial: clay"}]}


@pytest.fixture
def server(promoted: Project) -> Iterator[Server]:
    found = Server(promoted.folder)
    yield found
    found.end()


def raw(body: object, path: str = "/v1/chat/completions") -> bytes:
    text = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
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


KINDS = ("good", "good", "stream", "leave", "flood", "large", "chunked", "wrong", "unknown", "feedback", "garbage")
WANTED = {
    "good": {200, 429}, "stream": {200, 429}, "flood": {200, 429}, "large": {413}, "chunked": {413}, "wrong": {422},
    "unknown": {404}, "feedback": {404}, "garbage": {400},
}  # fmt: skip


class Hostile:
    """A client of every kind in turn; ``acknowledged``: what was answered well, ``odd``: what was not as it should."""

    def __init__(self, server: Server, seed: int, count: int) -> None:
        self._server, self._chance, self._count = server, random.Random(seed), count
        self.acknowledged: list[str] = []
        self.odd: list[tuple[str, bytes]] = []
        self.left = 0

    def run(self) -> None:
        for _ in range(self._count):
            kind = self._chance.choice(KINDS)
            for connection in [self._server.connection() for _ in range(6 if kind == "flood" else 1)]:
                with connection:
                    self._one(kind, connection)

    def _one(self, kind: str, connection: socket.socket) -> None:
        connection.sendall(self._bytes(kind))
        if kind == "leave":
            self.left += 1
            return
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                answer += part
                if b"int_" in answer or (b"\r\n\r\n" in answer and not answer.startswith(b"HTTP/1.1 200")):
                    break
        status = int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0
        if status not in WANTED[kind] or (status == 429 and b"retry-after" not in answer.lower()):
            self.odd.append((kind, answer[:300]))
        if status == 200:
            start = answer.index(b"int_")
            self.acknowledged.append(answer[start : start + 40].decode())

    def _bytes(self, kind: str) -> bytes:
        chance = self._chance
        if kind == "garbage":
            return b"\x00" + chance.randbytes(200) + b"\r\n\r\n"
        if kind == "leave":
            return raw({**CHAT, "stream": chance.random() < 0.5})[: chance.choice([40, 10_000])]
        if kind == "chunked":
            head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            return head.encode() + b"2710\r\n%s\r\n" % (b"x" * 10_000) * 200 + b"0\r\n\r\n"
        body: object = {
            "stream": {**CHAT, "stream": True}, "large": {**CHAT, "user": "x" * 2_000_000},
            "wrong": {**CHAT, "messages": chance.choice([3, None, [], {}, [[]]])}, "unknown": {**CHAT, "model": "gpt"},
            "feedback": {"interaction_id": "int_0190a000-0000-7000-8000-000000000000", "kind": "rating", "value": 1},
        }.get(kind, CHAT)  # fmt: skip
        return raw(body, "/v1/feedback" if kind == "feedback" else "/v1/chat/completions")


def test_a_mixed_flood(promoted: Project, server: Server) -> None:
    """1,000 turns of eight clients: good ones, streams, some that leave, floods, 2 MB, wrong types, unknown models."""
    everyone: list[Hostile] = []
    memory = []
    for round_ in range(2):
        clients = [Hostile(server, 8 * round_ + seed, 63) for seed in range(8)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        everyone += clients
        memory.append(server.memory())
    assert [odd for client in everyone for odd in client.odd] == []
    assert memory[1] < memory[0] * 1.1 + 8_000_000
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    stored = promoted.store.all(Interaction)
    assert all(one.complete for one in stored)
    acknowledged = {one for client in everyone for one in client.acknowledged}
    assert acknowledged <= {one.id for one in stored}
    assert len(stored) <= len(acknowledged) + sum(client.left for client in everyone)


def test_killed_under_load_nothing_acknowledged_is_lost_or_there_twice(promoted: Project) -> None:
    """Feedback over HTTP while the server is killed three times; every client sends again what was not acknowledged."""
    asked = promoted.gateway()
    subjects = [asked.answer(Asked("descriptions", (Message(role="user", content=f"type: {n}"),))) for n in range(4)]
    asked.close()
    bodies = {
        f"{client}-{number}": {"interaction_id": subjects[client].interaction.id, "kind": "rating", "value": 1}
        for client in range(4) for number in range(200)
    }  # fmt: skip
    acknowledged: dict[str, str] = {}
    for kill_after in (40, 250, 500, None):
        server = Server(promoted.folder)
        enough = threading.Event()

        def work(
            client: int, server: Server = server, after: int | None = kill_after, enough: threading.Event = enough
        ) -> None:
            with httpx.Client(base_url=server.client.base_url, trust_env=False, timeout=30) as http:
                for key, body in bodies.items():
                    if key in acknowledged or not key.startswith(f"{client}-"):
                        continue
                    try:
                        found = http.post("/v1/feedback", json=body, headers={"Idempotency-Key": key})
                    except httpx.TransportError:
                        return
                    assert found.status_code in (200, 201)
                    acknowledged[key] = found.json()["id"]
                    if after is not None and len(acknowledged) >= after:
                        enough.set()

        threads = [threading.Thread(target=work, args=(client,)) for client in range(4)]
        for thread in threads:
            thread.start()
        if kill_after is not None:
            assert enough.wait(60)
            server.process.kill()
        for thread in threads:
            thread.join()
        server.end()
        stored = {one.key: one.id for one in promoted.store.all(Judgement)}
        assert acknowledged.items() <= stored.items()  # type: ignore[operator]
    assert acknowledged.keys() == bodies.keys() == stored.keys()
    assert len(promoted.store.all(Judgement)) == len(bodies)


def test_a_full_disk_of_its_own(promoted: Project, tmp_path: Path) -> None:
    """A small file system: 507, reads stay up also after a kill, what was acknowledged is there when there is room."""
    small = tmp_path / "small"
    small.mkdir()
    promoted.store.close()
    size = sum(file.stat().st_size for file in promoted.folder.rglob("*") if file.is_file()) // 2**20 + 4
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", small]).returncode:
        pytest.skip("nothing may be mounted here: a full file system was not tried")
    try:
        shutil.copytree(promoted.folder, small / "project")
        large = {**CHAT, "messages": [{"role": "user", "content": "x" * 20_000}]}
        acknowledged = []
        for _ in range(2):
            server = Server(small / "project")
            statuses = set()
            for _ in range(300):
                found = server.client.post("/v1/chat/completions", json=large)
                statuses.add(found.status_code)
                if found.status_code == 507:
                    break
                acknowledged.append(found.json()["id"])
            assert statuses <= {200, 507} and 507 in statuses
            sent = {"interaction_id": acknowledged[0], "kind": "comment", "value": "y" * 20_000}
            assert server.client.post("/v1/feedback", json=sent).status_code in (201, 507)
            for page in ("/v1/models", "/serving", "/review", "/", "/metrics"):
                assert server.client.get(page).status_code == 200
            server.process.kill()
            server.end()
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        server = Server(small / "project")
        assert server.client.post("/v1/feedback", json=sent).status_code == 201
        server.end()
        again = open_project(small / "project")
        stored = {one.id: one.complete for one in again.store.all(Interaction)}
        assert all(stored[one] for one in acknowledged)
        with again.store.database.reading() as connection:
            assert connection.exec_driver_sql("pragma integrity_check").fetchall() == [("ok",)]
        again.store.close()
    finally:
        subprocess.run(["umount", small], check=True)
