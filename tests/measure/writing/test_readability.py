import pytest

from strop.measure.writing.readability import flesch_kincaid_grade, flesch_reading_ease, lix, syllables, text_size


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cat", 1), ("table", 2), ("the", 1), ("make", 1), ("walked", 1), ("wanted", 2), ("boxes", 2), ("makes", 1),
        ("reading", 2), ("syllable", 3), ("apple", 2), ("be", 1), ("beautiful", 3), ("rhythm", 1), ("waterproof", 3),
        ("little", 2), ("needed", 2), ("jacket", 2),
    ],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_by_hand() -> None:
    text = "The cat sat on the mat. It was happy!"
    assert text_size(text) == (2, 9, 10, 0)
    assert flesch_reading_ease(text) == pytest.approx(206.835 - 1.015 * 4.5 - 84.6 * 10 / 9)
    assert flesch_kincaid_grade(text) == pytest.approx(0.39 * 4.5 + 11.8 * 10 / 9 - 15.59)
    assert lix("A wonderful waterproof jacket. Yes.") == pytest.approx(5 / 2 + 100 * 2 / 5)


def test_harder_texts_read_harder() -> None:
    easy = "We go out. It is wet. The coat is dry. You are warm."
    hard = "Notwithstanding environmental precipitation, thermoregulatory garments maintain habitability considerably."
    assert flesch_reading_ease(easy) > 90 > 10 > flesch_reading_ease(hard)
    assert flesch_kincaid_grade(easy) < 2 < 15 < flesch_kincaid_grade(hard)
    assert lix(easy) < 20 < 60 < lix(hard)


def test_no_words() -> None:
    assert flesch_reading_ease("...") == flesch_kincaid_grade("") == lix("") == 0
