"""Documents that are made from the code are not stale: ``make docs`` would change nothing."""

from __future__ import annotations

from pathlib import Path

from strop.cli import reference

ROOT = Path(__file__).parent.parent.parent


def test_the_settings_page_is_fresh() -> None:
    assert (ROOT / "docs" / "reference" / "settings.md").read_text("utf-8") == reference.settings_page()


def test_the_commands_page_is_fresh() -> None:
    assert (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8") == reference.commands_page()


STEPS = {
    "reading": "curate/files/reading.py",
    "near duplicates": "measure/alike/near.py",
    "surrogates": "privacy/masking.py",
    "held out": "curate/splits/splitting.py",
    "few-shot": "tune/shots.py",
    "tuning loop of lora": "engines/torch/tuning/train.py",
    "score labels": "engines/torch/answering/answer.py",
    "intervals": "measure/statistics/intervals.py",
    "decision with": "decide/gate.py",
    "one page of html": "web/report.py",
}


def test_a_fresh_reader_finds_ten_steps_in_the_tree() -> None:
    rooms: list[str] = []
    found: dict[str, list[str]] = {words: [] for words in STEPS}
    for line in reference.tree(ROOT / "src" / "strop").splitlines()[1:]:
        name, _, told = line.strip().partition(" ")
        depth = (len(line) - len(line.lstrip())) // 2
        rooms[depth - 1 :] = [name.rstrip("/")]
        for words in STEPS:
            if words in f"{name} {told}".lower():
                found[words].append("/".join(rooms))
    for words, place in STEPS.items():
        assert place in found[words], words
        assert len(found[words]) <= 6, (words, found[words])  # looked through within a minute


def test_the_trees_lines_end_with_a_sentence_where_they_can() -> None:
    lines = {line.split()[0]: line for line in reference.tree(ROOT / "src" / "strop").splitlines()}
    assert lines["pipeline.py"].endswith("close the leaks.")
    assert lines["tables.py"].endswith("…")  # its first sentence says nothing


def test_readmes_tree_is_fresh() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert reference.with_tree(readme, ROOT / "src" / "strop") == readme
