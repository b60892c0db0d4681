"""The best and the worst that answers could be, told without asking a model or running code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strop.evaluate import extremes
from strop.measure import aggregate
from strop.records import Example, Kind, Message, Origin
from strop.settings import Settings


def rows(*references: str | None, **expect: Any) -> list[Example]:
    return [
        Example(
            id=f"ex_{n}",
            messages=(Message(role="user", content=f"question {n}"),),
            reference=reference,
            expect=expect,
            group=f"g{n // 2}",
            origin=Origin(source="rows.jsonl", line=n + 1),
        )
        for n, reference in enumerate(references)
    ]


def settings(kind: Kind, **decision: Any) -> Settings:
    return Settings.model_validate({"task": {"kind": kind}, "data": {"sources": ["x"]}, "decision": decision})


@pytest.mark.parametrize(
    ("kind", "primary", "given", "ends"),
    [
        ("classification", "macro_f1", rows("a", "b", "a", "b"), (1.0, 0.0)),
        ("classification", "brier", rows("a", "b", "a", "b"), (0.0, 2.0)),
        ("generation", "attribute_inclusion", rows("a red tent", "a stove", must_include=["red", "tent"]), (1.0, 0.0)),
        ("code", "tests_passed", rows("x", None, tests=["assert f() == 1"], entry_point="f"), (1.0, 0.0)),
    ],
    ids=["labels", "less is better", "more than the reference says", "code that is not run"],
)
def test_the_best_is_the_best_that_the_measure_can_be(
    kind: Kind, primary: str, given: list[Example], ends: tuple[float, float], tmp_path: Path
) -> None:
    spec, best, worst = extremes(given, kind=kind, settings=settings(kind, primary=primary), project=tmp_path)
    assert (spec.name, aggregate(spec, best), aggregate(spec, worst)) == (primary, *ends)
    assert [item.example for item in best] == [row.id for row in given]
    assert {item.cluster for item in best} == {row.group for row in given}


def test_what_has_no_limit_has_no_best(tmp_path: Path) -> None:
    asked = settings("generation", primary="bleu")
    assert extremes(rows("a", "b"), kind="generation", settings=asked, project=tmp_path)[1:] == ((), ())
