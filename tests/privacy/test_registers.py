"""Numbers of further countries' registers, told by their form and check, or by a word before them."""

from __future__ import annotations

import pytest

from strop.privacy import find

# Numbers that standards and public offices print as examples, or that only differ from them in the check digit.
BY_FORM = [
    ("rodné číslo 736028/5163", "736028/5163"),
    ("mine is 780123/3540, thanks", "780123/3540"),
    ("id 1630615123457 on the form", "1630615123457"),
    ("my number 8001015009087", "8001015009087"),
    ("it is S1234567D", "S1234567D"),
    ("it is T1234567J", "T1234567J"),
    ("it is G1234567X", "G1234567X"),
    ("это 112-233-445 95", "112-233-445 95"),
    ("soy 20-12345678-6", "20-12345678-6"),
    ("mine 900101-14-5678", "900101-14-5678"),
    ("thai 1-2345-67890-12-1", "1-2345-67890-12-1"),
    ("MORGA657054SM9IJ is my licence", "MORGA657054SM9IJ"),
    ("DNI 12.345.678-Z", "12.345.678-Z"),
    ("AB-12-34-56-C", "AB-12-34-56-C"),
]
BY_WORD = [
    ("SVNR 1237 010180", "1237 010180"),
    ("OIB: 69435151530", "69435151530"),
    ("ЕГН 7523169263", "7523169263"),
    ("ΑΜΚΑ 01013099997", "01013099997"),
    ("TAJ szám: 037 687 210", "037 687 210"),
    ("isikukood 37605030299", "37605030299"),
    ("ת.ז. 123456782", "123456782"),
    ("personnummer 198112189876", "198112189876"),
    ("kennitala 120174-3399", "120174-3399"),
    ("EMŠO 0101006500006", "0101006500006"),
    ("マイナンバー 1234 5678 9018", "1234 5678 9018"),
    ("ITIN 900-70-0000", "900-70-0000"),
    ("RFC GODE561231GR8", "GODE561231GR8"),
    ("mi DNI es 12.345.678", "12.345.678"),
    ("SSN#219-09-9998", "219-09-9998"),
    ("NIE X 1234567 L", "X 1234567 L"),
    ("CPF 529982247-25", "529982247-25"),
    ("Führerschein Nr. B072RRE2I55", "B072RRE2I55"),
]
NONE = [
    "order 736028/5164, wrong in its last digit",
    "the EAN 4006381333931 and 1630615123458",
    "product S1234567E and code T1234567A",
    "112-233-445 96 and 20-12345678-7",
    "size 900131-99-5678, 991301-14-5678",
    "part 69435151530, order 7523169263, item 01013099997, code 037687210",
    "token 4929014b-dc76-8505-712c-4cf9ef085e8f",
    "#219-09-9998 in the list",
    "1732700000000 and 20261127123000",
]


@pytest.mark.parametrize("text, number", BY_FORM + BY_WORD)
def test_numbers_of_registers_are_found(text: str, number: str) -> None:
    assert [(span.kind, span.text) for span in find(text)] == [("national_id", number)]


@pytest.mark.parametrize("text", [text.split(" ", 1)[1] for text, _ in BY_WORD[:4]] + NONE)
def test_what_no_word_and_no_check_tells_is_none(text: str) -> None:
    assert not [span for span in find(text) if span.kind == "national_id"]
