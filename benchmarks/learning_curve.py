"""Does the learning curve foretell? A forecast from part of the rows, against what more rows then gave.

    python benchmarks/learning_curve.py ../shared/data/tickets_banking15 [--rows 800] [--more 800] [--pools 3]

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

from strop import project
from strop.measure import aggregate
from strop.studies import Bench, learning_curve, random_rows


def main() -> None:
    """Print every pool's points, forecast and truth; write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--more", type=int, default=800)
    parser.add_argument("--pools", type=int, default=3, help="how often other rows are drawn")
    parser.add_argument("--json", default="")
    asked = parser.parse_args()
    if not asked.folder.exists():
        print(f"skipped: {asked.folder} is not here")
        return
    start, found = time.process_time(), []
    with tempfile.TemporaryDirectory() as folder:
        opened = project.init(Path(folder) / "project", asked.folder)
        dataset = opened.curate()
        bench = Bench(opened, dataset)
        answer = bench.answer(opened.spec("classical"))
        for pool_seed in range(asked.pools):
            pool = random_rows(bench.train, asked.rows + asked.more, seed=pool_seed)
            seen = random_rows(pool, asked.rows, seed=pool_seed)
            curve = learning_curve(answer, seen, bench.primary, more=asked.more)
            gained = aggregate(bench.primary, answer(pool, 0)) - curve.points[-1].mean
            for point in curve.points:
                print(f"{point.rows:>6} rows  {curve.measure} {point.mean:.3f}  {[round(v, 3) for v in point.values]}")
            print(f"{curve.sentence()} Truly: {100 * gained:+.1f} points.\n")
            found.append({"curve": curve.to_json(), "gained": gained})
    body = {
        "python": sys.version.split()[0], "machine": platform.machine(), "data": asked.folder.name,
        "cpu_seconds": round(time.process_time() - start, 1), "pools": found,
    }  # fmt: skip
    if asked.json:
        Path(asked.json).write_text(json.dumps(body, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
