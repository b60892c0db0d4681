"""Rows in other words: found by vectors, asked about, dropped only where the settings name the fault."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strop.curate import Curated, Reviewed, curate
from strop.curate.finding.paraphrases import _like_one_before
from strop.errors import UserError
from strop.project import open_project
from strop.settings import Settings

KEY = bytes(range(32))


def sentence(number: int) -> list[str]:
    """Three words of every sentence, and seven of letters that stand in no other."""
    return ["please", "tell", "me"] + [
        "".join(chr(0x4E00 + 64 * number + 8 * at + place) for place in range(4)) for at in range(7)
    ]


def rows() -> list[dict[str, str]]:
    """Forty rows of two labels; the last three turn the words of rows 4, 10 and 17, the third under another label."""
    found = [{"text": " ".join(sentence(number)), "label": ("a", "b")[number % 2]} for number in range(40)]
    for number, label in ((4, "a"), (10, "a"), (17, "a")):
        words = sentence(number)
        found.append({"text": " ".join([*words[6:], *words[:6]]), "label": label})
    return found


def settings(**data: Any) -> Settings:
    return Settings.model_validate({
        "task": {"name": "t", "kind": data.pop("kind", "classification")}, "ladder": {"bases": ["fake-small"]},
        "data": {"sources": ["rows.jsonl"], "near_duplicate": 1, "splits": {"validation": 0, "test": 0}, **data},
    })  # fmt: skip


def run(folder: Path, reviewed: dict[str, Reviewed] | None = None, **data: Any) -> Curated:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
    return curate(settings(**data), project=folder, key=KEY, reviewed=reviewed)


def found(made: Curated) -> list[tuple[int, tuple[str, ...]]]:
    return [(f.line, f.related) for f in made.fault_table if f.fault == "paraphrase_duplicate" and f.is_fault]


def test_rows_in_other_words_are_named_with_the_row_they_repeat_and_stay(tmp_path: Path) -> None:
    made = run(tmp_path, embedder="svd")
    assert found(made) == [(41, ("rows.jsonl:5",)), (42, ("rows.jsonl:11",))]  # another label makes another row
    assert made.reasons == {} and made.rows.kept == 43
    assert "paraphrase_duplicate" not in run(tmp_path).faults


def test_named_in_the_settings_they_leave(tmp_path: Path) -> None:
    made = run(tmp_path, embedder="svd", faults={"paraphrase_duplicate": 0.15})
    assert made.reasons == {"paraphrase_duplicate": 2} and made.rows.dropped == 2


def test_free_answers_do_not_divide_the_rows(tmp_path: Path) -> None:
    """Answers are one letter here, so the third pair is one, too."""
    assert {line for line, _ in found(run(tmp_path, embedder="svd", kind="chat"))} == {41, 42, 43}


def test_a_row_that_a_person_found_right_is_doubted_no_longer(tmp_path: Path) -> None:
    made = run(tmp_path, embedder="svd")
    later = next(one for one in made.examples.values() if one.origin.line == 42)
    again = run(tmp_path, embedder="svd", reviewed={later.id: Reviewed("jdg_1", None)})
    assert found(again) == [(41, ("rows.jsonl:5",))]


def test_every_row_is_held_against_all_before_it_whatever_the_block() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((2_300, 4))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    cosines = np.tril(points @ points.T, -1) - np.triu(np.ones((2_300, 2_300)))
    wanted = [(row, float(cosines[row].max())) for row in range(1, 2_300)]
    got = {row: (other, cosine) for row, other, cosine in _like_one_before(points)}
    for row, best in wanted:
        if best > 0.71:
            assert got[row][1] == pytest.approx(best) and got[row][0] < row
        elif best < 0.69:
            assert row not in got


def test_hidden_states_come_from_the_first_base(tmp_path: Path, fake_cache: Path) -> None:
    made = run(tmp_path, embedder="hidden_states")
    assert {line for line, _ in found(made)} >= {41, 42}


def test_an_embedder_that_is_not_there_is_told_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wordllama", None)  # as where it is not installed
    with pytest.raises(UserError, match="wordllama, which is not installed") as raised:
        run(tmp_path, embedder="wordllama")
    assert "strop[wordllama]" in raised.value.remedy


def test_wordllama_where_it_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("wordllama")
    assert {line for line, _ in found(run(tmp_path, embedder="wordllama"))} >= {41, 42}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    run(tmp_path)
    (tmp_path / "strop.yaml").write_text(
        json.dumps(settings(embedder="svd").model_dump(mode="json", by_alias=True)), "utf-8"
    )
    yield tmp_path


def test_a_person_is_asked_about_them_and_may_drop_one(folder: Path) -> None:
    project = open_project(folder)
    project.curate()
    waiting = [row for row in project.doubtful_rows() if row.fault == "paraphrase_duplicate"]
    assert {row.place for row in waiting} == {"rows.jsonl:41", "rows.jsonl:42"}
    by_place = {row.place: row for row in waiting}
    project.judge_row(by_place["rows.jsonl:41"].id, {"opinion": "good"}, by="ada")
    project.judge_row(by_place["rows.jsonl:42"].id, {"opinion": "drop"}, by="ada")
    made = project.curate()
    assert made.reasons == {"paraphrase_duplicate": 1} and made.rows.kept == 42
    assert [row for row in project.doubtful_rows() if row.fault == "paraphrase_duplicate"] == []
    project.store.close()
