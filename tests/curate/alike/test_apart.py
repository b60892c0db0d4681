"""Rows of one template: what cannot be alike is let go in bulk, nothing that is alike; little is left to compare."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strop.curate.alike import apart, comparing
from strop.curate.alike.alignment import Difference
from strop.curate.alike.apart import may_be_alike
from strop.curate.alike.comparing import Comparison
from strop.curate.alike.duplicates import near
from strop.curate.drafts import Draft
from strop.curate.finding.resembling import Resembling
from strop.curate.kept import Kept
from strop.records import Kind

THINGS = (
    "lamp", "lamps", "clamp", "chair", "kettle", "table", "sofa", "carpet", "mirror", "shelf", "pillow", "radio",
)  # fmt: skip
TOWNS = ("Berlin", "Bremen", "Bonn", "Born", "Hamburg", "Munich", "Cologne", "Leipzig", "Dresden", "Kiel", "Trier")
PEOPLE = ("my sister", "our neighbour", "a colleague", "the school", "the play school", "the playschool", "I")
COLOURS = ("red", "dark red", "not red", "green", "blue", "black", "5 white", "7 white")
SHORT = "Where is the {} {} for {} that {} ordered?"
LONG = "I wrote to you about the {} {} that we had sent to {} last week, which {} ordered, and it was not there."
SEVERAL = "Sort this.\nBe quick.\nWhere is the {} {} for {}?\nIt was ordered for {}."


def filled(template: str, rng: random.Random) -> str:
    return template.format(*map(rng.choice, (COLOURS, THINGS, TOWNS, PEOPLE)))


def spoilt(text: str, rng: random.Random) -> str:
    """A near copy: letters left out, exchanged or doubled, spaces lost, words lost and added."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(1, len(text) - 2)
        words = text.split(" ")
        text = rng.choice(
            (
                text[:at] + text[at + 1 :],
                text[:at] + text[at + 1] + text[at] + text[at + 2 :],
                text[:at] + text[at] + text[at:],
                text.replace(" ", "", 1),
                " ".join(words[: (drop := rng.randrange(len(words)))] + words[drop + 1 :]),
                f"Hello, {text} Thanks",
                f"{text} now",
            )
        )
    return text


def rows(texts: list[str], answers: list[str]) -> list[Draft]:
    return [
        Draft("a", n, None, (("user", text),), answer, identity=f"ex_{n}", number=n)
        for n, (text, answer) in enumerate(zip(texts, answers, strict=True))
    ]


@pytest.mark.parametrize(("template", "threshold"), [(SHORT, 0.8), (LONG, 0.8), (LONG, 0.6), (SEVERAL, 0.95)])
def test_nothing_that_is_alike_is_let_go(template: str, threshold: float) -> None:
    rng = random.Random(1)
    texts = [filled(template, rng) for _ in range(60)]
    texts += [spoilt(rng.choice(texts), rng) for _ in range(60)]
    texts += [text.replace(" lamp ", " lamps ") for text in texts if " lamp " in text]
    for text in texts[:20]:  # retyped, with a word more in each line
        lines = text.translate({ord("."): None, ord("?"): None}).splitlines()
        texts.append("\n".join(map("{} {}".format, lines, ("today", "really", "anyhow", "however"))))
    pairs = np.array(list(combinations(range(len(texts)), 2)))
    compare = Comparison("classification", threshold)
    alike = np.array([compare.alike(texts[i], texts[j]) for i, j in pairs.tolist()])
    may = may_be_alike(pairs, texts.__getitem__, threshold)
    assert not (alike & ~may).any()
    assert alike.sum() > 40 and may.sum() < (0.5 if template == SHORT else 0.9) * len(pairs)


def test_a_few_pairs_are_not_looked_through() -> None:
    def read(number: int) -> str:
        raise AssertionError(f"text {number} was read")

    assert may_be_alike(np.array([[0, 1]] * apart.FEW), read, 0.8).all()
    assert may_be_alike(np.empty((0, 2), dtype=np.int64), read, 0.8).shape == (0,)


def copies(count: int) -> list[str]:
    """Rows of one template, of which each tenth is retyped."""
    rng = random.Random(3)
    words = ["".join(rng.choices("bdfgklmnprst", k=1)) + "".join(rng.choices("aeiou", k=1)) for _ in range(60)]
    slots = [["".join(rng.choices(words, k=3)) for _ in range(30)] for _ in range(4)]
    made: list[str] = []
    while len(made) < count:
        if len(made) % 10 == 9:
            made.append(f"hello, {rng.choice(made).lower()} thanks")
        else:
            made.append("Where is the {} {} for {} that {} ordered?".format(*map(rng.choice, slots)))
    return made


@pytest.mark.parametrize("kind", ["classification", "chat"])
def test_rows_of_one_template_are_compared_a_few_times_each(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    difference = comparing.difference

    def counting(one: str, other: str) -> Difference:
        compared.append(one)
        return difference(one, other)

    monkeypatch.setattr(comparing, "difference", counting)
    each, found = [], []
    for count in (1_000, 3_000):
        every = rows(copies(count), ["queue 1" if kind == "classification" else "We will see to it."] * count)
        compare = Comparison(kind, 0.8)
        compare.resembling = Resembling(every, Comparison(kind, 0.8), Kept(), bytes(32))
        compared.clear()
        repeats, _ = near(every, compare)
        each.append(len(compared) / count)
        found.append(len(repeats) / count)
    assert min(found) >= 0.097  # a tenth are copies
    assert max(each) < 0.3  # of each, a third of all are similar


@pytest.mark.parametrize("kind", ["classification", "chat"])
def test_letting_pairs_go_changes_no_line_of_a_version_nor_of_one_with_rows_added(
    bench: Any, tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [{"input": text, "output": f"queue {n % 3}"} for n, text in enumerate(copies(300))]
    every += [{**row, "output": "queue 1"} for row in every[:20]]

    def lines(rows: list[dict[str, str]], few: int, kept: Kept | None = None) -> list[str]:
        monkeypatch.setattr(apart, "FEW", few)
        bench.write("a.jsonl", rows)
        made = bench.run(["a.jsonl"], task={"kind": kind}, kept=kept)
        return [line.model_dump_json() for line in (*made.ledger, *made.fault_table)]

    whole = lines(every, few=10**9)
    assert lines(every, few=0) == whole
    lines(every[:250], few=0, kept=Kept(tmp_path / "kept", "code"))
    assert lines(every, few=0, kept=Kept(tmp_path / "kept", "code")) == whole
