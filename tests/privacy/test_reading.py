"""What counts as a space, a hyphen, a digit inside a piece of personal data, and that places stay those of the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.privacy import Masker, find
from strop.privacy.reading import BLANK, Reading, plain

SPACES = ["\t", "  ", "    ", "\u00a0", "\u2007", "\u2009", "\u202f", "\u205f", "\u3000", " \u200b", "\u00a0\t "]
UNSEEN = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e"]
WRITTEN = {
    "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "phone": "+33 6 12 34 56 78",
    "national_id": "15 070649 C 103",
    "address": "12 High Street, London SW1A 1AA",
    "name": "Anna Berg",
}
ONE = "Look: my name is {name}, card {card}, IBAN {iban}, call {phone}, no. {national_id}, at {address}."


@pytest.mark.parametrize("space", SPACES)
def test_any_space_parts_as_the_plain_one_does(space: str) -> None:
    masker = Masker(bytes(range(32)))
    text = ONE.format(**{kind: value.replace(" ", space) for kind, value in WRITTEN.items()})
    found = {span.kind: span.text for span in find(text)}
    assert found == {kind: value.replace(" ", space) for kind, value in WRITTEN.items()}
    assert masker.mask(text).text == masker.mask(ONE.format(**WRITTEN)).text
    assert masker.unmask(masker.mask(text).text, masker.mask(text).originals) == text


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_has_no_width_hides_nothing(unseen: str) -> None:
    for kind, value in [
        *WRITTEN.items(),
        ("email", "anna.berg@web.de"),
        ("ip", "83.12.4.200"),
        ("birth_date", "12/03/1985"),
    ]:
        hidden = unseen.join(value)
        text = f"my name is {hidden}, born {hidden} yes"
        assert {span.text for span in find(text) if span.kind == kind} == {hidden}
    # Between words it parts them, as a space would.
    assert [span.text for span in find(f"card{unseen}4111111111111111{unseen}is gone")] == ["4111111111111111"]


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("card 4111\u20101111\u20111111\u20121111", "4111\u20101111\u20111111\u20121111"),
        ("call +٤٤ ٧٧٠٠ ٩٠٠١٢٣ now", "+٤٤ ٧٧٠٠ ٩٠٠١٢٣"),
        ("card ４１１１ １１１１ １１１１ １１１１", "４１１１ １１１１ １１１１ １１１１"),
    ],
)
def test_other_hyphens_and_digits(text: str, piece: str) -> None:
    assert [span.text for span in find(text)] == [piece]


def test_columns_of_a_table_are_no_gaps() -> None:
    assert find("415      555      2671\n212      555      0144") == []
    assert plain("a      b") == "a      b" and plain("a\u2009\u00a0 b") == "a b"


@given(
    st.lists(
        st.sampled_from(["a", "7", "７", " ", "  ", "     ", "\t", "\u200b", "\u00a0", "\u2011", "\n", "é"]),
        max_size=25,
    ),
    st.lists(st.integers(min_value=0, max_value=30), max_size=6),
    st.booleans(),
)
def test_each_sign_of_a_reading_knows_its_place(signs: list[str], cuts: list[int], parting: bool) -> None:
    text = "".join(signs)
    ends = sorted({cut for cut in cuts if cut <= len(text)})
    known = [(start, end) for start, end in zip(ends[::2], ends[1::2], strict=False)]
    reading = Reading(text, known, parting=parting)
    end_before = 0
    for at, sign in enumerate(reading.text):
        start, end = reading.place(at, at + 1)
        assert end_before <= start < end <= len(text)
        end_before = end
        if sign == BLANK:
            assert any(begin == start for begin, _ in known)
        elif sign not in " ":
            assert plain(text[start:end]) == sign
