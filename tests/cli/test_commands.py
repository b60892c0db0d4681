"""The command line: JSON alone on standard output, exit codes, user errors without traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from strop.project import Project

Strop = Callable[..., "object"]
pytestmark = pytest.mark.usefixtures("fake_cache")

ROWS = [
    ("my card was stolen", "cards"), ("the card does not arrive", "cards"), ("card blocked after three tries", "cards"),
    ("I want my money back", "refunds"), ("where is the refund", "refunds"), ("refund is not on my account", "refunds"),
]  # fmt: skip


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    """A CSV of 120 tickets in two queues."""
    lines = ["text,label"]
    for number in range(20):
        lines += [f"{text} case {number} {'abcdefghij'[number % 10] * 3},{label}" for text, label in ROWS]
    path = tmp_path / "tickets.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def ready(strop: Strop, tmp_path: Path, tickets: Path) -> Path:
    """A project on the fake base, curated."""
    folder = tmp_path / "project"
    assert strop("init", folder, "--from", tickets).code == 0
    settings = (folder / "strop.yaml").read_text("utf-8") + "\nladder: {bases: [fake-small]}\n"
    (folder / "strop.yaml").write_text(settings, "utf-8")
    assert strop("--project", folder, "curate").code == 0
    return folder


def test_init_reads_the_kind_off_the_data(strop: Strop, tmp_path: Path, tickets: Path) -> None:
    ran = strop("--json", "init", tmp_path / "p", "--from", tickets)
    assert ran.code == 0
    assert ran.json["kind"] == "classification"
    assert {"strop", "seconds", "project", "settings"} <= ran.json.keys()
    again = strop("init", tmp_path / "p", "--from", tickets)
    assert again.code == 2
    assert "already" in again.err


def test_curate_choose_decide_verify(strop: Strop, ready: Path) -> None:
    curated = strop("--project", ready, "--json", "curate").json
    rows = curated["rows"]
    assert rows["read"] == rows["kept"] + rows["held_out"] + rows["dropped"] + rows["quarantined"] == 120
    assert Path(curated["ledger"]).is_file()
    chosen = strop("--project", ready, "--json", "choose").json
    assert chosen["ladder"][0]["method"] == "classical"
    decided = strop("--project", ready, "--json", "decide")
    assert decided.code in (0, 3, 4)
    assert decided.json["verdict"] == {0: "promote", 3: "refuse", 4: "not_enough_evidence"}[decided.code]
    verified = strop("--project", ready, "--json", "verify", decided.json["decision"])
    assert (verified.code, verified.json["same"]) == (0, True)
    file, own = ready.parent / "verdict.json", decided.json["digest"]
    assert strop("--project", ready, "verify", decided.json["decision"], "--evidence", file, "--digest", own).code == 0
    assert strop("verify", file, "--digest", own).code == 0  # no project is named, nor needed
    assert strop("verify", file, "--digest", "digest_of_another").code == 3


def test_tune_prints_an_estimate_and_trains_once(strop: Strop, ready: Path) -> None:
    dry = strop("--project", ready, "--json", "tune", "--dry-run").json
    assert dry["estimate"]["examples"] > 0
    first = strop("--project", ready, "--json", "tune").json
    again = strop("--project", ready, "--json", "tune").json
    assert first["candidate"] == again["candidate"]
    assert first["run"] == again["run"]


def test_two_candidates_are_compared(strop: Strop, ready: Path) -> None:
    one = strop("--project", ready, "--json", "tune", "--method", "classical").json["candidate"]
    two = strop("--project", ready, "--json", "tune").json["candidate"]
    found = strop("--project", ready, "--json", "evaluate", one, two).json
    assert len(found["reports"]) == 2
    assert {"value", "low", "high", "n"} <= found["differences"]["accuracy"].keys()


def test_list_show_export_ask(strop: Strop, ready: Path, tmp_path: Path) -> None:
    assert strop("--project", ready, "--json", "list", "dataset").json["records"]
    shown = strop("--project", ready, "--json", "show", "dataset", "--history").json
    assert shown["kind"] == "dataset"
    out = tmp_path / "out.jsonl"
    assert strop("--project", ready, "export", "dataset", "--to", "jsonl", "-o", out, "--split", "train").code == 0
    assert all("messages" in json.loads(line) for line in out.read_text("utf-8").splitlines())
    strop("--project", ready, "tune", "--method", "classical")
    answer = strop("--project", ready, "--json", "ask", "my card is gone").json["answers"][0]
    assert answer["answer"] == "cards"
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_rows_are_read_from_files_alone(strop: Strop, ready: Path, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    os.mkfifo(tmp_path / "pipe")
    for name, said in (("one", "a link that leads nowhere"), ("pipe", "is a pipe or a device"), (".", "is a folder")):
        ran = strop("--project", ready, "curate", tmp_path / name)
        assert ran.code == 2 and said in ran.err and "→" in ran.err
        if name != ".":
            ran = strop("init", tmp_path / "new", "--from", tmp_path / name)
            assert ran.code == 2 and said in ran.err


def test_one_label_is_told_instead_of_a_next_step_that_fails(strop: Strop, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(
        "text,label\n" + "".join(f"where is card {n},cards\n" for n in range(30)), "utf-8"
    )
    (tmp_path / "strop.yaml").write_text("task: {kind: classification}\ndata: {sources: [rows.csv]}\n", "utf-8")
    ran = strop("--project", tmp_path, "curate")
    assert ran.code == 0 and "add rows of a second label: all have 'cards'" in ran.out
    assert ran.out.rstrip().endswith(" curate")


def test_the_bare_command_answers_the_five_questions(strop: Strop, ready: Path) -> None:
    ran = strop("--project", ready)
    assert ran.code == 0
    assert ran.out.count("?") >= 5
    assert ran.out.rstrip().endswith(" choose")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "No such command"),
        (("tune", "--method", "magic"), "no method is called magic"),
        (("tune", "--base", "gpt-9"), "gpt-9"),
        (("show", "cand_0000"), "cand_0000"),
        (("evaluate", "--suite", "test"), "no suite is called test"),
        (("--set", "tune.sede=1", "tune"), "did you mean `seed`"),
        (("list", "spoons"), "spoons"),
        (("ask",), "nothing to ask"),
        (("export", "dataset", "--to", "gguf", "-o", "x"), "cannot be exported"),
        (("curate", "no-such-file.csv"), "no such file"),
    ],
)
def test_a_users_mistake_is_one_message(strop: Strop, ready: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = strop("--project", ready, *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_errors_are_json_too(strop: Strop, tmp_path: Path) -> None:
    ran = strop("--json", "--project", tmp_path, "curate")
    assert ran.code == 2
    assert ran.json["error"]["exit"] == 2
    assert "strop init" in ran.json["error"]["remedy"]


def test_decide_before_choose_says_what_to_do(strop: Strop, ready: Path) -> None:
    ran = strop("--project", ready, "decide")
    assert ran.code == 2
    assert f"strop --project {ready} choose" in ran.err


def test_help_starts_fast_enough_to_load_no_library_of_models_or_numbers() -> None:
    heavy = ["torch", "transformers", "sklearn", "sqlalchemy", "altair", "scipy", "numpy"]
    heavy += ["strop.decide", "strop.project"]
    asked = f"[m for m in {heavy} if m in sys.modules]"
    code = f"import sys; from strop.cli.running import run; run(['--help']); print({asked})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip().splitlines()[-1] == "[]"


def test_the_library_loads_no_part_of_scipy_before_it_reckons() -> None:
    heavy = ("scipy.stats", "scipy.optimize", "scipy.sparse", "scipy.special", "sklearn", "torch")
    code = f"import sys, strop.project, strop.measure, strop.decide; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_fault_table_is_kept_and_shown_with_its_places(strop: Strop, tmp_path: Path, tickets: Path) -> None:
    lines = tickets.read_text("utf-8").splitlines()
    lines[7] = lines[7].replace(",cards", ",refunds")
    tickets.write_text("\n".join(lines) + "\n", "utf-8")
    folder = tmp_path / "judged"
    assert strop("init", folder, "--from", tickets).code == 0
    settings = (folder / "strop.yaml").read_text("utf-8")
    assert "{validation: 0.1, test: 0.2}" in settings
    settings = settings.replace("{validation: 0.1, test: 0.2}", "{validation: 0, test: 0}")
    (folder / "strop.yaml").write_text(settings, "utf-8")
    ran = strop("--project", folder, "curate")
    assert "for a person to judge: 1 label_suspect (1 row waits: strop" in " ".join(ran.out.split())
    curated = strop("--project", folder, "--json", "curate").json
    assert curated["faults"]["label_suspect"] == 1
    assert Path(curated["fault_table"]).is_file()
    shown = strop("--project", folder, "--json", "show", "dataset", "--faults").json["faults"]
    assert shown[0]["line"] == 8 and shown[0]["is_fault"] is True
    scores = [line["score"] for line in shown if line["fault"] == "label_suspect"]
    stored = [json.loads(line) for line in Path(curated["fault_table"]).read_text("utf-8").splitlines()]
    assert len(stored) == len(shown) and all(any(line.items() <= told.items() for told in shown) for line in stored)
    assert shown[0]["is_label_suspect"] is True and shown[0]["label_suspect_score"] == shown[0]["score"]
    assert len(scores) > 60 and scores == sorted(scores) and scores[0] < 0.5 < scores[1]
    human = strop("--project", folder, "show", "dataset", "--faults").out
    assert "tickets.csv:8" in human and "labelled 'refunds'; rows like it are 'cards'" in human
    assert strop("--project", folder, "show", "ladder", "--faults").code == 2
    # The threshold moves: the same scores, and the row leaves.
    moved = strop("--project", folder, "--json", "--set", "data.faults={label_suspect: 0.5}", "curate")
    assert moved.json["reasons"]["label_suspect"] == 1
    again = strop("--project", folder, "--json", "show", "dataset", "--faults").json["faults"]
    assert again == shown


def test_what_a_person_says_of_a_row_holds_for_the_next_version(strop: Strop, tmp_path: Path, tickets: Path) -> None:
    lines = tickets.read_text("utf-8").splitlines()
    for at in (7, 37):
        lines[at] = lines[at].replace(",cards", ",refunds")
    tickets.write_text("\n".join(lines) + "\n", "utf-8")
    folder, file = tmp_path / "judged", tmp_path / "rows.jsonl"
    assert strop("init", folder, "--from", tickets).code == 0
    settings = (folder / "strop.yaml").read_text("utf-8")
    settings = settings.replace("{validation: 0.1, test: 0.2}", "{validation: 0, test: 0}")
    (folder / "strop.yaml").write_text(settings, "utf-8")
    before = strop("--project", folder, "--json", "curate").json
    assert "tickets.csv:8" in strop("--project", folder, "review", "rows").out
    assert "doubts that only a person can settle: strop" in " ".join(strop("--project", folder).out.split())
    assert strop("--project", folder, "review", "rows", "-o", file).code == 0
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert {row["place"].rpartition("/")[2] for row in rows} == {"tickets.csv:8", "tickets.csv:38"}
    unfilled = strop("--project", folder, "--json", "review", "import", file).json
    assert (unfilled["accepted"], unfilled["rejected"]) == (0, [])  # silence is no opinion
    by_place = {row["place"].rpartition("/")[2]: row for row in rows}
    by_place["tickets.csv:8"] |= {"opinion": "fix", "correction": "cards"}
    by_place["tickets.csv:38"] |= {"opinion": "good"}
    bad = {**by_place["tickets.csv:8"], "correction": "cars"}
    both = {**by_place["tickets.csv:8"], "opinion": "good", "correction": "cards"}
    file.write_text("".join(json.dumps(row) + "\n" for row in [bad, both, *rows]), "utf-8")
    taken = strop("--project", folder, "--json", "review", "import", file, "--by", "ada").json
    assert taken["accepted"] == 2 and "no label" in taken["rejected"][0]["reason"]
    both_told = "says good and gives another answer: write fix, or leave the correction out"
    assert taken["rejected"][1] == {"line": 2, "reason": both_told}
    (folder / "empty.jsonl").write_text("", "utf-8")
    empty = strop("--project", folder, "review", "import", folder / "empty.jsonl")
    assert empty.code == 2 and "empty.jsonl: holds no review: it is empty" in empty.err
    after = strop("--project", folder, "--json", "curate").json
    assert after["dataset"] != before["dataset"] and "label_suspect" not in after["faults"]
    assert after["rows"] == before["rows"]
    ledger = {line["line"]: line for line in map(json.loads, Path(after["ledger"]).read_text("utf-8").splitlines())}
    assert ledger[8]["detail"] == "a person gave the answer" and ledger[38]["detail"] == ""
    shown = strop("--project", folder, "--json", "show", ledger[8]["example"]).json["record"]
    assert shown["reference"] == "cards" and shown["origin"]["judgement"].startswith("jdg_")
    again = strop("--project", folder, "--json", "curate").json
    assert again["dataset"] == after["dataset"]
    assert strop("--project", folder, "--json", "review", "rows").json["rows"] == []
    # Who is forgotten takes the judgement and both forms of the row along.
    gone = strop("--project", folder, "--json", "forget", by_place["tickets.csv:8"]["id"], "--apply").json
    assert {by_place["tickets.csv:8"]["id"], ledger[8]["example"], shown["origin"]["judgement"]} <= set(gone["records"])
    assert gone["proof"]["places"] == []


def test_a_decision_goes_to_a_build_server_and_under_a_pull_request(
    strop: Strop, decided: Project, tmp_path: Path
) -> None:
    decided.store.close()
    xml, table = tmp_path / "out" / "decision.xml", tmp_path / "decision.md"
    ran = strop("--project", decided.folder, "show", "decision", "--junit", xml, "--markdown", table)
    assert (ran.code, ran.out) == (0, f"wrote {xml}\nwrote {table}\n")
    checks = strop("--project", decided.folder, "--json", "show", "decision").json["record"]["checks"]
    cases = ElementTree.parse(xml).getroot().findall("testcase")
    assert [case.get("name") for case in cases] == [check["name"] for check in checks]
    assert table.read_text("utf-8").startswith("**") and table.read_text("utf-8").count("\n| ") == len(checks) + 1
    wrong = strop("--project", decided.folder, "show", "ladder", "--junit", xml)
    assert wrong.code == 2 and "show decision --junit" in wrong.err
