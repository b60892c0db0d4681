"""Answers that are JSON: read them, and compare them field by field."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import scipy

from strop.measure.text import normalise
from strop.records import JSON

_FENCE = re.compile(r"\A```(?:json)?\s*\n(.*?)\n?```\Z", re.DOTALL | re.IGNORECASE)


class Parsed(NamedTuple):
    """A JSON answer, or why it is none."""

    value: JSON
    error: str = ""


def read_json(answer: str) -> Parsed:
    """The answer as JSON, a code fence around it allowed and nothing else: prose around JSON is an error.

    NaN, Infinity and repeated keys are errors too.
    """
    text = answer.strip()
    fenced = _FENCE.match(text)
    try:
        value = json.loads(
            fenced.group(1) if fenced else text, parse_constant=_no_constant, object_pairs_hook=_distinct
        )
    except (ValueError, RecursionError) as error:
        return Parsed(None, str(error) or "nested too deeply")
    return Parsed(value)


def _no_constant(name: str) -> JSON:
    raise ValueError(f"{name} is not JSON")


def _distinct(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def field_counts(gold: JSON, predicted: JSON) -> tuple[float, float, float]:
    """(tp, fp, fn) of the leaves, matched one to one by key and value.

    Items of two lists are matched one to one, in whatever order, in the way that finds most (the assignment problem,
    Kuhn 1955): a price that stands beside another item than it should is no hit. Texts compare normalised
    (:func:`strop.measure.text.normalise`), numbers by value; ``None`` fields count as absent.

    Args:
        gold: the expected JSON value.
        predicted: the answer's, or None when it was not JSON.
    """
    hits = _hits(gold, predicted)
    return float(hits), float(_leaves(predicted) - hits), float(_leaves(gold) - hits)


def _leaves(value: JSON) -> int:
    """How many leaves there are that are not None, however deep."""
    count, left = 0, [value]
    while left:
        inner = left.pop()
        if isinstance(inner, dict | list):
            left += inner.values() if isinstance(inner, dict) else inner
        else:
            count += inner is not None
    return count


def _hits(gold: JSON, said: JSON) -> int:
    if isinstance(gold, dict) and isinstance(said, dict):
        return sum(_hits(value, said[key]) for key, value in gold.items() if key in said)
    if isinstance(gold, list) and isinstance(said, list):
        return (_plain(gold) & _plain(said)).total() + _paired(_nested(gold), _nested(said))
    return (_plain([gold]) & _plain([said])).total()


def _plain(items: list[JSON]) -> Counter[JSON]:
    return Counter(_comparable(item) for item in items if item is not None and not isinstance(item, dict | list))


def _nested(items: list[JSON]) -> list[JSON]:
    return [item for item in items if isinstance(item, dict | list)]


def _paired(gold: list[JSON], said: list[JSON]) -> int:
    """The most hits of two lists of objects or lists, one to one."""
    if not gold or not said:
        return 0
    found = np.array([[_hits(one, other) for other in said] for one in gold])
    return int(found[scipy.optimize.linear_sum_assignment(found, maximize=True)].sum())


def _comparable(leaf: JSON) -> JSON:
    if isinstance(leaf, bool):
        return str(leaf)
    return normalise(leaf) if isinstance(leaf, str) else leaf
