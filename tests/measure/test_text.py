import pytest

from strop.measure.text import exact_match, normalise, numeric_match, says_something


def test_exact_match_forgives_form_only() -> None:
    assert normalise("  The ﬁrst\nLine. ") == "the first line"
    assert exact_match("Yes.", ["no", "yes"]) == 1
    assert exact_match("yes, it is", ["yes"]) == 0
    assert exact_match("yes", []) == 0


def test_numeric_match_takes_the_last_number() -> None:
    assert numeric_match("So 3 times 4 is 1,200.0", "= 1200") == 1
    assert numeric_match("about 1201", "1200") == 0
    assert numeric_match("about 1201", "1200", tolerance=0.01) == 1
    assert numeric_match("none", "1200") == 0
    with pytest.raises(ValueError, match="no number"):
        numeric_match("1", "one")


def test_signs_without_width_say_nothing() -> None:
    assert not any(map(says_something, ("", " \n\t", "\u200b\u00a0\ufeff", "\x00")))
    assert all(map(says_something, ("0", "-", "…", "語", " a ")))
