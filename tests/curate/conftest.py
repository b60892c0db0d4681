"""A project folder to curate in: write files, run, look at what came out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from strop.curate import Curated, curate
from strop.settings import Settings

KEY = bytes(range(32))


class Bench:
    """Files in a temporary folder, and curation of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: str | bytes | Sequence[Mapping[str, Any]]) -> Path:
        """A file; a sequence of mappings becomes JSON lines."""
        path = self.folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, "utf-8", newline="")
        else:
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content), "utf-8")
        return path

    def run(
        self,
        sources: Sequence[Any],
        *,
        task: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Curated:
        """Curate ``sources`` (file names, or mappings as in strop.yaml); checks that the ledger adds up."""
        settings = Settings.model_validate(
            {"task": {"kind": "classification", **(task or {})}, "data": {"sources": list(sources), **(data or {})}}
        )
        curated = curate(settings, project=self.folder, key=KEY, **more)
        check(curated)
        return curated


def check(curated: Curated) -> None:
    """Contract line 1: every raw row is in the ledger once, and the counts are the ledger's."""
    rows, ledger = curated.rows, curated.ledger
    assert rows.read == rows.kept + rows.held_out + rows.dropped + rows.quarantined == len(ledger)
    assert len({(line.source, line.line) for line in ledger}) == len(ledger)
    assert len(curated.splits["train"]) == rows.kept == sum(line.action == "kept" for line in ledger)
    held_out = len(curated.splits["validation"]) + len(curated.splits["test"])
    assert held_out == rows.held_out == sum(line.action == "held_out" for line in ledger)
    assert all((line.example is not None) == (line.action in ("kept", "held_out")) for line in ledger)
    assert set(curated.examples) == {identity for ids in curated.splits.values() for identity in ids}
    assert sum(curated.reasons.values()) == sum(line.reason is not None for line in ledger)
    assert all(line.reason is not None for line in ledger if line.action != "kept")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder to curate in."""
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def tickets() -> Callable[[int], list[dict[str, Any]]]:
    """Rows that are all different: two queues, no personal data."""

    def made(count: int, start: int = 0) -> list[dict[str, Any]]:
        things = ["card", "transfer", "refund", "account", "fee", "payment", "statement", "balance", "limit", "cheque"]
        verbs = ["lost", "blocked", "changed", "delayed", "doubled", "rejected", "opened", "closed", "moved", "hidden"]
        places = ["abroad", "online", "in the app", "at the counter", "by post", "on Sunday", "at noon", "in a shop"]
        rows = []
        for number in range(start, start + count):
            thing, verb = things[number % 10], verbs[number // 10 % 10]
            place = places[number // 100 % 8]
            rows.append({"text": f"The {thing} was {verb} {place}, case of {_word(number)}", "label": "ab"[number % 2]})
        return rows

    return made


def _word(number: int) -> str:
    """A word of its own for each number, unlike its neighbours'."""
    syllables = ["ka", "lo", "mi", "ru", "te", "so", "va", "ne", "pu", "di"]
    digits = f"{number * 7919 % 100000:05d}"
    return "".join(syllables[int(digit)] for digit in digits)
