"""A name that a column gave has one surrogate in rows, requests, feedback and reviews; or nothing goes through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop.errors import StorageError
from strop.project import Project, exchange, known_names, open_project
from strop.project.live import listening, releasing
from strop.records import Dataset, Interaction, Message, new_id, now


@pytest.fixture
def project(tmp_path: Path, fake_cache: Path) -> Iterator[Project]:
    """A curated project whose rows say whose they are."""
    rows = [
        {"text": f"{ask} no. {n * n} for {who}, thanks", "queue": queue, "customer_name": "Anna Berg"}
        for n in range(20)
        for ask, queue in (("card lost", "cards"), ("money back", "refunds"))
        for who in (["Anna Berg", "ANNA BERG"][n % 2],)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "strop.yaml").write_text(
        "task: {name: shop, kind: classification}\n"
        "data: {sources: [rows.jsonl], columns: {input: text, output: queue}}\n",
        "utf-8",
    )
    opened = open_project(tmp_path)
    opened.curate()
    yield opened
    opened.store.close()


def surrogate(project: Project) -> str:
    dataset = project.store.latest(Dataset)
    assert dataset is not None
    every = {row.input.split(" for ")[1] for split in dataset.splits for row in project.opened.rows(dataset, split)}
    (one,) = every
    assert "Berg" not in one
    return one.removesuffix(", thanks")


def test_one_surrogate_in_rows_requests_feedback_and_reviews(project: Project, tmp_path: Path) -> None:
    name = surrogate(project)
    gateway = releasing.gateway(project.opened)
    hidden, originals = gateway._masking.hide([Message(role="user", content="card lost for Anna Berg's son")])
    gateway.close()
    assert hidden[0].content == f"card lost for {name}'s son" and originals[name] == "Anna Berg"
    asked = Interaction(
        id=new_id("int"),
        release=None,
        candidate="cand_1",
        arm="direct",
        messages=hidden,
        answer="cards",
        complete=True,
        created=now(),
    )
    project.store.journal.begin(asked)
    project.store.journal.complete(asked)
    body = {"interaction_id": asked.id, "kind": "comment", "value": "Anna Berg says no", "comment": "ask ANNA BERG"}
    said, _ = listening.give(project.opened, body, by="app", key=None)
    assert (said.value, said.comment) == (f"{name} says no", f"ask {name}")
    told = {"data": {"id": asked.id}, "annotations": [{"result": [
        {"from_name": "correction", "type": "textarea", "value": {"text": ["refunds for Berg, Anna"]}}]}]}  # fmt: skip
    (tmp_path / "reviews.json").write_text(json.dumps([told]), "utf-8")
    assert exchange.import_reviews(project, tmp_path / "reviews.json", by="eve").accepted == 1
    first, last = name.split()
    review = project.store.traffic.said("review")[0]
    assert isinstance(review.value, dict) and review.value["correction"] == f"refunds for {last}, {first}"


def test_no_name_can_be_read_and_another_version_has_its_own(project: Project, tmp_path: Path) -> None:
    path = tmp_path / ".strop" / "known-names"
    assert len(path.read_text("utf-8").split()) == 5 and "berg" not in path.read_text("utf-8").lower()
    rows = tmp_path / "rows.jsonl"
    rows.write_text(rows.read_text("utf-8").replace('"customer_name"', '"shop"'), "utf-8")
    project.curate()
    hide = known_names.masker(project.opened)
    assert path.read_text("utf-8") == "" and hide is not None and hide.mask("for Anna Berg").text == "for Anna Berg"


def test_what_cannot_be_read_lets_nothing_through(project: Project, tmp_path: Path) -> None:
    (tmp_path / ".strop" / "known-names").write_text("Anna Berg\n", "utf-8")
    with pytest.raises(StorageError, match="no list of sealed names"):
        listening.give(project.opened, {"interaction_id": "int_1", "kind": "comment", "value": "x"}, by="a", key=None)
    project.curate()
