"""What comes after the first turn: traffic, two new families, an editor's corrections, a new wording rule."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations, product
from typing import Any

from strop import demo, privacy
from strop.measure.answers.inclusion import inclusion
from strop.measure.writing.keywords import keyword_check
from strop.measure.writing.style import read_style, style_breaks

from .test_data import containment, five_grams, masked_words

Row = dict[str, Any]
FOLDER = demo.data_folder()
LATER = FOLDER / "later"
NEW = {"climbing", "paddling"}


def _rows(path: str) -> list[Row]:
    return [json.loads(line) for line in (FOLDER / path).read_text("utf-8").split("\n")[:-1]]


TRAFFIC = {row["meta"]["id"]: row for row in _rows("later/traffic.jsonl")}
KEY = {row["id"]: row for row in _rows("later/traffic_key.jsonl")}
CORRECTIONS = _rows("later/corrections.jsonl")
TEXTS = {name: row["description"] for name, row in KEY.items() if row["description"]}


def _asked(row: Row) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in row["messages"][1]["content"].split("\n"))


def _earlier() -> list[Row]:
    spoiled = {fault["line"] for fault in _rows("faults_key.jsonl")}
    lines = (FOLDER / "train.jsonl").read_text("utf-8").split("\n")[:-1]
    return [*(json.loads(x) for n, x in enumerate(lines, 1) if n not in spoiled), *_rows("test.jsonl")]


def test_amounts() -> None:
    assert set(TRAFFIC) == set(KEY)
    families = Counter(row["meta"]["family"] for row in TRAFFIC.values())
    assert all(families[family] == 40 for family in NEW)
    old = {row["meta"]["family"] for row in _earlier()}
    assert {family for family in families if family not in NEW} == old
    assert all(families[family] == 5 for family in old)
    assert len(CORRECTIONS) == 60


def test_traffic_carries_no_answers_and_new_families_come_late() -> None:
    for row in TRAFFIC.values():
        assert [message["role"] for message in row["messages"]] == ["system", "user"]
        assert (row["meta"]["family"] in NEW) <= (row["meta"]["week"] >= 3)
    weeks = Counter(row["meta"]["week"] for row in TRAFFIC.values())
    assert dict(weeks) == {1: 20, 2: 20, 3: 50, 4: 50}


def test_new_families_have_true_descriptions_and_more_attributes() -> None:
    assert all(KEY[name]["description"] for name, row in TRAFFIC.items() if row["meta"]["family"] in NEW)
    for name, row in TRAFFIC.items():
        count = len(_asked(row)) - 1
        assert 5 <= count <= 7 if row["meta"]["family"] in NEW else 4 <= count <= 6, name


def test_corrections_are_the_true_descriptions_of_what_was_asked() -> None:
    seen = Counter(correction["traffic"] for correction in CORRECTIONS)
    assert max(seen.values()) == 1
    for correction in CORRECTIONS:
        name = correction["traffic"]
        assert correction["input"] == TRAFFIC[name]["messages"][1]["content"]
        assert correction["correction"] == KEY[name]["description"]
    assert {name for name, row in KEY.items() if row["corrected"]} == set(seen)
    per_family = Counter(TRAFFIC[name]["meta"]["family"] for name in seen)
    assert {family: per_family[family] for family in NEW} == {"climbing": 20, "paddling": 20}


def test_true_descriptions_are_complete_and_obey_the_new_guide() -> None:
    rules = read_style(json.loads((LATER / "style_guide_v2.json").read_text("utf-8")))
    wrong = {}
    for name, text in TEXTS.items():
        expect = KEY[name]["expect"]
        found = [broken.message for broken in style_breaks(text, rules, expect)]
        found += inclusion(text, expect["must_include"]).missing
        found += [check.why for w in expect["keywords"] if not (check := keyword_check(text, w)).inside]
        if found or not 24 <= len(text.split()) <= 50:
            wrong[name] = found
    assert wrong == {}


def test_the_new_guide_adds_one_rule_that_part_of_the_old_texts_break() -> None:
    old, new = (json.loads((FOLDER / name).read_text("utf-8"))["rules"] for name in (
        "style_guide.json", "later/style_guide_v2.json",
    ))  # fmt: skip
    assert new[:-1] == old
    rule = read_style(new[-1:])
    broken = [bool(style_breaks(row["messages"][2]["content"], rule)) for row in _earlier()]
    assert 0.2 < sum(broken) / len(broken) < 0.4, "enough to matter, few enough to drop"


def test_traffic_is_new() -> None:
    earlier = [_asked(row) for row in _earlier()]
    later = [_asked(row) for row in TRAFFIC.values()]
    names = Counter(row["name"].lower() for row in (*earlier, *later))
    sets = Counter(
        frozenset((k, v) for k, v in row.items() if k not in ("name", "search term")) for row in (*earlier, *later)
    )
    assert max(names.values()) == 1 and max(sets.values()) == 1


def test_no_two_texts_share_half_of_their_five_grams() -> None:
    later = [five_grams(masked_words(text, list(_asked(TRAFFIC[name]).values()))) for name, text in TEXTS.items()]
    earlier = [
        five_grams(masked_words(row["messages"][2]["content"], list(_asked(row).values()))) for row in _earlier()
    ]
    pairs = [*combinations(later, 2), *product(later, earlier)]
    assert max(containment(one, other) for one, other in pairs) < 0.3


def test_no_personal_data_and_no_unit_glued_on() -> None:
    texts = [*TEXTS.values(), *(row["messages"][1]["content"] for row in TRAFFIC.values())]
    assert [text for text in texts if privacy.find(text)] == []
    assert not [text for text in texts if re.search(r"\d(?:g|kg|l|ml|cm|mm|m)\b", text)]
