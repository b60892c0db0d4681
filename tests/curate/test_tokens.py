"""The estimate against counts of a real tokenizer (SmolLM2's, 49,152 entries), written down here."""

from __future__ import annotations

import pytest

from strop.curate.tokens import estimated_tokens

COUNTED = [
    (28, "Wo ist meine Überweisung geblieben? Ich habe Geld überwiesen."),
    (22, "どこにありますか私のカード"),
    (24, "Где моя карта? Я её потерял"),
    (18, "def f(x):\n    return [i**2 for i in range(x)]"),
]


@pytest.mark.parametrize(("count", "text"), COUNTED)
def test_not_far_below_and_not_twice_the_count(count: int, text: str) -> None:
    assert 0.85 * count <= estimated_tokens(text) <= 2 * count


def test_nothing_is_nothing_and_more_is_more() -> None:
    assert estimated_tokens("") == 0
    assert estimated_tokens("a" * 500) == 100
    assert estimated_tokens("12345") == 5
