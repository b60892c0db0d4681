import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.measure import patterns
from strop.measure.patterns import BadPattern, Pattern


@given(st.text(alphabet="ab1 .\n", max_size=30))
def test_matches_as_the_standard_library(text: str) -> None:
    for source in (r"\ba+\b", r"^[ab]", r"(?=.*a)(?=.*1)", r"[^?]*1\s*$", r"(a)|(b)"):
        expected = [(m.start(), m.end(), m.group()) for m in re.finditer(source, text)]
        assert [m[:3] for m in Pattern(source, rule="r").matches(text)] == expected
        assert Pattern(source, rule="r").found(text) is bool(expected)


def test_mistakes_name_the_rule() -> None:
    with pytest.raises(BadPattern, match=r"rule R3: the pattern '\(' is not a regular expression"):
        Pattern("(", rule="R3")


def test_catastrophe_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.05)
    evil = Pattern(r"(x+x+)+y", rule="R9")
    for use in (evil.found, evil.split, lambda text: list(evil.matches(text))):
        with pytest.raises(BadPattern, match=r"rule R9.*3000 characters"):
            use("x" * 3000)
