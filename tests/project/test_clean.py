"""What leaves in a file is looked at first: no personal data that is to be masked, whichever way it goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from strop.errors import InputError, SettingsError
from strop.project import exchange, open_project
from strop.project.clean import only_clean, strings
from strop.project.export.leaving import export
from strop.project.opened import Opened
from strop.project.rows import quoting, row_files
from strop.project.verdicts.people import ShownPair
from strop.records import Message

MAIL = "anna.berg@web.de"
TEXT = f"Write to {MAIL}, please"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Opened]:
    """``opened("keep")``: a project whose rows contradict each other and name a person."""
    asks = [f"Where is parcel {n * n} of the {n}th order?" for n in range(30)] + [f"{TEXT}: case {n}" for n in range(9)]
    rows = [{"text": text, "label": "ab"[n % 2]} for n, text in enumerate(asks)]
    rows += [{**row, "label": "b" if row["label"] == "a" else "a"} for row in rows[-9:]]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: shop, kind: classification}\ndata: {sources: [rows.jsonl], splits: {validation: 0, test: 0}}\n",
        "utf-8",
    )
    return lambda how, *more: open_project(tmp_path, overrides=[f"data.personal_data={how}", *more]).opened


@pytest.mark.parametrize("form", row_files.FORMATS)
def test_rows_to_be_judged_do_not_leave_with_what_is_masked_now(
    opened: Callable[..., Opened], tmp_path: Path, form: str
) -> None:
    kept = open_project(opened("keep").folder, overrides=["data.personal_data=keep"])
    dataset = kept.curate()
    waiting = kept.doubtful_rows()
    assert any(MAIL in row.question for row in waiting)
    with pytest.raises(InputError, match=r"personal data are still in the rows: ex_.* \(question\): email"):
        row_files.export_rows(opened("mask"), waiting, form, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert row_files.export_rows(kept.opened, waiting, form, tmp_path / "out")
    shown = [one for found in quoting.fault_examples(opened("mask"), dataset).values() for one in found]
    assert shown and not any(MAIL in one.asked + one.other for one in shown)


def test_answers_and_blind_pairs_do_not_leave_with_it_either(opened: Callable[..., Opened], tmp_path: Path) -> None:
    asked = (Message(role="user", content=TEXT),)
    pair = ShownPair(pair="pair_1", messages=asked, left="Here.", right=TEXT)
    with pytest.raises(InputError, match=r"1 piece of personal data is still in the pairs: pair_1 \(question\): email"):
        exchange.export_pairs(opened("mask"), [pair], tmp_path / "pairs.jsonl")
    assert not (tmp_path / "pairs.jsonl").exists()
    exchange.export_pairs(opened("keep"), [pair], tmp_path / "pairs.jsonl")
    assert (tmp_path / "pairs.jsonl").read_text("utf-8").count(MAIL) == 2
    made_up = pair.model_copy(update={"messages": (Message(role="user", content="Where?"),)})
    exchange.export_pairs(opened("mask"), [made_up], tmp_path / "pairs.jsonl")
    told = json.loads((tmp_path / "pairs.jsonl").read_text("utf-8"))
    assert told["left"] == "Here." and told["right"].startswith("Write to person-"), "what a model made up is masked"
    body = {"items": [{"example": "ex_1", "answer": "Yes.", "drawn": ["No.", TEXT]}], "spec": {"system": TEXT}}
    with pytest.raises(InputError, match=r"still in the answers: ex_1 \(answer\): email"):
        only_clean(opened("mask"), strings(body, {"answer": "answer", "drawn": "answer"}), "answers")  # type: ignore[arg-type]


def test_rows_that_a_name_model_has_not_read_do_not_leave_where_one_is_asked_for(
    opened: Callable[..., Opened], tmp_path: Path
) -> None:
    project = open_project(opened("mask").folder)
    dataset = project.curate()
    asking = opened("mask", "data.name_model={path: names, sha256: abc}")
    with pytest.raises(InputError, match="curated without the name model"):
        export(asking, dataset, "jsonl", tmp_path / "out.jsonl", split=None)
    assert not (tmp_path / "out.jsonl").exists()
    with pytest.raises(SettingsError, match="the name model 'names' is no spaCy pipeline"):
        row_files.export_rows(asking, project.doubtful_rows(), "jsonl", tmp_path / "waiting.jsonl")
    export(opened("mask"), dataset, "jsonl", tmp_path / "out.jsonl", split=None)
