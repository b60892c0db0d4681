"""Texts that look alike are one; texts that do not stay as different as they were."""

from __future__ import annotations

import pytest

from strop.measure.alike.lookalikes import plainly


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Раураl", "paypal"),
        ("ΡΑΥΡΑL", "paypal"),
        ("νisa Νews", "visa news"),
        ("ｐａｙ ＭＥ", "pay me"),
        ("𝗯𝗼𝗹𝗱 𝒄ursive", "bold cursive"),
        ("pay\u200bpal\ufeff pa\u00adssword", "paypal password"),
        ("\u202eabc\u202c", "abc"),
        ("p\u0336a\u0336y", "pay"),
        ("ﬁne", "fine"),
        ("Straße Café", "strasse café"),
        ("plain  text\n", "plain  text\n"),
    ],
)
def test_what_is_read_is_told(written: str, read: str) -> None:
    assert plainly(written) == read


def test_words_of_one_script_stay_apart_and_case_does_not_count() -> None:
    words = ["Ваша карта", "Наша карта", "Каша карта", "ваш", "наш", "мир", "пир", "Νέα", "Μέα", "νέο"]
    assert len({plainly(word) for word in words}) == len(words)
    for word in words:
        assert plainly(word.upper()) == plainly(word.lower())
