"""A project that is written to without end, and killed. Run by test_crashes.py, apart from pytest.

``rounds FOLDER N SEED``: N times start a writer, kill it after a random time, open the project as the next one would,
and check that everything acknowledged is there, whole, and that nothing half-done is visible. Prints what it saw.
``write FOLDER ROUND COUNT``: one writer, COUNT turns, then a good end; acknowledgements go to standard output.
``check FOLDER``: the checks alone; acknowledgements come from standard input.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from strop.errors import StorageError
from strop.records import (
    Candidate,
    Dataset,
    Example,
    LedgerLine,
    Message,
    Origin,
    RowCounts,
    Spec,
    content_id,
    now,
)
from strop.store import Store, tables

ROWS = 20


def turn(store: Store, name: str, work: Path) -> dict[str, object]:
    """Curate, tune and count as the verbs do; returns what may be relied on from now on."""
    messages = [(Message(role="user", content=f"{name} {number} " + "x" * 200),) for number in range(ROWS)]
    rows = [
        Example(
            id=Example.identity(store.key, m, "a", {}), messages=m, reference="a", origin=Origin(source=name, line=at)
        )
        for at, m in enumerate(messages)
    ]
    ledger = [LedgerLine(source=name, line=at, action="kept", example=row.id) for at, row in enumerate(rows)]
    ids = tuple(row.id for row in rows)
    dataset = Dataset(
        id=content_id("ds", name), kind="chat", splits={"train": ids[:15], "test": ids[15:]},
        rows=RowCounts(read=ROWS, kept=15, held_out=5, dropped=0, quarantined=0),
        examples=store.artifacts.put_jsonl(rows), ledger=store.artifacts.put_jsonl(ledger), created=now(),
    )  # fmt: skip
    store.save_dataset(dataset, rows, stage="curate", inputs=(f"file:{name}",), fingerprint="1")
    adapter = work / name
    adapter.mkdir(parents=True, exist_ok=True)
    for part in ("weights", "config.json"):
        (adapter / part).write_text(f"{name} {part} " * 500)
    spec = Spec.of("lora", base="b")
    artifact = store.artifacts.put_folder(adapter)
    identity = Candidate.identity(spec, dataset.id, 0, (), artifact)
    candidate = Candidate(id=identity, spec=spec, dataset=dataset.id, seed=0, artifact=artifact, created=now())
    store.add(candidate, stage="tune", inputs=(dataset.id,), fingerprint="1")
    store.sealed.count({"sealed": None}, name)
    return {"dataset": dataset.id, "candidate": candidate.id, "name": name}


def write(folder: Path, label: str, count: int, acknowledge: Callable[[str], None]) -> None:
    """``count`` turns, each acknowledged after it returned."""
    with Store.open(folder) as store:
        for number in range(count):
            acknowledge(json.dumps(turn(store, f"{label}-{number}", folder / "work")))


def check(folder: Path, acknowledged: list[dict[str, str]]) -> dict[str, int]:
    """Raises AssertionError when something acknowledged is missing or something visible is torn."""
    acknowledged = list({made["name"]: made for made in acknowledged}.values())
    with Store.open(folder) as store:
        for made in acknowledged:
            dataset = store.get(made["dataset"], Dataset)
            assert store.derived("curate", (f"file:{made['name']}",), fingerprint="1") == [dataset]
            candidate = store.get(made["candidate"], Candidate)
            assert store.derived("tune", (dataset.id,), fingerprint="1") == [candidate]
        datasets, candidates = store.all(Dataset), store.all(Candidate)
        for dataset in datasets:
            assert len(store.examples(dataset.id)) == ROWS
            assert store.artifacts.read_jsonl(dataset.examples, Example) == store.examples(dataset.id)
            assert len(store.artifacts.read_jsonl(dataset.ledger, LedgerLine)) == ROWS
            assert store.history(dataset.id).upstream
        for candidate in candidates:
            assert candidate.artifact and store.artifacts.verify(candidate.artifact)
            assert store.history(candidate.id).upstream
        assert all(store.artifacts.verify(digest) for digest in store.artifacts.all())
        with store.database.reading() as connection:
            derived = connection.scalar(sa.select(sa.func.count()).select_from(tables.derivations))
        assert derived == len(datasets) + len(candidates)
        assert len(acknowledged) <= store.sealed.uses(["sealed"]) <= len(candidates) <= len(datasets)
    database = sqlite3.connect(folder / ".strop" / "strop.db")
    assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert database.execute("pragma foreign_key_check").fetchall() == []
    database.close()
    return {"acknowledged": len(acknowledged), "datasets": len(datasets), "candidates": len(candidates)}


def rounds(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Start, kill, check; at a random moment, every other time from the start on, else after an acknowledged turn."""
    chance, acknowledged, seen = random.Random(seed), [], {}
    for number in range(count):
        read_end, write_end = os.pipe()
        writer = os.fork()
        if writer == 0:
            os.dup2(write_end, sys.stdout.fileno())
            write(folder, f"r{number}", 10**6, lambda line: print(line, flush=True))
        os.close(write_end)
        with os.fdopen(read_end, "rb") as stream:
            lines = [stream.readline()] if number % 2 else []
            time.sleep(chance.uniform(0, 0.04))
            os.kill(writer, signal.SIGKILL)
            os.waitpid(writer, 0)
            acknowledged += [json.loads(line) for line in (*lines, *stream) if line.endswith(b"\n")]
        seen = check(folder, acknowledged)
    return seen


def main() -> None:
    """The command line of this file."""
    verb, folder, *rest = sys.argv[1:]
    if verb == "rounds":
        print(json.dumps(rounds(Path(folder), int(rest[0]), int(rest[1]))))
    elif verb == "check":
        print(json.dumps(check(Path(folder), [json.loads(line) for line in sys.stdin])))
    else:
        try:
            write(Path(folder), rest[0], int(rest[1]), lambda line: print(line, flush=True))
        except StorageError as error:
            print(f"StorageError: {error.message}", file=sys.stderr)
            raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main()
