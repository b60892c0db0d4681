"""What is found among requests and judgements is what reading all of them finds, and no more than that is read."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from tests.store.before import rows_before_sheets

from strop.records import Interaction, Judgement, Message, new_id
from strop.store import Complaint, Store, nouns
from strop.store.migrations import HEAD
from strop.store.tables import completions, records

CANDIDATES, PEOPLE = ("cand_a", "cand_b"), ("ada", "ben", "shop")


def fill(store: Store, count: int, chance: random.Random) -> None:
    """Requests of two candidates by every way in, most of them answered, some said something of."""
    for number in range(count):
        arm = chance.choice(("release", "canary", "direct"))
        candidate = chance.choice(CANDIDATES)
        begun = Interaction(
            id=new_id("int"), release=None if arm == "direct" else "rel_1", candidate=candidate, arm=arm,
            messages=(Message(role="user", content=f"number {number}"),), audit=chance.random() < 0.3,
            created=f"2026-01-{chance.randrange(1, 10):02}T00:00:00.000+00:00",
        )  # fmt: skip
        ended = begun.model_copy(update={"answer": "an answer", "complete": True})
        if chance.random() < 0.2:
            store.add(ended)  # as it is taken over from elsewhere: begun and ended at once
        else:
            store.journal.begin(begun)
            if chance.random() < 0.8:
                store.journal.complete(ended)
        for _ in range(chance.randrange(3)):
            store.journal.judge(said(begun.id, chance))


def said(subject: str, chance: random.Random) -> Judgement:
    kind, value = chance.choice([
        ("rating", 1), ("rating", 0), ("rating", -0.5), ("rating", False), ("rating", True), ("comment", "hm"),
        ("rating", None), ("correction", "so"), ("review", {"opinion": "good"}), ("outcome", -1), ("preference", "a"),
        ("review", {"opinion": "fix", "correction": "so"}),
    ])  # fmt: skip
    return Judgement(
        id=new_id("jdg"), subject=subject, kind=kind, value=value, by=chance.choice(PEOPLE), name="pair_1",  # type: ignore[arg-type]
        created="2026-01-10T00:00:00.000+00:00",
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_what_reading_everything_finds(store: Store, seed: int) -> None:
    fill(store, 60, random.Random(seed))
    asked, told = store.all(Interaction), store.all(Judgement)
    served = [one for one in asked if one.arm != "direct"]
    since = "2026-01-05T00:00:00.000+00:00"
    traffic = store.traffic

    assert sorted(traffic.asked(since=since)) == sorted((o.candidate, o.created) for o in asked if o.created >= since)
    assert list(traffic.served(CANDIDATES[:1], since=since)) == [
        one for one in served if one.candidate == CANDIDATES[0] and one.created >= since
    ]
    assert list(traffic.served(CANDIDATES, since="")) == served
    for candidate in (*CANDIDATES, "cand_unknown"):
        own = [one for one in served if one.candidate == candidate and one.complete]
        assert traffic.answered(candidate) == sorted((one.created, one.id) for one in own)
        lately = {one.id for one in served if one.candidate == candidate and one.created >= since}
        assert list(traffic.heard(candidate, since=since)) == [
            one for one in told if one.subject in lately and one.kind != "review"
        ]
        drawn = [one for one in asked if one.audit and one.complete and one.candidate == candidate]
        assert list(traffic.sample(candidate)) == drawn
    assert list(traffic.sample()) == [one for one in asked if one.audit and one.complete]
    assert list(traffic.said("review")) == [one for one in told if one.kind == "review"]
    for person in PEOPLE:
        reviews = [one for one in told if one.kind == "review" and one.by == person]
        assert list(traffic.said("review", by=person)) == reviews
        assert traffic.reviewed(person) == {one.subject for one in reviews}
        preferences = [one for one in told if one.kind == "preference" and one.by == person]
        assert list(traffic.said("preference", by=person)) == preferences
    whole = {one.id for one in asked if one.complete}
    assert traffic.complaints() == [
        Complaint(one.by, one.subject, one.subject in whole) for one in reversed(told) if one.complains
    ]
    assert {one.kind for one in told if one.complains} == {"rating", "correction"}
    some = [one.id for one in asked[::3]]
    outside = [one for one in reversed(told) if one.subject in some and one.kind != "review"]
    said_of = traffic.said_of([*some, "int_unknown"])
    assert [one for subject in some for one in said_of.get(subject, [])] == sorted(
        outside, key=lambda one: some.index(one.subject)
    )
    assert traffic.interactions([*some, "int_unknown", told[0].id]) == {one.id: one for one in asked[::3]}


def test_what_was_found_is_read_when_it_is_looked_at(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, 60, random.Random(1))
    wanted = [one for one in store.all(Interaction) if one.audit and one.complete]
    read: list[str] = []
    really = nouns.read_body

    def noted(kind: str, body: str, identity: str) -> Any:
        read.append(kind)
        return really(kind, body, identity)

    monkeypatch.setattr(nouns, "read_body", noted)
    found = store.traffic.sample()
    assert len(found) == len(wanted) > 5 and read == []
    assert found[0] == wanted[0] and found[-1] == wanted[-1] and len(read) == 2
    assert list(found[1:4]) == wanted[1:4] and len(read) == 5
    assert len(list(found)) + 5 == len(read)
    with pytest.raises(IndexError):
        found[len(found)]


def test_no_question_walks_through_all_records(reopen: Callable[[], Store]) -> None:
    """SQLite's own plan for each of them: an index is searched, nothing is scanned."""
    store = reopen()
    if store.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by counts, which a small table does not show")
    fill(store, 20, random.Random(2))
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    sa.event.listen(store.database.engine, "before_cursor_execute", note)
    traffic = store.traffic
    for work in (
        lambda: traffic.asked(since="2026-01-05"), lambda: traffic.served(CANDIDATES, since="2026-01-05"),
        lambda: traffic.answered("cand_a"), traffic.sample, lambda: traffic.sample("cand_a"), traffic.complaints,
        lambda: traffic.said("review"), lambda: traffic.said("review", by="ada"), lambda: traffic.reviewed("ada"),
        lambda: traffic.interactions(["int_1", "int_2"]), lambda: traffic.said_of(["int_1"]),
        lambda: traffic.heard("cand_a", since="2026-01-05"),
    ):  # fmt: skip
        work()
    assert len(asked) == 12
    with store.database.reading() as connection:
        for statement, parameters in list(asked):
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            # The partial index of the audit sample is walked through whole: it holds nothing else.
            assert all(not line.startswith("SCAN") or "ix_records_audit" in line for line in plan), (statement, plan)


def test_a_project_of_before_is_found_in_the_same_way(reopen: Callable[[], Store]) -> None:
    """Rows as the first revision held them, taken back to it and brought forward again."""
    store = reopen()
    fill(store, 40, random.Random(3))
    asked, told = store.all(Interaction), store.all(Judgement)
    before = [store.traffic.complaints(), list(store.traffic.sample()), store.traffic.answered("cand_a"),
              store.traffic.reviewed("ada"), list(store.traffic.served(CANDIDATES, since=""))]  # fmt: skip
    with store.database.writing() as connection:
        for row in connection.execute(sa.select(records.c.id, records.c.body)).all():
            if json.loads(row.body).get("complete"):  # ended at once: the first revision wrote no end for it
                connection.execute(completions.delete().where(completions.c.interaction == row.id))
        _back_to_the_first(connection)
    again = reopen()
    assert again.database.revision() == HEAD
    assert (again.all(Interaction), again.all(Judgement)) == (asked, told)
    assert before == [again.traffic.complaints(), list(again.traffic.sample()), again.traffic.answered("cand_a"),
                      again.traffic.reviewed("ada"), list(again.traffic.served(CANDIDATES, since=""))]  # fmt: skip


def _back_to_the_first(connection: sa.Connection) -> None:
    rows_before_sheets(connection)
    connection.exec_driver_sql("drop index ix_records_audit")
    connection.exec_driver_sql("drop index ix_records_kind_sort_who_number")
    for column in ("sort", "who", "audit"):
        connection.exec_driver_sql(f"alter table records drop column {column}")
    connection.exec_driver_sql("drop table test_items")
    connection.exec_driver_sql("alter table test_uses drop column seal")
    connection.exec_driver_sql("alter table test_uses drop column spent")
    connection.exec_driver_sql("update alembic_version set version_num = '0001'")


def test_a_forgotten_author_is_not_found_by_name(store: Store) -> None:
    fill(store, 20, random.Random(4))
    review = store.traffic.said("review")[0]
    store.erasure.erase([], [review.model_copy(update={"by": "(forgotten)"})], [], request="forget_1")
    assert review.id not in store.traffic.said("review", by=review.by).ids
    with store.database.reading() as connection:
        assert connection.scalar(sa.select(records.c.who).where(records.c.id == review.id)) == "(forgotten)"
