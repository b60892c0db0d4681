"""Neutral conversations to learn beside the rows, so that less is forgotten: strop's own, or a file of the user's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

from strop import curate, evaluate
from strop.lineage.selecting import texts
from strop.measure.alike.near import near_duplicates
from strop.measure.alike.quoted import quoted
from strop.project.making.unlabelled import NEAR
from strop.project.opened import Opened
from strop.records import Dataset, Example, Message, Origin, content_id
from strop.settings import Settings, named_file

_FILE = "neutral.jsonl"


def conversations(project: Opened, dataset: Dataset) -> Sequence[Example]:
    """What may be replayed: read and masked as rows are, without what resembles or quotes an item that
    anything is judged on.

    Raises InputError where the file that strop.yaml names cannot be read.
    """
    named = project.settings.tune.replay_file
    rows = shipped() if named is None else _read(project, named)
    held = [row.input for split in ("validation", "test") for row in project.rows(dataset, split)]
    held += [row.input for row in evaluate.shipped_examples()]
    like = {pair.i for pair in near_duplicates([row.input for row in rows], threshold=NEAR, against=held)}
    like |= {hit.text for hit in quoted(("\n".join(texts(row)) for row in rows), held)}
    if like:
        project.say(
            f"{len(like)} of {len(rows)} conversations resemble or quote what is judged on, and are not replayed."
        )
    return [row for place, row in enumerate(rows) if place not in like]


def _read(project: Opened, named: str) -> Sequence[Example]:
    """The conversations of a file of the user's, curated as rows are: masked, without copies, none too long."""
    path = named_file(project.folder, named, key="tune.replay_file")
    data = {
        "sources": [{"path": str(path), "split": "train"}], "splits": {"validation": 0, "test": 0},
        "personal_data": project.settings.data.personal_data, "max_tokens": project.settings.data.max_tokens,
    }  # fmt: skip
    settings = Settings.model_validate({"task": {"kind": "chat"}, "data": data})
    found = curate.curate(settings, project=project.folder, key=project.store.key)
    rows = [found.examples[identity] for identity in sorted(found.splits["train"])]
    return [row for row in rows if row.reference]


@lru_cache(maxsize=1)
def shipped() -> tuple[Example, ...]:
    """The neutral conversations that come with strop; none is an item of the general suite."""
    text = resources.files("strop.engines").joinpath(_FILE).read_text("utf-8")
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        *asked, answer = (Message(**message) for message in json.loads(line)["messages"])
        identity = content_id("neutral", [[one.role, one.content] for one in (*asked, answer)])
        origin = Origin(source=_FILE, line=number)
        found.append(Example(id=identity, messages=tuple(asked), reference=answer.content, origin=origin))
    return tuple(found)
