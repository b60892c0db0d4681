import pytest

from strop.measure.writing.keywords import keyword_check, keyword_score, keyword_use, keywords_inside

WINDOW = {"term": "laptop", "min_count": 1, "max_count": 2, "min_density": 0.02, "max_density": 0.3}


def test_counts_whole_words_with_plural_in_any_case() -> None:
    use = keyword_use("Laptop, laptops and a laptopish 4.5 GB thing.", "laptop")
    assert (use.times, use.words) == (2, 8)
    assert use.density == pytest.approx(2 / 8)


def test_density_counts_the_words_of_the_term() -> None:
    use = keyword_use("rain jacket and rain\njackets", "rain jacket")
    assert (use.times, use.words, use.density) == (2, 5, pytest.approx(4 / 5))


def test_terms_with_signs() -> None:
    assert keyword_use("We use C++ and C.", "C++").times == 1
    assert keyword_use("", "x").density == 0


def test_the_window_says_why() -> None:
    assert keyword_check("a fine laptop of two kilos", WINDOW).inside
    few = keyword_check("a fine machine", WINDOW)
    assert not few.inside
    assert "count 0 is below 1" in few.why
    many = keyword_check("laptop laptop laptop laptop", WINDOW)
    assert many.stuffing == pytest.approx(1 / 0.3 - 1)
    assert "above" in many.why


def test_stuffing_earns_less_the_worse_it_is() -> None:
    fine, more, most = (
        keyword_score(text, [WINDOW])
        for text in ("a laptop for you and me", "laptop laptop laptop and some more words here now", "laptop " * 9)
    )
    assert fine == 1 > more > most > 0
    assert keyword_score("nothing of it", [WINDOW]) == 0
    assert keywords_inside("a laptop for you and me", [WINDOW, {"term": "shoe", "min_count": 1}]) == 0.5
    assert keywords_inside("", []) == keyword_score("", []) == 1


@pytest.mark.parametrize(
    "window", [{}, {"term": " "}, {"term": "a", "min_count": "two"}, {"term": "a", "max_count": True}]
)
def test_mistakes(window: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="keywords"):
        keyword_check("a", window)
