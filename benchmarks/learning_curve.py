"""Does the learning curve foretell? A forecast from part of the rows, against what more rows then gave.

    python benchmarks/learning_curve.py ../shared/data/tickets_banking15 [--rows 800] [--more 800] [--json FILE]

The classical model, five nested sizes times three seeds, judged on the folder's validation items. The forecast sees
``rows`` rows; the truth is measured by training on ``rows + more``.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from strop import project
from strop.measure import aggregate
from strop.studies import Bench, learning_curve, random_rows


def main() -> None:
    """Print the points, the forecast and the truth; write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--more", type=int, default=800)
    parser.add_argument("--json", default="")
    asked = parser.parse_args()
    if not asked.folder.exists():
        print(f"skipped: {asked.folder} is not here")
        return
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        opened = project.init(Path(folder) / "project", asked.folder)
        dataset = opened.curate()
        bench = Bench(opened, dataset)
        answer = bench.answer(opened.spec("classical"))
        seeds = (0, 1, 2)
        pool = random_rows(bench.train, asked.rows + asked.more, seed=0)
        seen = random_rows(pool, asked.rows, seed=1)
        curve = learning_curve(answer, seen, bench.primary, more=asked.more, seeds=seeds)
        reached = float(np.mean([aggregate(bench.primary, answer(pool, seed)) for seed in seeds]))
    for point in curve.points:
        print(f"{point.rows:>6} rows  {curve.measure} {point.mean:.3f}  {[round(value, 3) for value in point.values]}")
    gained = reached - curve.points[-1].mean
    print(curve.sentence())
    print(f"Truly: {100 * gained:+.1f} points ({reached:.3f} with {len(pool)} rows).")
    body = {
        "python": sys.version.split()[0], "machine": platform.machine(), "data": asked.folder.name,
        "cpu_seconds": round(time.process_time() - start, 1), "curve": curve.to_json(), "gained": gained,
    }  # fmt: skip
    if asked.json:
        Path(asked.json).write_text(json.dumps(body, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
