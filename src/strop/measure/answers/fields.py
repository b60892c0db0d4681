"""Answers that are JSON: read them, and compare them field by field."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

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


def leaves(value: JSON, path: str = "") -> Iterator[tuple[str, JSON]]:
    """Every leaf with its path; list items share their list's path, so their order does not count."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def field_counts(gold: JSON, predicted: JSON) -> tuple[float, float, float]:
    """(tp, fp, fn) of the leaves, matched one to one by path and value.

    Texts compare normalised (:func:`strop.measure.text.normalise`), numbers by value; ``None`` fields count as absent.

    Args:
        gold: the expected JSON value.
        predicted: the answer's, or None when it was not JSON.
    """
    wanted, said = _bag(gold), _bag(predicted)
    hits = (wanted & said).total()
    return float(hits), float(said.total() - hits), float(wanted.total() - hits)


def _bag(value: JSON) -> Counter[tuple[str, JSON]]:
    return Counter((path, _comparable(leaf)) for path, leaf in leaves(value) if leaf is not None)


def _comparable(leaf: JSON) -> JSON:
    if isinstance(leaf, bool):
        return str(leaf)
    return normalise(leaf) if isinstance(leaf, str) else leaf
