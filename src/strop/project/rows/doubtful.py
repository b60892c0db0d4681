"""Rows that a person is asked to judge, because their fault is a matter of judgement; and what became of the answers.

What is said of a row holds for that row as it was read: the next curation puts the right answer in its place, leaves
the row out, or doubts it no longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field

from strop.curate import Doubted, Reviewed, expected_effects, is_judged
from strop.errors import InputError, UnknownRecord
from strop.project.live.listening import keep_review
from strop.project.opened import Opened
from strop.project.rows import raters
from strop.records import JSON, Dataset, Example, Fault, Judgement, Record, Split, new_id, now

OPINIONS = ("good", "fix", "drop", "cannot_judge")


def fault_lines(project: Opened, dataset: Dataset) -> list[Fault]:
    """The fault table of a version, in the order of its rows; empty for versions that an older strop made."""
    return project.store.artifacts.read_jsonl(dataset.fault_table, Fault) if dataset.fault_table else []


def found_lines(project: Opened, dataset: Dataset) -> list[Fault]:
    """Those lines of the fault table by which a row has a fault, a few of all."""
    if not dataset.fault_table:
        return []
    lines = project.store.artifacts.read_jsonl(dataset.fault_table, Fault, holding=[b'"is_fault":true'])
    return [fault for fault in lines if fault.is_fault]


class RelatedRow(Record):
    """A row that a doubt rests on, as a person sees it; none of the test set."""

    place: str
    question: str
    answer: str


class DoubtfulRow(Record):
    """A row with a judged fault, as a person sees it.

    ``effect``: by how much the primary measure is expected to be off while nobody judges the row. ``waits``: it is set
    aside until then. ``said``: where people differ, what each said. ``related``: the rows that it was held against.
    """

    id: str
    place: str
    split: Split
    question: str
    answer: str
    fault: str
    score: float
    because: str
    effect: float = 0.0
    waits: bool = False
    said: dict[str, str] = Field(default_factory=dict)
    related: tuple[RelatedRow, ...] = ()


def waiting(project: Opened, person: str | None = None) -> list[DoubtfulRow]:
    """Rows of the newest dataset that wait for a word (of a person, or of anybody), each under its worst fault: those
    first that are set aside until then, then by expected effect. For a person, settled rows that they never saw are
    mixed in, as strop.yaml says.

    Of the test set only labels are asked about that the rows to train on contradict: a wrong one there spoils a
    verdict, and no candidate's answer has a part in which are asked about. Raises InputError for a person who is asked
    about nothing.
    """
    dataset, people = project.store.latest(Dataset), project.settings.review.people
    if person is not None and people and person not in people:
        raise InputError(f"no rows are dealt to {person!r}", remedy=f"review.people: one of {', '.join(people)}")
    if dataset is None:
        return []
    said = raters.words(project)
    open_rows = [
        row for row in _doubted(project, dataset) if raters.asked(project, row.id, said.get(row.id, ()), person)
    ]
    gold = _as_shown(project, raters.gold_for(project, said, person)) if person is not None else []
    return _mixed(open_rows, gold)


def count_waiting(project: Opened, dataset: Dataset) -> int:
    """How many rows of a version wait for anybody's word; no row is read for that."""
    said = raters.words(project)
    found = _worst(project, dataset, _splits(dataset))
    return sum(raters.asked(project, row, said.get(row, ()), None) for row in found)


def disputed(project: Opened) -> list[DoubtfulRow]:
    """Rows on which people differ and nobody said the last word, as they were shown, with what each said."""
    said = raters.words(project)
    rows = _as_shown(project, [row for row, given in said.items() if raters.differ(given)])
    return [
        row.model_copy(update={"said": {one.by: _told(one) for one in said[row.id] if raters.is_firm(one)}})
        for row in rows
    ]


def as_asked(project: Opened, row: str) -> DoubtfulRow:
    """A row as people were asked about it. Raises UnknownRecord where none was."""
    found = _as_shown(project, [row])
    if not found:
        raise UnknownRecord(f"nobody was asked about a row {row}", remedy="strop review rows")
    return found[0]


def judge(
    project: Opened,
    row: str,
    value: dict[str, JSON],
    *,
    by: str,
    key: str,
    seconds: float | None = None,
    edits: str | None = None,
) -> tuple[Judgement, bool]:
    """Store what a person said of a row; whether it is new. A fix that changes nothing says that the row is good.

    Args:
        value: ``opinion`` (good, fix, drop, cannot_judge), with a fix the right ``correction``; optionally
            ``guidelines`` (the hash of what it was judged by) and ``settles`` (it is the last word).
        edits: the judgement that it replaces.
    Raises:
        InputError: for a label that the task does not have, or a held-out row that should leave.
    """
    example, dataset = project.store.get(row, Example), project.store.latest(Dataset)
    kept = {name: value[name] for name in ("guidelines", "settles") if value.get(name)}
    opinion, right = value.get("opinion"), str(value.get("correction") or "").strip()
    if opinion not in OPINIONS or (opinion == "fix" and not right):
        raise InputError("of a row, opinion is good, drop, cannot_judge, or fix with a correction")
    if opinion == "drop" and dataset is not None and row in dataset.splits.get("test", ()):
        raise InputError("a row of the test set does not leave it", remedy="mend its answer, or say that it is good")
    if opinion == "fix" and right == (example.reference or "").strip():
        opinion = "good"
    if opinion == "fix" and dataset is not None and dataset.labels and right not in dataset.labels:
        raise InputError(f"{right[:80]!r} is no label of this task", remedy=f"one of {', '.join(dataset.labels)}")
    made = Judgement(
        id=new_id("jdg"), subject=row, kind="row", by=by, source="review", trusted=True, key=key, created=now(),
        value={"opinion": opinion, **({"correction": right} if opinion == "fix" else {}), **kept}, seconds=seconds,
        edits=edits,
    )  # fmt: skip
    return keep_review(project, made)


def judgements(project: Opened) -> list[Judgement]:
    """The word that counts on each row, in a fixed order; none on rows on which people differ."""
    found = [raters.standing(given) for given in raters.words(project).values()]
    return sorted((one for one in found if one is not None and raters.is_firm(one)), key=lambda one: one.id)


def reviewed(said: Sequence[Judgement]) -> dict[str, Reviewed]:
    """By the identity of the row as it was read. What was forgotten has no words and says nothing."""
    found = {}
    for one in said:
        opinion = one.value.get("opinion") if isinstance(one.value, dict) else None
        correction = one.value.get("correction") if opinion == "fix" else None
        if opinion in ("good", "drop") or isinstance(correction, str):
            found[one.subject] = Reviewed(one.id, correction, leaves=opinion == "drop")
    return found


def _doubted(project: Opened, dataset: Dataset) -> list[DoubtfulRow]:
    """Every row that waits or has a judged fault, under its worst; those that wait first, then by expected effect."""
    outside, splits = frozenset(dataset.waiting), _splits(dataset)
    rows = project.store.examples_by_id(splits)
    open_ones = {_place(row): row for identity, row in rows.items() if splits[identity] != "test"}
    found = {
        identity: _shown(rows[identity], fault, splits[identity], open_ones, waits=identity in outside)
        for identity, fault in _worst(project, dataset, splits).items()
        if identity in rows
    }
    answers: dict[Split, list[str]] = {
        split: [rows[i].reference or "" for i in ids if i in rows] for split, ids in dataset.splits.items()
    }
    doubted = [Doubted(one.fault, one.score, one.split, one.answer, one.waits) for one in found.values()]
    effects = expected_effects(doubted, answers, dataset.labels)
    ranked = [row.model_copy(update={"effect": effect}) for row, effect in zip(found.values(), effects, strict=True)]
    return sorted(ranked, key=lambda row: (not row.waits, -row.effect, row.score, row.place))


def _splits(dataset: Dataset) -> dict[str, Split]:
    """Where each row stands; rows that wait outside would be trained on."""
    splits: dict[str, Split] = dict.fromkeys(dataset.waiting, "train")
    return splits | {i: split for split, ids in dataset.splits.items() for i in ids}


def _worst(project: Opened, dataset: Dataset, splits: Mapping[str, Split]) -> dict[str, Fault]:
    """The worst fault of each row that a person can be asked about."""
    found: dict[str, Fault] = {}
    for fault in sorted(found_lines(project, dataset), key=lambda fault: fault.score):
        row, judged = fault.example, is_judged(fault.fault, dataset.kind) or fault.fault == "conflicting_answers"
        if row is None or row not in splits or not judged:
            continue
        if splits[row] != "test" or fault.fault == "label_suspect":
            found.setdefault(row, fault)
    return found


def _as_shown(project: Opened, wanted: Iterable[str]) -> list[DoubtfulRow]:
    """Rows as people were asked about them, from the newest version that doubted each; in the order of ``wanted``."""
    left: list[str] = list(wanted)
    found: dict[str, DoubtfulRow] = {}
    for dataset in project.store.all(Dataset) if left else ():
        rows = {row.id: row for row in _doubted(project, dataset)}
        for identity in left:
            if identity in rows:
                found.setdefault(identity, rows[identity])
        if len(found) == len(left):
            break
    return [found[identity] for identity in left if identity in found]


def _mixed(rows: Sequence[DoubtfulRow], gold: Sequence[DoubtfulRow]) -> list[DoubtfulRow]:
    """Gold rows evenly among the others, so that their place tells nothing."""
    found = list(rows)
    for number, one in enumerate(gold):
        found.insert(round((number + 0.5) * len(rows) / len(gold)) + number, one)
    return found


def _shown(row: Example, fault: Fault, split: Split, open_ones: Mapping[str, Example], *, waits: bool) -> DoubtfulRow:
    """``open_ones``: rows by their places, without those that are sealed: these are quoted nowhere."""
    related = tuple(
        RelatedRow(place=place, question=other.input, answer=other.reference or "")
        for place in fault.related
        if (other := open_ones.get(place)) is not None
    )
    return DoubtfulRow(
        id=row.id, place=fault.place, split=split, question=row.input, answer=row.reference or "", fault=fault.fault,
        score=fault.score, because=_because(fault), waits=waits, related=related,
    )  # fmt: skip


def _place(row: Example) -> str:
    return f"{row.origin.source}:{row.origin.line}"


def _because(fault: Fault) -> str:
    """What the doubt rests on; of contradicting rows with the place of the other."""
    return f"{fault.evidence} ({fault.related[0]})" if fault.fault == "conflicting_answers" else fault.evidence


def _told(word: Judgement) -> str:
    value = word.value if isinstance(word.value, dict) else {}
    return str(value.get("correction") or value.get("opinion"))
