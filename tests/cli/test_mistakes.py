"""Wrong input, wrong order, a wrong moment: one message with place and remedy, exit 2 or 130, nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.conftest import no_space, without_privileges

from strop.cli.app import app
from strop.cli.copying import OF_A_PROJECT, as_typed
from strop.cli.running import load_commands
from strop.curate.files.reading import LONGEST_LINE
from strop.project import Project
from strop.records import Dataset, Decision, new_id

Strop = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("fake_cache")

BASES = "\nladder: {bases: [fake-small]}\n"
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll")


def table(count: int = 60, labels: tuple[str, ...] = ("cards", "refunds")) -> list[dict[str, str]]:
    """Tickets, no two alike, their label told by their first words."""
    rows = []
    for n in range(count):
        label = labels[n % len(labels)]
        told = " ".join(WORDS[(n * step + step) % len(WORDS)] for step in (1, 2, 4, 7))
        rows.append({"text": f"my {label} {told} number {n * 37}", "label": label})
    return rows


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def one_message(ran: Any, *parts: str, code: int = 2) -> None:
    """Exit code, no traceback, and one message that holds the parts; its second line is the remedy."""
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    lines = ran.err.strip().splitlines()
    assert lines[-2].startswith("strop: "), ran.err
    assert lines[-1].startswith("  → ")
    assert len(lines[-1]) > len("  → ")
    for part in parts:
        assert part in ran.err


@pytest.fixture
def ready(strop: Strop, tmp_path: Path) -> Path:
    """A project with its sources beside it."""
    folder = tmp_path / "project"
    source = write(tmp_path / "rows" / "train.jsonl", table(80))
    write(tmp_path / "rows" / "validation.jsonl", table(100)[80:])
    write(tmp_path / "rows" / "test.jsonl", table(130)[100:])
    assert strop("init", folder, "--from", source.parent).code == 0
    with (folder / "strop.yaml").open("a", encoding="utf-8") as settings:
        settings.write(BASES)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("empty.csv", b"", ("empty.csv:1", "holds no rows")),
        ("empty.jsonl", b"\n\n", ("empty.jsonl:1", "holds no rows")),
        ("header.csv", b"text,label\n", ("header.csv:1", "holds no rows")),
        ("binary.csv", bytes(range(256)) * 40, ("binary.csv:1",)),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00", ("picture.csv", "is a picture")),
        (
            "questions.jsonl",
            b'{"text": "one"}\n{"text": "two"}\n',
            ("questions.jsonl:1: has no answer; none of 2 rows",),
        ),
        ("torn.jsonl", b'{"text": "one", \n{"text"\n', ("torn.jsonl:1", "not JSON")),
    ],
)
def test_a_source_without_one_usable_row(
    strop: Strop, tmp_path: Path, name: str, content: bytes, parts: tuple[str, ...]
) -> None:
    (tmp_path / name).write_bytes(content)
    one_message(strop("init", tmp_path / "p", "--from", tmp_path / name), *parts)
    assert not (tmp_path / "p").exists()


def test_init_in_places_that_are_none(strop: Strop, tmp_path: Path) -> None:
    source = write(tmp_path / "rows.jsonl", table())
    (tmp_path / "nothing").mkdir()
    one_message(strop("init", tmp_path / "p", "--from", tmp_path / "absent.csv"), "absent.csv", "no such file")
    one_message(strop("init", tmp_path / "p", "--from", tmp_path / "nothing"), "nothing", "empty")
    one_message(strop("init", source, "--from", source), "rows.jsonl", "is a file")
    one_message(strop("init", source / "under", "--from", source), "under", "not a directory")
    one_message(strop("init", tmp_path / ("n" * 300), "--from", source), "name too long")
    for place in (source, tmp_path / "absent", tmp_path / ("n" * 300)):
        one_message(strop("-p", place, "curate"))


def test_strange_names_are_only_names(strop: Strop, tmp_path: Path) -> None:
    source = write(tmp_path / "wei rd" / "trä in [bold] 'x' \"y\" {z}: q #1.jsonl", table())
    folder = tmp_path / "prö [red]ject[/red]"
    ran = strop("init", folder, "--from", source)
    assert ran.code == 0
    assert str(folder / "strop.yaml") in ran.out
    assert f"cd '{folder}'" in ran.out
    assert strop("-p", folder, "curate").code == 0


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"task: {", (":1", "not valid YAML")),
        (b"task:\n\tname: x", (":2", "not valid YAML")),
        (b"task:\n  name: a\ntask:\n  name: b", (":3", "duplicate key")),
        (b"task:\n  nmae: a", (":2", "did you mean `name`")),
        (b"task: {kind: classifcation}", (":1", "'classification'")),
        (b"- a", (":1", "blocks")),
        (b"just words", (":1", "blocks")),
        (b"data: {sources: [5]}", (":1", "data.sources.0", "must be a block")),
        (b"tune:\n  seed: -1", (":2", "tune.seed")),
        (b"", ("strop.yaml", "no data source")),
        (b"task: {name: caf\xe9}", (":1", "not UTF-8")),
        (b"task: {name: a}\ndata: {sources: [gone.csv]}", (":2: gone.csv: ", "no such file", "put the file there")),
        (b"data:\n  sources: [.]", (":2: ", "a folder, not a file", "one by one")),
        (b"task:\n  style: gone.json\ndata: {sources: [strop.yaml]}", (":2: gone.json: ", "mend `task.style`")),
        (b"\x00\x01", (":1", "not valid YAML")),
        (b"task: {name: " + b"[" * 3000, (":1", "nested too deeply")),
        (b"task: {name: a}\n---\ntask: {name: b}", (":2", "another document")),
        (b"ladder: {methods: [lorra]}", (":1", "'lorra'", "did you mean `lora`")),
        (b"ladder:\n  methods: []", (":2", "name one at least")),
        (b"decision:\n  alpha: 2", (":2", "`decision.alpha` is 2: must be less than 0.5", "strop doctor")),
        (b"tune: {learning_rate: fast}", (":1", "must be a number")),
        (b"task: {name: a/b}", (":1", "'a/b'", "small letters")),
    ],
)
def test_bad_settings(strop: Strop, tmp_path: Path, text: bytes, parts: tuple[str, ...]) -> None:
    (tmp_path / "strop.yaml").write_bytes(text)
    one_message(strop("-p", tmp_path, "curate"), *parts)


def test_settings_that_are_a_folder(strop: Strop, tmp_path: Path) -> None:
    (tmp_path / "strop.yaml").mkdir()
    one_message(strop("-p", tmp_path, "curate"), "strop.yaml", "is a directory")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("tune", "is not key=value"),
        ("tune=5", "must be a block"),
        ("tune.sede=1", "did you mean `seed`"),
        ("data.sources.9.path=x", "no place in a list of 3"),
        ("task.name.deeper=x", "must be a text"),
        ("task.labels=[", "is not a YAML value"),
    ],
)
def test_bad_overrides_are_told_as_such(strop: Strop, ready: Path, override: str, said: str) -> None:
    ran = strop("-p", ready, "--set", override, "curate")
    assert ran.code == 2
    assert said in ran.err
    assert "--set" in ran.err
    assert "strop.yaml:" not in ran.err


def test_an_override_reaches_into_a_list(strop: Strop, ready: Path, tmp_path: Path) -> None:
    one_message(strop("-p", ready, "--set", "data.sources.0.path=gone.jsonl", "curate"), "gone.jsonl")
    other = write(tmp_path / "other.jsonl", table(90))
    assert strop("--json", "-p", ready, "--set", f"data.sources.0.path={other}", "curate").json["rows"]["read"] == 140


def test_an_unknown_base_is_told_with_its_line(strop: Strop, ready: Path) -> None:
    settings = (ready / "strop.yaml").read_text("utf-8").replace("fake-small", "fake-smal")
    (ready / "strop.yaml").write_text(settings, "utf-8")
    line = next(n for n, text in enumerate(settings.splitlines(), 1) if "fake-smal" in text)
    assert strop("-p", ready, "curate").code == 0
    one_message(strop("-p", ready, "choose"), f"strop.yaml:{line}: ", "did you mean fake-small?")


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("decision:\n", "decision:\n  primary: {acuracy: {}}\n", ("unknown measure `acuracy`", "`accuracy`")),
        (
            "decision:\n",
            "measures: [tone.ours:warm]\ndecision:\n",
            ("tone.ours", "put tone/ours.py into the project folder"),
        ),
        ("decision:\n", "measures: [json:lods]\ndecision:\n", ("no function 'lods'", "did you mean json:loads?")),
        ("kind: classification", "kind: chat", ("`ladder` names nothing", "strop models list")),
    ],
)
def test_what_cannot_be_measured_or_tried_is_told_before_anything_runs(
    strop: Strop, ready: Path, old: str, new: str, parts: tuple[str, ...]
) -> None:
    text = (ready / "strop.yaml").read_text("utf-8").replace(old, new)
    text = text.replace("fake-small", "") if "chat" in new else text
    (ready / "strop.yaml").write_text(text, "utf-8")
    starts = ("ladder:",) if "chat" in new else ("  primary:", "measures:")
    line = next(n for n, told in enumerate(text.splitlines(), 1) if told.startswith(starts))
    assert strop("-p", ready, "curate").code == 0
    ran = strop("-p", ready, "choose")
    one_message(ran, f"strop.yaml:{line}: ", *parts)
    assert len(ran.err.splitlines()) == 2


def test_the_next_command_can_be_copied_where_the_last_was_typed(
    strop: Strop, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ready.parent)
    assert strop("-p", ready.name, "curate").out.rstrip().endswith(f"next:  strop --project {ready.name} choose")
    one_message(strop("-p", ready.name, "decide"), f"  → strop --project {ready.name} choose, or: strop --project ")
    assert (
        f" would change it: other rows, another base or a new margin: strop --project {ready.name} choose"
        in " ".join((strop("-p", ready.name, "choose"), strop("-p", ready.name))[1].out.split())
    )
    monkeypatch.chdir(ready)
    assert strop("curate").out.rstrip().endswith("next:  strop choose")
    one_message(strop("verify"), "  → strop decide")


def test_every_command_that_looks_into_a_project_is_known_as_one() -> None:
    load_commands()
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert set(OF_A_PROJECT) == commands - {"init", "demo", "models", "doctor"}


def test_only_commands_are_rewritten() -> None:
    folder = Path("my shop")
    assert as_typed("strop choose, or: strop decide CANDIDATE", folder) == (
        "strop --project 'my shop' choose, or: strop --project 'my shop' decide CANDIDATE"
    )
    hours = "strop --set ladder.hours=2 choose"
    assert as_typed(hours, folder) == "strop --project 'my shop' --set ladder.hours=2 choose"
    quoted = """strop --set 'decision.primary={rouge_l: {}}' --set 'task.system=Say what it'"'"'s about' choose"""
    assert as_typed(quoted, folder) == quoted.replace("strop ", "strop --project 'my shop' ", 1)
    for text in ("strop needs a base: strop models list", "strop --project a choose", "strop chooses"):
        assert as_typed(text, folder) == text


def test_only_candidates_are_evaluated(strop: Strop, decided: Project) -> None:
    dataset = decided.store.latest(Dataset)
    assert dataset is not None
    example = dataset.splits["validation"][0]
    one_message(strop("-p", decided.folder, "evaluate", "cand_"), "'cand_' may be cand_", "write some more of it")
    one_message(strop("-p", decided.folder, "evaluate", example), f"{example} is an example, not a candidate")
    one_message(strop("-p", decided.folder, "evaluate", dataset.id[:-2]), "is a dataset, not a candidate")


def test_nobody_has_no_name_and_nothing_is_asked_nothing(strop: Strop, ready: Path) -> None:
    for name in ("", "  ", "a\nb", "x" * 81):
        one_message(strop("-p", ready, "people", "add", name, "--role", "app"), "is no name")
    one_message(strop("-p", ready, "ask", " "), "nothing to ask")


def test_a_hub_that_cannot_be_reached(tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    command = [sys.executable, "-m", "strop", "models", "add", "someone/something"]
    nowhere = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    ran = subprocess.run(command, env=nowhere, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert "strop: the hub did not give someone/something: " in ran.stderr
    assert "check the name and the network" in ran.stderr


def test_a_column_that_went_away(strop: Strop, tmp_path: Path) -> None:
    lines = ["text,label", *(f"{row['text']},{row['label']}" for row in table())]
    source = tmp_path / "rows.csv"
    source.write_text("\n".join(lines), "utf-8")
    assert strop("init", tmp_path / "p", "--from", source).code == 0
    source.write_text("\n".join(["text,lable", *lines[1:]]), "utf-8")
    one_message(strop("-p", tmp_path / "p", "curate"), "rows.csv:1", "`label`", "did you mean `lable`")


def test_bad_rows_are_set_aside_and_the_first_is_shown(strop: Strop, ready: Path, tmp_path: Path) -> None:
    train, test = tmp_path / "rows" / "train.jsonl", tmp_path / "rows" / "test.jsonl"
    with train.open("ab") as out:
        out.write(b'{"text": "a NUL \x00 inside", "label": "cards"}\n')
        out.write('{"text": "the grün card", "label": "cards"}\n'.encode())
        out.write('{"text": "the café", "label": "cards"}\n'.encode("latin-1"))
        out.write(b'{"text": "' + b"x" * (LONGEST_LINE + 1) + b'", "label": "cards"}\n')
        out.write(b'{"text": "after the long line comes this", "label": "cards"}\n')
    lines = test.read_text("utf-8").splitlines()
    lines[4] = json.dumps({"text": "a queue that nobody was trained on", "label": "brand new"})
    test.write_text("\n".join(lines) + "\n", "utf-8")
    ran = strop("-p", ready, "curate")
    assert ran.code == 0
    assert f"3 malformed (first: {train}:81 " in ran.out
    assert f"1 label_suspect (first: {test}:5 the label 'brand new' stands in no training row" in ran.out
    rows = strop("--json", "-p", ready, "curate").json["rows"]
    assert rows["read"] == 135
    assert rows["quarantined"] == 4
    assert strop("-p", ready, "choose").code == 0


def test_a_file_of_reviews_without_a_usable_line_names_the_first_ten_and_how_many(strop: Strop, ready: Path) -> None:
    """Each with its reason: who mends the first one would else run into the second."""
    file = ready / "reviews.jsonl"
    lines = [
        "{",
        '{"opinion": "good"}',
        '{"id": "ex_1"}',
        *(f'{{"id": "int_{n}", "opinion": "good"}}' for n in range(9)),
    ]
    file.write_text("\n".join(lines), "utf-8")
    at = ("-p", ready, "review", "import", file)
    told = (
        "none of 12 lines can be used: line 1: is not JSON; line 2: has no id; line 3: has neither opinion nor correc"
    )
    ran = strop(*at)
    one_message(ran, f"strop: {file}:1: {told}", "; line 10: ", "; and 2 more\n")
    assert "line 11" not in ran.err
    file.write_text("{", "utf-8")
    one_message(strop(*at), f"strop: {file}:1: is not JSON\n")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("choose", " curate"),
        ("tune", " curate"),
        ("decide", " choose"),
        ("evaluate", " choose"),
        ("ask hello", " choose"),
        ("verify", " decide"),
        ("promote", " choose"),
        ("show dataset", "there is no dataset yet\n  → strop curate\n"),
        ("show decision --html d.html", "there is no decision yet\n  → strop decide\n"),
        ("show finding", "there is no finding yet\n  → strop monitor\n"),
        ("export dataset -o out.jsonl", "there is no dataset yet\n  → strop curate\n"),
        ("show dec_1", "nothing here is called 'dec_1'"),
        ("list spoons", "spoons"),
        ("review", "needs one of: list, export, "),
        ("curate --json", "stands before the command"),
        ("ask --file gone.txt", "gone.txt: no such file"),
    ],
)
def test_the_wrong_order_says_which_is_right(
    strop: Strop, ready: Path, monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    monkeypatch.chdir(ready)
    one_message(strop(*command.split()), said)
    ran = strop("--json", *command.split())
    assert ran.json["error"]["exit"] == ran.code == 2


def test_a_rung_left_by_an_interrupted_climb_is_not_decided_on(strop: Strop, ready: Path) -> None:
    assert strop("-p", ready, "curate").code == 0
    candidate = strop("--json", "-p", ready, "tune", "--method", "classical").json["candidate"]
    one_message(strop("-p", ready, "decide"), " choose")
    assert strop("-p", ready, "decide", candidate).code in (0, 3, 4)


def test_a_change_to_what_a_verdict_rests_on_is_seen(strop: Strop, ready: Path) -> None:
    for verb in ("curate", "choose", "decide"):
        assert strop("-p", ready, verb).code in (0, 3, 4)
    assert strop("-p", ready, "verify").code == 0
    decision = strop("--json", "-p", ready, "show", "decision").json["record"]
    report = strop("--json", "-p", ready, "show", decision["reports"]["candidate"]).json["record"]
    (items,) = (ready / ".strop" / "artifacts").rglob(f"{report['items'].rpartition(':')[2]}*")
    kept = items.read_bytes()
    items.chmod(0o644)
    items.write_bytes(kept.replace(b"cards", b"carts", 1))
    edited = strop("-p", ready, "verify")  # edited evidence is none: the verdict does not stand
    assert edited.code == 3 and "changed or damaged" in edited.out + edited.err, (edited.out, edited.err)
    items.unlink()
    gone = strop("-p", ready, "verify")  # evidence that was taken away is no evidence: the verdict does not stand
    assert gone.code == 3 and "is not in this project" in gone.out + gone.err, (gone.out, gone.err)
    items.write_bytes(kept)
    assert strop("-p", ready, "verify", "decision").code == 0


def test_a_full_disk_loses_nothing_and_the_next_call_goes_on(strop: Strop, ready: Path) -> None:
    for verb in ("curate", "choose", "decide"):
        for size in (2_000, 40_000, 120_000):
            with no_space(size):
                ran = strop("-p", ready, verb)
            if ran.code == 2:
                one_message(ran, "free some space")
        assert strop("-p", ready, verb).code in (0, 3, 4)
    assert strop("-p", ready, "verify").code == 0


@pytest.mark.parametrize(
    ("command", "content", "parts"),
    [
        ("feedback", None, ("no such file", "check the name")),
        ("feedback", b"\n\xff\xfe\n", (":2: ", "is not UTF-8")),
        ("feedback", b'{"kind": "rating"}\n', (":1: ", "interaction_id is missing")),
        ("feedback", b"hello\n", (":1: ", "is not JSON", '"interaction_id"')),
        ("review", None, ("no such file", "check the name")),
        ("review", b"ok\n\xff", (":2: ", "is not UTF-8")),
        ("review", b"\nhello\n", (":2: ", "is not JSON", '"opinion"')),
        ("review", b'[\n{"id": 1},\n]', (":3: ", "is not JSON")),
        (
            "review",
            b'{"a": 1}\n{"id": "int_0"}\n',
            (":1: ", "none of 2 lines can be used: line 1: has no id; line 2: "),
        ),
        ("review", b'[{"annotations": 3}]', (":1: ", "is no review of a known form")),
    ],
)
def test_what_comes_back_from_people_and_cannot_be_used(
    strop: Strop, ready: Path, tmp_path: Path, command: str, content: bytes | None, parts: tuple[str, ...]
) -> None:
    file = tmp_path / "back.jsonl"
    if content is not None:
        file.write_bytes(content)
    one_message(strop("-p", ready, command, "import", file), str(file), *parts)


@pytest.mark.parametrize(
    ("selector", "parts"),
    [
        ("pattern:(", ("no regular expression", "backslash")),
        ("pattern:x*", ("matches everything",)),
        ("person:ab", ("too short",)),
        ("ex_0", ("nothing here is called",)),
    ],
)
def test_forgetting_what_cannot_be_told(strop: Strop, ready: Path, selector: str, parts: tuple[str, ...]) -> None:
    one_message(strop("-p", ready, "forget", selector), *parts)


def test_nothing_new_is_made_of_what_was_forgotten(strop: Strop, decided: Project) -> None:
    folder, dataset = decided.folder, decided.opened.dataset()
    decided.store.close()
    row = dataset.splits["test"][3]
    origin = decided.store.example(row).origin
    planned = strop("-p", folder, "forget", row)
    assert f"forget {row} --apply" in planned.out
    assert f"{origin.source}:{origin.line}  this file is yours: delete the row there" in planned.out
    assert "gone: none of" in strop("-p", folder, "forget", row, "--apply").out
    for command in ("choose", "tune", "evaluate"):
        one_message(strop("-p", folder, command), dataset.id, "was forgotten on", " curate")
    assert strop("-p", folder).out.rstrip().endswith(" curate")
    assert strop("-p", folder, "verify").code == 0
    one_message(strop("-p", folder, "curate"), f"{origin.source}:{origin.line}: ", "delete it from the file")
    lines = (folder / origin.source).read_text("utf-8").splitlines(keepends=True)
    del lines[(origin.line or 0) - 1]
    (folder / origin.source).write_text("".join(lines), "utf-8")
    assert strop("-p", folder, "curate").code == 0
    assert strop("-p", folder).out.rstrip().endswith(" choose")


def test_a_verdict_that_rests_on_what_was_forgotten_says_so(strop: Strop, decided: Project) -> None:
    decision = decided.store.latest(Decision)
    assert decision is not None
    early = decision.model_copy(update={"id": new_id("dec"), "swapped": ""})  # as decisions were stored at first
    decided.store.add(early)
    differs = strop("-p", decided.folder, "verify", early.id)
    assert differs.code == 3
    assert "forgotten" not in differs.out
    assert strop("-p", decided.folder, "forget", decided.opened.dataset().splits["test"][3], "--apply").code == 0
    told = strop("-p", decided.folder, "verify", early.id)
    assert told.code == 3
    assert "cannot be recomputed, because the text of 1 of its test items was forgotten" in " ".join(told.out.split())


def test_a_project_that_can_only_be_read_is_shown(decided: Project, tmp_path: Path) -> None:
    folder = decided.folder
    decided.store.close()
    before = sorted(folder.rglob("*"))
    for path in [folder, *before]:
        path.chmod(path.stat().st_mode & ~0o222)

    def reading(*arguments: object) -> Any:
        command = [sys.executable, "-m", "strop", "-p", str(folder), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=without_privileges)

    for arguments in (
        [],
        ["list"],
        ["show", "dataset"],
        ["show", "decision", "--html", tmp_path / "d.html"],
        ["verify"],
    ):
        ran = reading(*arguments)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout
    for arguments in (["promote"], ["monitor"], ["people", "add", "x", "--role", "app"]):
        ran = reading(*arguments)
        assert ran.returncode == 2
        assert "strop: " in ran.stderr
        assert "cannot be written\n  → check its permissions" in ran.stderr
    for path in [folder, *before]:
        path.chmod(path.stat().st_mode | 0o200)
    assert sorted(folder.rglob("*")) == before


def test_a_lost_database_is_an_error_and_not_a_new_project(strop: Strop, decided: Project) -> None:
    decided.store.close()
    database = decided.folder / ".strop" / "strop.db"
    kept = database.read_bytes()
    for lose in (database.unlink, lambda: database.write_bytes(b"")):
        lose()
        for command in ("list", "choose", "curate"):
            one_message(strop("-p", decided.folder, command), str(database), "gone or empty", "backup")
        database.write_bytes(kept)
    assert strop("-p", decided.folder, "verify").code == 0


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "strop", "--json", "-p", str(folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("after", [0.15, 0.5, 0.9, 1.3])
def test_an_interrupt_is_one_message_and_the_next_call_goes_on(strop: Strop, ready: Path, after: float) -> None:
    process = start(ready, "curate")
    end = time.monotonic() + after
    while process.poll() is None and time.monotonic() < end:
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    if process.returncode == -signal.SIGINT:  # the interpreter itself was still starting: no line of ours could answer
        assert out == "" and not (ready / ".strop" / "files").exists()
        return
    assert process.returncode in (0, 130)
    assert "Traceback" not in err
    assert json.loads(out).get("error", {}).get("exit", 0) == process.returncode
    if process.returncode == 130:
        assert "interrupted" in err
    assert strop("-p", ready, "curate").code == 0


def test_two_at_once_do_the_work_once(strop: Strop, ready: Path) -> None:
    assert strop("-p", ready, "curate").code == 0
    running = [start(ready, "choose") for _ in range(2)]
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert json.loads(outputs[0])["pick"] == json.loads(outputs[1])["pick"]
    assert len(strop("--json", "-p", ready, "list", "candidate").json["records"]) == 5


@pytest.mark.parametrize(
    "source", ["def m(example, answer): sys.exit(0)", "sys.exit(0)\ndef m(example, answer): return 1.0"]
)
def test_a_measure_that_ends_the_program_is_no_yes(strop: Strop, ready: Path, source: str) -> None:
    assert strop("-p", ready, "curate").code == 0
    (ready / "bye.py").write_text(f"import sys\n{source}\n", "utf-8")
    command = [sys.executable, "-m", "strop", "-p", str(ready), "--set", "measures=[bye:m]", "choose"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "bye:m" in ran.stderr and "SystemExit" in ran.stderr


def test_nothing_that_ends_the_program_decides_its_exit_code(tmp_path: Path) -> None:
    leaves = "app.command('leave')(lambda: sys.exit(0)); main(['leave'])"
    command = [sys.executable, "-c", f"import sys\nfrom strop.cli import main\nfrom strop.cli.app import app\n{leaves}"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.returncode == 1 and "ended the program" in ran.stderr


def test_output_that_nobody_can_take(ready: Path) -> None:
    command = [sys.executable, "-m", "strop", "-p", str(ready), "list"]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith("strop: no space left")
    with closed() as nobody:
        ran = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@contextlib.contextmanager
def closed() -> Iterator[int]:
    """The writing end of a pipe whose reader left."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_a_verdict_that_nobody_reads_to_the_end_keeps_its_exit_code(strop: Strop, ready: Path) -> None:
    command = ["-p", str(ready), "--set", "decision.guard={general_ability: null, p95_ms: 0.0001}", "decide"]
    assert [strop("-p", ready, verb).code for verb in ("curate", "choose")] == [0, 0]
    assert strop(*command).code == 3
    with closed() as nobody:
        for words in (command, ["--json", *command], ["-p", str(ready), "decide", "no_such_candidate"]):
            start = [sys.executable, "-m", "strop", *words]
            codes = [subprocess.run(start, stdout=nobody, stderr=err, check=False).returncode for err in (None, nobody)]
            assert codes == ([2, 2] if words[-1] == "no_such_candidate" else [3, 3])


@pytest.mark.parametrize("words", [["--help"], ["decide", "--help"]])
def test_help_that_nobody_reads_is_no_mistake(words: list[str]) -> None:
    with closed() as nobody:
        ran = subprocess.run(
            [sys.executable, "-m", "strop", *words], stdout=nobody, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_another_pipe_that_breaks_is_no_yes(tmp_path: Path) -> None:
    breaks = "app.command('leave')(lambda: os.write(int(sys.argv[1]), b'x')); main(['leave'])"
    code = f"import os, sys\nfrom strop.cli import main\nfrom strop.cli.app import app\n{breaks}"
    with closed() as nobody:
        command = [sys.executable, "-c", code, str(nobody)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=[nobody], cwd=tmp_path)
    assert ran.returncode == 1 and "pipe" in ran.stderr
