"""Few rows: the verdict rests on all of them, each answered by a model that saw neither it nor its group."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strop import decide, project, tune
from strop.decide import words
from strop.engines import engine_for
from strop.engines.base import ScoreRequest
from strop.errors import InputError
from strop.project import Project, stored
from strop.project.making import tuning
from strop.project.verdicts import crossing, verifying
from strop.records import Decision, Event, Progress, Report, silent

pytestmark = pytest.mark.usefixtures("fake_cache")
WORDS = {"refund": "money back", "delivery": "late parcel", "account": "locked out"}
CROSSED = ("ladder.bases=[fake-small]", "decision.cross_fit=4", "decision.guard={general_ability: null}")


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """150 tickets of pairs that share a sender; every fifth is unclear."""
    rng = np.random.default_rng(5)
    lines = []
    for n in range(150):
        label = sorted(WORDS)[n % 3]
        noise = " ".join("".join(rng.choice(list("abcdefghijklm"), 5)) for _ in range(6))
        text = f"{WORDS[label] if n % 5 else 'unclear'} {noise}"
        lines.append(json.dumps({"text": text, "label": label, "meta": {"group": f"g{n // 2}"}}))
    (tmp_path / "few.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    project.init(tmp_path / "few", tmp_path / "few.jsonl", kind="classification").store.close()
    return tmp_path / "few"


def decided(folder: Path, *overrides: str) -> tuple[Project, Decision]:
    made = project.open(folder, overrides=overrides)
    if made.store.latest("dataset") is None:
        made.curate()
    _, candidate = made.tune(made.spec("classical"))
    return made, made.decide(candidate.id)


def test_every_row_but_those_of_validation_is_tested_and_the_verdict_stands(few: Path) -> None:
    made, decision = decided(few, *CROSSED)
    dataset = made.opened.dataset()
    across = made.store.get(decision.reports["cross-fitted"], Report)
    items = {item.example: item for item in made.store.artifacts.read_jsonl(across.items, _item())}
    rows = {row: split for split in ("train", "test") for row in dataset.splits[split]}
    assert items.keys() == rows.keys() and len(rows) > 120
    checks = {check.name: check for check in decision.checks}
    assert checks["primary"].n == checks["input_dependence"].n == len({one.cluster for one in items.values()})
    assert checks["final_model"].verdict == "pass" and checks["final_model"].n < 25
    groups = checks["primary"].n
    on = f"{len(rows)} items in {groups} groups"
    assert f"on {on}, each answered by a model that did not see it" in decision.sentence
    assert {words.behind(checks[name]) for name in ("primary", "against_constant", "input_dependence")} == {on}
    sealed = f"{len(dataset.splits['test'])} sealed items in {checks['final_model'].n} groups"
    assert words.behind(checks["final_model"]) == sealed and sealed in checks["final_model"].detail
    assert words.behind(checks["run_checks"]) == "6 run checks"
    assert f"{on} | " in decide.markdown(decision) and f"on {sealed}; macro F1 of the model" in decide.junit(decision)
    assert {item.part for name, item in items.items() if rows[name] == "test"} == {None}
    parts = crossing.parts_of(made.opened, made.opened.rows(dataset, "train"), 4)
    assert all(items[row.id].part == place for place, part in enumerate(parts, 1) for row in part)
    assert made.verify(decision.id) == []
    assert made.decide(decision.candidate).id == decision.id
    again = stored.evidence(made.opened, decision).crossed
    assert again is not None and {item.example: item for item in again.items} == items


def test_rows_that_stand_in_another_part_than_cutting_them_again_gives_are_told(few: Path) -> None:
    """Two rows of different groups that change their parts leave every part as large as it was."""
    made, decision = decided(few, *CROSSED)
    evidence = stored.evidence(made.opened, decision)
    assert evidence.crossed is not None and verifying.cut_otherwise(made.opened, evidence) == []
    one, other = (next(item for item in evidence.crossed.items if item.part == part) for part in (1, 2))
    swap = {one.example: 2, other.example: 1}
    items = tuple(
        item.model_copy(update={"part": swap.get(item.example, item.part)}) for item in evidence.crossed.items
    )
    moved = replace(evidence, crossed=replace(evidence.crossed, items=items))
    first = next(item.example for item in items if item.example in swap)
    (told,) = verifying.cut_otherwise(made.opened, moved)
    assert f"2 of {len(items)} items stand in other parts than the rows give, the first {first}" in told
    made.store.close()


def test_a_base_reads_the_rows_that_classifiers_learn_from_once_for_all_parts(few: Path) -> None:
    seen: list[Event] = []
    made = project.open(few, overrides=CROSSED, on_event=seen.append)
    made.curate()
    _, candidate = made.tune(made.spec("embeddings"))
    dataset = made.opened.dataset()
    seen.clear()
    report = crossing.cross_fitted(made.opened, candidate, dataset, 4)
    read = Counter(one.total for one in seen if isinstance(one, Progress) and one.task == "reading")
    parts = [len(part) for part in crossing.parts_of(made.opened, made.opened.rows(dataset, "train"), 4)]
    # Each part is read to be answered, since that is timed; so are the sealed items.
    assert read == Counter([sum(parts), *parts, len(dataset.splits["test"])])
    told = {item.example: item for item in made.store.artifacts.read_jsonl(report.items, _item())}
    seen_by_last = [row for row in made.opened.rows(dataset, "train") if told[row.id].part != 4]
    plan = tuning.plan_on(made.opened, candidate.spec, dataset, candidate.seed, seen_by_last)
    alone = few / "alone"
    base = made.opened.base_of(candidate)
    tune.tune(plan, base, folder=alone, work=few / "work", on_event=silent)
    with engine_for("embeddings", base).open(base, alone) as model:
        for row in (row for row in made.opened.rows(dataset, "train") if told[row.id].part == 4):
            asked = ScoreRequest(messages=row.messages, options=candidate.spec.labels)
            (found,) = model.score([asked], on_event=silent)
            chances = [told[row.id].probabilities[label] for label in candidate.spec.labels]
            assert np.exp(found.logprobs) == pytest.approx(chances, abs=1e-6)


def test_a_row_that_was_trained_on_is_not_answered_by_what_was_trained_on_it(few: Path) -> None:
    """The unclear rows can only be known by heart: the candidate knows its own, the models of the parts know none."""
    made, decision = decided(few, *CROSSED)
    dataset = made.opened.dataset()
    train = {row.id: row for row in made.opened.rows(dataset, "train")}
    unclear = [row for row in train.values() if row.input.startswith("unclear")]
    across = made.store.get(decision.reports["cross-fitted"], Report)
    items = {item.example: item for item in made.store.artifacts.read_jsonl(across.items, _item())}
    by_heart = made.ask([row.input for row in unclear], candidate=decision.candidate)
    known = sum(reply.answer == row.reference for reply, row in zip(by_heart, unclear, strict=True))
    honest = sum(items[row.id].label == row.reference for row in unclear)
    assert known == len(unclear) and honest < 0.7 * len(unclear)


def test_a_forged_crossing_is_noticed(few: Path) -> None:
    from dataclasses import replace

    from strop import decide
    from strop.project.verdicts import verifying

    made, decision = decided(few, *CROSSED)
    evidence = verifying.evidence_of(made.opened, decision)
    assert evidence.crossed is not None
    sealed = evidence.items[0].example
    items = tuple(
        one.model_copy(update={"label": "other", "answer": "other"}) if one.example == sealed else one
        for one in evidence.crossed.items
    )
    told = decide.verify(decision, replace(evidence, crossed=replace(evidence.crossed, items=items)))
    assert any("answered otherwise among all rows" in line for line in told)
    bare = tuple(one.model_copy(update={"part": None}) for one in evidence.crossed.items)
    told = decide.verify(decision, replace(evidence, crossed=replace(evidence.crossed, items=bare)))
    assert any(line.startswith("reports: the decision says pass") and "of parts None" in line for line in told)
    assert verifying.renamed(replace(evidence, crossed=replace(evidence.crossed, items=bare)))
    told = decide.verify(decision, replace(evidence, crossed=None))
    assert any(line.startswith("final_model: the decision says pass") for line in told)


def test_without_it_few_rows_are_told_what_it_would_do_and_old_protocols_keep_their_hash(
    few: Path, strop: Callable[..., Any]
) -> None:
    made, decision = decided(few, "ladder.bases=[fake-small]", "decision={primary: {macro_f1: {target: 0.8}}}")
    assert decision.verdict == "not_enough_evidence"
    assert "cross_fit" not in json.dumps(decision.protocol)
    made.store.close()
    asked = "decision={primary: {macro_f1: {target: 0.81}}}"
    ran = strop("--project", few, "--set", asked, "decide", decision.candidate)
    assert "rows would be tested instead of" in " ".join(ran.err.split())
    crossed = asked.replace("}}}", "}}, cross_fit: 19}")
    ran = strop("--project", few, "--set", crossed, "decide", decision.candidate)
    assert ran.code in (0, 3, 4)
    assert strop("--project", few, "--set", "decision.cross_fit=1", "decide", decision.candidate).code == 2


def test_a_promised_error_rate_is_verified_as_the_protocol_says_and_not_as_strop_yaml_does_now(few: Path) -> None:
    made, decision = decided(few, *CROSSED, "decision.abstain.max_error=0.5")
    checks = {check.name: check for check in decision.checks}
    assert checks["abstain"].value is not None and words.behind(checks["abstain"]).endswith("groups")
    made.store.close()
    assert project.open(few).verify(decision.id) == []


def test_init_writes_it_for_few_rows_unless_enough_are_given_to_test(few: Path, tmp_path: Path) -> None:
    lines = (few.parent / "few.jsonl").read_text("utf-8").splitlines(keepends=True)
    assert "\n  cross_fit: 5  #" in (few / "strop.yaml").read_text("utf-8")
    assert project.open(few).settings.decision.cross_fit == 5
    for rows, tested, written in ((30, 0, False), (100, 40, True), (100, 200, False), (1100, 0, False)):
        folder = tmp_path / f"{rows}_{tested}"
        folder.mkdir()
        for name, count in (("train", rows), ("test", tested)):
            some = [line.replace('"text": "', f'"text": "{name} {n} ') for n in range(8) for line in lines][:count]
            if some:
                (folder / f"{name}.jsonl").write_text("".join(some), "utf-8")
        project.init(folder / "made", folder, kind="classification").store.close()
        assert (project.open(folder / "made").settings.decision.cross_fit == 5) is written, rows


def test_more_parts_than_groups_are_told_before_the_test_set_is_opened(few: Path) -> None:
    made = project.open(few, overrides=("decision.cross_fit=20", *CROSSED[:1]))
    lines = [json.loads(line) for line in (few.parent / "few.jsonl").read_text("utf-8").splitlines()]
    for n, line in enumerate(lines):
        line["meta"]["group"] = f"g{n % 18}"
    (few.parent / "few.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    made.curate()
    _, candidate = made.tune(made.spec("classical"))
    with pytest.raises(InputError, match="cannot be cut into 20 parts") as told:
        made.decide(candidate.id)
    line = 1 + (few / "strop.yaml").read_text("utf-8").split("\n").index(
        next(line for line in (few / "strop.yaml").read_text("utf-8").split("\n") if "cross_fit" in line)
    )
    assert told.value.place and told.value.place.endswith(f"strop.yaml:{line}") and told.value.remedy
    dataset = made.opened.dataset()
    judged = [*dataset.splits["test"], *dataset.splits["train"]]
    assert made.store.sealed.uses(judged) == made.store.sealed.uses(dataset.splits["test"]) == 0


def _item() -> Any:
    from strop.records import ItemResult

    return ItemResult
