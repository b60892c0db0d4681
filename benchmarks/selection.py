"""What a budget of rows buys by how they are selected, against random and longest, paired on the same test rows.

    python benchmarks/selection.py FOLDER [--rows 1500] [--budget 300] [--samples 5]

FOLDER holds train.jsonl and test.jsonl (messages). Several samples of the training rows; of each, rows are selected by
strop's own curation, and the classical method learns from them. Every second test row is a validation item: by those,
the model that learned from random rows tells where it fails. Points are accuracy on the other half.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from strop.errors import InputError
from strop.measure import mean_interval
from strop.project import Project, open_project

CONTROLS = ("random", "longest")
SELECTIONS = (*CONTROLS, "facility_location", "failing_slices", "loss_trajectories")
"""Random rows first: the report on what they give says what failing_slices aims at."""


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--budget", type=int, default=300)
    parser.add_argument("--samples", type=int, default=5)
    given = parser.parse_args()
    lines, held = ((given.folder / f"{name}.jsonl").read_text("utf-8").splitlines() for name in ("train", "test"))
    right: dict[str, dict[int, np.ndarray]] = {name: {} for name in SELECTIONS}
    for seed in range(given.samples):
        drawn = np.random.default_rng(seed).permutation(len(lines))[: given.rows]
        started = time.process_time()
        for name, found in by_selection([lines[i] for i in sorted(drawn)], held, given.budget, seed):
            right[name][seed] = found
            print(f"{seed} {name:18} {found.mean():.3f}  {time.process_time() - started:.1f} CPU-s", flush=True)
            started = time.process_time()
        tell(right)


def tell(right: dict[str, dict[int, np.ndarray]]) -> None:
    """Print paired differences over the samples so far."""
    for name in SELECTIONS[len(CONTROLS) :]:
        for control in (*CONTROLS, "facility_location"):
            if control != name and right[name]:
                gains = [found - right[control][seed] for seed, found in right[name].items()]
                paired = 100 * np.mean(gains, axis=0)
                bounds = mean_interval(paired.tolist())
                said = f"{paired.mean():+.1f} points [{bounds.low:.1f}, {bounds.high:.1f}]"
                print(f"{name} - {control}: {said}, {len(gains)} samples", flush=True)


def by_selection(lines: list[str], held: list[str], budget: int, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """By each selection, of every second test row whether what was trained on the selected rows is right."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        (place / "train.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        (place / "validation.jsonl").write_text("\n".join(held[::2]) + "\n", "utf-8")
        for name in SELECTIONS:
            settings = {
                "task": {"name": "t", "kind": "classification"},
                "data": {
                    "sources": ["train.jsonl", {"path": "validation.jsonl", "split": "validation"}],
                    "splits": {"validation": 0, "test": 0}, "budget": budget, "selection": name,
                },
            }  # fmt: skip
            (place / "strop.yaml").write_text(json.dumps(settings), "utf-8")
            project = open_project(place)
            try:
                yield name, accuracy(project, held[1::2], budget, seed, report=name == "random")
            except InputError as error:
                print(f"{seed} {name:18} refused: {error.message}", flush=True)
            finally:
                project.store.close()


def accuracy(project: Project, held: list[str], budget: int, seed: int, *, report: bool) -> np.ndarray:
    """Of each held-out row whether the classical method, trained on the newly curated rows, is right."""
    dataset = project.curate()
    assert len(dataset.splits["train"]) == budget
    _, candidate = project.tune(project.spec("classical"), dataset=dataset.id, seed=seed)
    if report:
        (found,) = project.evaluate([candidate.id]).weak.values()
        print(f"  fails on: {'; '.join(one.found.name for one in found) or 'no slice'}", flush=True)
    rows = [json.loads(line)["messages"] for line in held]
    replies = project.ask([row[-2]["content"] for row in rows], candidate=candidate.id)
    return np.array([float(one.answer == row[-1]["content"]) for one, row in zip(replies, rows, strict=True)])


if __name__ == "__main__":
    main()
