from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from strop.measure.overlap import lcs_length, rouge_l

words = st.text(alphabet="ab c1.A-é ", max_size=40)
scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


@given(words, words)
def test_rouge_l_equals_rouge_score(answer: str, reference: str) -> None:
    assert abs(rouge_l(answer, reference) - scorer.score(reference, answer)["rougeL"].fmeasure) < 1e-12


def test_the_best_reference_counts() -> None:
    assert rouge_l("the cat sat", ["a dog", "the cat sat down"]) == rouge_l("the cat sat", "the cat sat down") > 0.8
    assert rouge_l("x", []) == rouge_l("", "x") == 0
    assert lcs_length("abcbdab", "bdcaba") == 4
