"""What forgetting will touch, said before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from strop.lineage.selecting import Selected, select, texts
from strop.measure.alike.near import near_duplicates
from strop.records import TUNED_METHODS, Candidate, Dataset, Record, Release
from strop.store import Holder, Store

Action = Literal["erase", "block", "rebuild", "replace", "yours", "look"]
NEAR = 0.8


class Step(Record):
    """One line of the plan. ``yours``: strop cannot do it; ``look``: a person should."""

    action: Action
    what: str
    why: str


class Plan(Record):
    """What holds the records, and what is to be done."""

    selector: str
    records: tuple[str, ...]
    datasets: tuple[str, ...]
    candidates: tuple[str, ...]
    steps: tuple[Step, ...]


def plan(store: Store, selector: str) -> Plan:
    """What must be erased, blocked and rebuilt to forget what ``selector`` names. Changes nothing."""
    return plan_for(store, selector, select(store, selector))


def plan_for(store: Store, selector: str, selected: Selected) -> Plan:
    """The plan for records that are selected already."""
    holders = store.erasure.holders(selected.examples)
    datasets = tuple(dict.fromkeys(holder.dataset for holder in holders))
    taught = {holder.dataset for holder in holders if holder.split == "train"}
    candidates = tuple(c.id for c in reversed(store.all(Candidate)) if _learned(c, taught, selected))
    steps = [
        *(Step(action="erase", what=record, why="holds the text") for record in selected.ids),
        *(Step(action="block", what=dataset, why="holds a row that is erased") for dataset in datasets),
        *(Step(action="block", what=candidate, why="was made with text that is erased") for candidate in candidates),
        *_serving(store, candidates),
        *_rebuilding(store, datasets, candidates),
        *_sources(holders),
        *_similar(store, selected),
    ]
    return Plan(selector=selector, records=selected.ids, datasets=datasets, candidates=candidates, steps=tuple(steps))


def _learned(candidate: Candidate, taught: set[str], selected: Selected) -> bool:
    """Whether it was tuned on a row or a request that goes, or shows one in its prompt."""
    tuned = candidate.spec.method in TUNED_METHODS and candidate.dataset in taught
    shown = not selected.examples.keys().isdisjoint(candidate.shots)
    return tuned or shown or not selected.interactions.keys().isdisjoint(candidate.unlabelled)


def _serving(store: Store, candidates: tuple[str, ...]) -> Iterator[Step]:
    newest = {release.alias: release for release in reversed(store.all(Release))}
    for alias, release in newest.items():
        if release.candidate in candidates or release.canary in candidates:
            yield Step(
                action="replace",
                what=release.id,
                why=f"{alias} is served by a candidate that is blocked: strop rollback",
            )


def _rebuilding(store: Store, datasets: tuple[str, ...], candidates: tuple[str, ...]) -> Iterator[Step]:
    newest = store.latest(Dataset)
    if newest is not None and newest.id in datasets:
        yield Step(action="rebuild", what=newest.id, why="the newest dataset is blocked: strop curate")
    if candidates:
        yield Step(action="rebuild", what=candidates[-1], why="train again without the rows: strop choose")


def _sources(holders: Iterable[Holder]) -> Iterator[Step]:
    theirs = [holder for holder in holders if holder.line is not None and holder.judgement is None]
    for place in dict.fromkeys(f"{holder.source}:{holder.line}" for holder in theirs):
        yield Step(action="yours", what=place, why="this file is yours: delete the row there")


def _similar(store: Store, selected: Selected) -> Iterator[Step]:
    if not selected.examples:
        return
    others = [example for example in store.erasure.examples() if example.id not in selected.examples]
    mine = ["\n".join(texts(example)) for example in selected.examples.values()]
    theirs = ["\n".join(texts(example)) for example in others]
    near: dict[str, float] = {}
    for pair in near_duplicates(mine, threshold=NEAR, against=theirs):
        near[others[pair.j].id] = max(pair.similarity, near.get(others[pair.j].id, 0.0))
    for example, similarity in near.items():
        yield Step(
            action="look", what=example, why=f"is nearly the same ({similarity:.0%}) and stays: is it theirs, too?"
        )
