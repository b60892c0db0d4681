"""What do 100 new rows cost, against a full run, and is the result the same?

    python benchmarks/additions.py [--rows 10000] [--new 100] [--repeats 3] [--data "embedder: svd"]
                                  [--file FILE] [--json FILE]

Invented short tickets (those of curation.py), or the first rows of a JSON-lines file, in a project: curated, 100 added,
curated again; and a copy of that project without what was found out before, curated in full. Both must give the same
dataset, to the last byte of its files and record, or nothing is timed. Processor seconds of `project.curate()` in one
process with one thread: the interpreter's start and imports, about two seconds, are not in them.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from curation import invented

import strop
from strop.records import Dataset

KEY = bytes(range(32))


def curated(folder: Path) -> tuple[float, Dataset]:
    """Processor seconds, and what came of it."""
    project = strop.open(folder)
    start = time.process_time()
    made: Dataset = project.curate()
    seconds = time.process_time() - start
    project.store.close()
    return seconds, made


def once(at: Path, lines: Sequence[str], new: int, settings: str) -> tuple[float, float, float]:
    """Seconds of the first run, of the addition, and of all rows without what was found before."""
    folder, bare = at / "kept", at / "bare"
    (folder / ".strop").mkdir(parents=True)
    (folder / ".strop" / "key").write_bytes(KEY)
    (folder / "strop.yaml").write_text(settings, "utf-8")
    (folder / "rows.jsonl").write_text("".join(lines[:-new]), "utf-8")
    first, _ = curated(folder)
    (folder / "rows.jsonl").write_text("".join(lines), "utf-8")
    shutil.copytree(folder, bare)
    shutil.rmtree(bare / ".strop" / "work")
    added, one = curated(folder)
    full, other = curated(bare)
    if one.to_json() | {"created": ""} != other.to_json() | {"created": ""}:
        raise SystemExit("the addition gave another dataset than a full run: the times mean nothing")
    return first, added, full


def told_lines(file: Path | None, count: int) -> list[str]:
    """The first lines of the file, or invented rows."""
    if file is None:
        return [json.dumps(row) + "\n" for row in invented(count, seed=1)[0]]
    lines = file.read_text("utf-8").splitlines(keepends=True)[:count]
    if len(lines) < count:
        raise SystemExit(f"{file} has {len(lines)} lines, {count} are asked for")
    return lines


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--new", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", default="", help="more of strop.yaml's data")
    parser.add_argument("--file", type=Path, help="JSON lines to take the rows from, instead of invented ones")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    lines = told_lines(asked.file, asked.rows + asked.new)
    settings = f"task: {{kind: classification}}\ndata: {{sources: [rows.jsonl], {asked.data}}}\n"
    found = []
    for _ in range(asked.repeats + 1):  # the first warms caches and imports
        with tempfile.TemporaryDirectory() as folder:
            found.append(once(Path(folder), lines, asked.new, settings))
    table = {}
    for name, values in zip(("first run", "addition", "full run"), zip(*found[1:], strict=True), strict=True):
        table[name] = values
        print(f"{name:10} {statistics.median(values):6.2f} CPU-s [{min(values):.2f}, {max(values):.2f}]")
    ratios = [added / full for _, added, full in found[1:]]
    print(f"addition over full run: {statistics.median(ratios):.1%} [{min(ratios):.1%}, {max(ratios):.1%}]; same bytes")
    if asked.json:
        machine = {"processor": platform.processor() or platform.machine(), "python": platform.python_version()}
        asked.json.write_text(json.dumps({"machine": machine, "threads": 1, "ratios": ratios, **table}), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
