"""What a budget of rows buys by how they are selected: facility location against random and longest, paired.

    python benchmarks/selection.py FOLDER [--rows 3000] [--budget 300]

FOLDER holds train.jsonl and test.jsonl (messages). Five samples of the training rows; of each, rows are selected by
strop's own curation, and the classical method learns from them. Points are accuracy on the test rows.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from strop.measure import mean_interval
from strop.project import open_project
from strop.records import Dataset
from strop.studies import Bench

SELECTIONS = ("facility_location", "random", "longest")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--budget", type=int, default=300)
    given = parser.parse_args()
    lines = (given.folder / "train.jsonl").read_text("utf-8").splitlines()
    right: dict[str, list[np.ndarray]] = {name: [] for name in SELECTIONS}
    for seed in range(5):
        drawn = np.random.default_rng(seed).permutation(len(lines))[: given.rows]
        for name in SELECTIONS:
            started = time.process_time()
            right[name].append(accuracy(given.folder, [lines[i] for i in sorted(drawn)], name, given.budget, seed))
            value = right[name][-1].mean()
            print(f"{seed} {name:18} {value:.3f}  {time.process_time() - started:.1f} CPU-s", flush=True)
    means = {name: np.mean(found, axis=0) for name, found in right.items()}
    for name in SELECTIONS[1:]:
        paired = 100 * (means["facility_location"] - means[name])
        bounds = mean_interval(paired.tolist())
        print(f"facility_location - {name}: {paired.mean():+.1f} points [{bounds.low:.1f}, {bounds.high:.1f}]")


def accuracy(folder: Path, lines: list[str], selection: str, budget: int, seed: int) -> np.ndarray:
    """Of each test row whether what was trained on the selected rows is right. Test rows stand as validation rows."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        (place / "train.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        settings = {
            "task": {"name": "t", "kind": "classification"},
            "data": {
                "sources": ["train.jsonl", {"path": str((folder / "test.jsonl").resolve()), "split": "validation"}],
                "splits": {"validation": 0, "test": 0}, "budget": budget, "selection": selection,
            },
        }  # fmt: skip
        (place / "strop.yaml").write_text(json.dumps(settings), "utf-8")
        project = open_project(place)
        dataset: Dataset = project.curate()
        assert len(dataset.splits["train"]) == budget
        bench = Bench(project, dataset)
        items = bench.answer(project.spec("classical"))(bench.train, seed)
        project.store.close()
        asked = {row.id: row.input for row in bench.rows}
        found = {asked[item.example]: float(item.label == item.gold) for item in items}
        return np.array([found[text] for text in sorted(found)])  # ids are made with the project's key: texts pair


if __name__ == "__main__":
    main()
