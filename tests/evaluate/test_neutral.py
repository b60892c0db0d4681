"""Passages of neutral text: ours, apart from what training is held to, read and never asked."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib import resources

import pytest

from strop.engines.base import NllResult
from strop.engines.fake import FAKE_BASE
from strop.evaluate import evaluate, general_suite, scored_again
from strop.evaluate.general import shipped_examples
from strop.evaluate.neutral import TASK, is_passage, passages, read, text_bits, text_divergence
from strop.measure.alike.near import near_duplicates
from strop.records import silent
from strop.settings import Settings


def test_passages_are_enough_short_and_no_two_alike() -> None:
    texts = [passage.reference or "" for passage in passages()]
    assert len(texts) >= 40
    assert len(set(texts)) == len(texts)
    assert all(120 <= len(text) <= 400 for text in texts)
    assert near_duplicates(texts, threshold=0.3) == []


def test_no_passage_is_what_training_is_held_to_or_what_is_asked() -> None:
    held = resources.files("strop.engines").joinpath("neutral.jsonl").read_text("utf-8").splitlines()
    known = [" ".join(turn["content"] for turn in json.loads(line)["messages"]) for line in held]
    known += [f"{example.input} {example.reference}" for example in shipped_examples()]
    texts = [passage.reference or "" for passage in passages()]
    alike = near_duplicates([*texts, *known], threshold=0.3)
    assert [(one, other) for one, other, _ in alike if min(one, other) < len(texts)] == []


@dataclass
class Moved:
    """A model that finds every byte ``bits`` unlikely, and lies ``apart`` nats a token from its base."""

    bits: float
    apart: float | None

    def nll(self, texts, *, on_event):
        return [
            NllResult(
                nats=self.bits * math.log(2) * len(text.encode()), tokens=7, bytes=len(text.encode()),
                divergence=None if self.apart is None else 7 * self.apart,
            )
            for text in texts
        ]  # fmt: skip


def test_bits_are_of_bytes_and_divergence_of_tokens() -> None:
    answers = read(Moved(1.5, 0.25), passages(), on_event=silent)
    for passage, answer in zip(passages(), answers, strict=True):
        assert text_bits(passage, answer) == pytest.approx(1.5)
        assert text_divergence(passage, answer) == pytest.approx(0.25)
        assert answer.text == ""


def test_a_divergence_that_is_not_known_is_no_zero() -> None:
    answer = read(Moved(1.5, None), passages()[:1], on_event=silent)[0]
    assert text_divergence(passages()[0], answer) is None


def test_questions_have_no_text_measures_and_passages_no_choices(table_model, candidate, tmp_path) -> None:
    known = {e.input: e.reference or "" for e in shipped_examples() if e.slices["task"] == "uses"}
    suite, examples = general_suite(table_model(known), base=FAKE_BASE, on_event=silent)
    rows = {example.id: example for example in examples}
    found = evaluate(
        table_model(known), candidate=candidate(), shots=(), suite=suite, examples=rows, settings=Settings(),
        project=tmp_path, on_event=silent,
    )  # fmt: skip
    for item in found.items:
        named = {name.partition("_")[0] for name in item.scores}
        assert named == ({"neutral"} if is_passage(rows[item.example]) else {"general"})
    report = found.report
    assert report.measures["neutral_bits_per_byte"].n == len(passages())
    assert report.measures["general_ability"].n == len(examples) - len(passages())
    assert set(report.slices["task"][TASK]) == {"neutral_bits_per_byte"}  # this model knows no base
    again = scored_again(found.items, suite=suite, examples=rows, settings=Settings(), project=tmp_path)
    assert again.other == ()
