"""The commands of the second half: what they print, their exit codes, files in and out, and doing them twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strop.project import Project, open_project
from strop.records import Interaction, Judgement, Message, Release
from strop.serve import Asked

Strop = Callable[..., Any]


@pytest.fixture
def answers(promoted: Project) -> list[Interaction]:
    """Six served answers, all of the audit sample (the first of a candidate are)."""
    gateway = promoted.gateway()
    asked = [Asked("descriptions", (Message(role="user", content=f"type: mug\nnumber: {n}"),)) for n in range(6)]
    found = [gateway.answer(one).interaction for one in asked]
    gateway.close()
    return found


def test_promote_and_roll_back(decided: Project, strop: Strop) -> None:
    folder = decided.folder
    assert strop("--json", "-p", folder, "rollback").code == 2
    ran = strop("--json", "-p", folder, "promote")
    assert (ran.code, ran.json["alias"], ran.json["traffic"]) == (0, "descriptions", 1.0)
    again = strop("--json", "-p", folder, "promote", "--traffic", "0.1")
    assert again.json["release"] == ran.json["release"], "it serves alone already"
    assert len(decided.store.all(Release)) == 1
    assert strop("-p", folder, "promote", "--traffic", "7").code == 2
    assert "served as descriptions before" in strop("-p", folder, "rollback").err


def test_feedback_from_a_file_is_taken_in_once(promoted: Project, strop: Strop, answers: list[Interaction]) -> None:
    good = [{"interaction_id": one.id, "kind": "rating", "value": -1} for one in answers]
    late = {"interaction_id": answers[0].id, "kind": "outcome:sold", "value": True, "by": "Marguerite Delacroix"}
    bad: list[Any] = [
        "{", "[]", "3", {"interaction_id": "int_0", "kind": "rating", "value": 1}, {"kind": "rating"},
        {"interaction_id": promoted.candidate().id, "kind": "rating", "value": 1},
        {"interaction_id": answers[0].id, "kind": "review", "value": {"opinion": "good"}},
        {"interaction_id": answers[0].id, "kind": "comment", "value": "\ud800"},
        {**good[0], "value": 1},  # under the key of the first line
    ]  # fmt: skip
    file = promoted.folder / "feedback.jsonl"
    lines = [one if isinstance(one, str) else json.dumps(one) for one in [*good, late, "", *bad]]
    file.write_text("\n".join(lines), "utf-8")
    first = strop("--json", "-p", promoted.folder, "feedback", "import", file)
    assert (first.code, first.json["accepted"], first.json["duplicates"]) == (0, 7, 0)
    assert [one["line"] for one in first.json["rejected"]] == list(range(9, 18))
    again = strop("--json", "-p", promoted.folder, "feedback", "import", file).json
    assert (again["accepted"], again["duplicates"]) == (0, 7)
    stored = promoted.store.all(Judgement)
    assert len(stored) == 7 and "Delacroix" not in "".join(one.model_dump_json() for one in stored)
    assert strop("-p", promoted.folder, "feedback", "import", promoted.folder / "none.jsonl").code == 2


def test_feedback_that_comes_late_joins_the_release_that_answered(
    promoted: Project, strop: Strop, answers: list[Interaction]
) -> None:
    before = promoted.store.latest(Release)
    assert before is not None
    promoted.store.add(before.model_copy(update={"id": "rel_2", "before": before.id}))
    file = promoted.folder / "late.jsonl"
    file.write_text(json.dumps({"interaction_id": answers[0].id, "kind": "rating", "value": 1}), "utf-8")
    strop("-p", promoted.folder, "feedback", "import", file)
    said = promoted.store.all(Judgement)[0]
    assert promoted.store.get(said.subject, Interaction).release == before.id
    assert said.id in promoted.history(promoted.store.get(answers[0].id))["into"]


def _argilla(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "responses": {"correction": [{"value": f"Better {n}.", "user_id": "u7", "status": "submitted"},
             {"value": "draft", "user_id": "u8", "status": "draft"}]}} for n, item in enumerate(items)]  # fmt: skip


def _labelstudio(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    result = [{"type": "textarea", "value": {"text": ["Better."]}}]
    return [
        {**item, "annotations": [{"result": result, "completed_by": 4}, {"result": [], "was_cancelled": True}]}
        for item in items
    ]


@pytest.mark.parametrize(("form", "annotate"), [("argilla", _argilla), ("labelstudio", _labelstudio)])
def test_reviews_go_out_to_another_tool_and_come_back_once(
    promoted: Project, strop: Strop, answers: list[Interaction], tmp_path: Path, form: str, annotate: Any
) -> None:
    out, back = tmp_path / "out.json", tmp_path / "back.json"
    assert strop("--json", "-p", promoted.folder, "review", "export", "--to", form, "-o", out).json["items"] == 6
    back.write_text(json.dumps(annotate(json.loads(out.read_text("utf-8")))), "utf-8")
    first = strop("--json", "-p", promoted.folder, "review", "import", back).json
    again = strop("--json", "-p", promoted.folder, "review", "import", back).json
    assert (first["accepted"], first["duplicates"], first["rejected"]) == (6, 0, [])
    assert (again["accepted"], again["duplicates"]) == (0, 6)
    dry = strop("--json", "-p", promoted.folder, "cycle", "--dry-run").json
    assert dry["corrections"] == 6
    assert len(strop("--json", "-p", promoted.folder, "review", "list").json["waiting"]) == 6, "of another person"


def test_what_senders_said_goes_out_and_their_text_is_where_a_reviewer_begins(
    promoted: Project, strop: Strop, answers: list[Interaction], tmp_path: Path
) -> None:
    """Only what comes back from a reviewer counts; what nobody touched says nothing."""
    said = [
        {"interaction_id": answers[0].id, "kind": "comment", "value": "too dry"},
        {"interaction_id": answers[0].id, "kind": "correction", "value": "A mug for cold days."},
    ]
    for body in said:
        promoted.feedback(body, by="shop", key=None)
    listed = strop("-p", promoted.folder, "review", "list")
    assert "correction by shop: A mug for cold days." in listed.out and "comment by shop: too dry" in listed.out
    told = strop("--json", "-p", promoted.folder, "review", "list").json["said"]
    assert [one["kind"] for one in told[answers[0].id]] == ["correction", "comment"]
    out = {form: tmp_path / form for form in ("labelstudio", "argilla", "jsonl")}
    for form, path in out.items():
        assert strop("-p", promoted.folder, "review", "export", "--to", form, "-o", path).code == 0
    task, *others = json.loads(out["labelstudio"].read_text("utf-8"))
    begin = task["predictions"][0]["result"][0]["value"]["text"]
    assert task["data"]["id"] == answers[0].id and begin == ["A mug for cold days."]
    assert task["data"]["said"] == "correction by shop: A mug for cold days.\ncomment by shop: too dry"
    assert task["data"]["answer"] == answers[0].answer
    assert others[0]["predictions"][0]["result"][0]["value"]["text"] == [others[0]["data"]["answer"]]
    first, *rest = json.loads(out["argilla"].read_text("utf-8"))
    assert first["suggestions"]["correction"] == {"value": "A mug for cold days.", "agent": "sent by shop"}
    assert first["fields"]["said"] == task["data"]["said"] and rest[0]["fields"]["said"] == ""
    assert strop("--json", "-p", promoted.folder, "review", "import", out["jsonl"]).json["accepted"] == 0
    back = {**task, "annotations": [{"result": task["predictions"][0]["result"], "completed_by": 4}]}
    out["labelstudio"].write_text(json.dumps([back]), "utf-8")
    assert strop("--json", "-p", promoted.folder, "review", "import", out["labelstudio"]).json["accepted"] == 1
    assert strop("--json", "-p", promoted.folder, "cycle", "--dry-run").json["corrections"] == 1


def test_reviews_of_our_own_form(promoted: Project, strop: Strop, answers: list[Interaction], tmp_path: Path) -> None:
    file = tmp_path / "reviews.jsonl"
    said = [
        {"id": answers[0].id, "opinion": "good"}, {"id": answers[1].id, "correction": "Better."},
        {"id": answers[2].id, "opinion": "cannot_judge"}, {"id": answers[3].id, "opinion": "splendid"},
        {"id": "int_0", "opinion": "good"}, {"id": answers[4].id, "opinion": "fix", "correction": answers[4].answer},
    ]  # fmt: skip
    file.write_text("".join(json.dumps(one) + "\n" for one in said), "utf-8")
    found = strop("--json", "-p", promoted.folder, "review", "import", file, "--by", "anna").json
    assert found["accepted"] == 4 and [one["line"] for one in found["rejected"]] == [4, 5]
    same = next(one for one in promoted.store.all(Judgement) if one.subject == answers[4].id)
    assert same.value == {"opinion": "good"}, "a fix that changes nothing says that it is good"
    (tmp_path / "odd.json").write_text('[{"annotations": 3}]', "utf-8")
    assert strop("-p", promoted.folder, "review", "import", tmp_path / "odd.json").code == 2


def test_people_have_keys_that_are_shown_once(promoted: Project, strop: Strop) -> None:
    made = strop("--json", "-p", promoted.folder, "people", "add", "anna", "--role", "expert").json
    assert made["key"].startswith("strop_")
    listed = strop("--json", "-p", promoted.folder, "people", "list")
    assert listed.json["people"] == [{"name": "anna", "role": "expert"}] and made["key"] not in listed.out
    assert strop("-p", promoted.folder, "people", "add", "bo", "--role", "king").code == 2
    assert strop("-p", promoted.folder, "people", "revoke", "anna").code == 0
    assert strop("-p", promoted.folder, "people", "revoke", "anna").code == 2
    assert strop("--json", "-p", promoted.folder, "people", "list").json["people"] == []


def test_monitor_speaks_by_its_exit_code(promoted: Project, strop: Strop, answers: list[Interaction]) -> None:
    ran = strop("-p", promoted.folder, "monitor")
    assert ran.code == 4, "nothing was measured yet"
    assert "quality: 0 of the 10 audited answers that it takes are judged" in ran.out
    assert "6 answers drawn so far, 10 to judge, about 5 minutes of an expert" in ran.out
    assert "drift: 6 of the 200 answers that make a window were given, 194 to come" in ran.out
    for one in answers:
        promoted.review(one.id, opinion="fix", correction="Better.", by="anna")
    ran = strop("--json", "-p", promoted.folder, "--set", "live.retrain.corrections=6", "monitor")
    assert ran.code == 3 and ran.json["retrain"] and "6 reviewed corrections" in ran.json["because"][0]


def test_what_does_not_count_may_stay_unmeasured(promoted: Project, strop: Strop, answers: list[Interaction]) -> None:
    """`live.retrain.on` names what a turn hangs on; without a name there is nothing to wait for."""
    ran = strop("--json", "-p", promoted.folder, "--set", "live.retrain.on=[]", "monitor")
    assert ran.code == 0 and ran.json["known"] and len(ran.json["unseen"]) == 2
    ran = strop("--json", "-p", promoted.folder, "--set", "live.retrain.on=[drift]", "monitor")
    assert ran.code == 4 and not ran.json["known"]


def test_where_nothing_serves_nothing_is_called_healthy(decided: Project, strop: Strop) -> None:
    ran = strop("--json", "-p", decided.folder, "monitor")
    assert ran.code == 4 and ran.json["unseen"] == ["quality and drift: nothing serves"]
    assert "quality and drift: nothing serves" in strop("-p", decided.folder, "monitor").out


def test_a_cycle_with_corrections_uses_each_once(promoted: Project, strop: Strop, answers: list[Interaction]) -> None:
    for one in answers:
        promoted.review(one.id, opinion="fix", correction=f"{one.answer} Made to last.", by="anna")
    ran = strop("--json", "-p", promoted.folder, "cycle")
    assert ran.code in (0, 3, 4), ran.err
    assert ran.json["corrections"] == 6
    waited = {finding["name"]: finding["value"] for finding in ran.json["findings"]}
    assert waited["corrections waiting"] == 6, "what was seen before the turn"
    assert strop("--json", "-p", promoted.folder, "cycle", "--dry-run").json["corrections"] == 0
    again = strop("--json", "-p", promoted.folder, "cycle").json
    assert again["corrections"] == 0 and again["dataset"] == ran.json["dataset"]
    assert strop("--json", "-p", promoted.folder, "curate").json["dataset"] == ran.json["dataset"]
    assert again["decision"]["id"] == ran.json["decision"]["id"]


def test_serve_refuses_a_host_that_others_can_reach(promoted: Project, strop: Strop) -> None:
    ran = strop("-p", promoted.folder, "serve", "--host", "0.0.0.0")
    assert ran.code == 2 and "people add" in ran.err


def test_the_next_command_follows_the_state(decided: Project, strop: Strop) -> None:
    def following() -> str:
        return str(strop("-p", decided.folder).out.rstrip().rpartition("next:  ")[2]).replace(
            f" --project {decided.folder}", ""
        )

    assert following() == "strop promote"
    decided.promote()
    assert following() == "strop monitor"
    decided.monitor()
    assert following() == "strop serve", "nothing is known without traffic"
    source = decided.folder / "data" / "train.jsonl"
    source.write_text("".join(source.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    decided.curate()
    assert following() == "strop choose"


def test_records_are_shown_as_people_read_them(promoted: Project, strop: Strop, answers: list[Interaction]) -> None:
    folder = promoted.folder
    listed = strop("-p", folder, "list").out
    assert f"… and 1 more: strop --project {folder} list interaction" in listed
    assert "Promote: " in listed
    assert len(strop("-p", folder, "list", "interaction").out.splitlines()) == len(answers)
    shown = {kind: strop("-p", folder, "show", kind).out for kind in ("dataset", "ladder", "decision", "report", "run")}
    assert "rows read = " in shown["dataset"]
    assert "Fine-tune?" in shown["ladder"]
    assert "PROMOTE" in shown["decision"]
    assert "[" in shown["report"] and "CPU-s, " in shown["run"]
    assert all("next:" not in text for text in shown.values())
    row = promoted.opened.dataset().splits["train"][0]
    assert "reference" in strop("-p", folder, "show", row).out
    assert "made of" in strop("-p", folder, "show", "dataset", "--history").out
    assert "0 added" in strop("-p", folder, "show", "dataset", "--diff", "dataset").out


def test_what_was_forgotten_is_said_where_its_model_is_asked(promoted: Project, strop: Strop) -> None:
    """The fake engine keeps its rows: its file goes with the row, and nobody is told to bring it back."""
    rows = promoted.opened.rows(promoted.opened.dataset(), "train")
    row = next(one.id for one in rows if sum(one.input in other.input for other in rows) == 1)  # its words are its own
    planned = strop("--json", "-p", promoted.folder, "forget", row)
    assert planned.code == 0 and planned.json["proof"] is None and "steps" not in planned.json
    assert {"erase", "block", "replace", "rebuild"} <= {step["action"] for step in planned.json["plan"]}
    assert strop("--json", "-p", promoted.folder, "forget", row, "--apply").json["proof"]["places"] == []
    asked = strop("-p", promoted.folder, "ask", "type: mug")
    assert asked.code == 2 and "withdrawn" in asked.err and "curate, choose, decide and promote" in asked.err
    assert "backup" not in asked.err


def test_nothing_found_is_said_after_a_search(promoted: Project, strop: Strop) -> None:
    ran = strop("-p", promoted.folder, "forget", "person:Ottilie Vance")
    assert ran.code == 0 and "no row, request or judgement here holds person:Ottilie Vance" in ran.out
    assert "not there: none of 2 pieces of the text is left in" in ran.out
    (promoted.folder / ".strop" / "note.txt").write_text("Ottilie Vance called\n", "utf-8")
    ran = strop("--json", "-p", promoted.folder, "forget", "person:Ottilie Vance")
    assert ran.code == 3 and ran.json["proof"]["places"] == ["note.txt"] and ran.json["records"] == []


def test_what_differs_between_two_versions_is_shown_with_before_and_after(tmp_path: Path, strop: Strop) -> None:
    things = ("card", "lamp", "parcel", "invoice")
    rows = [{"text": f"Where is my {things[n % 4]} number {n}, please?", "label": "ab"[n % 2]} for n in range(30)]

    def written() -> None:
        text = "".join(json.dumps({"id": f"t{n}", **row}) + "\n" for n, row in enumerate(rows))
        (tmp_path / "rows.jsonl").write_text(text, "utf-8")

    (tmp_path / "strop.yaml").write_text(
        "task: {name: t, kind: classification}\n"
        "data: {sources: [rows.jsonl], columns: {id: id}, splits: {validation: 0, test: 0.2}}\n"
    )
    written()
    first = strop("-p", tmp_path, "--json", "curate").json["dataset"]
    project = open_project(tmp_path)
    train = project.opened.rows(project.opened.dataset(first), "train")
    project.store.close()
    changed, contradicted, gone = train[0], train[1], train[2]
    rows[(changed.origin.line or 0) - 1]["label"] = other = "a" if changed.reference == "b" else "b"
    rows.append({**rows[(contradicted.origin.line or 0) - 1], "label": "c"})
    rows.append({"text": "How do I close an account?", "label": "a"})
    rows[(gone.origin.line or 0) - 1] = {"id": "new", "text": "Can my brother open one?", "label": "a"}
    written()
    second = strop("-p", tmp_path, "--json", "curate").json["dataset"]
    shown = strop("-p", tmp_path, "show", first, "--diff", second).out
    assert "2 added" in shown and "rows.jsonl:32 How do I close an account? → a" in shown
    assert "1 changed" in shown and f"    reference: {changed.reference} → {other}" in shown
    place = f"rows.jsonl:{contradicted.origin.line}"
    assert f"{contradicted.id} {place}" in shown and "(conflicting_answers: waits for a person: same" in shown
    told = strop("-p", tmp_path, "--json", "show", first, "--diff", second).json["difference"]
    assert told["changed"][0]["before"] == {"reference": changed.reference}
    assert told["changed"][0]["after"] == {"reference": other}
    assert set(told["why"]) == set(told["removed"]) == {contradicted.id, gone.id}
    assert f"aside of {second}" in strop("-p", tmp_path, "show", contradicted.id, "--history").out
    assert f"not in {second}: no source holds it" in strop("-p", tmp_path, "show", gone.id, "--history").out


def test_why_a_row_is_gone_is_not_said_of_the_row_that_stands_in_its_line_now(tmp_path: Path, strop: Strop) -> None:
    rows = [f"Where is my parcel number {n * n} of the {n}th week, please?" for n in range(40)]

    def curated() -> str:
        text = "".join(json.dumps({"text": row, "label": "ab"[n % 2]}) + "\n" for n, row in enumerate(rows))
        (tmp_path / "rows.jsonl").write_text(text, "utf-8")
        return str(strop("-p", tmp_path, "--json", "curate").json["dataset"])

    (tmp_path / "strop.yaml").write_text(
        "task: {name: t, kind: classification}\ndata: {sources: [rows.jsonl], splits: {validation: 0, test: 0}}\n"
    )
    first = curated()
    del rows[5]
    rows[5] = "xxqqzz kkjjhh 11223 ffgghh ppttrr bbnnmm"
    second = curated()
    told = strop("-p", tmp_path, "--json", "show", first, "--diff", second).json["difference"]
    gone = sorted(told["why"].values())
    assert len(gone) == 2 and gone[0] == "no source holds it", gone
    assert gone[1].startswith("no source holds it; what stands in its line now: garbage"), gone
