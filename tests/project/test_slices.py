"""The cheat "better on average, worse on one slice": nobody named the slice, `init` found its column in the file."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from strop import project

WORDS = {"cards": ("stolen", "blocked", "arrives"), "refunds": ("money", "return", "parcel")}


def write(folder: Path) -> None:
    """Of nine tickets one is of the gold tier, whose queues are the other way round: the text alone misleads."""
    draw = random.Random(7)
    rows, answers = [], []
    for n in range(540):
        tier, seems = "gold" if n % 9 == 0 else "plain", "cards" if n % 2 else "refunds"
        queue = seems if tier == "plain" else {"cards": "refunds", "refunds": "cards"}[seems]
        said = " ".join(draw.choice(WORDS[seems]) for _ in range(3))
        noise = " ".join(f"w{draw.randrange(4000)}" for _ in range(8))
        rows.append({"id": f"t{n}", "text": f"{said} {noise}", "queue": queue, "tier": tier})
        right = n % 10 < (9 if tier == "gold" else 6)
        wrong = {"cards": "refunds", "refunds": "cards"}[queue]
        answers.append({"id": f"t{n}", "answer": queue if right else wrong})
    for name, table in (
        ("train.csv", rows[:180]), ("validation.csv", rows[180:270]), ("test.csv", rows[270:])
    ):  # fmt: skip
        _csv(folder / "data" / name, table)
    _csv(folder / "today.csv", answers)


def _csv(path: Path, table: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


def test_worse_on_a_slice_that_init_found_is_refused(tmp_path: Path, fake_cache: Path) -> None:
    write(tmp_path)
    project.init(tmp_path / "p", tmp_path / "data")
    asked = [
        "ladder={bases: [fake-small], methods: [classical], incumbent: ../today.csv}",
        "decision.primary={accuracy: {margin: 0.02}}",
    ]
    made = project.open(tmp_path / "p", overrides=asked)
    made.curate()
    candidate = next(step.candidate for step in made.choose().steps if step.method == "classical")
    decision = made.decide(candidate)
    checks = {check.name: check for check in decision.checks}
    assert checks["against_incumbent"].verdict == "pass" and (checks["against_incumbent"].value or 0) > 0.2
    assert decision.verdict == "refuse"
    assert [name for name, check in checks.items() if check.verdict == "fail"] == ["slices.tier=gold"]
    assert (checks["slices.tier=gold"].value or 0) < -0.5
    assert made.verify(decision.id) == []
    made.store.close()
