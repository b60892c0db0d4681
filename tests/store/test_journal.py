"""Requests and judgements: committed when the call returns, ended once, said once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from strop.errors import KeyReused, UnknownRecord
from strop.records import Interaction, Judgement, Message, Release, new_id, now
from strop.store import Store, nouns


def _interaction(**other: Any) -> Interaction:
    given: dict[str, Any] = {
        "id": new_id("int"), "release": None, "candidate": "cand_1", "arm": "direct",
        "messages": (Message(role="user", content="where is it?"),), "created": now(),
    }  # fmt: skip
    return Interaction(**(given | other))


def _judgement(subject: str, **other: Any) -> Judgement:
    given: dict[str, Any] = {
        "id": new_id("jud"), "subject": subject, "kind": "rating", "value": 1, "by": "shop", "created": now(),
    }  # fmt: skip
    return Judgement(**(given | other))


def test_a_request_is_there_when_it_began_and_whole_when_it_ended(reopen: Callable[[], Store]) -> None:
    store, begun = reopen(), _interaction()
    store.journal.begin(begun)
    assert reopen().get(begun.id, Interaction) == begun
    ended = begun.model_copy(update={"answer": "there", "complete": True, "ended": now()})
    store.journal.complete(ended)
    assert reopen().get(begun.id) == ended
    assert store.all(Interaction) == [ended]


def test_the_first_end_stands(store: Store) -> None:
    begun = _interaction()
    store.journal.begin(begun)
    for answer in ("first", "second"):
        store.journal.complete(begun.model_copy(update={"answer": answer, "complete": True}))
    assert store.get(begun.id, Interaction).answer == "first"


def test_nothing_ends_that_did_not_begin(store: Store) -> None:
    with pytest.raises(UnknownRecord, match="no request"):
        store.journal.complete(_interaction(complete=True))


def test_what_has_not_ended_is_not_written_down_as_an_end(store: Store) -> None:
    begun = _interaction()
    store.journal.begin(begun)
    with pytest.raises(ValueError, match="has not ended"):
        store.journal.complete(begun)


def test_what_was_said_is_found_at_what_it_is_about(store: Store) -> None:
    begun, other = _interaction(), _interaction()
    for interaction in (begun, other):
        store.journal.begin(interaction)
    said = [_judgement(begun.id, value=value) for value in (1, {"text": "no"}, None, [0.5])]
    for judgement in said:
        assert store.journal.judge(judgement) == (judgement, True)
    assert store.all(Judgement, about=begun.id) == said[::-1]
    assert store.all("judgements", about=other.id) == []


def test_what_is_sent_again_is_stored_once(store: Store) -> None:
    begun = _interaction()
    store.journal.begin(begun)
    first = _judgement(begun.id, key="k1")
    again = first.model_copy(update={"id": new_id("jud"), "created": now()})
    assert store.journal.judge(first) == (first, True)
    assert store.journal.judge(again) == (first, False)
    assert store.journal.judge(again.model_copy(update={"by": "another application"}))[1]
    assert len(store.all(Judgement)) == 2


@pytest.mark.parametrize("other", [{"value": 0}, {"kind": "comment"}, {"comment": "x"}, {"name": "stars"}])
def test_a_key_does_not_stand_for_two_things(store: Store, other: dict[str, Any]) -> None:
    begun = _interaction()
    store.journal.begin(begun)
    first = _judgement(begun.id, key="k1")
    store.journal.judge(first)
    with pytest.raises(KeyReused):
        store.journal.judge(_judgement(begun.id, key="k1", **other))
    assert store.all(Judgement) == [first]


def test_a_key_sent_by_many_at_once_is_stored_once(reopen: Callable[[], Store]) -> None:
    stores, begun, got = [reopen() for _ in range(4)], _interaction(), []
    stores[0].journal.begin(begun)

    def send(store: Store) -> None:
        got.append(store.journal.judge(_judgement(begun.id, key="k")))

    threads = [threading.Thread(target=send, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new for _, new in got) == [False, False, False, True]
    assert len({judgement.id for judgement, _ in got}) == 1


def test_many_at_once_are_all_durable_and_share_commits(reopen: Callable[[], Store]) -> None:
    """While one commit waits, the others gather; each gets its own answer, also the one that is refused."""
    store, begun = reopen(), _interaction()
    store.journal.begin(begun)
    said = [_judgement(begun.id, value=n, key=f"k{n}") for n in range(30)] + [_judgement("int_not_here")]
    commits: list[object] = []
    sa.event.listen(store.database.engine, "commit", commits.append)
    with ThreadPoolExecutor(len(said)) as threads, store.database.writing():
        answers = [threads.submit(store.journal.judge, judgement) for judgement in said]
        while len(store.journal._together._waiting) < len(said) - 1:
            pass
    for judgement, answer in zip(said[:-1], answers, strict=False):
        assert answer.result() == (judgement, True)
    with pytest.raises(UnknownRecord):
        answers[-1].result()
    assert len(commits) <= 3, "the one that held the line, the first to follow, all the others"
    assert {j.id for j in reopen().all(Judgement)} == {j.id for j in said[:-1]}


def test_a_lost_commit_is_told_to_everyone_in_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = _interaction()
    store.journal.begin(begun)

    def die(*args: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(nouns, "insert", die)
    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(store.journal.judge, _judgement(begun.id)) for _ in range(4)]
    for answer in answers:
        with pytest.raises(OSError, match="the disk is gone"):
            answer.result()
    monkeypatch.undo()
    assert store.all(Judgement) == []
    assert store.journal.judge(_judgement(begun.id))[1]


def test_nothing_is_said_about_what_is_not_here(store: Store, make: Any) -> None:
    with pytest.raises(UnknownRecord):
        store.journal.judge(_judgement("int_not_here"))
    row = make.example("row")
    store.save_dataset(make.dataset({"train": (row.id,)}), [row])
    assert store.journal.judge(_judgement(row.id, kind="review"))[1]


def test_records_are_found_by_time_and_releases_by_alias(store: Store) -> None:
    times = [f"2026-01-0{day}T00:00:00.000+00:00" for day in range(1, 6)]
    interactions = [_interaction(created=time) for time in times]
    for interaction in interactions:
        store.journal.begin(interaction)
    assert store.all(Interaction, since=times[1], until=times[3]) == [interactions[2], interactions[1]]
    releases = [Release(id=new_id("rel"), alias="tickets", candidate=c, by="me", created=now()) for c in ("c1", "c2")]
    for release in releases:
        store.add(release)
    assert store.find("tickets") == releases[1]
    assert store.all(Release, about="c1") == releases[:1]
