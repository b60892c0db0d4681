"""``decision.guard.general_folder``: further general items, named in the suite by what the folder holds."""

from __future__ import annotations

import json

import pytest

from strop.errors import InputError
from strop.evaluate import folder_digest
from strop.project import open_project
from strop.project.making import judging

YAML = "decision: {guard: {general_ability: 0.03, general_folder: tasks}, primary: {accuracy: {margin: 0.05}}}\n"


def test_the_folder_reaches_the_suite_and_its_change_another(make, tmp_path) -> None:
    make()
    folder = tmp_path / "tickets"
    text = (folder / "strop.yaml").read_text("utf-8")
    (folder / "strop.yaml").write_text(text[: text.index("decision:")] + YAML, "utf-8")
    project = open_project(folder)
    base = project.opened.base("fake-small")
    with pytest.raises(InputError, match="holds no general items"):
        judging.general_suite(project.opened, base)
    (folder / "tasks").mkdir()
    choices = {"metric": "multiple_choice", "choices": ["on cliffs", "in ovens"], "answer_index": 0}
    rows = [
        {
            "messages": [{"role": "user", "content": f"Where do gulls nest, {n}?"}],
            "eval": choices,
            "meta": {"task": "g"},
        }
        for n in range(8)
    ]
    for count in (6, 8):
        (folder / "tasks" / "gulls.jsonl").write_text("\n".join(map(json.dumps, rows[:count])), "utf-8")
        suite, _ = judging.general_suite(project.opened, base)
        assert f"folder:{folder_digest(folder / 'tasks')}" in suite.measures[0].signature
        assert judging.general_suite(project.opened, base)[0] == suite  # the stored one, with the folder's items
    project.store.close()
