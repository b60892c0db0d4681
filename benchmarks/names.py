"""How many names in running text does the second tier find, and how many words that are none does it take for names?

    python benchmarks/names.py --model FOLDER [--data FOLDER] [--n 400] [--json FILE]

``--model``: a spaCy pipeline (the folder with config.cfg). Invented sentences with an invented name that nothing
introduces, half of the names from no English list; whole names masked, with Wilson intervals, by both tiers and by
patterns alone. With ``--data``: pieces called names in tickets_banking15 (messages nearly without names), listed.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from pathlib import Path

from strop.measure import wilson
from strop.privacy import NameModel, find
from strop.privacy.name_model import folder_sha256

ENGLISH = (
    ["Emily", "Jack", "Grace", "Henry", "Olivia", "Thomas", "Sarah", "Daniel", "Rachel", "Peter"],
    ["Walker", "Thompson", "Hughes", "Bennett", "Carter", "Morgan", "Fletcher", "Palmer", "Gibson", "Marsh"],
)
OTHER = (
    ["Chidi", "Fatou", "Goran", "Ngozi", "Priya", "Emre", "Jiayi", "Mateus", "Anneliese", "Ingrid", "Yusuf", "Kaito"],
    [
        "Okonkwo",
        "Grabowski",
        "Haddad",
        "Ibarra",
        "Yıldız",
        "Nakamura",
        "Fernandes",
        "Dvořák",
        "Lindqvist",
        "Achterberg",
    ],
)
FRAMES = [
    "Yesterday I spoke with {} about the refund and nothing has happened since.",
    "The parcel was left with {} next door, who has never seen it.",
    "Can you send the invoice to {} as well? The one from March.",
    "{} said that the card would arrive within five days.",
    "My flat is shared with {}, so we both need a key.",
    "Please take {} off the account; we are divorced.",
    "I was helped by {} in your branch on Monday and want to thank you.",
    "the order was placed by {} from our office, not by me",
    "According to {}, the discount still holds.",
    "Why does the statement show a transfer to {}?",
]


def recall(model: NameModel | None, names: tuple[list[str], list[str]], n: int, seed: int) -> tuple[int, int]:
    """How many of n names are found whole, and how many in part only."""
    rng = random.Random(seed)
    whole = part = 0
    for _ in range(n):
        name = f"{rng.choice(names[0])} {rng.choice(names[1])}"
        found = [span.text for span in find(rng.choice(FRAMES).format(name), None, model) if span.kind == "name"]
        whole += any(name in piece for piece in found)
        part += not any(name in piece for piece in found) and any(piece in name for piece in found)
    return whole, part


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    model = NameModel(asked.model, folder_sha256(asked.model))
    told: dict[str, object] = {}
    for kind, names in (("English names", ENGLISH), ("other names", OTHER)):
        for tier, used in (("patterns alone", None), ("both tiers", model)):
            whole, part = recall(used, names, asked.n, seed=1)
            low, high = wilson(whole, asked.n)
            told[f"{kind}, {tier}"] = [whole / asked.n, low, high, part]
            print(f"{kind:14} {tier:15} {whole / asked.n:.3f} [{low:.3f}, {high:.3f}] of {asked.n}; in part {part}")
    if asked.data:
        lines = (asked.data / "tickets_banking15" / "train.jsonl").read_text("utf-8").splitlines()
        texts = [json.loads(line)["messages"][-2]["content"] for line in lines]
        start = time.process_time()
        by_model = [span.text for text in texts for span in find(text, None, model) if span.kind == "name"]
        seconds = time.process_time() - start
        alone = sum(span.kind == "name" for text in texts for span in find(text))
        told["tickets"] = [len(texts), alone, len(by_model), seconds]
        print(f"{len(texts)} tickets: {alone} names by patterns, {len(by_model)} by both; {seconds:.1f} CPU-s")
        print(Counter(by_model).most_common(60))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1), "utf-8")


if __name__ == "__main__":
    main()
