"""How many judgements a second are durably taken in, and how long one waits: from a file, from threads, over HTTP.

    python benchmarks/feedback_throughput.py [--rows 5000] [--clients 16] [-o results.json]

Every judgement is acknowledged after the commit that holds it is on the disk (SQLite, WAL, synchronous FULL), and is
masked before. The HTTP server is a process of its own; the clients keep their connections.
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


def prepare(folder: Path, count: int) -> tuple[Project, list[str]]:
    """A project with answered requests that feedback can name."""
    demo.write_project_data(folder, quick=True)
    (folder / "strop.yaml").write_text(demo.SETTINGS.format(base="fake-small"), "utf-8")
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
    """As :func:`together`, against ``strop serve``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "strop", "-q", "-p", str(opened.folder), "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    while True:
        try:
            httpx.get(f"{base}/livez", trust_env=False)
            break
        except httpx.TransportError:
            time.sleep(0.1)
    sessions = [httpx.Client(base_url=base, trust_env=False) for _ in range(clients)]

    def send(client: int, number: int) -> None:
        key = {"Idempotency-Key": f"http-{client}-{number}"}
        sent = sessions[client].post("/v1/feedback", json=body(identities, number), headers=key)
        assert sent.status_code == 201, sent.text

    found = together(clients, each, send)
    server.terminate()
    server.wait()
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    result: dict[str, Any] = {
        "python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STROP_CACHE"] = str(Path(folder) / "cache")
        opened, identities = prepare(Path(folder) / "demo", 500)
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
        result["http"] = over_http(opened, identities, asked.clients, asked.rows // 5 // asked.clients)
        opened.store.close()
    for name, found in result.items():
        print(name, found if not isinstance(found, dict) else {key: round(value, 1) for key, value in found.items()})
    if asked.output:
        asked.output.write_text(json.dumps(result, indent=1), "utf-8")


if __name__ == "__main__":
    main()
