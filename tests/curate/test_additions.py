"""Rows that come later: where files say which rows are held out, it does not matter in how many parts they came."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strop.curate import Curated, curate
from strop.records import Split
from strop.settings import Settings

THINGS = ("card", "parcel", "lamp", "invoice", "refund")
ROWS = [
    *({"text": f"Where is the {thing} that I ordered in week {week}?", "label": label} for thing in THINGS
      for week, label in ((3, "a"), (4, "b"), (4, "c"))),
    *({"text": f"hello, where is the {thing} that I ordered in week 3? thanks", "label": "a"} for thing in THINGS),
    *({"text": f"My name is {name}, {name.lower()}@shop.org is my address", "label": "b"} for name in ("Ana", "Ben")),
    {"text": "Where is the card that I ordered in week 9?", "label": "a"},
    {"text": " ", "label": "a"},
]  # fmt: skip
"""Copies, near copies, contradictions, personal data, a copy of a held-out row, an empty one."""
HELD = [{"text": f"Where is the {thing} that I ordered in week 9?", "label": "a"} for thing in THINGS[:2]]


def given_back(made: Curated) -> dict[str, Any]:
    """All that is stored of a version, as it is stored."""
    return {
        "examples": [row.model_dump_json() for row in made.examples.values()],
        "splits": made.splits,
        "ledger": [line.model_dump_json() for line in made.ledger],
        "faults": [line.model_dump_json() for line in made.fault_table],
        "rest": (made.labels, made.system, made.personal_data, made.leakage, made.recipe),
    }


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])  # every file is written anew
@given(st.lists(st.lists(st.sampled_from(ROWS), min_size=1, max_size=6), min_size=1, max_size=4))
def test_any_sequence_of_additions_gives_the_bytes_of_one_full_run(
    bench: Any, parts: list[list[dict[str, str]]]
) -> None:
    bench.write("test.jsonl", HELD)
    sources = ["train.jsonl", {"path": "test.jsonl", "split": "test"}]
    rows = [{"text": "How do I close my account?", "label": "a"}]
    previous: dict[str, Split] | None = None
    for part in parts:
        rows += part
        bench.write("train.jsonl", rows)
        made = _curated(bench, sources, previous)
        previous = {identity: split for split, ids in made.splits.items() for identity in ids}
    assert given_back(made) == given_back(_curated(bench, sources, None))


def _curated(bench: Any, sources: list[Any], previous: dict[str, Split] | None) -> Curated:
    data = {"sources": sources, "splits": {"validation": 0, "test": 0}}
    read = Settings.model_validate({"task": {"kind": "classification"}, "data": data})
    return curate(read, project=bench.folder, key=bytes(range(32)), previous=previous)
