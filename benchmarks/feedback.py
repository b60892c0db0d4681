"""How many judgements a second are durably taken in, and how long one waits: from a file, from threads, over HTTP.

    python benchmarks/feedback.py [--rows 5000] [--clients 16] [--database postgresql://…] [-o results.json]

Every judgement is acknowledged after the commit that holds it is on the disk (SQLite, WAL, synchronous FULL), and is
masked before. Over HTTP, server and clients are processes of their own: the clients write to bare sockets that stay
open, one request after the other each, so that little of what is measured is theirs; a wait is from the first byte sent
to the last received. The server's processor time is read from outside (/proc).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from strop import demo, project
from strop.project import Project
from strop.records import Interaction, Message, new_id, now

VALUES = [("rating", 1), ("comment", "fine, thanks"), ("correction", "Write to jane@example.com about it")]


def prepare(folder: Path, count: int, database: str | None = None) -> tuple[Project, list[str]]:
    """A project with answered requests that feedback can name."""
    demo.write_project_data(folder, quick=True)
    (folder / "strop.yaml").write_text(
        demo.settings("fake-small") + (f"database: {database}\n" if database else ""), "utf-8"
    )
    opened = project.open(folder)
    identities = [new_id("int") for _ in range(count)]
    for identity in identities:
        asked = (Message(role="user", content="type: mug"),)
        opened.store.journal.begin(
            Interaction(id=identity, release=None, candidate="cand_x", arm="direct", messages=asked, created=now())
        )
    return opened, identities


def body(identities: list[str], number: int) -> dict[str, Any]:
    """One judgement."""
    kind, value = VALUES[number % 3]
    return {"interaction_id": identities[number % len(identities)], "kind": kind, "value": value}


def together(clients: int, each: int, send: Callable[[int, int], None]) -> dict[str, float]:
    """Rate and latency of so many clients that send one after the other."""
    waits: list[float] = []

    def work(client: int) -> None:
        for number in range(each):
            started = time.perf_counter()
            send(client, number)
            waits.append(time.perf_counter() - started)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    p50, p99 = np.quantile(waits, [0.5, 0.99]) * 1000
    return {"clients": clients, "per_second": len(waits) / seconds, "p50_ms": float(p50), "p99_ms": float(p99)}


def over_http(opened: Project, identities: list[str], clients: int, each: int) -> dict[str, float]:
    """The same against ``strop serve``, from a process of clients."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "strop", "-q", "-p", str(opened.folder), "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False)
            break
        except httpx.TransportError:
            time.sleep(0.1)
    names = opened.folder / "identities.json"
    names.write_text(json.dumps(identities), "utf-8")
    before = cpu_seconds(server.pid)
    told = [sys.executable, __file__, "--client", str(port), "--names", str(names), "--clients", str(clients)]
    printed = subprocess.run([*told, "--rows", str(each)], check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(printed)
    found["server_cpu_ms_each"] = (cpu_seconds(server.pid) - before) / (clients * each) * 1000
    server.terminate()
    server.wait()
    return found


def cpu_seconds(process: int) -> float:
    """Processor time of a process so far, all threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def client(port: int, identities: list[str], clients: int, each: int) -> dict[str, float]:
    """Clients on bare sockets, a thread each."""
    run = os.getpid()
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(clients)]
    streams = [connection.makefile("rb") for connection in connections]

    def send(number: int, turn: int) -> None:
        sent = json.dumps(body(identities, turn)).encode()
        head = (
            f"POST /v1/feedback HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {run}-{number}-{turn}\r\nContent-Length: {len(sent)}\r\n\r\n"
        )
        connections[number].sendall(head.encode() + sent)
        status, length = streams[number].readline(), 0
        while (line := streams[number].readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        answer = streams[number].read(length)
        assert b" 201 " in status, (status, answer)

    return together(clients, each, send)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--database", help="PostgreSQL in the place of SQLite")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--client", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--names", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.client:
        print(json.dumps(client(asked.client, json.loads(asked.names.read_text()), asked.clients, asked.rows)))
        return
    result: dict[str, Any] = {
        "python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STROP_CACHE"] = str(Path(folder) / "cache")
        opened, identities = prepare(Path(folder) / "demo", 500, asked.database)
        file = Path(folder) / "feedback.jsonl"
        lines = (json.dumps({**body(identities, n), "key": f"file-{n}"}) for n in range(asked.rows))
        file.write_text("\n".join(lines), "utf-8")
        started, cpu = time.perf_counter(), time.process_time()
        done = opened.import_feedback(file)
        assert done.accepted == asked.rows
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        result["file"] = {"per_second": asked.rows / seconds, "per_cpu_second": asked.rows / cpu}
        for clients in (1, asked.clients):
            result[f"threads_{clients}"] = together(
                clients, asked.rows // 5 // clients,
                lambda client, number, clients=clients: opened.feedback(
                    body(identities, number), by="shop", key=f"thread-{clients}-{client}-{number}"
                ),
            )  # fmt: skip
        for turn in range(3):
            result[f"http_{turn + 1}"] = over_http(opened, identities, asked.clients, asked.rows // asked.clients)
        opened.store.close()
    for name, found in result.items():
        print(name, found if not isinstance(found, dict) else {key: round(value, 1) for key, value in found.items()})
    if asked.output:
        asked.output.write_text(json.dumps(result, indent=1), "utf-8")


if __name__ == "__main__":
    main()
