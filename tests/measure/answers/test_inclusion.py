import pytest

from strop.measure.answers.inclusion import inclusion, says


def test_patterns_look_at_the_whole_text_and_ignore_case() -> None:
    found = inclusion(
        "The Portege\nweighs 1.45 KG.",
        [
            {"attribute": "name", "pattern": "portege"},
            {"attribute": "weight", "pattern": r"(?=.*1\.45)(?=.*kg)"},
            {"attribute": "drive", "pattern": r"(?=.*128)(?=.*gb)"},
        ],
    )
    assert found.found == ("name", "weight")
    assert found.missing == ("drive",)
    assert found.share == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("text", "value", "there"),
    [
        ("It has a 4GB memory", "4 GB", True),
        ("It has 14 GB", "4 GB", False),
        ("It has 4.5 GB", "4 GB", False),
        ("It has 2.4 GB", "4 GB", False),
        ("a 4-gb module", "4 GB", True),
        ("costs 649 dollars.", "649 dollars", True),
        ("An Intel   Core i5 chip", "intel core i5", True),
        ("the i51 chip", "i5", False),
        ("two laptops", "laptop", True),
        ("no Bluetooth here", "bluetooth", False),
        ("it does not have any wifi", "wifi", False),
        ("not only wifi but more", "wifi", True),
        ("No frills. Wifi is there", "wifi", True),
        ("wifi isn't there", "wifi", False),
        ("fully waterproof", "water", False),
        ("in C++ today", "C++", True),
        ("a non child friendly fast food pub", "fast food", True),
        ("it does not support bluetooth", "bluetooth", False),
        ("Café Noir", "café noir", True),
        ("It weighs 900 grams.", "900 g", True),
        ("It weighs just 0.9 kg.", "900 g", True),
        ("0,9 kg leicht", "900 g", True),
        ("It weighs 0.95 kg.", "900 g", False),
        ("it does not weigh 900 g", "900 g", False),
        ("it does not weigh 0.9 kilos", "900 g", False),
        ("a 15.6-inch screen", '15.6"', True),
        ("a 15.6 inch screen", "39.624 cm", True),
        ("1,200 ml of water", "1.2 litres", True),
        ("lasts 90 minutes", "1.5 h", True),
        ("a 900 gram, 14 inch machine", "14 g", False),
        ("version 2.900 g", "900 g", False),
        ("90 per cent cotton", "90%", True),
        ("Delivery in 3 days.", "3D", False),
        ("Sold 5 in January", "5 inch", False),
        ("priced at 15 pounds", "15 lb", False),
        ("over 5G only", "5 grams", False),
        ("a 65 W charger", "65 watt", True),
        ("it is 900 metres long", "900 g", False),
        ("not available in red", "red", False),
        ("It does not come with a red cover", "red", False),
        ("in any colour except red", "red", False),
        ("2 GB instead of 8 GB", "8 GB", False),
        ("2 GB instead of 8 GB", "2 GB", True),
        ("Oak? Certainly not.", "oak", False),
        ("not only available in red", "red", True),
        ("-5 °C", "5 °C", False),
        ("from -5 to 5 °C", "5 °C", True),
        ("20 degrees Celsius", "20 °C", True),
        ("C++ and C# courses", "C", False),
        ("a C course", "C", True),
        ("an Intel® Core™ i7", "Intel Core i7", True),
        ("only €15", "15 EUR", True),
        ("only 15 €", "€15", True),
        ("for $1,200.50 a year", "1200.50 USD", True),
        ("for $15", "15 euros", False),
        ("It has three burners.", "3 burners", True),
        ("It has 3 burners.", "three burners", True),
        ("a 3-burner stove", "three burners", True),
        ("It has four burners.", "3 burners", False),
        ("It does not have three burners.", "3 burners", False),
        ("drei Brenner", "3 Brenner", True),
        ("trois brûleurs", "3 brûleurs", True),
        ("thirty-three rooms", "3 rooms", False),
        ("thirty-three rooms", "33 rooms", True),
        ("one hundred and twenty rooms", "120 rooms", True),
        ("a dozen eggs", "12 eggs", True),
        ("half a dozen eggs", "6 eggs", True),
        ("one thousand two hundred and fifty grams", "1.25 kg", True),
        ("one of the best", "1", False),
        ("one bedroom", "1 bedroom", True),
        ("2 rivers", "Two Rivers", False),
        ("three hours", "180 minutes", True),
        ("a 24-month warranty", "two years", True),
        ("Es wiegt 1.200 g.", "1200 g", True),
        ("weighs 1 200 g", "1.2 kg", True),
        ("weighs 1'200 g", "1,200 g", True),
        ("weighs 1.200 kg", "1200 g", True),
        ("weighs 1,200 kg", "1,200 g", False),
        ("weighs 0,900 kg", "900 g", True),
        ("weighs 0,900 kg", "900 kg", False),
        ("1.250,50 €", "1,250.50 EUR", True),
        ("1.250.000 people", "1250000 people", True),
        ("4,5 stars", "4.5 stars", True),
        ("on 10.1.2026", "10.1", False),
        ("Python 3.10", "Python 3.1", False),
        ("in 2024 300 people came", "300 people", True),
        ("holds 10 to 15 l", "10-15 l", True),
        ("holds between 10 and 15 l", "10–15 l", True),
        ("holds 12 l", "10-15 l", False),
        ("It has wifi. There is no wifi.", "wifi", False),
        ("Weighs 900 g. It does not weigh 900 g.", "900 g", False),
        ("Free wifi, and no wifi fees.", "wifi", True),
    ],
)
def test_values_stand_as_whole_words(text: str, value: str, there: bool) -> None:
    assert says(text, [value]) is there


def test_aliases_and_plain_strings() -> None:
    wanted = [{"attribute": "colour", "value": "grey", "aliases": ["anthracite"]}, "two years"]
    assert inclusion("An anthracite coat, two years of warranty.", wanted).share == 1
    assert inclusion("A blue coat.", wanted).missing == ("colour", "two years")


def test_yes_and_no_ask_for_the_attribute() -> None:
    yes, no = [{"attribute": "family friendly", "value": "yes"}], [{"attribute": "family friendly", "value": "no"}]
    assert inclusion("A family-friendly pub.", yes).share == 1
    assert inclusion("It is not family friendly.", yes).share == 0
    assert inclusion("It is not family friendly.", no).share == 1
    assert inclusion("A pub.", no).share == 0
    wet = [{"attribute": "waterproof", "value": "yes"}]
    assert inclusion("Waterproof? No.", wet).share == 0 and inclusion("Waterproof: no Colour: red", wet).share == 0
    assert inclusion("Waterproof: no worries when it rains.", wet).share == 1
    assert inclusion("It is anything but waterproof.", wet).share == 0
    lead = [{"attribute": "lead", "value": "no"}]
    assert inclusion("A lead-free glass.", lead).share == inclusion("It is free of lead.", lead).share == 1


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("A nice business computing laptop.", True),
        ("It is suitable for everyday and business computing.", True),
        ("A laptop that is not able to do business computing.", False),
        ("It isn't made for business computing.", False),
        ("It is not heavy, and good at business computing.", True),
    ],
)
def test_denials_within_reach(text: str, yes: bool) -> None:
    for value, there in (("yes", yes), ("no", not yes)):
        wanted = [{"attribute": "for business computing", "value": value}]
        assert inclusion(text, wanted).share == there


def test_nothing_wanted_is_all_included() -> None:
    assert inclusion("", []).share == 1


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"attribute": "a", "pattern": "("}, "must_include a.*not a regular expression"),
        ({"attribute": "a"}, "neither pattern nor value"),
        (7, "neither a text nor"),
    ],
)
def test_mistakes_name_the_attribute(entry: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        inclusion("text", [entry])
