"""strop.yaml: every mistake names its line, its key and what to do."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from strop.errors import SettingsError
from strop.settings import Settings, load


def write(folder: Path, text: str) -> Path:
    path = folder / "strop.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_smallest_file_is_enough(tmp_path: Path) -> None:
    found = load(write(tmp_path, "task:\n  name: tickets\ndata:\n  sources: [a.csv]\n"))
    assert found.task.name == "tickets"
    assert found.data.sources[0].path == "a.csv"
    assert found.decision.alpha == 0.05


@pytest.mark.parametrize(
    ("text", "line", "near"),
    [
        ("task:\n  nmae: x\n", 2, "name"),
        ("task:\n  name: x\ndecison:\n  alpha: 0.1\n", 3, "decision"),
        ("decision:\n  primary:\n    macro_f1: {targt: 0.9}\n", 3, "target"),
        ("data:\n  sources:\n    - {path: a, spilt: test}\n", 3, "split"),
        ("tune:\n  learning_rat: 1\n", 2, "learning_rate"),
    ],
)
def test_an_unknown_key_names_its_line_and_the_nearest_key(tmp_path: Path, text: str, line: int, near: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, text))
    assert caught.value.place.endswith(f"strop.yaml:{line}")
    assert f"`{near}`" in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    ["task: [unclosed", "task:\n\tname: tab", "a: b: c", "- list\n- only", "just text", "task:\n  name: 'Bad Name!'\n"],
)
def test_a_broken_file_is_a_settings_error_with_a_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, text))
    assert "strop.yaml:" in caught.value.place


def test_a_missing_file_names_init(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no strop\.yaml") as caught:
        load(tmp_path / "strop.yaml")
    assert "strop init" in caught.value.remedy


def test_bytes_that_are_no_utf8_name_their_line(tmp_path: Path) -> None:
    path = tmp_path / "strop.yaml"
    path.write_bytes(b"task:\n  name: x\n  system: \xff\xfe\n")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert caught.value.place.endswith(":3")


def test_overrides_win_and_are_checked(tmp_path: Path) -> None:
    path = write(tmp_path, "task: {name: x}\n")
    assert load(path, ["tune.seed=7", "ladder.bases=[fake-small]"]).tune.seed == 7
    with pytest.raises(SettingsError):
        load(path, ["tune.sede=7"])
    with pytest.raises(SettingsError):
        load(path, ["nonsense"])


@pytest.mark.parametrize("limit", ["7", "1.5", "-1", ".nan"])
def test_a_threshold_lies_between_0_and_1(tmp_path: Path, limit: str) -> None:
    path = write(tmp_path, "data:\n  sources: [a.csv]\n")
    with pytest.raises(SettingsError, match="truncated"):
        load(path, overrides=[f"data.faults={{truncated: {limit}}}"])
    assert load(path, overrides=["data.faults={truncated: 1, garbage: 0}"]).data.faults["truncated"] == 1


def test_labels_come_as_list_or_with_descriptions(tmp_path: Path) -> None:
    text = "task:\n  labels: [{name: cards, description: lost cards}, refunds]\n"
    labels = load(write(tmp_path, text)).task.labels
    assert labels.names == {"cards": "lost cards", "refunds": ""}
    assert labels.from_ is None


def test_sizes_are_read_with_their_unit(tmp_path: Path) -> None:
    assert load(write(tmp_path, "decision: {guard: {memory: 4GiB}}\n")).decision.guard.memory == 4 * 2**30


def test_the_hash_follows_the_values_only(tmp_path: Path) -> None:
    one = load(write(tmp_path, "task: {name: x}\n"))
    other = load(write(tmp_path, "# a comment\ntask:\n  name: x\n"))
    assert one.hash() == other.hash() != Settings().hash()


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_settings_or_a_settings_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "strop.yaml"
    path.write_bytes(data)
    with contextlib.suppress(SettingsError):
        assert isinstance(load(path), Settings)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("remote: gpt-x", "needs its url"),
        ("{remote: gpt-x, url: ftp://a/v1}", "must be an address"),
        ("{remote: gpt-x, url: http://a/v1, answers: a.csv}", "must be one of"),
        ("{}", "must be one of"),
        ("{answers: a.csv, url: http://a/v1}", "needs its url"),
        ("{answers: a.csv, candidate: cand_1}", "what a remote model runs"),
        ("{remote: m, url: http://a/v1, candidate: cand_1, shots: 2}", "shots among it"),
    ],
)
def test_an_incumbent_is_one_thing(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as caught:
        load(write(tmp_path, f"ladder:\n  incumbent:\n    {text}\n"))
    assert "strop.yaml:" in caught.value.place


def test_incumbents_are_one_or_several_and_a_path_alone_is_enough(tmp_path: Path) -> None:
    text = "ladder:\n  incumbent: [today.csv.gz, old/adapter, {remote: m, url: http://127.0.0.1:8000/v1/}]\n"
    answers, adapter, remote = load(write(tmp_path, text)).ladder.incumbent
    assert (answers.answers, adapter.adapter, remote.url) == ("today.csv.gz", "old/adapter", "http://127.0.0.1:8000/v1")
    assert [one.title for one in (answers, adapter, remote)] == ["today.csv.gz", "adapter", "m"]
    assert load(write(tmp_path, "ladder:\n  incumbent: today.csv\n")).ladder.incumbent[0].answers == "today.csv"


@pytest.mark.parametrize(
    "text", ["key_env: sk-proj-SECRET123", "url: https://me:SECRET123@host/v1", "url: https://host/v1?key=SECRET123"]
)
def test_a_key_in_the_settings_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    keys = {"remote": "m", "url": "http://a/v1"} | dict([text.split(": ", 1)])
    lines = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, f"ladder:\n  incumbent:\n{lines}"))
    assert "SECRET123" not in str(caught.value)
    assert "key_env" in str(caught.value)
