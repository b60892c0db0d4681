import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from strop.measure.answers.overlap import bleu, bleu_words, chrf, lcs_length, rouge_l, rouge_n

words = st.text(alphabet="ab c1.A-é ", max_size=40)
scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)


@given(words, words)
def test_rouge_equals_rouge_score(answer: str, reference: str) -> None:
    theirs = scorer.score(reference, answer)
    assert rouge_l(answer, reference) == pytest.approx(theirs["rougeL"].fmeasure)
    assert rouge_n(answer, reference, n=1) == pytest.approx(theirs["rouge1"].fmeasure)
    assert rouge_n(answer, reference) == pytest.approx(theirs["rouge2"].fmeasure)


@given(words, st.lists(words, min_size=1, max_size=3))
def test_chrf_equals_sacrebleu(answer: str, references: list[str]) -> None:
    assert chrf(answer, references) == pytest.approx(sacrebleu.sentence_chrf(answer, references).score / 100)


sentences = st.text(alphabet='ab c1.,A-"&', max_size=60)


@given(st.lists(st.tuples(sentences, sentences, sentences), min_size=1, max_size=4))
def test_bleu_equals_sacrebleu(rows: list[tuple[str, str, str]]) -> None:
    answers = [answer for answer, _, _ in rows]
    theirs = sacrebleu.corpus_bleu(answers, [[a for _, a, _ in rows], [b for _, _, b in rows]], force=True)
    assert bleu(answers, [[a, b] for _, a, b in rows]) == pytest.approx(theirs.score / 100, abs=1e-9)


def test_bleu_of_real_sentences() -> None:
    answer = 'The coat (size M) costs $1,299.00 - "warm", dry & light.'
    reference = 'The coat, size M, costs $1,299.00: "warm", dry &amp; light.'
    assert 0.3 < bleu([answer], [[reference]]) < 0.9
    assert bleu([answer], [[reference]]) == pytest.approx(sacrebleu.corpus_bleu([answer], [[reference]]).score / 100)
    assert bleu([answer], [[answer]]) == pytest.approx(1)
    assert bleu_words("1,299.00 a,b") == ["1,299.00", "a", ",", "b"]
    with pytest.raises(ValueError, match="none of them empty"):
        bleu(["a"], [[]])


def test_the_best_reference_counts() -> None:
    assert rouge_l("the cat sat", ["a dog", "the cat sat down"]) == rouge_l("the cat sat", "the cat sat down") > 0.8
    assert rouge_l("x", []) == rouge_l("", "x") == rouge_n("x", []) == chrf("x", []) == chrf("", "x") == 0
    assert lcs_length("abcbdab", "bdcaba") == 4
