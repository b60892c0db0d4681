"""Names that columns gave are found again, and sealed they are found the same and cannot be read."""

from __future__ import annotations

import pytest

from strop.privacy import KnownNames, Masker
from strop.privacy.known_names import SealedNames

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
NAMES = ["Anna Berg", "Karl O'Brien", "Jörg Müller-Lüdenscheidt", "Maria de la Cruz Santos", "May", "Rose West", "X"]
TEXTS = [
    "This is for Anna Berg.", "anna berg, please", "Berg, Anna", "Anna Bergs Paket", "Berg's order, and Anna's",
    "KARL O'BRIEN and Joerg Mueller-Luedenscheidt", "Maria de la Cruz Santos called", "I may come in May, a rose",
    "Anna\nBerg", "Anna: Berg", "Annaberg is a town", "the berg", "",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_sealed_names_are_found_as_the_names_are(text: str) -> None:
    known = KnownNames(NAMES)
    sealed = SealedNames(KEY, frozenset(known.sealed(KEY)))
    assert list(sealed.find(text)) == list(known.find(text))
    plain, later = Masker(KEY, names=NAMES), Masker(KEY, sealed=frozenset(known.sealed(KEY)))
    assert later.mask(text) == plain.mask(text)


def test_a_seal_tells_nothing_without_its_key() -> None:
    seals = KnownNames(NAMES).sealed(KEY)
    assert seals == sorted(seals) and all(len(seal) == 16 for seal in seals)
    assert set(seals).isdisjoint(KnownNames(NAMES).sealed(OTHER))
    assert not list(SealedNames(OTHER, frozenset(seals)).find("This is for Anna Berg."))
    assert not SealedNames(KEY, frozenset()) and KnownNames([]).sealed(KEY) == []
