"""Which training rows may stand as examples in a few-shot prompt: a handful of sets, each chosen on its own idea.

    median      of median length, of different labels
    central     most often among the nearest neighbours of other rows (Su et al. 2023, vote-k, without its discount)
    coverage    together nearest to all other rows (facility location, greedily; Nemhauser et al. 1978)
    short       of the shortest quarter: the cheapest prompt
    random N    drawn at random

Which of them the model answers best with is found on validation items by whoever can ask it. No test item comes here.
"""

from __future__ import annotations

import random
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strop.records import Example

RANDOM_SETS = 4
MOST_ROWS = 1000
"""Rows among which sets are looked for; similarities grow with the square of their number."""
_WIDTH = 4096
_NEIGHBOURS = 8
_WORD = re.compile(r"\w+")


class ShotSet(NamedTuple):
    """Example ids in the order in which they stand in the prompt, and the idea behind them."""

    name: str
    shots: tuple[str, ...]


def shot_sets(rows: Sequence[Example], count: int, *, by_label: bool, seed: int = 0) -> list[ShotSet]:
    """Sets of ``count`` rows with an answer, each set once; the same rows give the same sets.

    Rows of more than twice the median length are left out: they would crowd the prompt.

    Args:
        rows: the training rows.
        count: examples a prompt holds.
        by_label: prefer rows of different answers (a classification).
        seed: of the random ones.
    """
    answered = sorted((row for row in rows if row.reference and row.reference.strip()), key=lambda row: row.id)
    if not answered or count == 0:
        return []
    median = sorted(map(_length, answered))[len(answered) // 2]
    usable = [row for row in answered if _length(row) <= 2 * median][:MOST_ROWS]
    alike = _similarities([row.input for row in usable])
    nearest = np.argsort(-alike, axis=1, kind="stable")[:, :_NEIGHBOURS]
    votes = np.bincount(nearest.ravel(), minlength=len(usable))
    orders: list[tuple[str, Iterable[int]]] = [
        ("median", _sorted(usable, lambda i: abs(_length(usable[i]) - median))),
        ("central", _sorted(usable, lambda i: -float(votes[i]))),
        ("coverage", _covering(alike, min(len(usable), 8 * count))),
        ("short", _sorted(usable, lambda i: _length(usable[i]))[: max(count, len(usable) // 4)]),
    ]
    for number in range(1, RANDOM_SETS + 1):
        drawn = list(range(len(usable)))
        random.Random(f"{seed}:{number}").shuffle(drawn)  # noqa: S311  (a draw of examples, not a secret)
        orders.append((f"random {number}", drawn))
    sets: dict[tuple[str, ...], ShotSet] = {}
    for name, order in orders:
        shots = _first(usable, order, count, by_label=by_label)
        sets.setdefault(tuple(sorted(shots)), ShotSet(name, shots))
    return list(sets.values())


def _first(rows: Sequence[Example], order: Iterable[int], count: int, *, by_label: bool) -> tuple[str, ...]:
    """The first rows in an order; with ``by_label`` one of each answer before a second one of any."""
    ranked = [rows[i] for i in order]
    if by_label:
        seen: Counter[str | None] = Counter()
        rounds = []
        for row in ranked:
            rounds.append(seen[row.reference])
            seen[row.reference] += 1
        ranked = [row for _, row in sorted(zip(rounds, ranked, strict=True), key=lambda pair: pair[0])]
    return tuple(row.id for row in ranked[:count])


def _length(row: Example) -> int:
    return len(row.input) + len(row.reference or "")


def _sorted(rows: Sequence[Example], key: object) -> list[int]:
    return sorted(range(len(rows)), key=lambda i: (key(i), rows[i].id))  # type: ignore[operator]


def _covering(alike: npt.NDArray[np.float32], count: int) -> list[int]:
    """Rows in the order in which each adds most to how near the nearest chosen row is to all rows."""
    covered = np.zeros(len(alike), dtype=np.float32)
    chosen: list[int] = []
    for _ in range(count):
        gains = np.maximum(alike - covered[:, None], 0).sum(axis=0)
        gains[chosen] = -1
        best = int(gains.argmax())
        chosen.append(best)
        covered = np.maximum(covered, alike[:, best])
    return chosen


def _similarities(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Cosines of the texts' words, hashed and weighted by rarity (n × n)."""
    counts = np.zeros((len(texts), _WIDTH), dtype=np.float32)
    for row, text in zip(counts, texts, strict=True):
        for word, times in Counter(_WORD.findall(text.lower())).items():
            row[zlib.crc32(word.encode("utf-8", "surrogatepass")) % _WIDTH] += times
    rarity = np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0))).astype(np.float32)
    weighted = np.log1p(counts) * rarity
    weighted /= np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-9)
    alike: npt.NDArray[np.float32] = weighted @ weighted.T
    return alike
