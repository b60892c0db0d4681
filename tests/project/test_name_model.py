"""Tier two in a project: one surrogate in training, feedback and serving; without the pinned model nothing passes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import strop
from strop.errors import SettingsError
from strop.privacy.name_model import folder_sha256, name_model
from strop.project.live import listening, releasing
from strop.records import Message

spacy = pytest.importorskip("spacy")
pytest.importorskip("presidio_analyzer")

NAME = "Kofi Haddad"
SAID = f"Yesterday I spoke with {NAME} about the {{}} and nothing has happened since then."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": NAME}])
    pipeline.to_disk(tmp_path / "model")
    things = ["refund", "card", "parcel", "invoice", "account"]
    rows = [
        {
            "messages": [
                {"role": "user", "content": SAID.format(f"{things[i % 5]} number {i}")},
                {"role": "assistant", "content": things[i % 5]},
            ]
        }
        for i in range(60)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return tmp_path


def settings(folder: Path, sha256: str) -> None:
    text = "task: {name: t, kind: classification}\ndata:\n  sources: [{path: rows.jsonl}]\n"
    (folder / "strop.yaml").write_text(f"{text}  name_model: {{path: model, sha256: '{sha256}'}}\n", "utf-8")


def test_a_person_has_one_surrogate_everywhere(folder: Path) -> None:
    settings(folder, folder_sha256(folder / "model"))
    project = strop.open(folder)
    dataset = project.curate()
    assert dataset.personal_data == {"name": 60}
    texts = [row.input for row in project.opened.store.examples(dataset.id, "train")]
    assert texts and not any(NAME in text for text in texts)
    surrogate = " ".join(texts[0].split()[4:6])
    assert all(surrogate in text for text in texts)
    hide = listening.masker(project.opened)
    assert hide is not None and hide.mask(f"It was {NAME} who said that to me.").text.split()[2:4] == surrogate.split()
    door = releasing.gateway(project.opened)._masking
    hidden, originals = door.hide([Message(role="user", content=SAID.format("card"))])
    assert surrogate in hidden[0].content and originals == {surrogate: NAME}


def test_without_the_pinned_model_nothing_is_let_through(folder: Path) -> None:
    settings(folder, folder_sha256(folder / "model"))
    project = strop.open(folder)
    project.curate()
    (folder / "model" / "more.txt").write_text("another", "utf-8")
    (folder / "rows.jsonl").write_text((folder / "rows.jsonl").read_text("utf-8").replace("card", "key"), "utf-8")
    name_model.cache_clear()  # as in the next process
    opened = project.opened
    for attempt in (project.curate, lambda: listening.masker(opened), lambda: releasing.gateway(opened)):
        with pytest.raises(SettingsError, match="has other files") as error:
            attempt()
        assert error.value.place.endswith("strop.yaml:4")
