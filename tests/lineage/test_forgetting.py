"""Forget: what holds the text is found, erased and blocked; numbers stay; a search by other means finds nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from strop import feedback, lineage
from strop.errors import InputError, StorageError, UnknownRecord, UserError
from strop.lineage import KEPT, forgetting
from strop.privacy import Masker
from strop.records import (
    Candidate,
    Dataset,
    Example,
    Fault,
    Interaction,
    ItemResult,
    Judgement,
    LedgerLine,
    Measured,
    Message,
    Origin,
    Release,
    Report,
    RowCounts,
    Spec,
    content_id,
    new_id,
    now,
)
from strop.store import Store

SYSTEM = "You answer the customers of an outdoor shop, shortly and kindly."
SECRET = "The heron-blue tent leaked on my honeymoon in Skagen, and the pegs bent like butter in the dunes."
ANSWER = "We are sorry about Skagen: a heron-blue tent with new pegs is on its way to you tonight."
OTHER = "My boots arrived in two different sizes, which makes walking an adventure of its own."


class World(NamedTuple):
    """A project after one turn: rows, a dataset, candidates, a report, a release, a request and its correction."""

    store: Store
    folder: Path
    secret: Example
    other: Example
    held_out: Example
    dataset: Dataset
    tuned: Candidate
    plain: Candidate
    shown: Candidate
    report: Report
    release: Release
    request: Interaction
    correction: Judgement


def _row(store: Store, text: str, answer: str, line: int | None = None, **other: Any) -> Example:
    messages = (Message(role="system", content=SYSTEM), Message(role="user", content=text))
    origin = other.pop("origin", None) or Origin(source="rows.csv", line=line)
    identity = Example.identity(store.key, messages, answer, {})
    return Example(id=identity, messages=messages, reference=answer, origin=origin, **other)


def _candidate(store: Store, folder: Path, dataset: Dataset, spec: Spec, **other: Any) -> Candidate:
    artifact = None
    if spec.method != "prompt":
        (folder / "adapter").mkdir()
        held = "\n".join(row.model_dump_json() for row in store.examples(dataset.id, "train"))
        (folder / "adapter" / "memory.jsonl").write_text(held if spec.method == "lora" else "numbers")
        artifact = store.artifacts.put_folder(folder / "adapter")
    identity = Candidate.identity(spec, dataset.id, 0, other.get("shots", ()), artifact)
    made = Candidate(id=identity, spec=spec, dataset=dataset.id, seed=0, artifact=artifact, created=now(), **other)
    store.add(made, stage="tune", inputs=(dataset.id, spec.id), fingerprint="1")
    return made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Store.open(tmp_path) as store:
        yield _world(store, tmp_path)


def _world(store: Store, folder: Path) -> World:
    request = Interaction(
        id=new_id("int"), release=None, candidate="cand_0", arm="direct", session="sofie@example.org",
        messages=(Message(role="user", content=SECRET),), answer="Sorry.", complete=True, seconds=0.5, created=now(),
    )  # fmt: skip
    store.journal.begin(request)
    store.journal.complete(request)
    correction = Judgement(
        id=new_id("jdg"), subject=request.id, kind="review", value={"opinion": "fix", "correction": ANSWER},
        by="editor", trusted=True, created=now(),
    )  # fmt: skip
    store.artifacts.put_bytes(f"a file of corrections: {ANSWER}".encode())
    rating = Judgement(id=new_id("jdg"), subject=request.id, kind="rating", value=-1, by="shop", created=now())
    for judgement in (correction, rating):
        store.journal.judge(judgement)
    secret = _row(
        store, SECRET, ANSWER, origin=Origin(source="feedback", judgement=correction.id), group="sofie@example.org"
    )
    other, held_out = (
        _row(store, OTHER, "We send the right size.", 2),
        _row(store, OTHER + " Again.", "Sorry again.", 3),
    )
    ledger = [
        LedgerLine(source="feedback", line=1, action="kept", example=secret.id, detail=SECRET[4:40]),
        LedgerLine(source="rows.csv", line=2, action="kept", example=other.id),
    ]  # fmt: skip
    table = [
        Fault(source="feedback", line=1, example=secret.id, fault="truncated", score=0.1, evidence=SECRET[-24:]),
        Fault(source="rows.csv", line=2, example=other.id, fault="near_duplicate", score=0.2, evidence=SECRET[:44]),
        Fault(source="rows.csv", line=3, example=held_out.id, fault="garbage", score=0.1, evidence="markup"),
    ]  # fmt: skip
    dataset = Dataset(
        id=content_id("ds", 1), kind="chat", splits={"train": (secret.id, other.id), "test": (held_out.id,)},
        rows=RowCounts(read=3, kept=2, held_out=1, dropped=0, quarantined=0),
        examples=store.artifacts.put_jsonl([secret, other, held_out]), ledger=store.artifacts.put_jsonl(ledger),
        fault_table=store.artifacts.put_jsonl(table), created=now(),
    )  # fmt: skip
    store.save_dataset(dataset, [secret, other, held_out], stage="curate", inputs=(correction.id,), fingerprint="1")
    tuned = _candidate(store, folder, dataset, Spec.of("lora", base="b"))
    plain = _candidate(store, folder, dataset, Spec.of("prompt", base="b"))
    shown = _candidate(store, folder, dataset, Spec.of("prompt", base="b", shots=1), shots=(secret.id,))
    items = [ItemResult(example=held_out.id, answer=f"As I said: {ANSWER}", scores={"rouge_l": 0.25})]
    report = Report(
        id="report_1", candidate=tuned.id, method="lora", suite="s", suite_name="domain", split="test", n=1,
        measures={"rouge_l": Measured(value=0.25, low=0, high=1, n=1)}, specs=(), signature={}, created=now(),
        items=store.artifacts.put_jsonl(items),
    )  # fmt: skip
    store.add(report, stage="evaluate", inputs=(tuned.id, "s"), fingerprint="1")
    release = Release(id=new_id("rel"), alias="shop", candidate=tuned.id, by="me", created=now())
    store.add(release)
    (folder / ".strop" / "work" / "tune_1").mkdir(parents=True)
    (folder / ".strop" / "work" / KEPT).mkdir()
    (folder / ".strop" / "work" / KEPT / "numbers").write_bytes(b"computed of the rows")
    (folder / ".strop" / "work" / "tune_1" / "plan.json").write_text(secret.model_dump_json())
    return World(
        store, folder / ".strop", secret, other, held_out, dataset, tuned, plain, shown, report, release, request,
        correction,
    )  # fmt: skip


def _grep(folder: Path, *words: str) -> list[str]:
    """Files whose bytes hold any of the words, by a program that is not ours."""
    options = [part for word in words for part in ("-e", word)]
    found = subprocess.run(["grep", "-rlaF", *options, str(folder)], capture_output=True, text=True, check=False)
    return found.stdout.split()


WORDS = ("heron-blue", "honeymoon", "Skagen", "bent like butter", "sofie@example.org")


def test_the_words_are_there_before(world: World) -> None:
    """Otherwise finding nothing afterwards would show nothing."""
    assert len(_grep(world.folder, *WORDS)) >= 5


def test_the_plan_names_everything_and_changes_nothing(world: World) -> None:
    before = _grep(world.folder, *WORDS)
    plan = lineage.plan(world.store, world.request.id)
    assert set(plan.records) >= {world.request.id, world.correction.id, world.secret.id}
    assert plan.datasets == (world.dataset.id,)
    assert set(plan.candidates) == {world.tuned.id, world.shown.id}, "a prompt without shots learned nothing"
    steps = {(step.action, step.what) for step in plan.steps}
    assert ("replace", world.release.id) in steps
    assert ("rebuild", world.dataset.id) in steps
    assert _grep(world.folder, *WORDS) == before
    assert world.store.erasure.effects() == {}


@pytest.mark.parametrize("which", ["request", "correction", "row", "person", "pattern"])
def test_nothing_is_left(world: World, which: str) -> None:
    """By whatever end it is taken, the whole thread goes; grep finds no word of it, in any file."""
    selector = {
        "request": world.request.id, "correction": world.correction.id, "row": world.secret.id[:14],
        "person": "person:sofie@example.org", "pattern": "pattern:heron-blue (tent|jacket)",
    }[which]  # fmt: skip
    plan, proof = lineage.forget(world.store, world.folder, selector)
    assert proof.clean, proof.places
    assert proof.pieces >= 4
    assert _grep(world.folder, *WORDS) == []
    assert set(plan.candidates) == {world.tuned.id, world.shown.id}


def test_numbers_stay_and_text_goes(world: World) -> None:
    lineage.forget(world.store, world.folder, world.request.id)
    store = world.store
    request = store.get(world.request.id, Interaction)
    assert (request.seconds, request.complete, request.messages, request.session) == (0.5, True, (), None)
    assert [j.value for j in store.all(Judgement)] == [-1, {"opinion": "fix"}]
    asked = {one.id: one for one in store.all(Interaction)}
    assert feedback.usable(store.all(Judgement), asked, store.judgements_in_datasets()) == []
    assert store.get(world.report.id) == world.report
    (item,) = store.artifacts.read_jsonl(world.report.items, ItemResult)
    assert (item.answer, item.scores) == (forgetting.FORGOTTEN, {"rouge_l": 0.25})
    assert store.artifacts.read_jsonl(world.dataset.examples, Example) == [world.other, world.held_out]
    assert [line.detail for line in store.artifacts.read_jsonl(world.dataset.ledger, LedgerLine)] == ["", ""]
    assert store.examples(world.dataset.id) == [world.other, world.held_out]
    assert not store.artifacts.has(world.tuned.artifact or "")
    with pytest.raises(UnknownRecord, match="was forgotten on 20"):
        store.example(world.secret.id)
    assert {link.id for link in store.history(world.tuned.id).upstream} >= {world.dataset.id, world.correction.id}


def test_what_learned_from_it_is_blocked(world: World) -> None:
    lineage.forget(world.store, world.folder, world.request.id)
    effects = world.store.erasure.effects()
    assert {record for record, effect in effects.items() if effect == "blocked"} == {
        world.dataset.id, world.tuned.id, world.shown.id,
    }  # fmt: skip
    assert world.store.derived("curate", (world.correction.id,), fingerprint="1") is None
    assert world.store.derived("tune", (world.dataset.id, world.tuned.spec.id), fingerprint="1") is None
    assert world.store.derived("tune", (world.dataset.id, world.plain.spec.id), fingerprint="1") == [world.plain]


def test_the_row_does_not_come_back(world: World) -> None:
    lineage.forget(world.store, world.folder, world.secret.id)
    again = world.dataset.model_copy(update={"id": "ds_again"})
    with pytest.raises(InputError, match="was forgotten on request"):
        world.store.save_dataset(again, [world.secret, world.other, world.held_out])
    assert _grep(world.folder, *WORDS) == []


def test_a_held_out_row_blocks_the_dataset_and_no_candidate(world: World) -> None:
    plan, proof = lineage.forget(world.store, world.folder, world.held_out.id)
    assert proof.clean
    assert (plan.datasets, plan.candidates) == ((world.dataset.id,), ())
    assert ("yours", "rows.csv:3") in {(step.action, step.what) for step in plan.steps}
    assert world.store.artifacts.verify(world.tuned.artifact or "")
    (item,) = world.store.artifacts.read_jsonl(world.report.items, ItemResult)
    assert item.answer == forgetting.FORGOTTEN


def test_a_row_that_is_nearly_the_same_is_shown_and_stays(world: World) -> None:
    plan = lineage.plan(world.store, world.held_out.id)
    assert [step.what for step in plan.steps if step.action == "look"] == [world.other.id]
    lineage.forget(world.store, world.folder, world.held_out.id)
    assert world.store.example(world.other.id) == world.other


def test_others_words_are_left_alone(world: World) -> None:
    """Two people asked the same: one of them is forgotten, the other's request stays."""
    twin = world.request.model_copy(update={"id": new_id("int"), "session": "someone else"})
    world.store.journal.begin(twin)
    lineage.forget(world.store, world.folder, world.request.id)
    assert world.store.get(twin.id) == twin


def _then_die(really: Callable[..., None]) -> Callable[..., None]:
    def die(*args: object) -> None:
        really(*args)
        raise KeyboardInterrupt

    return die


def test_an_answer_that_repeats_it_goes_too(world: World) -> None:
    """A model that learned the correction says it to somebody else: their question stays, that answer does not."""
    asked = (Message(role="user", content="What did you do for the others?"),)
    other = world.request.model_copy(update={"id": new_id("int"), "session": "x", "messages": asked, "answer": ANSWER})
    world.store.journal.begin(other)
    _, proof = lineage.forget(world.store, world.folder, world.request.id)
    assert proof.clean
    assert _grep(world.folder, *WORDS) == []


def test_the_search_looks_into_the_tables(world: World, tmp_path: Path) -> None:
    """Also where the bytes of a file could hide it (compressed, or on a server): with no file at all it is found."""
    (tmp_path / "empty").mkdir()
    proof = lineage.prove(world.store, tmp_path / "empty", [SECRET[:40]])
    assert proof.files == 0
    assert set(proof.places) >= {f"examples {world.secret.id}", f"records {world.request.id}"}


def test_killed_in_the_middle_the_same_call_does_the_rest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = ("_redact_datasets", "_redact_reports", "_erase_artifacts", "_erase_work")
    for step in steps:
        with monkeypatch.context() as patch:
            patch.setattr(forgetting, step, _then_die(getattr(forgetting, step)))
            with pytest.raises(KeyboardInterrupt):
                lineage.forget(world.store, world.folder, world.request.id)
    plan, proof = lineage.forget(world.store, world.folder, world.request.id)
    assert proof.clean
    assert set(plan.candidates) == {world.tuned.id, world.shown.id}
    assert _grep(world.folder, *WORDS) == []


def test_a_second_call_finds_nothing_to_do(world: World) -> None:
    selector = "person:sofie@example.org"
    lineage.forget(world.store, world.folder, selector)
    plan, proof = lineage.forget(world.store, world.folder, selector)
    assert plan.records == plan.datasets == plan.candidates == plan.steps == ()
    assert proof.clean


@pytest.mark.parametrize("selector", ["person:nobody@example.org", r"pattern:nobody@\w+"])
def test_where_no_record_holds_it_the_state_is_searched_all_the_same(world: World, selector: str) -> None:
    assert lineage.plan(world.store, selector).records == ()
    found = lineage.search(world.store, world.folder, selector)
    assert found.clean and found.pieces and found.files > 3 and found.rows > 3
    quoted = world.store.artifacts.put_bytes(b'{"detail": "caf\\u00e9 of nobody@example.org"}\n')
    found = lineage.search(world.store, world.folder, selector)
    assert found.places == (world.store.artifacts.path(quoted).relative_to(world.folder).as_posix(),)


def test_a_model_that_held_the_text_is_not_to_be_restored(world: World) -> None:
    held = world.tuned.artifact
    assert held is not None and not world.store.artifacts.erased(held)
    lineage.forget(world.store, world.folder, world.secret.id)
    assert world.store.artifacts.erased(held)
    with pytest.raises(StorageError, match="forgotten since") as refused:
        world.store.artifacts.path(held)
    assert "would bring the text back" in refused.value.remedy and "strop choose" not in refused.value.message


def test_a_person_is_found_under_the_surrogate(world: World) -> None:
    """Rows are masked before they are stored: the person's address is asked for, its stand-in is what lies there."""
    stand_in = Masker(world.store.key).mask("mail bo.lind@example.org").text.removeprefix("mail ")
    assert stand_in != "bo.lind@example.org"
    row = _row(world.store, f"Write to {stand_in} about the stove, please.", "We did.", 9)
    world.store.save_dataset(world.dataset.model_copy(update={"id": "ds_2", "splits": {"train": (row.id,)}}), [row])
    plan, proof = lineage.forget(world.store, world.folder, "person:bo.lind@example.org")
    assert plan.records == (row.id,)
    assert proof.clean
    assert _grep(world.folder, stand_in) == []


def test_the_search_finds_what_was_left(world: World) -> None:
    """The proof can fail: a copy that the plan does not know is named."""
    (world.folder / "note.txt").write_text(f"to do: {SECRET}")
    _, proof = lineage.forget(world.store, world.folder, world.request.id)
    assert proof.places == ("note.txt",)
    assert not proof.clean


@pytest.mark.parametrize("selector", ["person:", "person:x", "pattern:(", "pattern:.*", "ds_nothing", "nobody"])
def test_a_selector_that_says_nothing_is_refused(world: World, selector: str) -> None:
    with pytest.raises(UserError):
        lineage.select(world.store, selector)
    assert world.store.erasure.effects() == {}


def test_only_what_has_words_is_forgotten(world: World) -> None:
    with pytest.raises(UserError, match="holds no text of its own"):
        lineage.select(world.store, world.dataset.id)


def test_the_fault_table_no_longer_speaks_of_the_row_and_keeps_the_others(world: World) -> None:
    lineage.forget(world.store, world.folder, world.secret.id)
    left = list(world.store.artifacts.read_jsonl(world.dataset.fault_table, Fault))
    assert [(fault.line, fault.evidence) for fault in left] == [(2, ""), (3, "markup")]


def test_a_version_that_set_the_row_aside_forgets_what_it_said_of_it(world: World) -> None:
    """Its words are too few to be searched for: the row's identity in the fault table says where they stand."""
    store, words = world.store, SECRET[-24:]
    table = [Fault(source="old.csv", line=7, example=world.secret.id, fault="truncated", score=0.1, evidence=words)]
    line = LedgerLine(source="old.csv", line=7, action="quarantined", reason="truncated", detail=words)
    other = LedgerLine(source="old.csv", line=8, action="kept", example=world.other.id, detail="masked: email")
    older = world.dataset.model_copy(
        update={
            "id": content_id("ds", 2), "splits": {"train": (world.other.id,)},
            "ledger": store.artifacts.put_jsonl([line, other]), "fault_table": store.artifacts.put_jsonl(table),
            "examples": store.artifacts.put_jsonl([world.other]),
        }
    )  # fmt: skip
    store.save_dataset(older, [world.other], stage="curate", inputs=("older",), fingerprint="1")
    made, _ = lineage.forget(store, world.folder, world.secret.id)
    assert older.id not in made.datasets  # it never held the row, so nothing has to be made again
    assert store.artifacts.read_jsonl(older.fault_table, Fault) == []
    assert [line.detail for line in store.artifacts.read_jsonl(older.ledger, LedgerLine)] == ["", "masked: email"]
    assert _grep(world.folder, words) == []
