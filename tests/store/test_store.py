"""The store: what was added comes back, once, in order, and is found as people name it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.before import rows_before_sheets

from strop.errors import EditedRecord, StorageError, UnknownRecord
from strop.records import (
    Base,
    Candidate,
    Dataset,
    Example,
    LedgerLine,
    Measured,
    Message,
    Origin,
    Record,
    Report,
    Run,
    content_id,
    keyed_id,
    new_id,
    now,
)
from strop.store import KINDS, Store, class_of, kind_of, tables
from strop.store.sealed import UsedUp


def test_records_come_back_newest_first(store: Store, make: Any) -> None:
    runs = [make.run(seed=seed) for seed in range(5)]
    for run in runs:
        store.add(run)
    assert store.all(Run) == store.all("run") == store.all("runs") == runs[::-1]
    assert store.latest(Run) == runs[-1]
    assert store.latest("candidate") is None
    assert store.get(runs[2].id) == store.get(runs[2].id, Run) == runs[2]


def test_every_record_class_is_known_by_its_name() -> None:
    for name, record_class in KINDS.items():
        assert record_class.__name__.lower() == name == kind_of(record_class)
        assert class_of(name) is record_class
    with pytest.raises(TypeError):
        kind_of(LedgerLine)
    with pytest.raises(UnknownRecord, match="did you mean candidate"):
        class_of("candidat")


def test_equal_content_is_stored_once_and_the_first_stands(store: Store, make: Any) -> None:
    first, second = make.candidate(), make.candidate(run="run_other")
    assert first.id == second.id
    assert store.add(first) == store.add(second) == [first]
    assert store.all(Candidate) == [first]


def test_an_event_cannot_be_changed(store: Store, make: Any) -> None:
    run = make.run()
    store.add(run)
    assert store.add(run) == [run]
    with pytest.raises(ValueError, match="append-only"):
        store.add(make.run(), run.model_copy(update={"seed": 7}))
    assert store.all(Run) == [run]


def test_only_records_with_an_id_are_stored(store: Store) -> None:
    with pytest.raises(TypeError):
        store.add(LedgerLine(source="a", line=1, action="kept"))


def test_numbers_that_are_not_numbers_survive(store: Store) -> None:
    measures = {"nan": Measured(value=float("nan"), low=float("-inf"), high=float("inf"), n=0)}
    report = Report(
        id="report_1", candidate="c", method="lora", suite="s", suite_name="domain", split="test", n=0,
        measures=measures, specs=(), items="", signature={"\x00": "\u2028"}, created="",
    )  # fmt: skip
    store.add(report)
    assert repr(store.get("report_1")) == repr(report)


def test_find_takes_what_people_write(store: Store, make: Any) -> None:
    one, other = make.candidate(seed=1), make.candidate(seed=2)
    base = Base(
        id="base_0a", name="small-one", engine="fake", source="", revision="", files={}, licence="", path="",
        template_hash="",
    )  # fmt: skip
    store.add(one, other, base)
    assert store.find(one.id) == store.find(one.id[:-3]) == store.find(one.id.removeprefix("cand_")[:8]) == one
    assert store.find("small-one") == base
    with pytest.raises(UnknownRecord, match="may be") as caught:
        store.find("cand_")
    assert one.id in str(caught.value)


def test_a_beginning_means_a_record_of_the_kind_that_was_asked_for(store: Store, make: Any) -> None:
    candidate, second = [one for n in range(99) if (one := make.candidate(seed=n)).id.startswith("cand_a")][:2]
    rows = [make.example(f"row {n}").model_copy(update={"id": f"ex_a{n}"}) for n in range(2)]
    dataset = make.dataset({"train": ("ex_a0", "ex_a1")}).model_copy(update={"id": "ds_b1"})
    store.add(candidate)
    store.save_dataset(dataset, rows)
    with pytest.raises(UnknownRecord, match="may be"):
        store.find("a")
    assert store.find("a", Candidate) == candidate
    assert store.find("b", Candidate) == store.find("ds_", Candidate) == dataset  # nothing else was meant
    store.add(second)
    both = ", ".join(sorted([candidate.id, second.id]))
    with pytest.raises(UnknownRecord, match=f"'a' may be {both}\n"):
        store.find("a", Candidate)


@pytest.mark.parametrize("wanted", ["", "%", "_", "cand\\_", "'; drop table records; --", "cand_zz"])
def test_find_does_not_take_what_nobody_meant(store: Store, make: Any, wanted: str) -> None:
    store.add(make.candidate(seed=1), make.candidate(seed=2))
    with pytest.raises(UnknownRecord):
        store.find(wanted)


def test_an_unknown_id_names_the_nearest(store: Store, make: Any) -> None:
    candidate = make.candidate()
    store.add(candidate)
    wrong = candidate.id[:-1] + "x"
    for ask in (store.get, store.find, store.history):
        with pytest.raises(UnknownRecord) as caught:
            ask(wrong)
        assert candidate.id in caught.value.remedy
    with pytest.raises(UnknownRecord, match="is a candidate, not a run"):
        store.get(candidate.id, Run)


def test_what_a_newer_strop_wrote_is_named(store: Store) -> None:
    with store.database.writing() as connection:
        rows = [("x_1", "unheard", "{}"), ("cand_1", "candidate", '{"unheard": 1}')]
        connection.execute(
            tables.records.insert(), [{"id": i, "kind": k, "created": "", "body": body} for i, k, body in rows]
        )
    for identity in ("x_1", "cand_1"):
        with pytest.raises(StorageError, match="cannot be read") as caught:
            store.get(identity)
        assert "upgrade" in caught.value.remedy


# -- datasets


def test_rows_come_back_in_order_with_what_was_known_of_them(store: Store, make: Any) -> None:
    rows = [make.example(f"row {number}", origin=Origin(source="a.csv", line=number)) for number in range(9)]
    rows[0] = make.example("row 0", slices={"language": "en"}, group="g", time="2026", name="n", context=("c",))
    ids = [row.id for row in rows]
    dataset = make.dataset({"train": tuple(ids[5:2:-1]), "test": tuple(ids[6:]), "validation": tuple(ids[:3])})
    assert store.save_dataset(dataset, rows) == dataset
    assert store.examples(dataset.id, "train") == rows[5:2:-1]
    assert store.examples(dataset.id) == rows[5:2:-1] + rows[:3] + rows[6:]
    assert store.example(ids[0]) == rows[0]
    assert store.examples_by_id([ids[8], "ex_not_here", ids[0]]) == {ids[8]: rows[8], ids[0]: rows[0]}
    assert store.find(ids[4][:12]) == rows[4]


def test_bookkeeping_belongs_to_the_version(store: Store, make: Any) -> None:
    """The same content, known better in the next version: neither version changes, the newest is shown."""
    old, new = make.example("row"), make.example("row", slices={"language": "en"}, group="g")
    assert old.id == new.id
    first, second = make.dataset({"train": (old.id,)}), make.dataset({"train": (old.id,)}, ledger="1" * 64)
    second = second.model_copy(update={"id": "ds_second"})
    store.save_dataset(first, [old])
    store.save_dataset(second, [new])
    assert store.examples(first.id) == [old]
    assert store.examples(second.id) == [store.example(old.id)] == [new]


def test_a_dataset_is_stored_whole_or_not(store: Store, make: Any) -> None:
    one, two = make.example("one"), make.example("two")
    with pytest.raises(ValueError, match="were not given"):
        store.save_dataset(make.dataset({"train": (one.id, two.id)}), [one])
    with pytest.raises(ValueError, match="more than once"):
        store.save_dataset(make.dataset({"train": (one.id,), "test": (one.id,)}), [one])
    assert store.all(Dataset) == []
    with store.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.examples)) == 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.text(st.characters(codec="utf-8")),
    reference=st.none() | st.text(st.characters(codec="utf-8")),
    expect=st.dictionaries(
        st.text(st.characters(codec="utf-8")),
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    ),
    line=st.none() | st.integers(0, 2**31 - 1),
)
def test_any_row_survives(
    store: Store, make: Any, content: str, reference: str | None, expect: dict[str, Any], line: int | None
) -> None:
    """Also NUL, unpaired quotes, line separators and what looks like SQL."""
    messages = (Message(role="system", content=""), Message(role="user", content=content))
    identity = Example.identity(store.key, messages, reference, expect)
    assert identity == keyed_id("ex", store.key, [[(m.role, m.content) for m in messages], reference, expect, ()])
    row = Example(
        id=identity, messages=messages, reference=reference, expect=expect, origin=Origin(source="a", line=line)
    )
    dataset = make.dataset({"train": (row.id,)})
    store.save_dataset(dataset.model_copy(update={"id": f"{dataset.id}{line}"}), [row])
    assert store.example(row.id) == row


# -- the sealed test set


def test_looks_at_a_test_set_are_counted_once_each(reopen: Callable[[], Store]) -> None:
    store = reopen()
    assert store.sealed.uses(["t"]) == 0
    assert store.sealed.count({"t": None}, "dec_1") == store.sealed.count({"t": None}, "dec_1") == 1
    assert store.sealed.count({"other": None}, "dec_1") == 1
    assert store.sealed.count({"t": None}, "dec_2") == 2
    assert reopen().sealed.uses(["t"]) == 2


ITEMS = {f"ex_{number}": f"what is {number}" for number in range(20)}


def looked(store: Store, items: dict[str, str], looks: int) -> None:
    for look in range(looks):
        assert store.sealed.count(items, f"look {len(items)} {look}") == look + 1


def test_taking_an_item_out_of_the_test_set_gives_no_look_back(store: Store) -> None:
    """The cheat: tuned until it passes, on a test set that lost one line before each look."""
    looked(store, ITEMS, 4)
    fewer = dict(list(ITEMS.items())[1:])
    assert store.sealed.count(fewer, "the fifth") == 5
    assert store.sealed.count(dict(list(fewer.items())[:3]), "the sixth, on three items") == 6


def test_fresh_items_lower_the_count_by_their_share(store: Store) -> None:
    """Grown by rule, an old set is the old set; a set that is mostly fresh is mostly a fresh claim."""
    looked(store, ITEMS, 4)
    some, many = ({f"ex_new_{number}": f"new {number}" for number in range(count)} for count in (2, 80))
    assert store.sealed.count(ITEMS | some, "grown") == 5  # 4 looks at 20 of 22
    assert store.sealed.count(some, "the fresh ones alone") == 2
    assert store.sealed.count(ITEMS | many, "mostly fresh") == 3  # 1 + (5 looks at 20 + what two of them saw) of 100
    assert store.sealed.count({"ex_far": "far"}, "another set") == 1


def test_an_item_that_was_edited_is_known_by_its_words(store: Store) -> None:
    looked(store, ITEMS, 2)
    assert store.sealed.count({f"{name}_edited": asks for name, asks in ITEMS.items()}, "relabelled") == 3


def test_an_item_that_is_said_to_be_the_same_is_counted(store: Store) -> None:
    """Through any number of versions: what was touched up twice is still the first item."""
    looked(store, ITEMS, 1)
    second = {f"{name}_b": f"{asks}, please" for name, asks in ITEMS.items()}
    third = {f"{name}_c": f"{asks}, I ask you" for name, asks in ITEMS.items()}
    assert store.sealed.count(second, "second", same={f"{name}_b": name for name in ITEMS}) == 2
    assert store.sealed.count(third, "third", same={f"{name}_c": f"{name}_b" for name in ITEMS}) == 3
    assert store.sealed.count(ITEMS, "the first again") == 4
    assert store.sealed.broken() is None
    with store.database.writing() as connection:
        connection.execute(tables.test_items.update().where(tables.test_items.c.example == "ex_3_b").values(item=None))
    assert store.sealed.broken() is not None


def test_what_a_look_spends_is_noted_and_sealed(store: Store) -> None:
    def half(number: int, spent: float) -> float:
        return (0.05 - spent) / 2

    def whole(number: int, spent: float) -> float:
        return 0.05 - spent

    assert store.sealed.count(ITEMS, "a", share=half) == 1
    assert store.sealed.count(ITEMS, "b", share=whole) == 2
    with pytest.raises(UsedUp) as caught:
        store.sealed.count(ITEMS, "c", most=9, share=whole)
    assert caught.value.spent == pytest.approx(0.05)
    fresh = {f"ex_new_{number}": f"new {number}" for number in range(20)}
    assert store.sealed.count(ITEMS | fresh, "with as many fresh ones", share=half) == 2
    noted = store.sealed.noted(ITEMS | fresh, "with as many fresh ones")
    assert noted is not None and (noted.spent_before, noted.share) == (pytest.approx(0.025), pytest.approx(0.0125))
    assert store.sealed.broken() is None
    with store.database.writing() as connection:
        connection.execute(tables.test_uses.update().where(tables.test_uses.c.decision == "a").values(spent=None))
    assert store.sealed.broken() is not None


def test_looks_of_an_older_project_are_counted_by_their_items(
    database: str | None, reopen: Callable[[], Store], make: Any
) -> None:
    """Tables as they stood before: the looks name a set, whose items are those of the dataset that it was."""
    store = reopen()
    rows = [make.example(f"asked {number}", key=store.key) for number in range(4)]
    ids = tuple(sorted(row.id for row in rows))
    store.save_dataset(make.dataset({"test": ids}), rows)
    known, lost = content_id("test", list(ids)), content_id("test", ["ex_of_a_dataset_that_is_gone"])
    with store.database.writing() as connection:
        for test_set in (known, known, lost):
            row = {"test_set": test_set, "decision": new_id("look"), "created": now()}
            connection.execute(tables.test_uses.insert().values(row))
        # and no seals, which they get by the migration
        rows_before_sheets(connection)
        tables.test_items.drop(connection)
        connection.execute(sa.text("alter table test_uses drop column seal"))
        connection.execute(sa.text("alter table test_uses drop column spent"))
        connection.execute(sa.text("update alembic_version set version_num = '0002'"))
    store.close()
    store = reopen()
    assert store.sealed.uses(ids) == 2
    assert store.sealed.uses(["ex_of_a_dataset_that_is_gone"]) == 1
    assert store.sealed.broken() is None
    assert store.sealed.count(dict.fromkeys(ids[1:]), "one line fewer") == 3
    assert store.sealed.count({"ex_of_a_dataset_that_is_gone": "known again"}, "a further look") == 2
    assert store.sealed.broken() is None


def test_a_look_beyond_those_allowed_is_not_noted(store: Store) -> None:
    looked(store, ITEMS, 3)
    with pytest.raises(UsedUp) as caught:
        store.sealed.count(ITEMS, "the fourth", most=3)
    assert caught.value.would_be == 4 and [look.look for look in caught.value.looks] == [
        f"look 20 {n}" for n in range(3)
    ]
    assert store.sealed.uses(ITEMS) == 3 and store.sealed.noted(ITEMS, "the fourth") is None
    assert store.sealed.count(ITEMS, "look 20 1", most=3) == 2  # noted before


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_look_that_is_taken_out_shows(store: Store, gone: int) -> None:
    """By the seals behind it; the last one by what holds its seal."""
    looked(store, ITEMS, 3)
    noted = [store.sealed.noted(ITEMS, f"look 20 {n}") for n in range(3)]
    seals = [look.seal for look in noted if look is not None]
    assert len(set(seals)) == 3 and store.sealed.broken() is None
    with store.database.writing() as connection:
        connection.execute(tables.test_uses.delete().where(tables.test_uses.c.seal == seals[gone]))
    assert store.sealed.by_seal(seals[gone]) is None
    assert (store.sealed.broken() is None) == (gone == 2)
    if gone < 2:
        with pytest.raises(StorageError, match="nobody knows how many looks there were"):
            store.sealed.count(ITEMS, "a further one")


@pytest.mark.parametrize("change", [{"created": "2020"}, {"decision": "other"}, {"test_set": "test_other"}])
def test_a_look_that_is_changed_shows(store: Store, change: dict[str, str]) -> None:
    looked(store, ITEMS, 2)
    with store.database.writing() as connection:
        connection.execute(tables.test_uses.update().where(tables.test_uses.c.decision == "look 20 1").values(change))
    assert store.sealed.broken() is not None


def test_an_item_taken_out_of_what_was_looked_at_shows(store: Store) -> None:
    looked(store, ITEMS, 1)
    with store.database.writing() as connection:
        connection.execute(tables.test_items.delete().where(tables.test_items.c.example == "ex_3"))
    assert store.sealed.broken() is not None


@pytest.mark.parametrize(
    ("was", "put", "told"),
    [
        ('"seed":0', '"seed":"none"', "does not match its hash: .*seed"),
        ('"seed":0', '"seed":1', "does not match its hash"),
        ('"method":"lora"', '"method":"dora"', "does not match its hash"),
        ('"shots":0', '"shots":9', "does not match its hash"),
        ('"artifact":null', '"artifact":"00"', "does not match its hash"),
        ('{"id":"cand_', '{"id":"cand_9', "does not match its hash"),
    ],
)
def test_a_record_that_was_edited_says_so(store: Store, make: Any, was: str, put: str, told: str) -> None:
    candidate = make.candidate()
    edited(store, candidate, was, put)
    with pytest.raises(EditedRecord, match=f"{candidate.id} {told}") as error:
        store.get(candidate.id)
    assert error.value.remedy == "restore the database from a backup"


def test_a_field_that_nobody_knows_may_be_of_a_newer_strop_or_of_somebody(store: Store, make: Any) -> None:
    candidate = make.candidate()
    edited(store, candidate, '"seed":0', '"seed":0,"luck":1')
    with pytest.raises(StorageError, match=f"{candidate.id} cannot be read: this strop knows no luck") as error:
        store.get(candidate.id)
    assert "pip install --upgrade strop; else" in error.value.remedy and "backup" in error.value.remedy


def edited(store: Store, record: Any, was: str, put: str) -> None:
    """The record, stored, and then changed as text."""
    store.add(record)
    body = record.model_dump_json()
    assert was in body
    with store.database.writing() as connection:
        change = tables.records.update().where(tables.records.c.id == record.id)
        connection.execute(change.values(body=body.replace(was, put, 1)))


def test_records_are_what_the_models_say(store: Store, make: Any) -> None:
    found: Record = store.add(make.candidate())[0]
    with pytest.raises(Exception, match="frozen"):
        found.seed = 3  # type: ignore[attr-defined]
