"""What was found out about rows is kept: an addition then gives the bytes that a run without anything kept gives."""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.curate.finding.test_doubts import FILLERS, QUEUES
from tests.curate.test_additions import given_back

from strop.curate import Kept, Reviewed, curate, kept
from strop.curate.alike import duplicates
from strop.curate.alike.comparing import SHORT, Comparison
from strop.curate.drafts import Draft
from strop.curate.finding import resembling, speaking
from strop.measure.alike.near import near_duplicates
from strop.records import JSON, Split
from strop.settings import Settings

KEY = bytes(range(32))
Row = dict[str, Any]
Change = Callable[[list[Row], random.Random], list[Row]]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a few hundred rows the first ones speak already, so that a test need not have thousands."""
    monkeypatch.setattr(speaking, "_FEW", 100)
    monkeypatch.setattr(kept, "_OF_A_BLOCK", 16)


def tickets(count: int, rng: random.Random) -> list[Row]:
    """Tickets with copies, near copies, contradictions, wrong labels, personal data and strangers among them."""
    made: list[Row] = []
    for number in range(count):
        queue = sorted(QUEUES)[number % len(QUEUES)]
        words = rng.sample(QUEUES[queue], rng.randint(2, 5)) + rng.sample(FILLERS, 5) + [f"week {rng.randint(1, 400)}"]
        rng.shuffle(words)
        row = {"text": " ".join(words), "label": queue, "team": f"t{number % 40}"}
        draw = rng.random()
        if draw < 0.05 and made:
            row = dict(rng.choice(made))
        elif draw < 0.1 and made:
            row = {**row, **(first := rng.choice(made)), "text": f"Hello, {first['text']} thanks"}
        elif draw < 0.15 and made:
            row = {**rng.choice(made), "label": queue}
        elif draw < 0.2:
            row["label"] = rng.choice(sorted(QUEUES))
        elif draw < 0.25:
            row["text"] += f" mail {rng.choice('abc')}@shop.org"
        elif draw < 0.27:
            row["text"] = " ".join(rng.choices(["jazz", "bread", "rome", "rain", "noon"], k=9))
        made.append(row)
    return made


CHANGES: dict[str, Change] = {
    "more of the same": lambda rows, rng: rows + tickets(8, rng),
    "copies": lambda rows, rng: rows + [dict(row) for row in rng.sample(rows, 4)],
    "a copy before the others": lambda rows, rng: [dict(rng.choice(rows)), *rows],
    "contradictions": lambda rows, rng: rows + [{**row, "label": "loans"} for row in rng.sample(rows, 4)],
    "a new label": lambda rows, rng: rows + [{**row, "label": "new"} for row in tickets(9, rng)],
    "another team": lambda rows, rng: rows + [{**row, "team": "other"} for row in tickets(8, rng)],
    "changed rows": lambda rows, rng: [{**row, "text": row["text"] + " soon"} if n % 31 == 0 else row
                                       for n, row in enumerate(rows)],
    "removed rows": lambda rows, rng: [row for row in rows if rng.random() > 0.03],
    "a longer text": lambda rows, rng: [*rows, {**rows[0], "text": " ".join(row["text"] for row in rows[:12])}],
    "many": lambda rows, rng: rows + tickets(90, rng),
    "nothing": lambda rows, rng: rows,
}  # fmt: skip


def settings(*sources: Any, **data: Any) -> Settings:
    columns = {"input": "text", "output": "label", "group": "team"}
    return Settings.model_validate(
        {"task": {"kind": "classification"}, "data": {"sources": list(sources), "columns": columns, **data}}
    )


def versions(
    bench: Any, parts: Sequence[Sequence[Row]], keeping: Callable[[], Kept | None], **data: Any
) -> list[dict[str, Any]]:
    """Each part curated as the version after the one before it."""
    bench.write("held.jsonl", parts[0][:25])
    sources = ["rows.jsonl", {"path": "held.jsonl", "split": "validation"}]
    previous: Mapping[str, Split] | None = None
    reviewed: dict[str, Reviewed] = {}
    found = []
    for rows in parts:
        bench.write("rows.jsonl", rows)
        made = curate(
            settings(*sources, **data), project=bench.folder, key=KEY, previous=previous, reviewed=reviewed,
            kept=keeping(),
        )  # fmt: skip
        previous = {identity: split for split, ids in made.splits.items() for identity in ids}
        doubted = [line.example for line in made.fault_table if line.fault == "label_suspect" and line.is_fault]
        for number, identity in enumerate(sorted(one for one in doubted if one)[:3]):
            reviewed[identity] = Reviewed(f"jdg_{number}", "cards" if number == 1 else None, leaves=number == 2)
        found.append(given_back(made))
    return found


@pytest.mark.parametrize("seed", range(2))
def test_any_changes_give_the_bytes_of_runs_that_keep_nothing(bench: Any, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    parts = [tickets(240, rng)]
    for name in rng.sample(sorted(CHANGES), 4):
        parts.append(CHANGES[name](parts[-1], rng))
    with_kept = versions(bench, parts, lambda: Kept(tmp_path / "kept", "code"))
    assert with_kept == versions(bench, parts, lambda: None)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_every_kind_of_change_does(bench: Any, tmp_path: Path, name: str) -> None:
    rng = random.Random(name)
    rows = tickets(230, rng)
    parts = [rows, CHANGES[name](rows, rng)]
    with_kept = versions(bench, parts, lambda: Kept(tmp_path / "kept", "code"))
    assert with_kept == versions(bench, parts, lambda: None)


def other_kinds(count: int, rng: random.Random) -> list[Row]:
    """Rows with instructions of their own, documents, markup, cut answers and names of people."""
    made: list[Row] = []
    for number, row in enumerate(tickets(count, rng)):
        said = f"The {row['label']} team answers what you ask of {row['text'][:30]} within {number % 7} days."
        turns = [{"role": "user", "content": row["text"]}, {"role": "assistant", "content": said}]
        draw = rng.random()
        if draw < 0.1:
            turns[1]["content"] = said[: len(said) // 2]
        elif draw < 0.15:
            turns[0]["content"] = f"<p>{row['text']}</p><br/>&nbsp;"
        elif draw < 0.2:
            turns.insert(0, {"role": "system", "content": f"You speak for {rng.choice('abc')}."})
        meta = {"customer_name": rng.choice(["Ada Stone", "Bo Reed", ""]), "slices": {"queue": row["label"]}}
        made.append({"messages": turns, "meta": {**meta, "id": f"r{number}"}})
    return made


@pytest.mark.parametrize("kind", ["chat", "generation", "extraction", "summarisation"])
def test_of_other_kinds_an_addition_gives_the_same_bytes(bench: Any, tmp_path: Path, kind: str) -> None:
    rng = random.Random(kind)
    rows = other_kinds(130, rng)
    parts = [rows, [*rows, *other_kinds(12, rng)], [dict(rows[5]), *rows[9:], *other_kinds(5, rng)]]
    parts.append(parts[1] + [dict(row) for row in rows[:20]])  # copies, of held-out rows among them

    def made(keeping: Callable[[], Kept | None]) -> list[dict[str, Any]]:
        found = []
        previous: Mapping[str, Split] = {}
        for part in parts:
            bench.write("rows.jsonl", part)
            asked = Settings.model_validate({"task": {"kind": kind}, "data": {"sources": ["rows.jsonl"]}})
            version = curate(asked, project=bench.folder, key=KEY, previous=previous, kept=keeping())
            previous = {identity: split for split, ids in version.splits.items() for identity in ids}
            found.append(given_back(version))
        return found

    with_kept = made(lambda: Kept(tmp_path / "kept", "code"))
    assert with_kept == made(lambda: None)
    assert len({line for one in with_kept for line in one["faults"]}) > 20


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_rows_of_a_table_that_grows_give_the_same_bytes(bench: Any, tmp_path: Path, ending: str) -> None:
    rng = random.Random(ending)
    rows = tickets(230, rng)
    parts = [
        rows,
        CHANGES["many"](rows, rng),
        CHANGES["changed rows"](rows, rng),
        CHANGES["a copy before the others"](rows, rng),
    ]

    def made(keeping: Callable[[], Kept | None]) -> list[dict[str, Any]]:
        found = []
        previous: Mapping[str, Split] = {}
        for part in parts:
            written = io.StringIO()
            table = csv.DictWriter(written, ["text", "label", "team"], delimiter="," if ending == "csv" else "\t")
            table.writeheader()
            table.writerows(part)
            bench.write(f"rows.{ending}", written.getvalue())
            version = curate(
                settings(f"rows.{ending}"), project=bench.folder, key=KEY, previous=previous, kept=keeping()
            )
            previous = {identity: split for split, ids in version.splits.items() for identity in ids}
            found.append(given_back(version))
        return found

    assert made(lambda: Kept(tmp_path / "kept", "code")) == made(lambda: None)


@pytest.mark.parametrize("seed", range(3))
def test_similar_rows_of_any_part_are_those_that_a_search_of_the_part_finds(seed: int) -> None:
    rng = random.Random(seed)
    drafts = [
        Draft("a", number, None, (("user", row["text"]),), row["label"], identity=f"ex_{number}", number=2 * number)
        for number, row in enumerate(tickets(120, rng))
    ]
    drafts += [replace(drafts[3], number=1, identity="ex_copy"), replace(drafts[7], turns=(("user", " "),), number=3)]
    long = (" ".join([*(f"word{k}" for k in range(most)), *rng.choices(FILLERS, k=50)]) for most in (149, 150, 151, 3))
    drafts += [replace(drafts[0], turns=(("user", text),), number=501 + 2 * n) for n, text in enumerate(long)]
    rng.shuffle(drafts)
    compare = Comparison("chat", 0.5)  # of closed answers, texts that differ in their numbers are not compared
    known = resembling.Resembling(drafts, compare, Kept(), KEY)
    for _ in range(8):
        rows, others = rng.sample(drafts, 70), rng.sample(drafts, 50)
        texts, beside = ([compare.text(row) for row in part] for part in (rows, others))
        assert known.pairs(rows, None, 0.5) == near_duplicates(texts, threshold=0.5)
        assert known.pairs(rows, others, 0.5) == near_duplicates(texts, threshold=0.5, against=beside)
        assert known.short(rows) == [number for number, text in enumerate(texts) if len(text) <= SHORT]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A file that was cut, or of which a byte is another one."""
    at = rng.randrange(len(data))
    return data[:at] if rng.random() < 0.3 else data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


@pytest.mark.parametrize("seed", range(3))
def test_damaged_and_missing_files_give_what_a_full_run_gives(bench: Any, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    rows = tickets(230, rng)
    parts = [rows, CHANGES["more of the same"](rows, rng)]
    folder, again = tmp_path / "kept", []

    def keeping() -> Kept:
        for path in sorted(folder.iterdir()) if folder.exists() else []:
            again.append(path.name)
            path.unlink() if rng.random() < 0.3 else path.write_bytes(damaged(path.read_bytes(), rng))
        return Kept(folder, "code")

    assert versions(bench, parts, keeping) == versions(bench, parts, lambda: None)
    assert len(again) > 8


def test_of_many_rows_nothing_is_kept_but_all_are_searched_once(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tickets(230, random.Random(7))
    expected = versions(bench, [rows], lambda: None)

    def searched_again(*_: Any, **__: Any) -> None:
        raise AssertionError("a part of the rows was searched by itself")

    monkeypatch.setattr(resembling, "KEPT", 100)
    monkeypatch.setattr(duplicates, "near_duplicates", searched_again)
    assert versions(bench, [rows], lambda: Kept(tmp_path / "kept", "code")) == expected
    assert not list((tmp_path / "kept").glob("near*"))


class Forgetful(Kept):
    """Keeps everything under the step's name alone."""

    def look_up(self, step: str, made_from: JSON) -> kept.Arrays | None:
        return super().look_up(step, None)

    def keep(self, step: str, made_from: JSON, found: Mapping[str, Any]) -> None:
        super().keep(step, None, found)


def test_a_key_that_says_too_little_would_be_noticed(bench: Any, tmp_path: Path) -> None:
    rng = random.Random(5)
    rows = tickets(230, rng)
    parts = [rows, CHANGES["many"](rows, rng)]
    with pytest.raises((AssertionError, IndexError)):
        assert versions(bench, parts, lambda: Forgetful(tmp_path / "kept", "code")) == versions(
            bench, parts, lambda: None
        )


class Killed(Exception):
    pass


class Mortal(Kept):
    """Dies before it keeps anything for the so-manieth time."""

    def __init__(self, folder: Path, left: int) -> None:
        super().__init__(folder, "code")
        self.left = left

    def keep(self, step: str, made_from: JSON, found: Mapping[str, Any]) -> None:
        if (left := self.left) == 0:
            raise Killed
        self.left = left - 1
        super().keep(step, made_from, found)


def test_killed_between_any_two_steps_the_next_run_gives_the_same(bench: Any, tmp_path: Path) -> None:
    rng = random.Random(7)
    rows = tickets(230, rng)
    parts = [rows, CHANGES["many"](rows, rng)]
    whole = versions(bench, parts, lambda: None)[0]
    bench.write("rows.jsonl", rows)
    died = 0
    while True:
        made = None
        try:
            made = curate(
                settings("rows.jsonl", {"path": "held.jsonl", "split": "validation"}),
                project=bench.folder, key=KEY, kept=Mortal(tmp_path / "kept", 1),
            )  # fmt: skip
        except Killed:
            died += 1
        if made is not None:
            break
    assert died >= 3
    assert given_back(made) == whole


def test_a_torn_or_missing_file_is_found_out_again(tmp_path: Path) -> None:
    keeping = Kept(tmp_path, "code")
    asked: list[int] = []

    def find() -> kept.Arrays:
        asked.append(1)
        return {"a": np.arange(9), "b": np.ones((2, 2))}

    assert keeping.once("step", 1, find)["a"].tolist() == list(range(9)) and len(asked) == 1
    assert keeping.once("step", 1, find)["b"].sum() == 4 and len(asked) == 1
    part = tmp_path / "step"
    part.write_bytes(part.read_bytes()[:-3])
    assert keeping.once("step", 1, find)["a"].tolist() == list(range(9)) and len(asked) == 2
    part.unlink()
    assert keeping.once("step", 1, find)["a"].tolist() == list(range(9)) and len(asked) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:100],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"5\n" + data,
        lambda data: data.replace(b'"<i8"', b'"<i4"'),
        lambda data: data.replace(np.int64(40).tobytes(), np.int64(30).tobytes()),
    ],
)
def test_what_is_not_what_was_written_is_found_out_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """A changed number in range would be believed, were it not for its hash."""
    keeping = Kept(tmp_path, "code")
    rows = [bytes([n]) * kept.DIGEST for n in range(9)]

    def found() -> list[int]:
        found = keeping.of_rows("step", 1, 9, rows, lambda new: {"a": np.array([10 * n for n in new], dtype=np.int64)})
        return [int(n) for n in found["a"]]

    assert found() == [10 * n for n in range(9)]
    whole = (tmp_path / "step").read_bytes()
    (tmp_path / "step").write_bytes(damage(whole))
    assert damage(whole) != whole and found() == [10 * n for n in range(9)]


@pytest.mark.parametrize("at", [3, 1 << 14, (1 << 14) + 9, 3 << 14, 100_000, 199_999])
def test_any_other_byte_of_a_large_file_is_seen(tmp_path: Path, at: int) -> None:
    """Blocks are summed up before they are hashed."""
    keeping = Kept(tmp_path, "code")
    noise = np.random.default_rng(0).integers(0, 256, 200_000, dtype=np.uint8)
    keeping.keep("step", 1, {"a": noise, "b": np.arange(3)})
    assert (found := keeping.look_up("step", 1)) is not None and np.array_equal(found["a"], noise)
    whole = bytearray((tmp_path / "step").read_bytes())
    start = bytes(whole).index(noise[:64].tobytes())
    whole[start + at] ^= 1 << at % 8
    (tmp_path / "step").write_bytes(whole)
    assert keeping.look_up("step", 1) is None


def test_blocks_that_changed_places_are_seen(tmp_path: Path) -> None:
    keeping = Kept(tmp_path, "code")
    keeping.keep("step", 1, {"a": np.repeat(np.arange(4, dtype=np.uint8), 1 << 14)})
    whole = (tmp_path / "step").read_bytes()
    start, block = whole.index(bytes(1 << 14)), 1 << 14
    swapped = whole[start + block : start + 2 * block] + whole[start : start + block]
    (tmp_path / "step").write_bytes(whole[:start] + swapped + whole[start + 2 * block :])
    assert keeping.look_up("step", 1) is None


def test_what_an_earlier_strop_kept_in_folders_gives_way(tmp_path: Path) -> None:
    (tmp_path / "step" / "0f").mkdir(parents=True)
    (tmp_path / "step" / "0f" / "a.npy").write_bytes(b"old")
    keeping = Kept(tmp_path, "code")
    assert keeping.look_up("step", 1) is None
    keeping.keep("step", 1, {"a": np.arange(3)})
    assert (found := keeping.look_up("step", 1)) is not None and found["a"].tolist() == [0, 1, 2]


def test_other_code_settings_or_input_find_nothing_and_one_version_is_kept(tmp_path: Path) -> None:
    Kept(tmp_path, "code").keep("step", [1], {"a": np.arange(3)})
    assert Kept(tmp_path, "other code").look_up("step", [1]) is None
    assert Kept(tmp_path, "code").look_up("step", [2]) is None
    assert Kept(tmp_path, "code").look_up("other step", [1]) is None
    Kept(tmp_path, "code").keep("step", [2], {"a": np.arange(3)})
    assert Kept(tmp_path, "code").look_up("step", [1]) is None and [path.name for path in tmp_path.iterdir()] == [
        "step"
    ]


def test_only_new_rows_are_looked_at(tmp_path: Path) -> None:
    seen: list[list[int]] = []

    def found(rows: list[int]) -> list[int]:
        def find(positions: Sequence[int]) -> kept.Arrays:
            seen.append([rows[n] for n in positions])
            return {"twice": np.array([2 * rows[n] for n in positions], dtype=np.int64)}

        keeping = Kept(tmp_path, "code")
        told = keeping.of_rows("rows", None, len(rows), [kept.digest(KEY, row) for row in rows], find)
        return told["twice"].tolist()

    assert found([1, 2, 3]) == [2, 4, 6] and seen.pop() == [1, 2, 3]
    assert found([3, 9, 1, 1]) == [6, 18, 2, 2] and seen.pop() == [9]
    assert found([9, 3]) == [18, 6] and not seen
    assert found([9, 2]) == [18, 4] and seen.pop() == [2]  # what no row of the last run had is not kept


def test_blocks_of_rows_that_stayed_are_taken_over_and_any_other_row_is_looked_at(tmp_path: Path) -> None:
    asked: list[str] = []

    def found(rows: list[str], key: bytes = KEY) -> list[bytes]:
        def find(new: Sequence[int]) -> list[bytes]:
            asked.extend(rows[number] for number in new)
            return [kept.digest(key, rows[number]) for number in new]

        told = Kept(tmp_path, "code").by_blocks("step", key, [(row, None) for row in rows], find)
        assert told == [kept.digest(key, row) for row in rows]
        return told

    rows = [f"row {number}" for number in range(70)]
    found(rows)
    assert asked == rows and not asked.clear()
    found([*rows, "more"])
    assert asked == [*rows[64:], "more"] and not asked.clear()
    found([*rows[:40], "changed", *rows[41:]])
    assert asked == [*rows[32:40], "changed", *rows[41:48], *rows[64:]] and not asked.clear()
    found(rows[:9])
    assert asked == rows[:9]
    rng = random.Random(3)
    for _ in range(60):
        at = rng.randrange(len(rows) + 1)
        draw = rng.random()
        if draw < 0.3:
            rows[at:at] = [f"new {rng.random()}"]
        elif draw < 0.5:
            del rows[at : at + rng.randint(1, 20)]
        elif draw < 0.7:
            rows = [*rows[at:], *rows[:at]]
        elif draw < 0.9:
            rows += [f"more {rng.random()}" for _ in range(rng.randint(1, 40))]
        else:
            (tmp_path / "step").write_bytes(damaged((tmp_path / "step").read_bytes(), rng))
        found(rows, KEY if rng.random() < 0.9 else bytes(32))
    found([])


def test_what_is_kept_does_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that loses it costs time alone, and what was torn is seen."""

    def waits(_: int) -> None:
        raise AssertionError("waited for the disk")

    monkeypatch.setattr(os, "fsync", waits)
    Kept(tmp_path, "code").keep("step", 1, {"a": np.arange(3)})
    assert Kept(tmp_path, "code").look_up("step", 1) is not None


def test_a_question_is_asked_once_and_its_answer_kept(tmp_path: Path) -> None:
    heard: list[str] = []

    def ask(*names: str, keep: bool = True) -> list[bool]:
        asked = Kept(tmp_path, "code").asked("step", 1)

        def find(name: str) -> bool:
            heard.append(name)
            return name > "m"

        said = [asked.of(kept.digest(KEY, name), lambda name=name: find(name)) for name in names]  # type: ignore[misc]
        if keep:
            asked.keep()
        return said

    assert ask("a", "z", "a") == [False, True, False] and heard == ["a", "z"]
    assert ask("z", "q", "a") == [True, True, False] and heard.pop() == "q" and len(heard) == 2
    assert ask("q") == [True] and ask("z", "a") == [True, False] and len(heard) == 2
    assert Kept(tmp_path, "other code").asked("step", 1).of(kept.digest(KEY, "z"), lambda: False) is False


def test_no_text_of_a_row_is_kept_and_no_digest_can_be_guessed(bench: Any, tmp_path: Path) -> None:
    rows = tickets(230, random.Random(1))
    bench.write("rows.jsonl", rows)
    curate(settings("rows.jsonl"), project=bench.folder, key=KEY, kept=Kept(tmp_path / "kept", "code"))
    held = b"".join(path.read_bytes() for path in (tmp_path / "kept").iterdir())
    assert held
    assert not [word for words in QUEUES.values() for word in words if len(word) > 4 and word.encode() in held]
    assert kept.digest(KEY, "yes") != kept.digest(bytes(32), "yes")
    for step in ("traits", "habits", "unusual"):  # no number of a word, or of a row, is the same with another key
        mine, other = (
            {name: part for name, part in parts.items() if name not in ("of_rows", "form", "shows")}
            for parts in (read(tmp_path, bench, KEY, step), read(tmp_path, bench, bytes(32), step))
        )
        for name in {"question", "answer", "asked", "said", "skeleton", "consonants", "words"} & mine.keys():
            assert mine[name].dtype.itemsize < 4 or len(np.intersect1d(mine[name], other[name])) <= 1, name


def read(at: Path, bench: Any, key: bytes, step: str) -> kept.Arrays:
    """What a step keeps under a project key."""
    found: dict[str, kept.Arrays] = {}

    class Seen(Kept):
        def keep(self, step: str, made_from: JSON, arrays: Mapping[str, Any]) -> None:
            found[step] = dict(arrays)

    curate(settings("rows.jsonl"), project=bench.folder, key=key, kept=Seen(at / "seen", "code"))
    return found.get(step, {})
