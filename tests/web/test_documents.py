"""The glossary has every noun, and the tutorial only names commands that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import strop.records as records
from strop.records import Record

DOCS = Path(__file__).parent.parent.parent / "docs"
GLOSSARY = (DOCS / "glossary.md").read_text("utf-8")
# Parts of other nouns and events of progress: not words that people use.
PARTS = {"Record", "Progress", "Said", "LossSeen", "Cost", "LossPoint", "RowCounts", "MeasureSpec", "Measured"}
NOUNS = sorted(
    name
    for name in records.__all__
    if name not in PARTS and isinstance(getattr(records, name), type) and issubclass(getattr(records, name), Record)
)


def words(name: str) -> str:
    """``ItemResult`` as ``item result``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


@pytest.mark.parametrize("noun", NOUNS)
def test_the_glossary_explains_every_noun(noun: str) -> None:
    assert f"**{words(noun)}**" in GLOSSARY.lower()


@pytest.mark.parametrize("values", [records.Method, records.Split, records.Verdict, records.PersonRole])
def test_the_glossary_lists_closed_words_as_they_are(values: object) -> None:
    assert [word for word in get_args(values) if word not in GLOSSARY] == []


def test_no_word_has_two_meanings() -> None:
    entries = re.findall(r"^\| \*\*(.+?)\*\* \|", GLOSSARY, re.MULTILINE)
    assert len(entries) > 50 and len(entries) == len({entry.lower() for entry in entries})


def test_the_tutorial_types_commands_that_exist(strop: object) -> None:
    commands = re.findall(
        r"^strop (?:--project \S+ )?([a-z]{2,})", (DOCS / "tutorial.md").read_text("utf-8"), re.MULTILINE
    )
    loop = {
        "init",
        "curate",
        "choose",
        "decide",
        "verify",
        "show",
        "ask",
        "promote",
        "serve",
        "review",
        "monitor",
        "cycle",
    }
    assert loop | {"export", "feedback"} == set(commands)
    for command in sorted(set(commands)):
        ran = strop(command, "--help")  # type: ignore[operator]
        assert ran.code == 0, command
