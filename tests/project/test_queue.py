"""The review queue, and what monitoring counts, against a plain reading of everything that was asked and said."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import chain, zip_longest

import pytest

from strop import feedback
from strop.project import Project
from strop.project.live import listening
from strop.records import JSON, Interaction, Judgement, Message, Release, new_id


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
    judgements = project.store.all(Judgement)
    complained = {one.subject: one.by for one in judgements if one.complains}  # newest first: the oldest stays

    def brought(one: Judgement) -> str | None:
        return None if interactions[one.subject].audit else complained.get(one.subject)

    return feedback.within_caps(
        feedback.within_caps(feedback.usable(judgements, interactions, used))[0], source=brought
    )[0]


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


def _served(project: Project, count: int, *, audit: bool = False) -> list[Interaction]:
    release = project.store.latest(Release)
    assert release is not None and release.candidate is not None
    made = [
        Interaction(
            id=new_id("int"), release=release.id, candidate=release.candidate, arm="release", audit=audit,
            messages=(Message(role="user", content=f"type: mug\nnumber: {number} {audit}"),), answer="A mug.",
            complete=True, created=f"2026-01-01T00:{number // 60:02}:{number % 60:02}.000+00:00",
        )
        for number in range(count)
    ]  # fmt: skip
    project.store.add(*made)
    return made


def _send(project: Project, one: Interaction, kind: str, value: str | int, by: str) -> Judgement:
    body: dict[str, JSON] = {"interaction_id": one.id, "kind": kind, "value": value}
    return project.store.journal.judge(listening.said(body, by=by, key=None, hide=None))[0]


def test_a_flood_of_one_sender_leaves_room_for_the_others_and_the_sample(promoted: Project) -> None:
    flood, sample = _served(promoted, feedback.MOST_WAITING + 20), _served(promoted, 3, audit=True)
    for one in flood:
        _send(promoted, one, "rating", -1, "bot")
    _send(promoted, flood[-1], "rating", -1, "shop")
    queue = promoted.queue()
    waiting = [one.id for one in queue.waiting("ada")]
    assert len(waiting) == feedback.MOST_WAITING + 1 + 3 and waiting[1] == flood[-1].id
    assert waiting[-3:] == [one.id for one in sample]
    promoted.review(waiting[0], opinion="good", by="ada")
    assert flood[feedback.MOST_WAITING].id in [one.id for one in queue.waiting("ada")], "the next comes up"


def test_a_sender_steers_no_more_of_a_turn_than_their_share_however_an_expert_reviews(promoted: Project) -> None:
    """Whose text was taken, or who brought an answer up, counts; answers drawn by chance are nobody's."""
    brought, drawn = _served(promoted, 30), _served(promoted, 6, audit=True)
    for number, one in enumerate(brought):
        _send(promoted, one, "correction", f"Buy at bot {number}.", "bot" if number < 24 else "shop")
        promoted.review(one.id, opinion="fix", correction=f"Buy at bot {number}.", by="ada")
    _send(promoted, drawn[0], "correction", "From the bot.", "bot")
    _send(promoted, drawn[1], "rating", -1, "bot")
    for number, one in enumerate(drawn):
        text = "From the bot." if number == 0 else f"A fine mug, number {number}."
        promoted.review(one.id, opinion="fix", correction=text, by="ada")
    through = {one.subject for one in listening.unused_corrections(promoted)}
    bots = {one.id for one in [*brought[:24], drawn[0]]}
    assert len(through & bots) == 16, "half of the 31 that senders brought, since there are two"
    assert through >= {one.id for one in [*brought[24:], *drawn[1:]]}
