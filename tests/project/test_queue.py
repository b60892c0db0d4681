"""The review queue, and what monitoring counts, against a plain reading of everything that was asked and said."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import chain, zip_longest

import pytest

from strop import feedback
from strop.project import Project, listening
from strop.records import Interaction, Judgement, Message, Release, new_id


def plain_queue(project: Project, person: str) -> list[Interaction]:
    """Complaints of each sender in turn, the oldest first, then the audit sample: by looking at every record."""
    judgements, interactions = project.store.all(Judgement), project.store.all(Interaction)
    done = {one.subject for one in judgements if one.kind == "review" and one.by == person}
    there = {one.id: one for one in interactions if one.complete and one.id not in done}
    by_sender: dict[str, list[str]] = {}
    for said in reversed(judgements):
        if said.kind == "correction" or (said.kind == "rating" and said.value <= 0):
            by_sender.setdefault(said.by, []).append(said.subject)
    turns = [one for one in chain.from_iterable(zip_longest(*by_sender.values())) if one in there]
    sample = [one.id for one in reversed(interactions) if one.audit and one.id in there]
    return [there[one] for one in dict.fromkeys([*turns, *sample])]


def plain_corrections(project: Project) -> Sequence[Judgement]:
    interactions = {one.id: one for one in project.store.all(Interaction)}
    used = project.store.judgements_in_datasets()
    return feedback.within_caps(feedback.usable(project.store.all(Judgement), interactions, used))[0]


@pytest.mark.parametrize("seed", range(2))
def test_the_queue_is_what_reading_everything_gives(promoted: Project, seed: int) -> None:
    chance, release = random.Random(seed), promoted.store.latest(Release)
    assert release is not None and release.candidate is not None
    for number in range(60):
        one = Interaction(
            id=new_id("int"), release=release.id, candidate=release.candidate, arm="release", audit=number % 4 == 0,
            messages=(Message(role="user", content=f"type: mug\nnumber: {number}"),), label=chance.choice([None, "m"]),
            answer="A mug.", complete=chance.random() < 0.8, created=f"2026-01-01T00:00:{number:02}.000+00:00",
        )  # fmt: skip
        promoted.store.add(one)
        for sender in chance.sample(["shop", "app", "bot"], chance.randrange(3)):
            value = chance.choice([1, 0, -1, False])
            given = listening.said(
                {"interaction_id": one.id, "kind": "rating", "value": value}, by=sender, key=None, hide=None
            )
            promoted.store.journal.judge(given)
        for person in chance.sample(["ada", "ben"], chance.randrange(3)):
            opinion = chance.choice(["good", "fix", "cannot_judge"])
            text = "A better mug." if opinion == "fix" else None
            promoted.review(one.id, opinion=opinion, correction=text, by=person, key=new_id("key"))
    queue = promoted.queue()
    for person in ("ada", "ben", "nobody"):
        waiting, wanted = queue.waiting(person), plain_queue(promoted, person)
        assert list(waiting) == wanted and len(waiting) == len(wanted) > 5
        assert waiting[0] == wanted[0]
        reviews = [j for j in promoted.store.all(Judgement) if j.kind == "review" and j.by == person]
        assert list(queue.judged_by(person)) == reviews
        subject = reviews[0].subject if reviews else wanted[0].id
        assert queue.earlier(person, subject) == next((one for one in reviews if one.subject == subject), None)
    assert listening.unused_corrections(promoted) == plain_corrections(promoted) != []
