"""Which faults does curation find in rows whose faults are known, and how many good rows does it doubt?

    python benchmarks/faults.py [--data ../shared/data] [--json FILE]

The folder holds `tickets_banking15_noisy/train.jsonl` and `product_e2e/train_noisy.jsonl`, and under `keys/` what is
wrong with them. The key is read after curation, never by it. Recall and precision with exact 95 % intervals; AUROC with
the interval of Hanley and McNeil (1982); processor time of curation. A pair counts as found when either side left;
"strictly" counts only rows (of pairs, either side) that curation names by the planted fault's own reason.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata

from strop.curate import Curated, curate
from strop.measure import clopper_pearson
from strop.settings import Settings

BARS = {
    "exact": 1.0,
    "near": 0.95,
    "exact and near": 0.95,
    "conflicts": 0.95,
    "text and topic": 0.8,
    "wrong labels": 0.95,
    "wrong answers": 0.8,
}
"""What was promised; recall and precision, or AUROC."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    if not (asked.data / "keys").is_dir():
        print(f"{asked.data} is not there: nothing was measured", file=sys.stderr)
        return 2
    lines = [*tickets(asked.data), *descriptions(asked.data)]
    print(f"{'fault':28} {'':9}  value  95 % interval      of  bar")
    for line in lines:
        bar = BARS.get(line["fault"], "")
        shown = f"{line['value']:6.3f}  [{line['low']:.3f}, {line['high']:.3f}]  {line['n']:>6}"
        print(f"{line['fault']:28} {line['what']:9} {shown}  {bar}")
    if asked.json:
        asked.json.write_text(json.dumps(lines, indent=1), "utf-8")
    return 0


def tickets(folder: Path) -> list[dict[str, Any]]:
    """The planted faults of tickets_banking15_noisy."""
    path = folder / "tickets_banking15_noisy" / "train.jsonl"
    curated = curated_rows(path, "classification")
    key = {row["id"]: row for row in read(folder / "keys" / "tickets_banking15_noisy" / "noise_key.jsonl")}
    line = {row["meta"]["id"]: number for number, row in enumerate(read(path), 1)}
    flags = {line[i]: set(row["flags"]) for i, row in key.items()}
    origin = {line[i]: line[row.get("duplicate_of") or i] for i, row in key.items()}
    left = {one.line: one for one in curated.ledger if one.action in ("dropped", "quarantined")}
    found: list[dict[str, Any]] = []
    for name, flag in (
        ("exact", "exact_duplicate"),
        ("near", "near_duplicate"),
        ("conflicts", "conflicting_duplicate"),
    ):
        pairs = [(n, origin[n]) for n in flags if flag in flags[n]]
        found.append(share(name, "recall", [n in left or other in left for n, other in pairs]))
    repeats = [n for n, one in left.items() if one.reason in ("exact_duplicate", "near_duplicate")]
    right = [origin[n] == origin[int(str(left[n].of).rpartition(":")[2])] for n in repeats]
    found.append(share("exact and near", "precision", right))
    plain = {"truncated", "garbage", "off_topic"}
    flagged = {fault.line for fault in curated.fault_table if fault.is_fault and fault.fault in plain}
    for name in (*sorted(plain), "text and topic"):
        wanted = plain if name == "text and topic" else {name}
        rows = [n for n in flags if flags[n] & wanted]
        found.append(share(name, "recall", [n in flagged or n in left for n in rows]))
    found.append(share("text and topic", "precision", [bool(flags[n] & plain) for n in flagged]))
    found += strictly(curated, flags, origin)
    scores = {fault.line: fault.score for fault in curated.fault_table if fault.fault == "label_suspect"}
    found.append(auroc("wrong labels", scores, {n for n in scores if "wrong_label" in flags[n]}))
    suspects = [f.line for f in curated.fault_table if f.is_fault and f.fault == "label_suspect"]
    wrong = {"wrong_label", "conflicting_duplicate", "off_topic"}
    found.append(share("wrong labels, threshold", "precision", [bool(flags[n] & wrong) for n in suspects]))
    mislabelled = [n for n in flags if "wrong_label" in flags[n]]
    found.append(share("wrong labels, threshold", "recall", [n in suspects for n in mislabelled]))
    scores = {fault.line: fault.score for fault in curated.fault_table if fault.fault == "off_topic"}
    found.append(auroc("off topic", scores, {n for n in scores if "off_topic" in flags[n]}))
    return found


def strictly(curated: Curated, flags: dict[int, set[str]], origin: dict[int, int]) -> list[dict[str, Any]]:
    """The share of planted faults that were found for what they are, not only because the row left for something."""
    named: dict[str, set[int]] = {}
    for fault in curated.fault_table:
        if fault.is_fault:
            named.setdefault(fault.fault, set()).add(fault.line)
    found = []
    for flag in ("exact_duplicate", "near_duplicate", "conflicting_duplicate", "truncated", "garbage", "off_topic"):
        reason = "conflicting_answers" if flag == "conflicting_duplicate" else flag
        lines = named.get(reason, set())
        hits = [n in lines or origin[n] in lines for n in flags if flag in flags[n]]
        found.append(share(f"{flag}, strictly", "recall", hits))
    plain = {"truncated", "garbage", "off_topic"}
    lines = set().union(*(named.get(fault, set()) for fault in plain))
    found.append(share("text and topic, strictly", "recall", [n in lines for n in flags if flags[n] & plain]))
    return found


def descriptions(folder: Path) -> list[dict[str, Any]]:
    """The real faults of product_e2e: attributes that do not fit their text."""
    path = folder / "product_e2e" / "train_noisy.jsonl"
    curated = curated_rows(path, "generation")
    key = {row["id"]: row["faulty"] for row in read(folder / "keys" / "product_e2e" / "noise_key.jsonl")}
    faulty = {number: key[row["meta"]["id"]] for number, row in enumerate(read(path), 1)}
    table = [fault for fault in curated.fault_table if fault.fault == "unsupported_answer"]
    scores = {fault.line: fault.score for fault in table}
    flagged = {fault.line for fault in table if fault.is_fault}
    return [
        auroc("wrong answers", scores, {n for n in scores if faulty[n]}),
        share("wrong answers, threshold", "precision", [faulty[n] for n in flagged]),
        share("wrong answers, threshold", "recall", [n in flagged for n in faulty if faulty[n]]),
    ]


def curated_rows(path: Path, kind: str) -> Curated:
    """All rows to train on, so that none is spared; says what it cost."""
    data = {"sources": [str(path)], "splits": {"validation": 0, "test": 0}}
    settings = Settings.model_validate({"task": {"kind": kind}, "data": data})
    start = time.process_time()
    curated = curate(settings, project=path.parent, key=bytes(range(32)))
    seconds, count = time.process_time() - start, curated.rows.read
    print(f"{path.parent.name}: {count} rows in {seconds:.1f} CPU-s, {1000 * seconds / count:.2f} for 1,000")
    return curated


def read(path: Path) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def share(fault: str, what: str, hits: Iterable[bool]) -> dict[str, Any]:
    """A share with its exact interval."""
    counted = [bool(hit) for hit in hits]
    interval = clopper_pearson(sum(counted), len(counted))
    value = sum(counted) / max(1, len(counted))
    return {"fault": fault, "what": what, "value": value, "low": interval.low, "high": interval.high, "n": len(counted)}


def auroc(fault: str, scores: dict[int, float], bad: set[int]) -> dict[str, Any]:
    """How often a faulty row scores below a good one; copies and conflicts have left before."""
    ranks = dict(zip(scores, rankdata([-score for score in scores.values()]), strict=True))
    count, others = len(bad), len(scores) - len(bad)
    value = (sum(ranks[n] for n in bad) - count * (count + 1) / 2) / (count * others)
    one, two = value / (2 - value), 2 * value**2 / (1 + value)
    spread = (value * (1 - value) + (count - 1) * (one - value**2) + (others - 1) * (two - value**2)) / (count * others)
    half = 1.96 * math.sqrt(max(spread, 0.0))
    low, high = float(np.clip(value - half, 0, 1)), float(np.clip(value + half, 0, 1))
    return {"fault": fault, "what": "AUROC", "value": float(value), "low": low, "high": high, "n": len(scores)}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
