"""Brand voice: rules and a classifier that learns from examples on and off voice."""

from __future__ import annotations

import json

import pytest

from strop.errors import InputError, SettingsError
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.catalogue import Catalogue
from strop.evaluate.suites import measure_names
from strop.settings import Settings

THINGS = ["tent", "mat", "stove", "rope", "lamp", "boot", "coat", "map", "knife", "mug"]
ON = [
    f"Happy to help: the {thing} is {state}. Shall I pack it?"
    for thing in THINGS
    for state in ("ready", "in stock", "dry")
]
OFF = [
    f"{thing.upper()}!!! buy {thing} now, best {thing} deal {state}!!!"
    for thing in THINGS
    for state in ("ever", "wow", "yes")
]


@pytest.fixture
def voice(tmp_path):
    def make(on=ON, off=OFF, rules=None):
        (tmp_path / "on.txt").write_text("\n".join(on), "utf-8")
        rows = [
            {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": text}]} for text in off
        ]
        (tmp_path / "off.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
        task = {"voice": {"on": "on.txt", "off": "off.jsonl"}}
        if rules:
            (tmp_path / "style.json").write_text(json.dumps({"rules": rules}), "utf-8")
            task["style"] = "style.json"
        settings = Settings.model_validate({"task": task})
        assert "brand_voice" in measure_names("chat", [], settings)
        return Catalogue(settings, tmp_path).get("brand_voice")

    return make


def test_new_texts_are_told_by_their_voice(row, voice) -> None:
    score = voice().score
    assert score(row("x"), Answer("Happy to help: the kettle is ready. Shall I wrap it?")) == 1
    assert score(row("x"), Answer("KETTLE!!! buy kettle now, best deal ever!!!")) == 0


def test_a_broken_rule_is_off_voice_however_it_sounds(row, voice) -> None:
    measure = voice(rules=[{"id": "short", "check": {"max_words": 6}}])
    assert measure.score(row("x"), Answer("Happy to help: the kettle is ready. Shall I wrap it?")) == 0
    assert measure.score(row("x"), Answer("Happy to help. Shall I pack?")) == 1
    assert measure.spec().signature != voice().spec().signature


def test_other_examples_are_another_measure(voice) -> None:
    assert voice().spec().signature == voice().spec().signature
    assert voice().spec().signature != voice(on=ON[1:]).spec().signature


def test_examples_that_cannot_be_told_apart_measure_nothing(row, voice) -> None:
    """Every thing and every state is said on both sides alike; only their pairs differ."""
    states = ("ready", "dry", "new", "light")
    texts = [
        [f"The {t} is {s}." for i, t in enumerate(THINGS) for k, s in enumerate(states) if (i + k) % 2 == odd]
        for odd in (0, 1)
    ]
    measure = voice(on=texts[0], off=texts[1])
    with pytest.raises(SettingsError, match="could be chance"):
        measure.score(row("x"), Answer("The tent is ready."))


def test_too_few_examples_are_told(voice) -> None:
    with pytest.raises(InputError, match="4 different texts"):
        voice(on=ON[:4])


def test_a_row_without_an_answer_is_told_with_its_line(tmp_path, voice) -> None:
    voice()
    (tmp_path / "off.jsonl").write_text('{"text": "a"}\n{"question": "b"}\n', "utf-8")
    settings = Settings.model_validate({"task": {"voice": {"on": "on.txt", "off": "off.jsonl"}}})
    with pytest.raises(InputError, match=r"off.jsonl.*2"):
        Catalogue(settings, tmp_path)


def test_without_examples_it_is_asked_for(tmp_path) -> None:
    with pytest.raises(SettingsError, match=r"needs examples"):
        Catalogue(Settings.model_validate({"measures": ["brand_voice"]}), tmp_path)
