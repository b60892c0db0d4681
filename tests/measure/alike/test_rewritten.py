"""Rewritten texts, held against plain loops over all pairs."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from strop.measure.alike import rewritten as module
from strop.measure.alike.quoted import word_hashes
from strop.measure.alike.rewritten import Least, Rewritten
from strop.measure.alike.rewritten import rewritten as found_in

NEVER = 1e9


def rewritten(
    texts: list[str], others: list[str], *, keys: tuple[list[int], list[int]] | None = None, **how: Any
) -> list[Rewritten]:
    given = None if keys is None else (np.array(keys[0], dtype=np.uint64), np.array(keys[1], dtype=np.uint64))
    return found_in(word_hashes(texts), word_hashes(others), keys=given, **how)


ALWAYS = 0.0


def drawn(count: int, seed: int) -> list[str]:
    """Texts of a small vocabulary, so that they have words in common by chance."""
    rng = random.Random(seed)
    return [
        " ".join(f"w{min(rng.randrange(9), rng.randrange(9))}" for _ in range(rng.randint(1, 6))) for _ in range(count)
    ]


def bag(text: str) -> Counter[str]:
    return Counter(text.split())


def stands(small: str, large: str) -> bool:
    return f" {small} " in f" {large} "


@pytest.mark.parametrize("seed", range(4))
def test_each_look_finds_what_all_pairs_show(seed: int) -> None:
    texts, others = drawn(300, seed), drawn(80, seed + 100)
    same = {n for n, a in enumerate(texts) if len(a.split()) > 1 and any(bag(a) == bag(b) for b in others)}
    found = rewritten(texts, others, least=Least(ALWAYS, NEVER, NEVER, NEVER))
    assert same and {one.text for one in found} == same
    assert all(bag(texts[one.text]) == bag(others[one.of]) and one.share == 1 for one in found)
    part = {
        n
        for n, a in enumerate(texts)
        if len(a.split()) >= 3 and any(stands(a, b) and len(a.split()) >= len(b.split()) / 2 for b in others)
    }
    found = rewritten(texts, others, least=Least(NEVER, ALWAYS, NEVER, NEVER))
    assert part and {one.text for one in found} == part
    whole = {(n, m) for n, a in enumerate(texts) for m, b in enumerate(others) if len(b.split()) >= 3 and stands(b, a)}
    found = rewritten(texts, others, least=Least(NEVER, NEVER, ALWAYS, NEVER))
    assert whole and {(one.text, one.of) for one in found} <= whole
    assert {one.text for one in found} == {n for n, _ in whole}


def test_a_part_in_any_order_is_found_by_its_rarest_words() -> None:
    others = [" ".join(f"item{n}w{k}" for k in range(12)) for n in range(50)]
    rng = random.Random(0)
    texts = []
    for other in others:
        words = other.split()[:9]
        rng.shuffle(words)
        texts.append(" ".join(words))
    found = rewritten(texts, others, least=Least(NEVER, NEVER, NEVER, 2.0))
    assert [(one.text, one.of, one.share) for one in found] == [(n, n, 0.75) for n in range(50)]
    strange = [text.replace("w0", "z") for text in texts]
    assert rewritten(strange, others, least=Least(NEVER, NEVER, NEVER, 2.0)) == []
    assert rewritten(texts, others, least=Least(NEVER, NEVER, NEVER, 2.0), share=0.8) == []


def test_common_words_say_nothing_and_keys_keep_apart() -> None:
    texts, others = ["can you help me please"] * 50, ["please can you help me"] * 50
    assert rewritten(texts, others, least=Least()) == []
    pair = ["the fox left the barn early", "a b c d"], ["early the fox the barn left", "e f g h"]
    assert [one.of for one in rewritten(*pair, least=Least())] == [0]
    assert rewritten(*pair, least=Least(), keys=([1, 0], [0, 0])) == []


@pytest.mark.parametrize("texts", [[], [""], ["one"], ["", "a b"]])
def test_few_or_empty_texts_are_nothing(texts: list[str]) -> None:
    assert rewritten(texts, ["a b c d"], least=Least()) == []
    assert rewritten(["a b c d"], texts, least=Least()) == []


def test_few_texts_are_compared_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    form = "the {} parcel for {} that {} sent from {} has not come yet can you tell me where it stays"
    texts = [form.format(*(f"w{rng.randrange(12)}" for _ in range(4))) for _ in range(600)]
    others = [form.format(*(f"w{rng.randrange(12)}" for _ in range(4))) for _ in range(200)]
    within, compared = module._within, []

    def counting(small: Any, large: Any) -> bool:
        compared.append(1)
        return within(small, large)

    monkeypatch.setattr(module, "_within", counting)
    found = rewritten(texts, others, least=Least(NEVER, NEVER, NEVER, ALWAYS))
    assert found and len(compared) < 5 * len(texts)  # of 41,778 pairs that have three rare words in common
