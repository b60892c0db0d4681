"""Words by a Hunspell dictionary: the affixes of hunspell(5), on small dictionaries of our own."""

from __future__ import annotations

import pytest

from strop.measure.writing.spelling import Dictionary

AFF = """SET UTF-8
FLAG long
NEEDAFFIX Na
ONLYINCOMPOUND Oc
FORBIDDENWORD Fw
PFX Un Y 1
PFX Un 0 un .
SFX Sx Y 3
SFX Sx y ies [^aeiou]y
SFX Sx 0 s [aeiou]y
SFX Sx 0 s [^sy]
SFX Ab Y 1
SFX Ab 0 able/Nn [^e]
SFX Nn Y 1
SFX Nn ble bility ble
SFX Pl N 1
SFX Pl 0 ish .
"""
DIC = """10
reply/Sx
toy/Sx
do/UnAbPl
rely/UnNa
th/Oc
doish/Fw
Paris
NATO
straße
and\\/or
"""


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("reply", True), ("replies", True), ("replys", False), ("toys", True), ("toies", False), ("Replies", True),
        ("REPLIES", True), ("undo", True), ("undoable", True), ("doability", True), ("unreply", False),
        ("doish", False), ("undoish", False), ("rely", False), ("unrely", True), ("th", False), ("Paris", True),
        ("paris", False), ("NATO", True), ("nato", False), ("Straße", True), ("and/or", True), ("", False),
    ],
)  # fmt: skip
def test_words_and_what_affixes_make_of_them(word: str, known: bool) -> None:
    assert (word in Dictionary(AFF, DIC)) is known


def test_flags_may_be_numbers_signs_and_aliases() -> None:
    numbers = Dictionary("FLAG num\nAF 2\nAF 7,12\nAF 12\nSFX 7 Y 1\nSFX 7 0 s .\n", "2\ncat/1\ndog/2\n")
    assert "cats" in numbers and "dogs" not in numbers
    signs = Dictionary("SFX S Y 1\nSFX S 0 s\n", "1\ncat/SX\tpo:noun\n")
    assert "cats" in signs and "cats's" not in signs


def test_what_cannot_be_followed_is_refused() -> None:
    with pytest.raises(ValueError, match=r"puts words together \(COMPOUNDFLAG\)"):
        Dictionary("COMPOUNDFLAG x\n", "1\nhaus/x\n")
    with pytest.raises(ValueError, match=r"SFX S 0 s \[ has a condition that cannot be read"):
        Dictionary("SFX S Y 1\nSFX S 0 s [\n", "1\ncat/S\n")
