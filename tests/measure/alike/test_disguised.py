"""Texts in disguise, drawn at random, and texts that only look as if they were."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest

from strop.measure.alike.disguised import consonants, skeleton
from strop.measure.alike.disguised import disguised as found_in
from strop.measure.alike.rewritten import Least, Rewritten

WORDS = ["card", "machine", "station", "receipt", "transfer", "account", "pending", "refund", "statement", "branch"]
LEAST = Least()


def disguised(
    texts: list[str], others: list[str], *, keys: tuple[list[int], list[int]] | None = None, **how: Any
) -> list[Rewritten]:
    given = None if keys is None else (np.array(keys[0], dtype=np.uint64), np.array(keys[1], dtype=np.uint64))
    return found_in(
        consonants(texts), consonants(others), text=texts.__getitem__, other=others.__getitem__, keys=given, **how
    )


def drawn(count: int, rng: random.Random) -> list[str]:
    return [" ".join(rng.sample(WORDS, 5)) + f" in {rng.randint(1, 400)} days" for _ in range(count)]


def swapped(word: str, rng: random.Random) -> str:
    one, other = rng.sample(range(len(word)), 2) if len(word) > 1 else (0, 0)
    letters = list(word)
    letters[one], letters[other] = letters[other], letters[one]
    return "".join(letters)


@pytest.mark.parametrize("seed", range(4))
def test_each_way_to_disguise_a_text_is_seen_through(seed: int) -> None:
    rng = random.Random(seed)
    others = drawn(60, rng)
    chosen = rng.sample(range(len(others)), 16)
    ways = (
        lambda text: " ".join(swapped(word, rng) for word in text.split()),
        lambda text: " ".join(text),
        lambda text: re.sub("[aeiou]", "", text),
        lambda text: text.translate(str.maketrans("aeiost", "431057")).upper(),
    )
    texts = [ways[n % 4](others[item]) for n, item in enumerate(chosen)]
    found = {one.text: one.of for one in disguised(texts, others, least=LEAST)}
    same = {n: {k for k, other in enumerate(others) if skeleton(other) == skeleton(others[of])}
            for n, of in enumerate(chosen)}  # fmt: skip
    assert all(found[n] in same[n] for n in range(len(chosen)))


def test_readable_texts_short_ones_and_other_keys_are_no_disguise() -> None:
    held = ["Do the rooms have good views of the lake?", "no way", "where is my transfer of last week"]
    texts = ["Does the room have good views of the lake?", "n0 w4y", "whr s my trnsfr f lst wk"]
    assert [one.text for one in disguised(texts, held, least=LEAST)] == [2]
    keys = ([1, 1, 2], [1, 1, 1])
    assert disguised(texts, held, least=LEAST, keys=keys) == []


def test_the_same_letters_in_quite_another_order_are_another_text() -> None:
    held = ["bring the green table down to market street"]
    assert disguised(["".join(sorted(held[0]))], held, least=LEAST) == []
    assert disguised([" ".join(held[0].replace(" ", ""))], held, least=LEAST)


def test_a_skeleton_is_what_case_accents_vowels_digits_and_spaces_leave() -> None:
    assert {skeleton(text) for text in ("Café Größe", "C a f e G r o s s e", "cf grss", "C4F3 GR0$$3")} == {"cfgrss"}
    assert skeleton("退款 在哪里") == "退款在哪里"
