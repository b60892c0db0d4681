"""Where a candidate fails, without anybody having named the slice: columns, labels, lengths, words of the input."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from strop.measure import Weak, weak_groups
from strop.measure.weak import FEWEST
from strop.records import Example, ItemResult, MeasureSpec

_WORDS = 300
"""Most words of the inputs that are looked at, the most common ones that are not everywhere."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_SIGNS = {"a digit": re.compile(r"\d"), "a question mark": re.compile(r"\?"), "a line break": re.compile(r"\n")}
Groups = dict[str, npt.NDArray[np.bool_]]


def weak_slices(
    spec: MeasureSpec, items: Sequence[ItemResult], examples: Mapping[str, Example], *, level: float = 0.1
) -> list[Weak]:
    """Slices on which a measure is certainly lower than on all other items, the surest first; see :func:`weak_groups`.

    Args:
        spec: the measure. An item of one without a score of its own (macro F1) counts as right or wrong, a counted one
            (micro F1) by its own F1.
        items: per-item results.
        examples: the rows behind them, by id; an item whose row is gone is only looked at by its columns.
        level: expected share of chance among what is named.
    """
    judged = [(item, score) for item in items if (score := item_score(spec, item)) is not None]
    chosen = [item for item, _ in judged]
    groups = _columns(chosen) | _inputs([_input(examples.get(item.example)) for item in chosen])
    sign = 1.0 if spec.higher_is_better else -1.0
    found = weak_groups([sign * score for _, score in judged], groups, level=level)
    if spec.higher_is_better:
        return found
    return [one._replace(value=-one.value, rest=-one.rest, low=-one.high, high=-one.low) for one in found]


def item_score(spec: MeasureSpec, item: ItemResult) -> float | None:
    """One number for an item; None where the measure does not apply to it."""
    if spec.how == "macro_f1":
        return None if item.gold is None else float(item.label == item.gold)
    score = item.scores.get(spec.name)
    if isinstance(score, tuple):
        right, invented, missed = score
        return 2 * right / (2 * right + invented + missed) if right + invented + missed else 1.0
    return score


def _columns(items: Sequence[ItemResult]) -> Groups:
    """Values of columns, and the right labels."""
    values: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        for column, value in item.slices.items():
            values[f"{column}: {value}"].append(place)
        if item.gold is not None:
            values[f"right label: {item.gold}"].append(place)
    return {name: _mask(places, len(items)) for name, places in values.items() if len(places) >= FEWEST}


def _inputs(inputs: Sequence[str | None]) -> Groups:
    """What can be said of a text without understanding it: its length, its words, a few signs."""
    known = [(place, text) for place, text in enumerate(inputs) if text is not None]
    groups: Groups = {}
    lengths = np.array([len(text) for _, text in known])
    if len(known) >= 4 * FEWEST:
        low, high = np.quantile(lengths, (0.25, 0.75))
        groups["shortest quarter of the inputs"] = _mask([p for p, text in known if len(text) < low], len(inputs))
        groups["longest quarter of the inputs"] = _mask([p for p, text in known if len(text) > high], len(inputs))
    words: dict[str, list[int]] = defaultdict(list)
    for place, text in known:
        for word in {word.casefold() for word in _WORD.findall(text)}:
            words[word].append(place)
        for name, sign in _SIGNS.items():
            if sign.search(text):
                groups.setdefault(f"input has {name}", np.zeros(len(inputs), dtype=np.bool_))[place] = True
    common = Counter({w: len(places) for w, places in words.items() if FEWEST <= len(places) <= len(known) / 2})
    for word, _ in sorted(common.items(), key=lambda pair: (-pair[1], pair[0]))[:_WORDS]:
        groups[f"input says “{word}”"] = _mask(words[word], len(inputs))
    return groups


def _mask(places: Sequence[int], size: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(size, dtype=np.bool_)
    mask[list(places)] = True
    return mask


def _input(example: Example | None) -> str | None:
    return example.input if example is not None else None
