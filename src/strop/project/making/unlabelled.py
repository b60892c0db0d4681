"""Requests that nobody labelled, from which the classical model may learn beside the rows (``live.unlabelled``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from strop.measure.alike.near import near_duplicates
from strop.measure.alike.quoted import quoted
from strop.project.opened import Opened
from strop.records import Dataset, Interaction

NEAR = 0.8
"""Likeness to a row of the validation or test split above which a request is not learned from."""
FROM_ONE_SESSION = 20
"""Most requests of one session: nobody shall move the model by asking much."""


def unlabelled(project: Opened, dataset: Dataset) -> dict[str, str]:
    """Texts by the id of their request: the newest ones from before the dataset was made, none of which was reviewed.

    The same dataset gives the same requests, however much was asked since. What resembles or quotes an item that a
    candidate is judged on, or repeats a row or another request, is left out.
    """
    most = project.settings.live.unlabelled
    if not most or dataset.kind != "classification":
        return {}
    asked = {one.id: _text(one) for one in _of_many(project.store.traffic.unreviewed(until=dataset.created, most=most))}
    held = [row.input for split in ("validation", "test") for row in project.rows(dataset, split)]
    known = {row.input for row in project.rows(dataset, "train")}
    ids = list(asked)
    texts = list(asked.values())
    like = {pair.i for pair in near_duplicates(texts, threshold=NEAR, against=held)}
    like |= {hit.text for hit in quoted(texts, held)}
    found: dict[str, str] = {}
    for place, identity in enumerate(ids):
        text = asked[identity]
        if place not in like and text.strip() and text not in known:
            known.add(text)
            found[identity] = text
    return found


def _of_many(requests: Iterable[Interaction]) -> Iterator[Interaction]:
    """No more than so many of a session."""
    seen: Counter[str] = Counter()
    for one in requests:
        seen[one.session or one.id] += 1
        if seen[one.session or one.id] <= FROM_ONE_SESSION:
            yield one


def _text(request: Interaction) -> str:
    return next((message.content for message in reversed(request.messages) if message.role == "user"), "")
