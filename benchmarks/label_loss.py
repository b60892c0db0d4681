"""Is a classifier learned better when its loss holds the labels against each other? Both losses on the same rows.

    python benchmarks/label_loss.py --data FOLDER [--sets tickets_banking15 …] [--rows 300] [--method lora] [-o F]

SmolLM2-135M, batch and rate as strop chooses them, 3 passes, one thread. FOLDER holds the public sets. Trained on the
first rows of each training file, asked about the first 150 of its validation file (earnings_tone has 58). ``share``:
tune.label_share; 0 is the loss over tokens. Differences to the first share are paired by item, with 95 % intervals;
positive means better.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from strop.engines.base import TrainItem
from strop.measure import estimate, paired
from strop.records import Base, ItemResult, MeasureSpec, Message, Method, Spec, silent

SETS = ("tickets_banking15", "fin_news_sentiment", "contract_nli_clauses", "earnings_tone")
ITEMS = 150
MACRO_F1 = MeasureSpec(name="macro_f1", how="macro_f1")


def items_of(path: Path, most: int) -> tuple[TrainItem, ...]:
    """The first rows of a file."""
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines()[:most]):
        *told, answer = (Message(**turn) for turn in json.loads(line)["messages"])
        found.append(TrainItem(example=f"{path.stem}_{number}", messages=tuple(told), answer=answer.content))
    return tuple(found)


def arm(
    train: tuple[TrainItem, ...], items: tuple[TrainItem, ...], method: Method, share: float, base: Base
) -> tuple[list[ItemResult], dict[str, Any]]:
    """Tune with this share, and ask: each item's label, and what the run took."""
    from strop.engines import open_engine
    from strop.engines.base import ScoreRequest, TrainPlan
    from strop.engines.labels import chosen
    from strop.settings import Settings
    from strop.tune.planning import PASSES, batch_size

    labels = tuple(sorted({item.answer for item in (*train, *items)}))
    settings = Settings().tune.model_dump(mode="json") | {
        "num_train_epochs": PASSES, "per_device_train_batch_size": batch_size(len(train), PASSES, "classification"),
        "max_new_tokens": 32, "label_share": share, "max_length": 2048,
    }  # fmt: skip
    plan = TrainPlan(spec=Spec.of(method, base=base.id, labels=labels), seed=0, train=train, settings=settings)
    engine, results = open_engine(base.engine), list[ItemResult]()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "adapter"
        made = engine.train(plan, base, folder=folder, work=Path(place) / "work", on_event=silent)
        with engine.open(base, folder) as model:
            requests = [ScoreRequest(messages=item.messages, options=labels) for item in items]
            scored = model.score(requests, on_event=silent)
    for item, score in zip(items, scored, strict=True):
        pick = chosen(labels, score)
        results.append(
            ItemResult(
                example=item.example, answer=pick.text, gold=item.answer, label=pick.label,
                probabilities=pick.probabilities,
            )
        )  # fmt: skip
    stops = next((check.detail for check in made.checks if check.name == "stops"), "not checked")
    return results, {"cpu_seconds": made.measured.cpu_seconds, "steps": len(made.losses), "stops": stops}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--shares", nargs="+", type=float, default=[0.0, 0.5])
    parser.add_argument("--method", default="lora", choices=["lora", "upper_layers"])
    parser.add_argument("--base", default="smollm2-135m-instruct")
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    if asked.data is None:
        print(f"skipped: --data FOLDER with {', '.join(SETS)} is needed")
        return
    from strop.engines import bases
    from strop.settings import cache_folder

    base, told = bases.find(cache_folder(), asked.base), dict[str, Any]()
    for name in asked.sets:
        train = items_of(asked.data / name / "train.jsonl", asked.rows)
        items = items_of(asked.data / name / "validation.jsonl", ITEMS)
        first: list[ItemResult] | None = None
        for share in asked.shares:
            results, took = arm(train, items, asked.method, share, base)
            first = first or results
            value, apart = estimate(MACRO_F1, results), paired(MACRO_F1, results, first)
            told[f"{name} {share}"] = took | {"macro_f1": value.to_json(), "difference": apart.to_json()}
            quality = f"macro-F1 {value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"
            difference = f"{apart.value:+.3f} [{apart.low:+.3f}, {apart.high:+.3f}]"
            cost = f"{took['cpu_seconds']:.0f} CPU-s in {took['steps']} steps"
            ended = took["stops"].partition(";")[0]
            print(f"{name:21} share {share:.1f}  {quality}  {difference}  {cost}; {ended}", flush=True)
    if asked.output:
        asked.output.write_text(json.dumps(told, indent=1), "utf-8")


if __name__ == "__main__":
    main()
