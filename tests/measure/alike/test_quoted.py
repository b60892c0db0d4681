"""Texts that stand word for word inside others: as a plain search through the words finds them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from strop.measure.alike.quoted import Quoted, at_edges, is_sentence, quoted, word_hashes, words_of


def plainly(texts: list[str], wanted: list[str], least: int) -> set[tuple[int, int]]:
    """All pairs, by substring."""
    joined = [f" {' '.join(words_of(text))} " for text in texts]
    sought = [words_of(text) for text in wanted]
    return {
        (i, j)
        for i, text in enumerate(joined)
        for j, words in enumerate(sought)
        if len(words) >= least and f" {' '.join(words)} " in text
    }


def test_it_finds_what_a_plain_search_finds() -> None:
    rng = random.Random(3)
    words = [f"w{n}" for n in range(6)]  # few words, so that much stands in much
    wanted = [" ".join(rng.choices(words, k=rng.randint(2, 6))) for _ in range(40)]
    texts = [" ".join(rng.choices(words, k=rng.randint(0, 60))) for _ in range(200)]
    found = quoted(texts, wanted, least=4, letters=0)
    every = plainly(texts, wanted, 4)
    assert {hit.text for hit in found} == {i for i, _ in every} and len(found) > 20
    assert {tuple(hit) for hit in found} <= every
    assert [hit.text for hit in found] == sorted({hit.text for hit in found})


def test_case_punctuation_and_unicode_form_do_not_count_and_phrases_are_no_find() -> None:
    wanted = ["My card was swallowed by the machine at the station!", "I lost my card"]
    texts = ["She wrote: “my CARD was swallowed, by the machine (at the station)”. Then?", "I lost my card, help", ""]
    assert quoted(texts, wanted) == [Quoted(0, 0)]
    assert quoted(["cafe\u0301 " * 9], ["caf\u00e9 " * 8]) == [Quoted(0, 0)]
    assert quoted([], wanted) == [] and quoted(texts, []) == []


def test_signs_that_no_spaces_divide_count_one_by_one() -> None:
    asked = "我的银行卡昨天在火车站的自动取款机里被吞掉了请问我应该怎么办才能尽快拿回来谢谢"
    assert quoted([f"客户写道：{asked}。请回答。"], [asked]) == [Quoted(0, 0)]
    assert quoted(["请问我应该怎么办"], ["请问我应该怎么办"]) == []


def test_what_a_text_begins_or_ends_with_as_a_whole() -> None:
    texts = ["my card is stuck today", "today my card is stuck", "my card is stuck", "so my card is stuck now", "a b c"]
    wanted = ["a b", "my card is stuck", "my card is stuck", "card is stuck today ok"]
    hashed, sought = word_hashes(texts), word_hashes(wanted)
    found = {tuple(edge) for edge in at_edges(hashed, sought, least=3, most=5)}
    assert found == {(0, 1, True), (1, 1, False)}
    keys = np.array([1, 2, 1, 1, 1], np.uint64), np.array([1, 1, 2, 1], np.uint64)
    assert {tuple(edge) for edge in at_edges(hashed, sought, least=2, most=5, keys=keys)} == {
        (0, 1, True), (1, 2, False), (4, 0, True),
    }  # fmt: skip
    assert (
        at_edges(word_hashes([]), sought, least=2, most=5) == [] == at_edges(hashed, word_hashes([]), least=2, most=5)
    )


@pytest.mark.parametrize(
    ("text", "begins", "whole"),
    [
        ("Is it late? Tell me", True, True),
        ("Is it late tell me", True, False),
        ("Hi: is it late", False, True),
        ("Hi, is it late", False, False),
        ("is it late", True, False),
    ],
)
def test_sentences_of_their_own(text: str, begins: bool, whole: bool) -> None:
    assert is_sentence(text, 3, begins=begins) is whole
