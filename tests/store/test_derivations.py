"""Derivations: looked up instead of done again, walked both ways, never half there."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from strop.records import Candidate, Interaction, Judgement, Message, Origin, Release, Run, new_id, now
from strop.store import Store, derivations, fingerprint, tables

ASKED: dict[str, Any] = {"stage": "tune", "inputs": ("ds_1", "spec_1"), "settings": {"seed": 1}, "fingerprint": "code"}


def test_what_was_derived_is_found(store: Store, make: Any) -> None:
    assert store.derived(**ASKED) is None
    run, candidate = make.run(), make.candidate()
    assert store.add(run, candidate, **ASKED, seconds=1.5) == [run, candidate]
    assert store.derived(**ASKED) == [run, candidate]
    assert store.derived(**{**ASKED, "inputs": ["ds_1", "spec_1"]}) == [run, candidate]


@pytest.mark.parametrize(
    "other",
    [
        {"stage": "evaluate"},
        {"inputs": ("spec_1", "ds_1")},
        {"inputs": ("ds_1",)},
        {"inputs": ("ds_1", "spec_1", "")},
        {"settings": {"seed": 2}},
        {"settings": {"seed": "1"}},
        {"settings": None},
        {"fingerprint": "newer code"},
    ],
)
def test_anything_else_is_another_derivation(store: Store, make: Any, other: dict[str, Any]) -> None:
    store.add(make.run(), **ASKED)
    assert store.derived(**(ASKED | other)) is None


def test_the_order_of_settings_does_not_matter(store: Store, make: Any) -> None:
    run = make.run()
    store.add(run, stage="tune", settings={"a": 1, "b": {"x": 1, "y": 2}}, fingerprint="c")
    assert store.derived("tune", (), {"b": {"y": 2, "x": 1}, "a": 1}, "c") == [run]


def test_a_derivation_may_make_nothing(store: Store) -> None:
    store.add(**ASKED)
    assert store.derived(**ASKED) == []


def test_the_first_to_finish_wins(reopen: Callable[[], Store], make: Any) -> None:
    """Two who do the same work at once store it once, and both get what stands."""
    stores, got = [reopen() for _ in range(4)], []

    def work(store: Store) -> None:
        got.append(store.add(make.run(), **ASKED))

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert all(found == got[0] for found in got)
    assert stores[0].all(Run) == got[0]


def test_records_and_derivation_stand_or_fall_together(
    store: Store, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(derivations, "write", die)
    with pytest.raises(KeyboardInterrupt):
        store.add(make.run(), make.candidate(), **ASKED)
    monkeypatch.undo()
    assert store.all(Run) == []
    assert store.derived(**ASKED) is None


def test_a_lost_artifact_is_made_again(store: Store, make: Any, tmp_path: Path) -> None:
    """The row without its file is history, not an answer; the next attempt is stored beside it."""
    for attempt in (1, 2):
        (tmp_path / "adapter").mkdir()
        (tmp_path / "adapter" / "weights").write_text(str(attempt))
        artifact = store.artifacts.put_folder(tmp_path / "adapter")
        candidate = make.candidate(artifact=artifact)
        assert store.derived(**ASKED) is None
        assert store.add(candidate, **ASKED) == [candidate]
        assert store.derived(**ASKED) == [candidate]
        if attempt == 1:
            shutil.rmtree(store.artifacts.path(artifact))
    assert len(store.all(Candidate)) == 2


def test_what_is_blocked_is_not_an_answer(store: Store, make: Any) -> None:
    candidate = make.candidate()
    store.add(candidate, **ASKED)
    with store.database.writing() as connection:
        connection.execute(
            tables.forgotten.insert().values(record=candidate.id, effect="blocked", request="f", created="")
        )
    assert store.derived(**ASKED) is None
    assert store.get(candidate.id) == candidate


def test_history_goes_both_ways(store: Store, make: Any) -> None:
    row = make.example("row", origin=Origin(source="rows.csv", line=7))
    dataset, run, candidate = make.dataset({"train": (row.id,)}), make.run(), make.candidate()
    store.save_dataset(dataset, [row], stage="curate", inputs=("file:abc",), fingerprint="1")
    store.add(run, candidate, stage="tune", inputs=(dataset.id, "spec_1"), fingerprint="2")
    store.add(make.candidate(seed=2), stage="other", fingerprint="3")
    found = store.history(dataset.id)
    assert [(link.id, link.kind, link.stage, link.distance) for link in found.upstream] == [
        ("file:abc", "file", "curate", 1)
    ]
    assert [(link.id, link.kind) for link in found.downstream] == [(run.id, "run"), (candidate.id, "candidate")]
    assert [link.id for link in store.history(row.id).downstream] == [dataset.id, run.id, candidate.id]
    assert [link.distance for link in store.history(row.id).downstream] == [1, 2, 2]
    up = store.history(candidate.id).upstream
    assert {link.id for link in up} == {dataset.id, "spec_1", "file:abc"}
    assert next(link.kind for link in up if link.id == "spec_1") == "spec"


def test_history_joins_answer_correction_row_and_what_they_led_to(store: Store, make: Any) -> None:
    """From a served answer to the release it came from, and on to the correction, the dataset and the candidate."""
    old, new = make.candidate(seed=1), make.candidate(seed=2)
    store.add(old)
    release = Release(id=new_id("rel"), alias="a", candidate=old.id, by="me", created=now())
    store.add(release, stage="promote", inputs=(old.id,), fingerprint="1")
    messages = (Message(role="user", content="q"),)
    served = Interaction(
        id=new_id("int"), release=release.id, candidate=old.id, arm="release", messages=messages, created=now()
    )
    store.journal.begin(served)
    said = Judgement(id=new_id("jud"), subject=served.id, kind="correction", value="a", by="me", created=now())
    store.journal.judge(said)
    row = make.example("q", origin=Origin(source="feedback", judgement=said.id))
    dataset = make.dataset({"train": (row.id,)})
    store.save_dataset(dataset, [row], stage="curate", inputs=(said.id,), fingerprint="1")
    store.add(new, stage="tune", inputs=(dataset.id,), fingerprint="1")

    down = {link.id for link in store.history(served.id).downstream}
    assert down == {said.id, row.id, dataset.id, new.id}
    up = [(link.id, link.stage) for link in store.history(new.id).upstream]
    assert up == [
        (dataset.id, "tune"), (said.id, "curate"), (served.id, "about"), (release.id, "about"), (old.id, "promote"),
    ]  # fmt: skip
    assert [link.id for link in store.history(row.id).upstream][:2] == [said.id, served.id]
    assert served.id not in {link.id for link in store.history(release.id).downstream}, "requests are too many to list"


def test_a_row_comes_from_its_line(store: Store, make: Any) -> None:
    row = make.example("row", origin=Origin(source="rows.csv", line=7))
    store.save_dataset(make.dataset({"train": (row.id,)}), [row])
    assert [(link.id, link.kind) for link in store.history(row.id).upstream] == [("rows.csv:7", "row")]


def test_a_circle_ends(store: Store, make: Any) -> None:
    """The general suite names its base as input and as output."""
    candidate = make.candidate()
    store.add(candidate, stage="s", inputs=(candidate.id,), fingerprint="1")
    assert store.history(candidate.id).upstream == store.history(candidate.id).downstream == ()


def test_many_inputs_are_walked(store: Store, make: Any) -> None:
    candidate = make.candidate()
    names = [f"ex_{number}" for number in range(3000)]
    store.add(candidate, stage="s", inputs=names, fingerprint="1")
    assert [link.id for link in store.history(candidate.id).upstream] == names


# -- the fingerprint of the code


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of three rooms: tune reaches measure and (inside a function) engines; web is apart."""
    files = {
        "tune/__init__.py": "from strop.tune.plan import plan\n",
        "tune/plan.py": "from strop import (\n    measure,\n    errors as e,\n)\n",
        "measure/__init__.py": "import strop.errors\n",
        "measure/table.json": "{}",
        "engines/__init__.py": "def door():\n    from strop.engines.torch import Engine\n",
        "engines/torch/__init__.py": "class Engine: ...\n",
        "errors.py": "",
        "web/__init__.py": "",
        "project/__init__.py": "from strop.tune import plan\nfrom strop import web\nfrom strop.engines import door\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(derivations, "_SOURCES", tmp_path)
    return tmp_path


def _fresh(stage: str) -> str:
    return fingerprint.__wrapped__(stage)


@pytest.mark.parametrize(
    ("changed", "stages"),
    [
        ("tune/plan.py", {"tune", "tune:faults", "choose"}),
        ("measure/table.json", {"tune", "tune:faults", "choose"}),
        ("errors.py", {"tune", "tune:faults", "choose"}),
        ("engines/torch/__init__.py", {"choose"}),
        ("web/__init__.py", {"choose"}),
        ("elsewhere.txt", set()),
    ],
)
def test_the_fingerprint_follows_what_a_stage_can_reach(rooms: Path, changed: str, stages: set[str]) -> None:
    asked = ("tune", "tune:faults", "choose")
    before = {stage: _fresh(stage) for stage in asked}
    (rooms / changed).write_text("# changed\nimport strop.errors\n")
    assert {stage for stage in asked if _fresh(stage) != before[stage]} == stages


def test_a_new_file_changes_the_fingerprint_and_bytecode_does_not(rooms: Path) -> None:
    before = _fresh("tune")
    (rooms / "tune" / "cache.pyc").write_text("x")
    assert _fresh("tune") == before
    (rooms / "tune" / "extra.py").write_text("")
    assert _fresh("tune") != before


def test_the_stages_of_this_package_have_fingerprints() -> None:
    found = {stage: fingerprint(stage) for stage in ("store", "records", "choose")}
    assert len(set(found.values())) == 3
    assert fingerprint("store") == found["store"]


def test_looking_up_uses_the_index(store: Store) -> None:
    """A lookup must not become slower with every derivation: SQLite says how it would search."""
    if store.database.url.get_backend_name() != "sqlite":
        pytest.skip("SQLite's plan is checked")
    query = sa.select(tables.derivations.c.id).where(tables.derivations.c.key == "k")
    with store.database.reading() as connection:
        plan = connection.exec_driver_sql(f"explain query plan {query.compile(compile_kwargs={'literal_binds': True})}")
        assert "USING COVERING INDEX" in str(plan.all()) or "USING INDEX" in str(plan.all())
