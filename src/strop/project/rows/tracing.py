"""The history of one row: where it was read, every change with before and after, and what was made of it.

A row's id is the hash of its content, so a corrected row has another id; the forms of a row are linked both ways, by
the judgement that corrected it, else by its own id or its line from one dataset version to the next.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from strop.curate import Changed
from strop.errors import StropError
from strop.project.opened import Opened
from strop.project.rows import curating
from strop.records import (
    TUNED_METHODS,
    Candidate,
    Dataset,
    Example,
    Interaction,
    Judgement,
    LedgerLine,
    Record,
    Split,
)

_FIELDS = ("input", "reference", "expect", "context")
GONE = "(forgotten)"


class Place(Record):
    """A dataset version that holds a row, or where it waits aside for a person, and what its ledger says of it."""

    dataset: str
    split: Split | Literal["aside"]
    detail: str = ""
    created: str


class Use(Record):
    """A candidate that learned from a row, or shows it in its prompt."""

    candidate: str
    method: str
    how: str


class Form(Record):
    """A row as it stood for a while; ``said``: what people said of it then (opinion or correction, by name); ``left``:
    the version that does not hold it any more, and why."""

    id: str
    read: str
    datasets: tuple[Place, ...]
    candidates: tuple[Use, ...]
    said: tuple[str, ...] = ()
    left: str = ""


class Change(Record):
    """From one form to the next: what each field said before and after, and who or what changed it."""

    old: str
    new: str
    before: dict[str, str] = Field(default_factory=dict)
    after: dict[str, str] = Field(default_factory=dict)
    why: str
    by: str = ""
    judgement: str | None = None
    created: str = ""


class RowHistory(Record):
    """All forms of a row, the oldest first, and the changes between them."""

    forms: tuple[Form, ...]
    changes: tuple[Change, ...]


def row_history(project: Opened, example: Example) -> RowHistory:
    """What became of a row, from its source to the models that learned from it. What was forgotten has no text."""
    datasets = sorted(project.store.all(Dataset), key=lambda one: one.created)
    links = _Links(project, datasets)
    chain = [example.id]
    while (before := links.before(chain[0])) is not None and before not in chain:
        chain.insert(0, before)
    while (after := links.after(chain[-1])) is not None and after not in chain:
        chain.append(after)
    texts = project.store.examples_by_id(chain)
    forms = [_form(project, one, texts.get(one), datasets) for one in chain]
    forms[-1] = forms[-1].model_copy(update={"left": _left(project, texts.get(chain[-1]), forms[-1], datasets)})
    pairs = itertools.pairwise(chain)
    changes = [_change(links.said.get((old, new)), (old, new), texts) for old, new in pairs]
    if (said := _of_answer(project, texts.get(chain[0]))) is not None:
        changes.insert(0, said)
    return RowHistory(forms=tuple(forms), changes=tuple(changes))


class _Links:
    """Which form of a row became which: by a person's word, else from one dataset version to the next."""

    def __init__(self, project: Opened, datasets: Sequence[Dataset]) -> None:
        self._project, self._datasets = project, datasets
        self._holds = {one.id: {*one.waiting, *(i for ids in one.splits.values() for i in ids)} for one in datasets}
        self.said: dict[tuple[str, str], Judgement] = {}
        for judgement, row in project.store.rows_of_judgements():
            if (word := _judgement(project, judgement)) is not None and word.kind == "row":
                self.said[word.subject, row] = word

    def before(self, row: str) -> str | None:
        """The form that a row had."""
        by_word = next((old for old, new in self.said if new == row), None)
        first = next((one for one in self._datasets if row in self._holds[one.id]), None)
        if by_word is not None or first is None:
            return by_word
        parent = next((one for one in self._datasets if one.id == first.parent), None)
        return None if parent is None else next((c.old for c in self._changed(parent, first) if c.new == row), None)

    def after(self, row: str) -> str | None:
        """The form that a row got."""
        if (by_word := next((new for old, new in reversed(self.said) if old == row), None)) is not None:
            return by_word
        holding = [one for one in self._datasets if row in self._holds[one.id]]
        for child in reversed(self._datasets):
            parent = next((one for one in holding if one.id == child.parent), None)
            if parent is not None and row not in self._holds[child.id]:
                found = next((c.new for c in self._changed(parent, child) if c.old == row), None)
                if found is not None:
                    return found
        return None

    def _changed(self, old: Dataset, new: Dataset) -> Sequence[Changed]:
        return curating.difference(self._project, old, new).changed


def _form(project: Opened, identity: str, row: Example | None, datasets: Sequence[Dataset]) -> Form:
    held = [(one, split) for one in datasets for split, ids in _held(one) if identity in set(ids)]
    trained = {dataset.id for dataset, split in held if split == "train"}
    uses = [
        Use(candidate=one.id, method=one.spec.method, how="in its prompt" if identity in one.shots else "trained on it")
        for one in project.store.all(Candidate)
        if identity in one.shots or (one.dataset in trained and one.spec.method in TUNED_METHODS)
    ]
    said = [one for one in reversed(project.store.all(Judgement, about=identity)) if one.kind == "row"]
    return Form(
        id=identity,
        read=f"{row.origin.source}:{row.origin.line}" if row is not None else GONE,
        datasets=tuple(
            Place(dataset=one.id, split=split, detail=_detail(project, one, identity, row), created=one.created)
            for one, split in held
        ),
        candidates=tuple(uses),
        said=tuple(f"{one.by}: {_words(one)}" for one in said),
    )


def _left(project: Opened, row: Example | None, form: Form, datasets: Sequence[Dataset]) -> str:
    """The first version that a row is no longer in though its parent has it, with the reason."""
    holding = {place.dataset for place in form.datasets}
    gone = next((one for one in datasets if one.parent in holding and one.id not in holding), None)
    return "" if gone is None or row is None else f"{gone.id}: {curating.why_gone(project, [row], gone)[row.id]}"


def _held(dataset: Dataset) -> list[tuple[Split | Literal["aside"], tuple[str, ...]]]:
    return [*dataset.splits.items(), ("aside", dataset.waiting)]


def _change(said: Judgement | None, pair: tuple[str, str], texts: Mapping[str, Example]) -> Change:
    old, new = pair
    before, after = _read(texts.get(old)), _read(texts.get(new))
    differ = [name for name in _FIELDS if before.get(name, GONE) != after.get(name, GONE)]
    return Change(
        old=old,
        new=new,
        before={name: before.get(name, GONE) for name in differ},
        after={name: after.get(name, GONE) for name in differ},
        why="a person gave the answer" if said is not None else "the source says something else",
        by=said.by if said is not None else "",
        judgement=said.id if said is not None else None,
        created=said.created if said is not None else "",
    )


def _of_answer(project: Opened, row: Example | None) -> Change | None:
    """How a row came from an answer that a person reviewed; None where it is a row of a source."""
    said = _judgement(project, row.origin.judgement) if row is not None and row.origin.judgement else None
    if row is None or said is None or not said.subject.startswith("int_"):
        return None
    try:
        given = project.store.get(said.subject, Interaction).answer or GONE
    except StropError:
        given = GONE
    return Change(
        old=said.subject, new=row.id, before={"reference": given}, after={"reference": row.reference or ""},
        why="a person reviewed an answer", by=said.by, judgement=said.id, created=said.created,
    )  # fmt: skip


def _judgement(project: Opened, identity: str) -> Judgement | None:
    try:
        return project.store.get(identity, Judgement)
    except StropError:
        return None


def _read(row: Example | None) -> dict[str, str]:
    """A row's fields as text; none of a forgotten row."""
    if row is None:
        return {}
    told = {name: json.dumps(getattr(row, name), ensure_ascii=False) for name in ("expect", "context")}
    return {"input": row.input, "reference": row.reference or "", **told}


def _detail(project: Opened, dataset: Dataset, identity: str, row: Example | None) -> str:
    read = (row.origin.source, row.origin.line) if row is not None else None
    waits = identity in dataset.waiting
    held = f'"line":{read[1]},' if waits and read is not None else f'"{identity}"'
    lines = project.store.artifacts.read_jsonl(dataset.ledger, LedgerLine, holding=[held.encode()])
    if not waits:
        return next((line.detail for line in lines if line.example == identity), "")
    return next((line.detail for line in lines if (line.source, line.line) == read), "")


def _words(word: Judgement) -> str:
    value = word.value if isinstance(word.value, dict) else {}
    told = str(value.get("correction") or value.get("opinion") or GONE)
    return f"{told} (the last word)" if value.get("settles") else told
