"""Check digits against examples that issuers and states publish."""

from __future__ import annotations

import pytest

from strop.privacy import find
from strop.privacy.checksums import luhn, mod11_10, mod97, verhoeff

# From the SWIFT IBAN registry.
IBANS = [
    "DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "ES9121000418450200051332",
    "NL91ABNA0417164300", "IT60X0542811101000000123456", "CH9300762011623852957", "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S", "BE68539007547034",
]  # fmt: skip
# Test numbers that card networks publish.
CARDS = [
    "4111111111111111", "4012888888881881", "5555555555554444", "5105105105105100", "2223003122003222",
    "378282246310005", "371449635398431", "6011111111111117", "30569309025904", "3530111333300000", "6200000000000005",
]  # fmt: skip
# Examples from the states' own descriptions or encyclopaedias; none is a living person's.
NATIONAL = [
    "SSN 219-09-9999", "AB 12 34 56 C", "NHS number 943 476 5919", "DNI 12345678Z", "NIE X1234567L", "RSSMRA85T10A562S",
    "2 55 08 14 168 025 38", "Steuer-ID 86095742719", "BSN 111222333", "93.05.18-223.61", "PESEL 44051401359",
    "811228-9874", "131052-308T", "CPR 070761-4285", "01010750160", "NIF 123456789", "1234567T", "1234567FA",
    "111.444.777-35", "30.686.957-4", "SIN 130 692 544", "Aadhaar 2341 2341 2346", "TFN 123 456 782",
    "11010519491231002X", "PAN ABCPE1234F", "HEGG560427MVZRRL04", "passport number L01X00T47",
]  # fmt: skip


@pytest.mark.parametrize("iban", IBANS)
def test_published_ibans_are_found_and_a_wrong_digit_is_not(iban: str) -> None:
    grouped = " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
    for written in (iban, grouped):
        assert [(s.kind, s.text) for s in find(f"My account is {written}, thanks")] == [("iban", written)]
    wrong = iban[:-1] + ("1" if iban[-1] != "1" else "2")
    assert mod97(iban)
    assert not mod97(wrong)


@pytest.mark.parametrize("card", CARDS)
def test_published_cards_are_found_and_a_wrong_digit_is_not(card: str) -> None:
    assert luhn(card)
    assert [s.kind for s in find(f"Charge {card} please")] == ["card"]
    wrong = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert not luhn(wrong)
    assert "card" not in [s.kind for s in find(f"Charge {wrong} please")]


@pytest.mark.parametrize("text", NATIONAL)
def test_published_national_ids_are_found(text: str) -> None:
    assert [s.kind for s in find(f"Here it is: {text}, as asked")] == ["national_id"]


@pytest.mark.parametrize(
    "text",
    ["12345678A", "RSSMRA85T10A562T", "93.05.18-223.62", "811228-9873", "131052-308U", "111.444.777-36", "01010750161"],
)
def test_a_wrong_check_digit_is_no_national_id(text: str) -> None:
    assert find(f"Here it is: {text}, as asked") == []


def test_verhoeff_and_iso_7064_examples() -> None:
    assert verhoeff("2363")  # Wikipedia's example: 236, check digit 3
    assert not verhoeff("2364")
    assert mod11_10("07945")  # ISO 7064's example: 0794, check digit 5
    assert not mod11_10("07946")
