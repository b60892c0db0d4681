"""Small worlds for the gate and the ladder: real records, numbers by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from strop.decide import Arm, Evidence, Tried
from strop.measure import estimate
from strop.records import (
    Candidate,
    Cost,
    Dataset,
    ItemResult,
    MeasureSpec,
    Method,
    Report,
    RowCounts,
    Run,
    RunCheck,
    Spec,
)

QUALITY = MeasureSpec(name="quality", how="mean", primary=True)
GENERAL = MeasureSpec(name="margin", how="mean", primary=True)
MACRO = MeasureSpec(name="macro_f1", how="macro_f1", primary=True)


def items_of(
    scores: Sequence[float], *, measure: str = "quality", slices: Mapping[int, str] | None = None, **fields: Any
) -> tuple[ItemResult, ...]:
    """One item a score, named by position."""
    return tuple(
        ItemResult(
            example=f"ex_{n}",
            answer=f"an answer to {n}",
            scores={measure: score},
            slices={"language": slices[n]} if slices else {},
            **fields,
        )
        for n, score in enumerate(scores)
    )


def labelled(gold: Sequence[str], said: Sequence[str], *, sure: float = 0.9) -> tuple[ItemResult, ...]:
    """One classified item a pair."""
    return tuple(
        ItemResult(example=f"ex_{n}", answer=b, gold=a, label=b, probabilities={b: sure, "other": 1 - sure})
        for n, (a, b) in enumerate(zip(gold, said, strict=True))
    )


def report_of(
    candidate: str, items: Sequence[ItemResult], *, spec: MeasureSpec = QUALITY, split: str = "test", **fields: Any
) -> Report:
    """The report that its items give."""
    body: dict[str, Any] = {
        "id": f"rep_{candidate}_{spec.name}_{split}",
        "candidate": candidate,
        "method": "lora",
        "suite": f"suite_{spec.name}",
        "suite_name": "general" if spec.name == GENERAL.name else "domain",
        "split": split,
        "n": len(items),
        "measures": {spec.name: estimate(spec, items)},
        "specs": (spec,),
        "items": "hash",
        "signature": {},
        "created": "2026-01-01T00:00:00.000+00:00",
    }
    return Report(**(body | fields))


def candidate_of(name: str, method: Method = "lora", *, base: str | None = "base_a", shots: int = 0) -> Candidate:
    """A candidate of a method."""
    spec = Spec.of(method, base=None if method == "classical" else base, shots=shots)
    return Candidate(id=name, spec=spec, dataset="ds_1", seed=0, run="run_1", created="2026-01-01T00:00:00.000+00:00")


def run_of(candidate: Candidate, *, seconds: float = 60.0, passed: bool = True) -> Run:
    """The run that made it."""
    cost = Cost(examples=1, tokens=1, cpu_seconds=seconds, wall_seconds=seconds, peak_memory_bytes=1)
    checks = (
        RunCheck(name="moved", passed=passed, detail="every tensor moved" if passed else "3 tensors stood still"),
    )
    return Run(
        id="run_1", spec=candidate.spec, dataset=candidate.dataset, seed=0, environment={}, estimate=None,
        measured=cost, checks=checks, created=candidate.created,
    )  # fmt: skip


def arm_of(name: str, items: Sequence[ItemResult], *, spec: MeasureSpec = QUALITY, candidate: str = "") -> Arm:
    """An arm with its report."""
    return Arm(name=name, report=report_of(candidate or name, items, spec=spec), items=tuple(items))


def evidence_of(
    test_items: Sequence[ItemResult], *, spec: MeasureSpec = QUALITY, method: Method = "lora", **fields: Any
) -> Evidence:
    """A candidate about which all is known and nothing is wrong; ``fields`` plant what is."""
    candidate = candidate_of("cand_new", method)
    kind = "classification" if spec.how == "macro_f1" else "generation"
    dataset = Dataset(
        id="ds_1", kind=kind, splits={"test": tuple(item.example for item in test_items)},
        rows=RowCounts(read=0, kept=0, held_out=0, dropped=0, quarantined=0), examples="a", ledger="b",
        created=candidate.created,
    )  # fmt: skip
    general = items_of([0.5, 0.6, 0.7, 0.4] * 80, measure="margin")
    before = items_of([0.51, 0.58, 0.7, 0.41] * 80, measure="margin")
    body: dict[str, Any] = {
        "candidate": candidate,
        "dataset": dataset,
        "report": report_of("cand_new", test_items, spec=spec),
        "items": tuple(test_items),
        "swapped_items": swapped(test_items),
        "constant_items": (),
        "run": run_of(candidate),
        "general": arm_of("general", general, spec=GENERAL, candidate="cand_new"),
        "general_base": arm_of("general base", before, spec=GENERAL),
        "leaks": 0,
        "personal_data_left": 0,
    }
    return Evidence(**(body | fields))


def swapped(items: Sequence[ItemResult]) -> tuple[ItemResult, ...]:
    """The same answers dealt to other items: another item's label, low scores."""
    low, last = [0.0, 0.1, 0.2], len(items) - 1
    return tuple(
        item.model_copy(
            update={"scores": dict.fromkeys(item.scores, low[n % 3]), "label": items[(n * 7 + 1) % last].label}
        )
        for n, item in enumerate(items)
    )


def tried_of(
    name: str, method: Method, scores: Sequence[float], *, shots: int = 0, base: str | None = "base_a"
) -> Tried:
    """A rung that was judged on validation items."""
    candidate = candidate_of(name, method, base=base, shots=shots)
    items = items_of(scores)
    run = run_of(candidate) if method not in ("prompt", "remote", "answers") else None
    report = report_of(name, items, split="validation")
    return Tried(spec=candidate.spec, candidate=candidate, report=report, items=items, run=run)


class Build:
    """The builders under one name."""

    QUALITY, GENERAL, MACRO = QUALITY, GENERAL, MACRO
    items = staticmethod(items_of)
    labelled = staticmethod(labelled)
    report = staticmethod(report_of)
    candidate = staticmethod(candidate_of)
    run = staticmethod(run_of)
    arm = staticmethod(arm_of)
    evidence = staticmethod(evidence_of)
    swapped = staticmethod(swapped)
    tried = staticmethod(tried_of)


@pytest.fixture
def build() -> type[Build]:
    """Small worlds."""
    return Build
