"""A budget: which rows are trained on, what the ledger says of the others, and what it leaves alone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from strop.curate import Curated, Failing, Kept, Reviewed, curate
from strop.errors import InputError
from strop.settings import Settings

KEY = bytes(range(32))
WORDS = ("pear", "plum", "fig", "lime", "kiwi", "date")


def rows(count: int) -> list[dict[str, str]]:
    """Tickets of three queues (half, a third, a sixth of them), each about one of two fruits."""
    found = []
    for number in range(count):
        queue = (0, 0, 0, 1, 1, 2)[number % 6]
        fruit = WORDS[2 * queue + number // 6 % 2]
        found.append({"text": f"{fruit} {fruit}s again {fruit}ish no{number:03}x", "label": f"q{queue}"})
    return found


def curated(tmp_path: Path, given: list[dict[str, str]] | None = None, key: bytes = KEY, **data: Any) -> Curated:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given or rows(120)), "utf-8")
    held = [{"text": f"mango papaya {number} {'abcdefgh'[number] * 5}", "label": "q0"} for number in range(8)]
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held), "utf-8")
    reviewed = data.pop("reviewed", None)
    kind, failing = data.pop("kind", "classification"), data.pop("failing", None)
    settings = Settings.model_validate({
        "task": {"name": "t", "kind": kind},
        "data": {"sources": ["rows.jsonl", {"path": "test.jsonl", "split": "test"}], "near_duplicate": 1,
                 "splits": {"validation": 0, "test": 0}, **data},
    })  # fmt: skip
    return curate(settings, project=tmp_path, key=key, reviewed=reviewed, kept=Kept(failing=failing))


@pytest.mark.parametrize("selection", ["facility_location", "random", "longest", "loss_trajectories"])
def test_a_budget_keeps_as_many_rows_and_says_of_each_other_that_it_was_not_selected(
    tmp_path: Path, selection: str
) -> None:
    made = curated(tmp_path, budget=12, selection=selection)
    assert len(made.splits["train"]) == 12 and len(made.splits["test"]) == 8
    lines = [line for line in made.ledger if line.reason == "not_selected"]
    assert len(lines) == 108 and {line.action for line in lines} == {"dropped"}
    assert {line.detail for line in lines} == {f"12 of 120 rows were selected ({selection})"}
    assert made.rows.read == 128 == made.rows.kept + made.rows.held_out + made.rows.dropped
    kept = {f"rows.jsonl:{line.line}" for line in made.ledger if line.action == "kept"}
    assert {line.of for line in lines} <= (kept if selection == "facility_location" else {None})


def test_what_is_selected_has_each_label_by_its_share_and_each_kind_of_row(tmp_path: Path) -> None:
    made = curated(tmp_path, budget=12)
    chosen = [made.examples[identity] for identity in made.splits["train"]]
    assert Counter(row.reference for row in chosen) == {"q0": 6, "q1": 4, "q2": 2}
    assert {row.input.split()[0] for row in chosen} == set(WORDS)
    few = curated(tmp_path, budget=3)
    assert Counter(few.examples[i].reference for i in few.splits["train"]) == {"q0": 1, "q1": 1, "q2": 1}
    with pytest.raises(InputError, match="budget is 2, but there are 3 labels"):
        curated(tmp_path, budget=2)
    free = curated(tmp_path, budget=6, kind="generation")
    assert {free.examples[i].input.split()[0] for i in free.splits["train"]} == set(WORDS)


def test_a_budget_that_is_large_enough_changes_nothing(tmp_path: Path) -> None:
    plain, made = curated(tmp_path), curated(tmp_path, budget=120)
    assert (made.splits, made.ledger) == (plain.splits, plain.ledger)


def test_the_order_of_the_file_does_not_matter_and_a_larger_random_draw_holds_the_smaller(tmp_path: Path) -> None:
    for selection in ("facility_location", "random", "longest", "loss_trajectories"):
        one = curated(tmp_path, budget=12, selection=selection)
        other = curated(tmp_path, list(reversed(rows(120))), budget=12, selection=selection)
        assert set(one.splits["train"]) == set(other.splits["train"])
    small, large = (set(curated(tmp_path, budget=n, selection="random").splits["train"]) for n in (12, 30))
    assert small < large
    assert small != set(curated(tmp_path, key=KEY[::-1], budget=12, selection="random").splits["train"])


def test_rows_that_a_person_judged_are_taken_first(tmp_path: Path) -> None:
    every = curated(tmp_path)
    judged = every.splits["train"][77]
    for selection in ("facility_location", "random", "longest", "loss_trajectories"):
        made = curated(tmp_path, budget=6, selection=selection, reviewed={judged: Reviewed("jdg_1", None)})
        assert judged in made.splits["train"] and len(made.splits["train"]) == 6


def hard_rows() -> list[dict[str, str]]:
    """120 tickets whose first word says the queue, and four that say the other one: they are learned last."""
    found = [{"text": f"{WORDS[n % 2]} please no{n:03x}", "label": f"q{n % 2}"} for n in range(120)]
    return found + [{"text": f"{WORDS[n % 2]} please no{n:03x}", "label": f"q{1 - n % 2}"} for n in range(120, 124)]


def test_rows_that_are_learned_last_are_left_out_and_each_label_has_its_share(tmp_path: Path) -> None:
    made = curated(tmp_path, hard_rows(), budget=30, selection="loss_trajectories", doubted_labels="stay")
    chosen = [made.examples[identity] for identity in made.splits["train"]]
    assert Counter(row.reference for row in chosen) == {"q0": 15, "q1": 15}
    late = [row for row in chosen if (row.input.split()[0] == WORDS[0]) != (row.reference == "q0")]
    assert not late  # of 30 in 124 random rows: one
    shared = curated(tmp_path, budget=12, selection="loss_trajectories")
    assert Counter(shared.examples[i].reference for i in shared.splits["train"]) == {"q0": 6, "q1": 4, "q2": 2}


def test_loss_trajectories_need_labels_and_a_row_of_each(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="loss_trajectories, which needs labels") as caught:
        curated(tmp_path, budget=6, selection="loss_trajectories", kind="generation")
    assert "facility_location" in (caught.value.remedy or "")
    with pytest.raises(InputError, match="budget is 2, but there are 3 labels"):
        curated(tmp_path, budget=2, selection="loss_trajectories")
    one = [{"text": row["text"], "label": "q0"} for row in rows(40)]
    with pytest.raises(InputError, match="all training rows have one label"):
        curated(tmp_path, one, budget=6, selection="loss_trajectories")
    few = curated(tmp_path, budget=3, selection="loss_trajectories")
    assert {few.examples[i].reference for i in few.splits["train"]} == {"q0", "q1", "q2"}


FAILING = Failing("rep_1", ("date dates again dateish no9ff", "kiwi kiwis again kiwiish no9fe"), (0.5, 0.1))


def test_half_of_a_budget_goes_where_the_model_fails_and_the_rest_stands_for_all_rows(tmp_path: Path) -> None:
    def fruits(selection: str) -> Counter[str]:
        made = curated(tmp_path, budget=16, selection=selection, failing=FAILING)
        return Counter(made.examples[identity].input.split()[0] for identity in made.splits["train"])

    aimed, drawn = fruits("failing_slices"), fruits("random")
    assert aimed.total() == 16 and set(aimed) == set(WORDS)
    assert aimed["date"] + aimed["kiwi"] >= 8 > drawn["date"] + drawn["kiwi"]
    free = curated(tmp_path, budget=16, selection="failing_slices", failing=FAILING, kind="generation")
    assert sum(free.examples[i].input.startswith(("date", "kiwi")) for i in free.splits["train"]) >= 8


def test_what_is_aimed_at_names_its_report_and_comes_out_the_same(tmp_path: Path) -> None:
    one = curated(tmp_path, budget=16, selection="failing_slices", failing=FAILING)
    other = curated(tmp_path, list(reversed(rows(120))), budget=16, selection="failing_slices", failing=FAILING)
    assert set(one.splits["train"]) == set(other.splits["train"]) and one.recipe["failing"] == "rep_1"
    said = {line.detail for line in one.ledger if line.reason == "not_selected"}
    assert said == {"16 of 120 rows were selected (failing_slices of rep_1)"}
    judged = curated(tmp_path).splits["train"][77]
    made = curated(
        tmp_path, budget=6, selection="failing_slices", failing=FAILING, reviewed={judged: Reviewed("jdg_1", None)}
    )
    assert judged in made.splits["train"] and len(made.splits["train"]) == 6


def test_without_failing_slices_there_is_nothing_to_aim_at(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no report on validation items") as caught:
        curated(tmp_path, budget=6, selection="failing_slices")
    assert "strop choose" in (caught.value.remedy or "")
    with pytest.raises(InputError, match="report rep_2 finds no validation item that went wrong"):
        curated(tmp_path, budget=6, selection="failing_slices", failing=Failing("rep_2", (), ()))
    assert len(curated(tmp_path, budget=120, selection="failing_slices").splits["train"]) == 120
