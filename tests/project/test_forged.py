"""The cheat "a report edited after the fact", up to all of it replaced together: what shows it, and what alone can."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from strop import decide, evaluate, loop
from strop.errors import StorageError
from strop.evaluate import judging
from strop.evaluate.answers import Answer
from strop.measure import estimate
from strop.project import Project, open_project, stored
from strop.project.verdicts.deciding import looked_at
from strop.records import Decision, ItemResult, Record, Release, Report, Suite
from strop.store import store as store_module
from strop.store import tables

Make = Callable[..., Project]


@pytest.fixture
def project(make: Make) -> Iterator[Project]:
    """A classical candidate that was decided on."""
    found = make(methods="classical")
    found.choose()
    found.decide()
    assert found.verify() == []
    yield found


def put(project: Project, record: Record, identity: str) -> None:
    """Over what is stored, as somebody with the database at hand would."""
    with project.store.database.writing() as connection:
        change = tables.records.update().where(tables.records.c.id == identity)
        connection.execute(change.values(id=record.id, body=record.model_dump_json()))  # type: ignore[attr-defined]
        moved = tables.derivation_io.update().where(tables.derivation_io.c.record == identity)
        connection.execute(moved.values(record=record.id))  # type: ignore[attr-defined]


def forge(project: Project, items: list[ItemResult], *, rename: bool) -> Decision:
    """Items, report and decision replaced together; ``rename``: the report's id is made anew, as if it were honest."""
    made = project.store.latest(Decision)
    assert made is not None
    old = project.store.get(made.reports["candidate"], Report)
    hashed = project.store.artifacts.put_jsonl(items)
    arms = {spec.name: estimate(spec, items) for spec in old.specs if spec.name in old.measures}
    name = evaluate.report_id(old.candidate, old.suite, old.signature, items) if rename else old.id
    put(project, old.model_copy(update={"id": name, "items": hashed, "measures": arms}), old.id)
    put(project, made.model_copy(update={"reports": {**made.reports, "candidate": name}}), made.id)
    moved = stored.evidence(project.opened, project.store.get(made.id, Decision))
    assert moved.items == tuple(items)
    suite = project.store.get(old.suite, Suite)
    rows = {row.id: row for row in project.store.examples(made.dataset, "test")}
    dealt = evaluate.swapped(
        items, suite=suite, examples=rows, settings=project.opened.settings, project=project.folder
    )
    swapped = project.store.artifacts.put_jsonl(dealt)
    protocol = decide.Protocol.of(project.settings, moved.dataset.kind)
    moved = looked_at(project.opened, replace(moved, swapped_items=dealt), protocol)
    again = decide.decide(moved, project.opened.settings)
    same = {name: getattr(made, name) for name in ("id", "constant", "opening", "created", "best_before")}
    kept = same | {"swapped": swapped}
    again = again.model_copy(update=kept)
    again = again.model_copy(update={"digest": decide.digest_of(again, moved)})
    put(project, again, made.id)
    return again


def other(item: ItemResult) -> ItemResult:
    """The item with the other queue as its answer, and the scores that it had."""
    label = {"cards": "refunds", "refunds": "cards"}[item.label or ""]
    return item.model_copy(update={"label": label, "answer": label})


def items_of(project: Project, made: Decision) -> list[ItemResult]:
    return list(stored.evidence(project.opened, made).items)


def newest(project: Project) -> Decision:
    made = project.store.latest(Decision)
    assert made is not None
    return made


def test_items_replaced_together_with_report_and_decision_are_noticed(project: Project) -> None:
    items = items_of(project, newest(project))
    forge(project, [other(items[0]), *items[1:]], rename=False)
    assert any("one of them was changed" in line for line in project.verify())


def test_a_report_made_anew_still_has_answers_that_score_otherwise(project: Project) -> None:
    items = items_of(project, newest(project))
    forge(project, [other(items[0]), *items[1:]], rename=True)
    found = project.verify()
    assert not any("one of them was changed" in line for line in found)
    assert any(
        f"1 of {len(items)} answers score otherwise than it says, the first {items[0].example}" in f for f in found
    )


def test_answers_replaced_with_all_that_follows_from_them_show_by_the_digest_alone(project: Project) -> None:
    """Nothing that is stored can tell: only what is kept elsewhere."""
    made = newest(project)
    assert made.digest.startswith("digest_")
    assert project.verify(digest=made.digest) == []
    items = items_of(project, made)
    change = other(items[0])
    chances = dict(zip(change.probabilities, reversed(change.probabilities.values()), strict=True))
    row = next(row for row in project.store.examples(made.dataset, "test") if row.id == change.example)
    suite = project.store.get(project.store.get(made.reports["candidate"], Report).suite, Suite)
    measures = judging._measures(suite, project.opened.settings, project.folder)
    answer = Answer(change.answer, change.label, chances, change.stopped, change.seconds, change.tokens, change.cost)
    forged = forge(project, [judging.judged(row, answer, measures), *items[1:]], rename=True)
    assert project.verify() == []
    assert [line.partition(" was printed")[0] for line in project.verify(digest=made.digest)] == [
        f"digest: {made.digest}"
    ]
    assert forged.digest != made.digest


def test_a_report_that_is_judged_again_is_the_one_that_stands(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade: the same answers give the same name, and the decision speaks of what is stored."""
    before = newest(project)
    monkeypatch.setattr(store_module, "code_of", lambda stage: "another version")
    made = project.decide()
    assert made.id != before.id and made.reports == before.reports
    assert project.verify(made.id, digest=made.digest) == []


def test_weights_changed_after_the_verdict_are_named_and_neither_promoted_nor_asked(project: Project) -> None:
    made = project.store.latest(Decision)
    assert made is not None
    candidate = project.candidate(made.candidate)
    assert candidate.artifact is not None
    (weights,) = project.store.artifacts.path(candidate.artifact).rglob("*.npz")
    honest = weights.read_bytes()
    weights.chmod(0o644)
    weights.write_bytes(honest[:-1] + bytes([honest[-1] ^ 1]))
    assert ["was changed since it was judged" in line for line in project.verify()] == [True]
    with pytest.raises(StorageError, match="changed or damaged"):
        project.promote()
    with pytest.raises(StorageError, match="changed or damaged"):
        project.opened.open_model(candidate)
    weights.write_bytes(honest)
    assert project.verify() == [] and project.promote().candidate == candidate.id


def edited(project: Project, made: Decision, **change: object) -> None:
    """The decision's stored body, changed as text: what its record would refuse, too."""
    body = json.dumps(made.to_json() | change)
    with project.store.database.writing() as connection:
        connection.execute(tables.records.update().where(tables.records.c.id == made.id).values(body=body))


def test_a_decision_past_its_best_before_date_lets_nothing_live_unless_asked(
    project: Project, strop: Callable[..., Any]
) -> None:
    made = newest(project)
    old = made.model_copy(update={"best_before": made.created[:10]})
    old = old.model_copy(update={"digest": decide.digest_of(old, stored.evidence(project.opened, old))})
    put(project, old, made.id)
    assert loop.cycle(project).release is None  # what nobody asks for at a terminal ends as any other turn
    told = f"{made.id} is past its best-before date ({made.created[:10]})"
    for command in ("verify", "decide"):
        ran = strop("--quiet", "-p", project.folder, command)
        assert ran.code == 0 and told in " ".join(ran.err.split())
    ran = strop("-p", project.folder, "promote")
    assert ran.code == 2 and told in ran.err and "--past-best-before" in ran.err
    assert project.store.all(Release) == []
    ran = strop("--json", "-p", project.folder, "promote", "--past-best-before")
    assert ran.code == 0 and "past its best-before date" in ran.json["why"]
    assert strop("--json", "-p", project.folder, "promote").json["release"] == ran.json["release"]  # it serves already


def test_a_clock_that_was_set_back_makes_no_decision_fresh(project: Project, strop: Callable[..., Any]) -> None:
    made = newest(project)
    day = dt.date.fromisoformat(made.created[:10]) + dt.timedelta(days=400)
    later = made.model_copy(update={"created": f"{day}{made.created[10:]}", "best_before": "2999-01-01"})
    later = later.model_copy(update={"digest": decide.digest_of(later, stored.evidence(project.opened, later))})
    put(project, later, made.id)
    told = f"{made.id} was made on {day}, and this machine's clock says"
    ran = strop("--quiet", "-p", project.folder, "verify")
    assert told in " ".join(ran.err.split())
    ran = strop("-p", project.folder, "promote")
    assert ran.code == 2 and told in ran.err
    assert strop("--json", "-p", project.folder, "promote", "--past-best-before").code == 0


@pytest.mark.parametrize("alpha", [0.3, 0.9, "much"])
def test_an_edited_protocol_does_not_match_its_hash(project: Project, strop: Callable[..., Any], alpha: object) -> None:
    made = newest(project)
    rules = made.protocol["decision"] | {"alpha": alpha}
    edited(project, made, protocol=made.protocol | {"decision": rules})
    ran = strop("--project", project.folder, "verify")
    assert ran.code == 3 and f"protocol: that of {made.id} does not match its hash" in " ".join(ran.out.split())
    # Hashed anew as well, it cannot be read, or gives another verdict; and the digest tells.
    protocol = made.protocol | {"decision": rules}
    edited(project, made, protocol=protocol, protocol_hash=decide.Protocol.hash_of(protocol))
    told = project.verify()
    assert told and (alpha != "much" or told[0].startswith("protocol.decision.alpha: it cannot be read"))


@pytest.mark.parametrize("change", [{"alpha": "much"}, {"verdict": "yes"}, {"checks": None}])
def test_an_edited_decision_that_cannot_be_read_does_not_match_its_hash(
    project: Project, strop: Callable[..., Any], tmp_path: Path, change: dict[str, object]
) -> None:
    made = newest(project)
    project.write_evidence(None, tmp_path / "verdict.json")
    edited(project, made, **change)
    ran = strop("--project", project.folder, "--json", "verify", made.id)
    (told,) = ran.json["differences"]
    assert ran.code == 3 and told.startswith(f"{made.id} does not match its hash") and next(iter(change)) in told
    assert strop("--project", project.folder, "show", made.id).code == 2
    body = json.loads((tmp_path / "verdict.json").read_text("utf-8"))
    body["decision"] |= change
    (tmp_path / "verdict.json").write_text(json.dumps(body), "utf-8")
    ran = strop("--json", "verify", tmp_path / "verdict.json")
    assert ran.code == 3 and "does not match its hash" in ran.json["differences"][0]


@pytest.mark.parametrize("gone", ["first", "last"])
def test_a_look_that_was_taken_out_is_told(project: Project, gone: str) -> None:
    """The cheat "tuned until it passes" with the record of its looks cleaned up."""
    other = open_project(project.folder, overrides=["decision.alpha=0.04"])
    made = other.decide()
    other.store.close()
    assert made.test_uses == 2 and made.opening and project.verify(made.id) == []
    with project.store.database.writing() as connection:
        column = tables.test_uses.c.seal
        connection.execute(
            tables.test_uses.delete().where(column == made.opening if gone == "last" else column != made.opening)
        )
    (told,) = project.verify(made.id)
    assert told.startswith("test_uses: ")
    assert ("does not hold any more" if gone == "last" else "taken out") in told


def lines(project: Project) -> int:
    """Lines in the record of openings."""
    with project.store.database.reading() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(tables.test_uses)) or 0)


@pytest.mark.parametrize("gone", ["the last", "all", "all, by a decision from before seals"])
def test_nothing_further_is_opened_where_a_decision_names_a_look_that_is_gone(project: Project, gone: str) -> None:
    """A record that was cut off at its end, or emptied, still holds together: only the decisions tell."""
    made = newest(project)
    if "before seals" in gone:
        put(project, made.model_copy(update={"opening": ""}), made.id)
    further = open_project(project.folder, overrides=["decision.alpha=0.04"])
    if gone == "the last":
        made = further.decide()
    with project.store.database.writing() as connection:
        here = tables.test_uses.c.seal == made.opening
        connection.execute(tables.test_uses.delete().where(here) if gone == "the last" else tables.test_uses.delete())
        if gone != "the last":
            connection.execute(tables.test_items.delete())
    again = open_project(project.folder, overrides=["decision.alpha=0.03"])
    reports, counted = len(again.store.all(Report)), lines(again)
    with pytest.raises(StorageError, match=made.id) as told:
        again.decide()
    assert told.value.exit_code == 2 and "backup" in told.value.remedy
    assert len(again.store.all(Report)) == reports
    assert lines(again) == counted == (1 if gone == "the last" else 0)
    assert any(line.startswith("test_uses: ") for line in project.verify(made.id))
    further.store.close()
    again.store.close()


@pytest.mark.parametrize("what", ["report", "items", "a line"])
def test_evidence_that_was_removed_is_told(project: Project, strop: Callable[..., Any], what: str) -> None:
    made = newest(project)
    report = project.store.get(made.reports["candidate"], Report)
    if what == "report":
        with project.store.database.writing() as connection:
            connection.execute(tables.records.delete().where(tables.records.c.id == report.id))
    elif what == "items":
        project.store.artifacts.path(report.items).unlink()
    else:
        path = project.store.artifacts.path(report.items)
        path.chmod(0o644)
        path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    ran = strop("--project", project.folder, "--json", "verify", made.id)
    assert ran.code == 3 and "is not there as it was" in ran.json["differences"][0]


def test_a_candidate_edited_after_the_verdict_is_named_and_neither_promoted_nor_asked(
    project: Project, strop: Callable[..., Any]
) -> None:
    candidate = project.candidate(newest(project).candidate)
    changed = candidate.model_copy(update={"spec": candidate.spec.model_copy(update={"shots": 9})})
    put(project, changed, candidate.id)
    for command in ("verify", "promote", "ask"):
        ran = strop("--project", project.folder, command, *(["a word"] if command == "ask" else []))
        assert ran.code == (3 if command == "verify" else 2)
        assert f"{candidate.id} does not match its hash" in " ".join((ran.out + ran.err).split()), command
