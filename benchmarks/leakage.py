"""Test rows that were rewritten and put among the training rows: how many stay, and how many good rows leave?

    python benchmarks/leakage.py [--data ../shared/data] [--each 40] [--json FILE]

Of each set, the natural training rows are held against its own test and validation rows: what leaves there is lost (or
is a leak that was there before: read them). Then `--each` test rows are rewritten in each of ten ways and put among the
training rows, with their answers: at ingest (`curate`) and when deciding (`without_leaks`, among 300 training rows).
Shares with exact 95 % intervals; processor time of curation.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from strop.curate import Curated, curate, without_leaks
from strop.measure import clopper_pearson
from strop.settings import Settings

SETS = {
    "tickets_banking15": "classification",
    "contract_nli_clauses": "classification",
    "fin_news_sentiment": "classification",
    "drift_commits": "classification",
    "product_laptops": "generation",
    "instruct_dolly": "chat",
    "chat_hospitality": "chat",
    "contract_summaries": "summarisation",
}
LOOK = str.maketrans("aeopcxyABEKMHOPCTX", "аеорсхуАВЕКМНОРСТХ")
DIGITS = str.maketrans("aeiostAEIOST", "431057431057")
SUFFIX = (
    " I would be glad to hear from you about this soon because I have been waiting for several days now and nobody of "
    "the team has replied to my earlier messages yet"
)
PREFIX = "Hello team, I am writing to you today with one more question of mine: "


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--each", type=int, default=40)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    if not asked.data.is_dir():
        print(f"{asked.data} is not there: nothing was measured", file=sys.stderr)
        return 2
    lines = [line for name, kind in SETS.items() for line in measured(asked.data / name, kind, asked.each)]
    if asked.json:
        asked.json.write_text(json.dumps(lines, indent=1), "utf-8")
    return 0


def measured(folder: Path, kind: str, each: int) -> list[dict[str, Any]]:
    """What leaves of one set, natural and planted; said as it is known."""
    train, test = read(folder / "train.jsonl"), [*read(folder / "test.jsonl"), *read(folder / "validation.jsonl")]
    start = time.process_time()
    natural, _ = curated(train, test, kind)
    seconds = time.process_time() - start
    left = [
        line for line in natural.ledger if line.source.endswith("train.jsonl") and line.reason == "leaks_evaluation"
    ]
    new = [line for line in left if "words in common" in line.detail or "another order" in line.detail]
    hidden = [line for line in left if "disguise" in line.detail]
    lines = [line_of(folder.name, "natural rows lost", len(left), len(train))]
    lines.append(line_of(folder.name, "of them as rewritten", len(new), len(train)))
    lines.append(line_of(folder.name, "of them as disguised", len(hidden), len(train)))
    rng = random.Random(0)
    ways = list(rewritings(rng).items())
    chosen = rng.sample(range(len(test)), min(len(test), each * len(ways)))
    planted = [rewritten(test[item], ways[n % len(ways)][1]) for n, item in enumerate(chosen)]
    found, settings = curated([*train, *planted], test, kind)
    kept = {line.line for line in found.ledger if line.source.endswith("train.jsonl") and line.action == "kept"}
    held = [row for row in found.examples.values() if not row.origin.source.endswith("train.jsonl")]
    stay = Counter(ways[n % len(ways)][0] for n in range(len(planted)) if len(train) + n + 1 in kept)
    all_rows, _ = curated([*train[:300], *planted], [], kind)
    known = {row.origin.line: row for row in all_rows.examples.values()}
    again = {row.id for row in without_leaks(held, list(known.values()), kind=settings.task.kind, settings=settings)}
    later = Counter(
        ways[n % len(ways)][0]
        for n in range(len(planted))
        if (row := known.get(min(300, len(train)) + n + 1)) is not None and row.id in again
    )
    count = Counter(ways[n % len(ways)][0] for n in range(len(planted)))
    for way in count:
        lines.append(line_of(folder.name, f"{way}: stay at ingest", stay[way], count[way]))
        lines.append(line_of(folder.name, f"{way}: stay when deciding", later[way], count[way]))
    print(f"{folder.name}: {seconds:.1f} CPU-s")
    for line in lines:
        print(
            f"  {line['what']:32} {line['hits']:4} of {line['of']:5}  {line['low']:.4f} to {line['high']:.4f}",
            flush=True,
        )
    return lines


def rewritings(rng: random.Random) -> dict[str, Callable[[str], str]]:
    """The ways to rewrite a text."""

    def shuffled(text: str) -> str:
        words = text.split()
        rng.shuffle(words)
        return " ".join(words)

    def swapped(word: str) -> str:
        letters = list(word)
        one, other = rng.sample(range(len(word)), 2) if len(word) > 1 else (0, 0)
        letters[one], letters[other] = letters[other], letters[one]
        return "".join(letters)

    return {
        "first 70 %": lambda text: " ".join(text.split()[: max(1, round(0.7 * len(text.split())))]),
        "shuffled": shuffled,
        "reversed": lambda text: " ".join(reversed(text.split())),
        "look-alikes": lambda text: text.translate(LOOK),
        "long suffix": lambda text: text + SUFFIX,
        "prefix": lambda text: PREFIX + text,
        "letters swapped": lambda text: " ".join(map(swapped, text.split())),
        "spaced out": lambda text: " ".join(text),
        "without vowels": lambda text: re.sub("[aeiou]", "", text, flags=re.IGNORECASE),
        "digits for letters": lambda text: text.translate(DIGITS),
    }


def rewritten(row: dict[str, Any], way: Callable[[str], str]) -> dict[str, Any]:
    """A row whose last question is written otherwise."""
    messages = [dict(message) for message in row["messages"]]
    last = max(n for n, message in enumerate(messages) if message["role"] == "user")
    messages[last]["content"] = way(messages[last]["content"])
    return {"messages": messages}


def curated(train: list[dict[str, Any]], test: list[dict[str, Any]], kind: str) -> tuple[Curated, Settings]:
    """Both curated, the test rows held out; nothing further is."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "train.jsonl", Path(folder) / "test.jsonl"]
        for path, rows in zip(paths, (train, test), strict=True):
            path.write_text("".join(json.dumps({"messages": row["messages"]}) + "\n" for row in rows), "utf-8")
        sources = [str(paths[0]), *([{"path": str(paths[1]), "split": "test"}] if test else [])]
        data = {"sources": sources, "splits": {"validation": 0, "test": 0}}
        settings = Settings.model_validate({"task": {"kind": kind}, "data": data})
        return curate(settings, project=Path(folder), key=bytes(range(32))), settings


def read(path: Path) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def line_of(name: str, what: str, hits: int, of: int) -> dict[str, Any]:
    """A share with its exact interval."""
    interval = clopper_pearson(hits, of)
    return {"set": name, "what": what, "hits": hits, "of": of, "low": interval.low, "high": interval.high}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
