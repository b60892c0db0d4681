"""Do curated rows beat raw ones, as many random or longest ones, and how far are they from clean ones?

    python benchmarks/curated.py [--data ../shared/data] [--seeds 5] [--json FILE] [--plot FILE.svg]

Tickets with planted faults (`tickets_banking15_noisy`), the classical model, the parent's 1,400 test rows. Each seed
takes nine tenths of the noisy rows, curates them (nobody judges a row), and trains on what is left; the clean twin is
nine tenths of the base rows that `keys/` names, which curation never sees. Differences in points of accuracy, paired by
item, all seeds of an item one observation. Bars: lower bound over raw rows above +2, over the clean twin above -3.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from strop import project
from strop.curate import curate
from strop.records import Example
from strop.settings import Settings
from strop.studies import Bench, CurationStudy, Draw, curated_against_raw

SETTINGS: dict[str, dict[str, Any]] = {"nothing set": {}, "doubted labels stay": {"doubted_labels": "stay"}}
"""What of strop.yaml is moved under `data`; the bars are for nothing set."""
BARS = {"raw": 2.0, "clean": -3.0}
SHARE = 0.9


def main(arguments: Sequence[str]) -> int:
    """Print both studies; write JSON and plot."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args(arguments)
    if not (asked.data / "keys").is_dir():
        print(f"{asked.data} is not there: nothing was measured", file=sys.stderr)
        return 2
    start, studies = time.process_time(), {}
    with tempfile.TemporaryDirectory() as folder:
        opened, bench = _bench(Path(folder), asked.data)
        answer = bench.answer(opened.spec("classical"))
        for name, moved in SETTINGS.items():
            draw, twin = _draws(Path(folder), asked.data, moved)
            studies[name] = curated_against_raw(
                answer, draw, bench.primary, seeds=range(asked.seeds), others={"clean": twin}
            )
            _show(name, studies[name])
    body = {
        "python": sys.version.split()[0], "cpu_seconds": round(time.process_time() - start, 1),
        "studies": {name: study.to_json() for name, study in studies.items()},
    }  # fmt: skip
    if asked.json:
        asked.json.write_text(json.dumps(body, indent=1), "utf-8")
    if asked.plot:
        asked.plot.write_text(_plot(studies), "utf-8")
    return 0


def _bench(folder: Path, data: Path) -> tuple[project.Project, Bench]:
    """Where the arms are trained and judged: the parent's test rows are the validation items here."""
    given = {"train": "tickets_banking15_noisy/train.jsonl", "validation": "tickets_banking15/test.jsonl"}
    for name, source in given.items():
        (folder / f"{name}.jsonl").write_bytes((data / source).read_bytes())
    (folder / "strop.yaml").write_text(
        "task: {name: tickets, kind: classification}\n"
        "data:\n  sources: [{path: train.jsonl, split: train}, {path: validation.jsonl, split: validation}]\n"
        "decision: {primary: accuracy}\n",
        "utf-8",
    )
    opened = project.open(folder)
    return opened, Bench(opened, opened.curate())


def _draws(folder: Path, data: Path, moved: dict[str, Any]) -> tuple[Draw, Callable[[int], list[Example]]]:
    """By seed: nine tenths of the noisy rows with those that curation keeps, and nine tenths of the clean twin."""
    noisy = (data / "tickets_banking15_noisy" / "train.jsonl").read_text("utf-8").splitlines(keepends=True)
    base = set(json.loads((data / "keys" / "tickets_banking15_noisy" / "base_ids.json").read_text("utf-8")))
    whole = (data / "tickets_banking15" / "train.jsonl").read_text("utf-8").splitlines(keepends=True)
    clean = [line for line in whole if json.loads(line)["meta"]["id"] in base]

    def draw(seed: int) -> tuple[list[Example], list[Example]]:
        kept, aside = _curated(folder, _part(noisy, seed), moved)
        return [*kept, *aside], kept

    def twin(seed: int) -> list[Example]:
        kept, aside = _curated(folder, _part(clean, seed + 100), {})
        return [*kept, *aside]

    return draw, twin


def _part(lines: Sequence[str], seed: int) -> list[str]:
    order = np.random.default_rng(seed).permutation(len(lines))[: round(SHARE * len(lines))]
    return [lines[int(position)] for position in sorted(order)]


def _curated(folder: Path, lines: Sequence[str], moved: dict[str, Any]) -> tuple[list[Example], list[Example]]:
    """The rows that curation keeps, and those that it read whole and set aside, each with an identity of its own."""
    (folder / "part.jsonl").write_text("".join(lines), "utf-8")
    data: dict[str, Any] = {"sources": ["part.jsonl"], "splits": {"validation": 0, "test": 0}, **moved}
    settings = Settings.model_validate({"task": {"kind": "classification"}, "data": data})
    found = curate(settings, project=folder, key=bytes(range(32)))
    kept = [found.examples[identity] for identity in found.splits["train"]]
    aside = [row.model_copy(update={"id": f"{row.id}-{n}"}) for n, (_, row) in enumerate(found.aside)]
    return kept, aside


def _show(name: str, study: CurationStudy) -> None:
    print(f"\n{name}: {study.measure} on {study.items} items, {len(study.seeds)} seeds")
    print(f"{'arm':18} {'rows':>6}  mean   curated minus this, points [95 %]      bar")
    for arm in study.arms:
        mean, gain, bar = float(np.mean(arm.values)), "", ""
        if arm.gain is not None:
            value, low, high = (100 * number for number in (arm.gain.value, arm.gain.low, arm.gain.high))
            gain = f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
            if arm.name in BARS:
                bar = f"> {BARS[arm.name]:+.0f}: {'met' if low > BARS[arm.name] else 'not met'}"
        print(f"{arm.name:18} {arm.rows:>6}  {mean:.3f}  {gain:34} {bar}")


def _plot(studies: dict[str, CurationStudy]) -> str:
    """Intervals of the gains over each choice of rows, as SVG."""
    lines: list[tuple[str, Any]] = [
        (f"{name} minus {arm.name}", arm.gain) for name, study in studies.items() for arm in study.arms if arm.gain
    ]
    low = min(0.0, *(gain.low for _, gain in lines))
    high = max(0.0, *(gain.high for _, gain in lines))

    def x(value: float) -> float:
        return round(260 + 380 * (value - low) / (high - low), 1)

    parts = [f'<line x1="{x(0)}" x2="{x(0)}" y1="10" y2="{20 + 24 * len(lines)}" stroke="#999"/>']
    for number, (name, gain) in enumerate(lines):
        y = 26 + 24 * number
        parts.append(f'<text x="250" y="{y + 4}" text-anchor="end">{name}</text>')
        parts.append(f'<line x1="{x(gain.low)}" x2="{x(gain.high)}" y1="{y}" y2="{y}" stroke="#246" stroke-width="2"/>')
        parts.append(f'<circle cx="{x(gain.value)}" cy="{y}" r="4" fill="#246"/>')
        parts.append(f'<text x="650" y="{y + 4}">{100 * gain.value:+.1f}</text>')
    size = f'width="700" height="{30 + 24 * len(lines)}" font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>\n'


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
