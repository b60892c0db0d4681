"""What is read off invented data, and that the written strop.yaml runs as it is."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from strop.curate import Look, as_settings, curate, data_files, look
from strop.curate.first_look.writing import scalar
from strop.curate.languages import language
from strop.errors import InputError
from strop.settings import validate

LETTERS = "abcdefghijklmnopqrst"


def rows_of(kind: str, count: int = 60) -> list[dict[str, Any]]:
    """Rows that a person would call of that kind."""
    made: list[dict[str, Any]] = []
    for n in range(count):
        word = LETTERS[n % 20] * 2 + LETTERS[n // 20] + "ore"
        if kind == "classification":
            made.append({"text": f"My {word} is broken since day {n}", "queue": ["cards", "fees", "other"][n % 3]})
        elif kind == "extraction":
            made.append({"text": f"Take {word} daily", "output": json.dumps([{"text": word, "type": "Drug"}])})
        elif kind == "generation":
            made.append(
                {"prompt": f"name: {word}\ntype: lamp\nwatt: {n}", "completion": f"The {word} lamp has {n} watts."}
            )
        elif kind == "summarisation":
            made.append({"document": f"This {word} clause says much. " * 12, "summary": f"It says {word}."})
        elif kind == "chat":
            turns = [f"I want {word}", f"Which {word}?", "The red one"]
            messages = [{"role": ("user", "assistant")[i % 2], "content": turn} for i, turn in enumerate(turns)]
            made.append({"messages": [*messages, {"role": "assistant", "content": f"Here is your red {word}."}]})
        else:
            made.append(
                {"prompt": f"Write {word}()", "completion": f"def {word}(): pass", "expect": {"tests": ["assert 1"]}}
            )
    return made


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def settings_of(found: Look, project: Path) -> Any:
    return validate(YAML(typ="rt").load(io.StringIO(as_settings(found, project))), project / "strop.yaml")


@pytest.mark.parametrize("kind", ["classification", "extraction", "generation", "summarisation", "chat", "code"])
def test_the_kind_is_seen_and_the_yaml_runs_as_it_is(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "My Data (v2).jsonl", rows_of(kind))
    found = look([path])
    assert found.kind == kind
    settings = settings_of(found, tmp_path)
    assert settings.task.kind == kind
    assert settings.task.name == "my-data-v2"
    curated = curate(settings, project=tmp_path, key=bytes(32))
    assert curated.rows.quarantined == 0
    assert all(curated.splits.values())


def test_the_users_word_on_the_kind_wins(tmp_path: Path) -> None:
    assert look([write(tmp_path / "a.jsonl", rows_of("classification"))], kind="chat").kind == "chat"


def test_files_of_a_folder_keep_their_splits_and_others_are_noted(tmp_path: Path) -> None:
    rows = rows_of("classification", 120)
    for name, part in (("train", rows[:60]), ("dev", rows[60:90]), ("test", rows[90:]), ("train_noisy", rows[:5])):
        write(tmp_path / "data" / f"{name}.jsonl", part)
    (tmp_path / "data" / "README.md").write_text("Not data", "utf-8")
    (tmp_path / "data" / "style_guide.json").write_text('{"rules": [{"id": "R1"}]}', "utf-8")
    (tmp_path / "data" / "labels.json").write_text('{"labels": ["cards"]}', "utf-8")
    found = look(data_files(tmp_path / "data"))
    assert [(s.path.name, s.split, s.rows) for s in found.sources] == [
        ("train.jsonl", "train", 60), ("dev.jsonl", "validation", 30), ("test.jsonl", "test", 30)
    ]  # fmt: skip
    assert any("train_noisy.jsonl" in note for note in found.notes)
    curated = curate(settings_of(found, tmp_path), project=tmp_path, key=bytes(32))
    assert {split: len(ids) for split, ids in curated.splits.items()} == {"train": 60, "validation": 30, "test": 30}
    assert "data/train.jsonl" in as_settings(found, tmp_path)


def test_a_training_file_gives_up_rows_for_a_split_without_file(tmp_path: Path) -> None:
    rows = rows_of("classification", 120)
    write(tmp_path / "train.jsonl", rows[:90])
    write(tmp_path / "test.jsonl", rows[90:])
    curated = curate(settings_of(look(data_files(tmp_path)), tmp_path), project=tmp_path, key=bytes(32))
    assert {split: len(ids) for split, ids in curated.splits.items()} == {"train": 81, "validation": 9, "test": 30}


def test_a_style_guide_becomes_the_tasks(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", rows_of("generation"))
    (tmp_path / "house_style.json").write_text('{"rules": [{"id": "R1", "check": {"max_words": 9}}]}', "utf-8")
    assert settings_of(look(data_files(tmp_path)), tmp_path).task.style == "house_style.json"


def test_a_table_gets_its_columns_groups_times_and_slices(tmp_path: Path) -> None:
    lines = ["ticket;queue;customer_id;language;created_at;nr"]
    lines += [
        f"My thing {n} broke;{'ab'[n % 2]};c{n // 4};{('de', 'en')[n % 2]};2024-01-{1 + n % 28:02d};{n}"
        for n in range(80)
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines), "utf-8")
    found = look([tmp_path / "t.csv"])
    assert found.columns.model_dump(exclude_none=True) == {
        "input": "ticket", "output": "queue", "group": "customer_id", "time": "created_at", "slices": ("language",)
    }  # fmt: skip
    curated = curate(settings_of(found, tmp_path), project=tmp_path, key=bytes(32))
    assert {e.slices["language"] for e in curated.examples.values()} == {"de", "en"}


def test_flat_json_rows_get_their_groups_and_slices_as_a_table_does(tmp_path: Path) -> None:
    rows = [
        {"text": f"My thing {n} broke", "label": "ab"[n % 2], "region": ("north", "south")[n % 2 ^ n % 3 > 0],
         "customer_id": f"c{n // 4}", "system": "Say a or b."}
        for n in range(80)
    ]  # fmt: skip
    found = look([write(tmp_path / "a.jsonl", rows)])
    assert found.columns.model_dump(exclude_none=True) == {"group": "customer_id", "slices": ("region",)}
    curated = curate(settings_of(found, tmp_path), project=tmp_path, key=bytes(32))
    assert {e.slices["region"] for e in curated.examples.values()} == {"north", "south"}
    assert len({e.group for e in curated.examples.values()}) == 20


def test_names_and_ids_are_no_slices(tmp_path: Path) -> None:
    lines = ["ticket,queue,customer_name,agent_id,product_name"]
    lines += [
        f"My thing {n} broke,{'ab'[n % 2]},Ann {n % 8},{n % 4},{('chair', 'table', 'lamp')[n % 3]}" for n in range(80)
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines), "utf-8")
    assert look([tmp_path / "t.csv"]).slices == ("product_name",)


def test_a_table_that_stands_by_columns_is_refused_with_its_own_remedy(tmp_path: Path) -> None:
    table = {"text": [f"My thing {n} broke" for n in range(30)], "label": ["a", "b"] * 15}
    (tmp_path / "t.json").write_text(json.dumps(table), "utf-8")
    with pytest.raises(InputError, match="holds 30 rows column by column") as caught:
        look([tmp_path / "t.json"])
    assert "orient='records', lines=True" in caught.value.remedy


def test_two_unknown_columns_are_input_and_output(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text(
        "frage\tantwort\n" + "".join(f"Was ist {n}?\t{'ja' if n % 2 else 'nein'}\n" for n in range(30))
    )
    found = look([tmp_path / "t.tsv"])
    assert (found.columns.input, found.columns.output, found.kind) == ("frage", "antwort", "classification")


def test_a_label_repeated_in_meta_is_no_slice(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"q {n}"}, {"role": "assistant", "content": "ab"[n % 2]}],
         "meta": {"id": f"i{n}", "label": "ab"[n % 2], "topic": "xyz"[n % 3], "split_original": "t", "density": n / 7}}
        for n in range(60)
    ]  # fmt: skip
    found = look([write(tmp_path / "a.jsonl", rows)])
    assert (found.slices, found.columns.id) == (("topic",), "id")


def test_the_instruction_and_the_longest_answer_are_written(tmp_path: Path) -> None:
    system = 'Route it.\nAnswer with: one "queue" # no more'
    rows = [{"system": system, **row} for row in rows_of("classification")]
    settings = settings_of(look([write(tmp_path / "a.jsonl", rows)]), tmp_path)
    assert settings.task.system == system
    assert settings.task.max_new_tokens == 16


def test_long_rows_raise_the_limits(tmp_path: Path) -> None:
    rows = [{"document": f"word{n} " * 1500, "summary": f"It is {n}."} for n in range(20)]
    settings = settings_of(look([write(tmp_path / "a.jsonl", rows)]), tmp_path)
    assert settings.data.max_tokens == settings.tune.max_length == 4096


def test_bad_rows_are_noted_and_no_row_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", rows_of("classification"))
    path.write_text(path.read_text() + "oops\n", "utf-8")
    assert any("1 of 61 rows will be quarantined" in note and "a.jsonl:61" in note for note in look([path]).notes)
    path.write_text("oops\n" * 5, "utf-8")
    with pytest.raises(InputError, match="not JSON"):
        look([path])
    path.write_text("", "utf-8")
    with pytest.raises(InputError):
        look([path])
    with pytest.raises(InputError, match="no data file"):
        look([tmp_path / "README.md", tmp_path / "notes.txt"])
    with pytest.raises(InputError, match="no data file"):
        look([tmp_path / "README.md"])
    (tmp_path / "table.csv").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(InputError, match="spreadsheet"):
        look([tmp_path / "table.csv"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Where is the card that I ordered?", "en"), ("Wo ist die Karte, die ich bestellt habe?", "de"),
        ("Où est la carte que je vous ai commandée ?", "fr"), ("¿Cómo puedo ver el saldo de mi cuenta?", "es"),
        ("Mein Benutzerkonto wurde am 7.5. gesperrt", "de"), ("Wo war mein Paket am Freitag?", "de"),
        ("Am Montag kam mein Paket an, was muss ich tun?", "de"), ("I am not at home and it was in the van", "en"),
        ("どこですか", "ja"), ("Где моя карта?", "ru"), ("123 !!", None),
    ],
)  # fmt: skip
def test_languages(text: str, code: str | None) -> None:
    assert language([text]) == code


@pytest.mark.parametrize(
    "text", ["yes", "a: b", "- x", "#x", "  x", "x\n", "1.5", "null", "ä ö", "it's", "[a]", "{a}", "&a", "a, b", ""]
)
def test_scalars_come_back(text: str) -> None:
    assert YAML(typ="safe").load(f"{{k: {scalar(text)}}}") == {"k": text}
    assert YAML(typ="safe").load(f"k: {scalar(text)}  # note") == {"k": text}


def test_two_rows_are_too_few_to_tell_the_kind_and_that_is_said(tmp_path: Path) -> None:
    rows = [{"text": f"where is case {n}?", "label": ("cards", "refunds")[n % 2]} for n in range(40)]
    path = tmp_path / "rows.jsonl"

    def written(count: int) -> str:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows[:count]), "utf-8")
        return as_settings(look([path]))

    few = written(2)
    assert "kind: generation  # a guess: 2 rows cannot tell (free answers)" in few
    assert "# Check task.kind: fewer than 20 rows are too few to read it off; it may be classification, " in few
    assert "# a guess: 1 row cannot tell" in written(1) and "# 1 row\n" in written(1)
    assert "guess" not in written(40) and "Check task.kind" not in written(40)
    path.write_text(json.dumps(rows[0]) + "\n", "utf-8")
    assert "guess" not in as_settings(look([path], kind="chat"))


def test_labels_that_only_held_out_files_have_are_told(tmp_path: Path) -> None:
    for split, labels in (("train", ("cards", "refunds")), ("test", ("Cards!", "refunds"))):
        rows = [{"text": f"where is {split} case {n}?", "label": labels[n % 2]} for n in range(40)]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    notes = look(sorted(tmp_path.iterdir())).notes
    assert 'No training row has the label "Cards!": rows with it will be quarantined.' in notes


def test_signs_that_yaml_does_not_take_stand_in_no_file(tmp_path: Path) -> None:
    """A label with an escape sequence gave a strop.yaml that no command could read."""
    rows = [{"text": f"where is case {n}?", "label": ("ca\x1b[31mrds", "refunds\u2028")[n % 2]} for n in range(40)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = look([tmp_path / "rows.jsonl"])
    settings = validate(YAML(typ="rt").load(io.StringIO(as_settings(found, tmp_path))), tmp_path / "strop.yaml")
    assert settings.task.kind == "classification"
    assert scalar("a\x1bb\x9f") == '"a\\u001bb\\u009f"' and YAML(typ="safe").load(scalar("a\x1bb\x9f")) == "a\x1bb\x9f"
