"""Records of an invented shop, put together by hand: what pages are drawn from."""

from __future__ import annotations

import random
from dataclasses import replace

from strop.records import (
    Base,
    Candidate,
    Check,
    Cost,
    Dataset,
    Decision,
    Example,
    Fault,
    ItemResult,
    Ladder,
    LedgerLine,
    LossPoint,
    Measured,
    MeasureSpec,
    Message,
    Needed,
    Origin,
    Report,
    Run,
    RunCheck,
    Spec,
    Step,
)
from strop.web.context import Context

WHEN = "2026-03-04T09:30:00.000+00:00"
BASE = Base(
    id="base_1", name="smollm2-135m-instruct", engine="torch", source="s", revision="r", files={}, licence="Apache-2.0",
    path="p", template_hash="t",
)  # fmt: skip
PROMPT = Spec.of("prompt", base="base_1", system="Describe the product.")
SHOTS = Spec.of("prompt", base="base_1", system="Describe the product.", shots=4)
LORA = Spec.of("lora", base="base_1", system="Describe the product.", settings={"lora_r": 16})
SPEC = MeasureSpec(name="attribute_inclusion", how="mean", primary=True)
LATENCY = {"prompt0": 310.0, "prompt4": 820.0, "lora": 335.0}
PRODUCTS = ("tent", "stove", "rope", "rucksack", "lantern", "axe")


def candidate(key: str, spec: Spec) -> Candidate:
    return Candidate(id=f"cand_{key}", spec=spec, dataset="data_1", seed=0, run="run_1", created=WHEN)


CANDIDATES = {c.id: c for c in (candidate("prompt0", PROMPT), candidate("prompt4", SHOTS), candidate("lora", LORA))}


def measured(value: float, half: float, n: int = 100) -> Measured:
    return Measured(value=value, low=value - half, high=value + half, n=n, method="bca")


def examples(count: int = 100) -> dict[str, Example]:
    made = {}
    for i in range(count):
        thing, weight = PRODUCTS[i % 6], 200 + 7 * i
        asked = f"type: {thing}\nweight: {weight} g\ncolour: moss"
        made[f"ex_{i:03}"] = Example(
            id=f"ex_{i:03}",
            messages=(Message(role="user", content=asked),),
            reference=f"A moss-green {thing} of {weight} g, made for long walks and short nights.",
            origin=Origin(source="rows.jsonl", line=i + 1),
            slices={"family": thing},
        )
    return made


def items(rows: dict[str, Example], *, good: float, seed: int) -> list[ItemResult]:
    chance = random.Random(seed)
    made = []
    for row in rows.values():
        full = chance.random() < good
        answer = row.reference if full else f"This {row.slices['family']} is a very good product, and very nice."
        score = 1.0 if full else chance.choice((0.0, 1 / 3))
        stopped = full or chance.random() < 0.9
        found = {"scores": {SPEC.name: score}, "slices": dict(row.slices), "seconds": 0.3, "stopped": stopped}
        made.append(ItemResult(example=row.id, answer=answer or "", **found))
    return made


def report(key: str, value: float, *, split: str = "test") -> Report:
    by_family = {name: {SPEC.name: measured(value - 0.02 * i, 0.09 + 0.01 * i, 16)} for i, name in enumerate(PRODUCTS)}
    return Report(
        id=f"rep_{key}_{split}", candidate=f"cand_{key}", method=CANDIDATES[f"cand_{key}"].spec.method,
        suite=f"suite_{split}", suite_name="domain", split=split, n=100,
        measures={SPEC.name: measured(value, 0.05), "style_breaks": measured(0.04, 0.03)},
        specs=(SPEC, MeasureSpec(name="style_breaks", how="mean", higher_is_better=False)),
        slices={"family": by_family}, items="hash", signature={"engine": "torch", "dtype": "float32"},
        latency_ms=measured(LATENCY[key], 12), memory_bytes=612 * 2**20,
        not_measured={"readability": "no style guide names it"}, created=WHEN,
    )  # fmt: skip


REPORTS = {r.id: r for r in (report("prompt0", 0.41), report("prompt4", 0.55), report("lora", 0.913))}


def checks() -> tuple[Check, ...]:
    return (
        Check(name="primary", verdict="pass", value=0.913, low=0.871, high=0.946, margin=0.85, n=100,
              unit="item", detail="attribute_inclusion against its target"),
        Check(name="against_lower_rungs", verdict="pass", value=0.363, low=0.27, high=0.45, margin=0.0, n=100,
              unit="item",
              detail="attribute_inclusion against the prompt with 4 examples, the best of 2 cheaper rungs"),
        Check(name="slices.family=axe", verdict="undecided", value=0.02, low=-0.09, high=0.13, margin=-0.02, n=16,
              unit="item", detail="attribute_inclusion where family=axe, against the prompt with 4 examples",
              needed=Needed(items=38, slice="family=axe", minutes=19.0)),
        Check(name="general_ability", verdict="pass", value=-0.004, low=-0.018, high=0.01, margin=-0.03, n=240,
              unit="general item", detail="against the untuned base"),
        Check(name="p95_ms", verdict="pass", value=350.0, low=341.0, high=372.0, margin=800.0, n=100, unit="item"),
        Check(name="memory", verdict="pass", value=612.0 * 2**20, margin=4.0 * 2**30),
        Check(name="leakage", verdict="pass", value=0.0, margin=0.0, detail="test items found in the training rows"),
    )  # fmt: skip


def tiled(tiles: int) -> tuple[Check, ...]:
    """Checks of which so many numbers stand large under the sentence: two of the decision itself, and one a check."""
    names = ("primary", "against_lower_rungs", "against_release", "against_incumbent")[: tiles - 2]
    return tuple(Check(name=name, verdict="pass", value=0.3, low=0.2, high=0.4, n=100) for name in names)


def decision(**changes: object) -> Decision:
    values: dict[str, object] = {
        "id": "dec_01936f2a-7b1c-7d2e-8f3a-4b5c6d7e8f90", "candidate": "cand_lora", "verdict": "promote",
        "sentence": "Promote: attribute inclusion 0.913 [0.871, 0.946] on 100 test items, +36.3 points [27.0, 45.0] "
        "against the prompt with 4 examples, the best of 2 cheaper rungs; all 7 checks pass.",
        "checks": checks(), "needed": None,
        "protocol": {"kind": "generation", "primary": SPEC.name, "target": 0.85, "margin": 0.02,
                     "decision": {"test_uses": 5, "alpha": 0.05, "slices": ["family"], "guard": {"p95_ms": None}}},
        "protocol_hash": "protocol_0a1b2c", "reports": {"candidate": "rep_lora_test"},
        "rungs": ("rep_prompt0_test", "rep_prompt4_test"), "dataset": "data_1", "test_uses": 1, "alpha": 0.05,
        "by": "strop", "created": WHEN,
    }  # fmt: skip
    return Decision.model_validate(values | changes)


def ladder() -> Ladder:
    steps = tuple(
        Step(
            candidate=f"cand_{key}", method=CANDIDATES[f"cand_{key}"].spec.method, base="base_1",
            report=f"rep_{key}_validation", measures={SPEC.name: measured(value, half, 60)}, latency_ms=LATENCY[key],
            memory_bytes=memory * 2**20, cpu_seconds=cpu, cost=cost,
        )
        for key, value, half, memory, cpu, cost in (
            ("prompt0", 0.40, 0.06, 540, None, 0.0), ("prompt4", 0.54, 0.07, 575, None, 0.0),
            ("lora", 0.90, 0.05, 612, 412.0, 0.011),
        )
    )  # fmt: skip
    return Ladder(
        id="ladder_1", dataset="data_1", steps=steps, pick="cand_lora", because="Nothing above it was asked for.",
        fine_tune="Yes: +36.0 points [27.0, 45.0] over the best prompt.", created=WHEN,
    )  # fmt: skip


def run() -> Run:
    chance = random.Random(5)
    points = tuple(
        LossPoint(
            step=i,
            epoch=i / 15,
            loss=0.6 + 2.4 * 0.9**i + chance.random() * 0.12,
            learning_rate=2e-4,
            examples_per_second=4 + i % 3,
        )
        for i in range(1, 46)
    )
    later = ((15, 1.31), (30, 0.9), (45, 0.84))
    validation = tuple(LossPoint(step=i, epoch=i / 15, loss=loss, learning_rate=0) for i, loss in later)
    return Run(
        id="run_1", spec=LORA, dataset="data_1", seed=0, environment={"torch": "2.13", "threads": 1},
        estimate=Cost(examples=240, tokens=31_000, cpu_seconds=380, wall_seconds=400, peak_memory_bytes=310 * 2**20),
        measured=Cost(examples=240, tokens=31_000, cpu_seconds=412, wall_seconds=431, peak_memory_bytes=322 * 2**20),
        estimate_error=0.084, losses=points, validation_losses=validation,
        checks=(RunCheck(name="every_tensor_moved", passed=True, detail="420 of 420 moved and are finite"),
                RunCheck(name="answers_stop", passed=False, detail="31 of 50 ended by themselves")), created=WHEN,
    )  # fmt: skip


def dataset() -> Dataset:
    return Dataset(
        id="data_1", kind="generation", system="Describe the product.",
        splits={"train": tuple(f"t{i}" for i in range(240)), "validation": tuple(f"v{i}" for i in range(60))},
        rows={"read": 353, "kept": 240, "held_out": 60, "dropped": 33, "quarantined": 20},
        reasons={"exact_duplicate": 18, "near_duplicate": 15, "malformed": 12, "empty": 8, "split_validation": 60},
        faults={"label_suspect": 3}, personal_data={"email": 7, "phone": 4}, leakage={"exact": 0, "near": 0},
        recipe={"near_duplicate": 0.8}, examples="h", ledger="h", created=WHEN,
    )  # fmt: skip


def ledger() -> tuple[LedgerLine, ...]:
    return (
        *(LedgerLine(source="rows.jsonl", line=i, action="kept", example=f"t{i}") for i in range(1, 4)),
        *(LedgerLine(source="rows.jsonl", line=i, action="dropped", reason="exact_duplicate", of="rows.jsonl:1")
          for i in range(10, 28)),
        LedgerLine(source="rows.jsonl", line=40, action="quarantined", reason="malformed", detail="no closing brace"),
    )  # fmt: skip


def faults() -> tuple[Fault, ...]:
    lines = ((71, 0.019, True), (72, 0.001, True), (73, 0.8, False))
    return tuple(
        Fault(
            source="rows.jsonl",
            line=line,
            fault="unsupported_answer",
            is_fault=found,
            score=score,
            evidence="use: lake",
        )
        for line, score, found in lines
    )


def context(**changes: object) -> Context:
    rows = examples()
    full = Context(
        project="outdoor-shop", decision=decision(), ladder=ladder(), dataset=dataset(), run=run(), reports=REPORTS,
        items={"rep_lora_test": items(rows, good=0.9, seed=1), "rep_prompt0_test": items(rows, good=0.3, seed=3),
               "rep_prompt4_test": items(rows, good=0.4, seed=2)},
        examples=rows, candidates=CANDIDATES, bases={"base_1": BASE}, ledger=ledger(),
        faults=faults(),
    )  # fmt: skip
    return replace(full, **changes)  # type: ignore[arg-type]


def tickets(labels: int = 5, count: int = 120) -> tuple[Report, list[ItemResult]]:
    """A classification report and its items; one in seven is taken for the next label."""
    names = [f"queue {chr(97 + i)}" for i in range(labels)]
    found = [
        ItemResult(example=f"ex_{i:03}", answer=given, gold=names[i % labels], label=given)
        for i in range(count)
        for given in (names[(i + (i % 7 == 0)) % labels],)
    ]
    spec = MeasureSpec(name="macro_f1", how="macro_f1", primary=True)
    update = {
        "id": "rep_tickets",
        "specs": (spec,),
        "measures": {"macro_f1": measured(0.85, 0.05, count)},
        "slices": {},
    }
    return report("lora", 0.85).model_copy(update=update), found
