"""How long does curation take, how much memory, and does the cost grow in line with the rows?

    python benchmarks/curation.py [--rows 1000 10000 100000] [--json FILE]

Invented short tickets with planted exact and near copies, conflicts and personal data. Each size runs in a process of
its own with one thread; processor time and peak memory are read from outside. The finds are checked first: every
planted exact copy and conflict must be in the ledger, and at least 95 % of the near copies.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LABELS = 15
COPIES = 0.05
"""Share of rows that are an exact copy; as many are near copies, a fifth as many conflicts."""
CHILD = """
import json, sys
from pathlib import Path
from strop.curate import curate
from strop.settings import Settings

settings = Settings.model_validate({"task": {"kind": "classification"}, "data": {"sources": [sys.argv[1]]}})
curated = curate(settings, project=Path("."), key=bytes(range(32)))
print(json.dumps({"rows": curated.rows.to_json(), "reasons": curated.reasons, "personal": curated.personal_data}))
"""


def invented(count: int, seed: int) -> tuple[list[dict[str, str]], dict[str, int]]:
    """Rows, and how many of each fault were planted."""
    rng = random.Random(seed)
    syllables = [c + v for c in "bdfgklmnprstvw" for v in "aeiou"]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(4000)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    rows: list[dict[str, str]] = []
    originals: list[dict[str, str]] = []
    planted = {"exact": 0, "near": 0, "conflict": 0, "personal": 0}
    while len(rows) < count:
        draw = rng.random()
        if draw < 2.2 * COPIES and len(originals) > 100:
            # Each original is copied once at most, so that a find belongs to one fault.
            first = originals.pop(rng.randrange(max(0, len(originals) - 5000), len(originals)))
            if draw < COPIES:
                rows.append(dict(first))
                planted["exact"] += 1
            elif draw < 2 * COPIES:
                rows.append({**first, "text": f"Hello, {first['text'].lower()} Thanks!"})
                planted["near"] += 1
            else:
                rows.append({**first, "label": f"queue {(int(first['label'].split()[1]) + 1) % LABELS}"})
                planted["conflict"] += 1
            continue
        text = " ".join(rng.choices(words, weights, k=rng.randint(8, 18))).capitalize() + "?"
        personal = rng.random() < 0.03
        if personal:
            text += rng.choice([" Mail a{0}@mail.org.", " Call +44 7700 9{0:05d}.", " I am on 83.12.4.{1}."]).format(
                len(rows) % 10**5, len(rows) % 200 + 10
            )
            planted["personal"] += 1
        rows.append({"text": text, "label": f"queue {rng.randrange(LABELS)}"})
        if not personal:
            originals.append(rows[-1])
    return rows, planted


def measured(path: Path) -> dict[str, Any]:
    """Curate in a child process: processor seconds, wall seconds of nothing else, peak bytes, and what it found."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, env=environment)
    assert child.stdout is not None
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"curation of {path} failed")
    found: dict[str, Any] = json.loads(out)
    return {**found, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    table = []
    print(
        f"{'rows':>9} {'CPU s':>8} {'ms a row':>9} {'peak MiB':>9}   found of planted: exact, near, conflicts, personal"
    )
    for count in asked.rows:
        with tempfile.TemporaryDirectory() as folder:
            rows, planted = invented(count, seed=1)
            path = Path(folder) / "rows.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
            result = measured(path)
        reasons = result["reasons"]
        found = {
            "exact": reasons.get("exact_duplicate", 0),
            "near": reasons.get("near_duplicate", 0),
            "conflict": reasons.get("conflicting_answers", 0) // 2,
            "personal": sum(result["personal"].values()),
        }
        told = ", ".join(f"{found[kind]} of {planted[kind]}" for kind in planted)
        seconds, peak = result["cpu_seconds"], result["peak_bytes"] / 2**20
        print(f"{count:>9} {seconds:>8.1f} {1000 * seconds / count:>9.2f} {peak:>9.0f}   {told}")
        for kind, least in (("exact", 1.0), ("conflict", 1.0), ("near", 0.95)):
            if found[kind] < least * planted[kind]:
                print(f"too few of kind {kind} found: the time means nothing", file=sys.stderr)
                return 1
        table.append({"rows": count, "cpu_seconds": seconds, "peak_mib": peak, "planted": planted, "found": found})
    if asked.json:
        machine = {"processor": platform.processor() or platform.machine(), "python": platform.python_version()}
        asked.json.write_text(json.dumps({"machine": machine, "threads": 1, "sizes": table}, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
