"""The shipped texts are what they claim to be: written one by one, complete, in the house style."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from strop import demo
from strop.measure.answers.inclusion import inclusion
from strop.measure.writing.keywords import keyword_check
from strop.measure.writing.style import read_style, style_breaks

Row = dict[str, Any]
FOLDER = demo.data_folder()


def _lines(name: str) -> list[str]:
    return (FOLDER / name).read_text("utf-8").split("\n")[:-1]


def _rows(name: str) -> list[Row]:
    return [json.loads(line) for line in _lines(name)]


@cache
def _key() -> tuple[Row, ...]:
    return tuple(_rows("faults_key.jsonl"))


@cache
def _good() -> tuple[Row, ...]:
    spoiled = {fault["line"] for fault in _key()}
    return tuple(json.loads(line) for number, line in enumerate(_lines("train.jsonl"), 1) if number not in spoiled)


@cache
def _test() -> tuple[Row, ...]:
    return tuple(_rows("test.jsonl"))


def _asked(row: Row) -> str:
    return str(row["messages"][1]["content"])


def _answer(row: Row) -> str:
    return str(row["messages"][2]["content"])


def _attributes(row: Row) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in _asked(row).split("\n"))


def masked_words(text: str, values: Iterator[str] | list[str]) -> list[str]:
    """The words of ``text`` with attribute values (longest first) replaced by one mark."""
    for value in sorted(values, key=len, reverse=True):
        text = re.sub(re.escape(value), "_", text, flags=re.IGNORECASE)
    return re.findall(r"[a-z0-9'-]+|_", text.lower())


def five_grams(words: list[str]) -> frozenset[tuple[str, ...]]:
    """Every run of five words."""
    return frozenset(tuple(words[start : start + 5]) for start in range(len(words) - 4))


def containment(one: frozenset[Any], other: frozenset[Any]) -> float:
    """Share of the smaller set that the other holds: at least their Jaccard similarity."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


def problems(row: Row, guide: Path) -> list[str]:
    """What is wrong with a row's answer: style, attributes, search term."""
    answer, expect = _answer(row), row["expect"]
    rules = read_style(json.loads(guide.read_text("utf-8")))
    found = [f"{broken.rule}: {broken.message}" for broken in style_breaks(answer, rules, expect)]
    found += [f"{name} is missing" for name in inclusion(answer, expect["must_include"]).missing]
    for window in expect["keywords"]:
        if not (check := keyword_check(answer, window)).inside:
            found.append(f"{window['term']}: {check.why}")
    if not 24 <= len(answer.split()) <= 50:
        found.append("length")
    return found


def _check_rows(rows: tuple[Row, ...], guide: str = "style_guide.json") -> None:
    wrong = {row["meta"]["id"]: found for row in rows if (found := problems(row, FOLDER / guide))}
    assert wrong == {}


def test_amounts() -> None:
    assert len(_good()) == 240
    assert len(_test()) == 100
    per_family = Counter(row["meta"]["family"] for row in _good())
    assert len(per_family) == 12 and set(per_family.values()) == {20}
    assert set(Counter(row["meta"]["family"] for row in _test())) == set(per_family)


def test_training_texts_are_complete_and_in_style() -> None:
    _check_rows(_good())


def test_test_texts_are_complete_and_in_style() -> None:
    _check_rows(_test())


def test_a_spoiled_text_is_seen() -> None:
    row = json.loads(json.dumps(_good()[0]))
    for spoil in (
        lambda text: text.replace(_attributes(row)["name"], "It"),
        lambda text: text.rstrip(".") + "!",
        lambda text: f"{text[:-1]}, the best of all.",
        lambda text: f"{text} {text}",
    ):
        row["messages"][2]["content"] = spoil(_answer(_good()[0]))
        assert problems(row, FOLDER / "style_guide.json")


def test_inputs_are_four_to_six_attributes_and_expected_as_asked() -> None:
    for row in (*_good(), *_test()):
        asked = _attributes(row)
        term = asked.pop("search term")
        assert 4 <= len(asked) <= 6
        assert row["expect"]["attributes"] == asked
        assert [entry["attribute"] for entry in row["expect"]["must_include"]] == list(asked)
        assert [window["term"] for window in row["expect"]["keywords"]] == [term]
        assert row["expect"]["name"] == asked["name"]


def test_names_and_attribute_sets_are_unique() -> None:
    rows = [_attributes(row) for row in (*_good(), *_test())]
    names = Counter(row["name"].lower() for row in rows)
    sets = Counter(frozenset((k, v) for k, v in row.items() if k not in ("name", "search term")) for row in rows)
    assert max(names.values()) == 1
    assert max(sets.values()) == 1, "no test set in train either"


def test_no_two_texts_share_half_of_their_five_grams() -> None:
    rows = (*_good(), *_test())
    grams = [five_grams(masked_words(_answer(row), list(_attributes(row).values()))) for row in rows]
    assert all(len(one) >= 5 for one in grams)
    worst = max(containment(one, other) for one, other in combinations(grams, 2))
    assert worst < 0.5
    assert worst < 0.3, "measured well below; a template would show here first"


def test_a_filled_template_would_be_caught() -> None:
    template = "The {0} is a {1} with a volume of {2}, made for long days on the trail, and it weighs {3} in all."
    texts = [("Ash 3", "daypack", "3 l", "90 g"), ("Birch 4", "rucksack", "44 l", "800 g")]
    one, other = (five_grams(masked_words(template.format(*values), list(values))) for values in texts)
    assert containment(one, other) == 1.0


def test_openings_vary() -> None:
    openings = Counter(" ".join(_answer(row).split()[:2]) for row in (*_good(), *_test()))
    assert max(openings.values()) <= 5


@pytest.mark.parametrize("quick", [False, True])
def test_project_data(tmp_path: Path, quick: bool) -> None:
    demo.write_project_data(tmp_path, quick=quick)
    copied = (tmp_path / "data" / "train.jsonl").read_bytes()
    shipped = (FOLDER / "train.jsonl").read_bytes()
    assert shipped.startswith(copied)
    assert (copied == shipped) is not quick
    assert len(copied.splitlines()) == (80 if quick else 240 + len(_key()))
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == ["style_guide.json", "test.jsonl", "train.jsonl"]
