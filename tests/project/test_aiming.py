"""A budget that goes where the pick fails: from a report of this project to the rows of its next dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop.errors import InputError
from strop.project import Project, open_project
from strop.project.rows import acquiring, curating
from strop.records import Dataset

TEXTS = {"en": ("card lost at station", "money back for ticket"), "de": ("karte weg im zug", "geld zur fahrt bitte")}


def write(folder: Path, selection: str, budget: int | None, *, fails: str = "de") -> None:
    """170 English and 30 German training rows; of the validation items the German ones have other labels, or a ninth
    of either."""
    for name, english, german, flip in (("train", 170, 30, False), ("validation", 40, 20, True)):
        lines = [
            json.dumps({
                "text": f"{TEXTS[lang][n % 2]} {name[0]}{n * 7919 % 9973:x} {name[0]}{n * 104729 % 9949:x}",
                "label": f"q{(n + (flip and (lang == fails or (fails == 'few' and n % 9 == 0)))) % 2}", "lang": lang,
            })
            for lang, count in (("en", english), ("de", german)) for n in range(count)
        ]  # fmt: skip
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    data = {
        "sources": ["train.jsonl", {"path": "validation.jsonl", "split": "validation"}], "near_duplicate": 1,
        "columns": {"slices": ["lang"]}, "splits": {"validation": 0, "test": 0}, "selection": selection,
        "budget": budget, "doubted_labels": "stay",
    }  # fmt: skip
    settings = {"task": {"name": "t", "kind": "classification"}, "data": data}
    (folder / "strop.yaml").write_text(json.dumps(settings), "utf-8")


@pytest.fixture
def project(tmp_path: Path, fake_cache: Path) -> Iterator[Project]:
    write(tmp_path, "random", 40)
    made = open_project(tmp_path)
    yield made
    made.store.close()


def german(project: Project, dataset: Dataset) -> int:
    return sum(row.slices["lang"] == "de" for row in project.store.examples(dataset.id, "train"))


def test_the_slice_that_fails_gets_more_rows_than_by_random_and_the_report_is_named(project: Project) -> None:
    drawn = project.curate()
    write(project.folder, "failing_slices", 40)
    again = open_project(project.folder)
    with pytest.raises(InputError, match="no report on validation items"):
        again.curate()
    _, candidate = again.tune(again.spec("classical"))
    (report,) = again.evaluate([candidate.id]).reports
    aim = acquiring.failing(again.opened)
    assert aim is not None and aim.report == report.id and len(aim.texts) >= 10
    assert all(text.startswith(TEXTS["de"]) for text in aim.texts) and min(aim.weights) > 0.5
    made = again.curate()
    assert len(made.splits["train"]) == 40 and german(again, made) >= 20 > german(again, drawn)
    assert made.recipe["failing"] == report.id
    assert again.curate().id == made.id
    assert curating.again(again.opened, made).splits == made.splits
    again.store.close()


def test_where_no_slice_is_certainly_worse_all_that_went_wrong_counts(tmp_path: Path, fake_cache: Path) -> None:
    write(tmp_path, "random", 40, fails="few")
    project = open_project(tmp_path)
    project.curate()
    _, candidate = project.tune(project.spec("classical"))
    made = project.evaluate([candidate.id])
    aim = acquiring.failing(project.opened)
    assert made.weak[made.reports[0].id] == () and aim is not None
    assert len(aim.texts) == 8 and set(aim.weights) == {1.0}
    project.store.close()
