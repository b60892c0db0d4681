"""How much a text shares with a reference: ROUGE, chrF, BLEU. Rough signals: a good answer may share little."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from strop.measure.statistics.intervals import Array

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_CHRF_ORDER = 6
_CHRF_BETA = 2
_BLEU_ORDER = 4
BLEU_COUNTS = 2 * _BLEU_ORDER + 2


def rouge_l(answer: str, references: str | Sequence[str]) -> float:
    """F1 of the longest common subsequence of words, best over the references (Lin 2004), as in rouge-score.

    Words are runs of a-z and 0-9 in lower case, no stemming. An empty side gives 0.
    """
    options = [references] if isinstance(references, str) else references
    said = rouge_words(answer)
    return max((_lcs_f1(said, rouge_words(reference)) for reference in options), default=0.0)


def rouge_n(answer: str, references: str | Sequence[str], *, n: int = 2) -> float:
    """F1 of the n-grams of words, best over the references (Lin 2004), as in rouge-score.

    Args:
        n: words a gram, at least 1.
    """
    options = [references] if isinstance(references, str) else references
    said = _grams(rouge_words(answer), n)
    return max((_gram_f1(said, _grams(rouge_words(reference), n)) for reference in options), default=0.0)


def _gram_f1(said: Counter[tuple[str, ...]], expected: Counter[tuple[str, ...]]) -> float:
    total = said.total() + expected.total()
    return 2 * (said & expected).total() / total if total else 0.0


def _grams(units: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(units[k : k + n]) for k in range(len(units) - n + 1))


def chrf(answer: str, references: str | Sequence[str]) -> float:
    """Character n-gram F2, 0 to 1, best over the references (Popović 2015), as sacrebleu's sentence chrF.

    Orders 1 to 6, no words. White space does not count; orders that neither side can fill are left out.
    """
    options = [references] if isinstance(references, str) else references
    said = "".join(answer.split())
    return max((_chrf(said, "".join(reference.split())) for reference in options), default=0.0)


def _chrf(said: str, expected: str) -> float:
    precisions, recalls = [], []
    for n in range(1, _CHRF_ORDER + 1):
        ours, theirs = _characters(said, n), _characters(expected, n)
        if ours and theirs:
            shared = (ours & theirs).total()
            precisions.append(shared / ours.total())
            recalls.append(shared / theirs.total())
    if not precisions:
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    weighted = _CHRF_BETA**2 * precision + recall
    return (1 + _CHRF_BETA**2) * precision * recall / weighted if weighted else 0.0


def _characters(text: str, n: int) -> Counter[str]:
    return Counter(text[k : k + n] for k in range(len(text) - n + 1))


def bleu(answers: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus BLEU, 0 to 1 (Papineni et al. 2002), as in sacrebleu with its 13a words and exponential smoothing.

    Args:
        answers: one text an item.
        references: the references of each item, at least one.
    Raises:
        ValueError: when lengths differ or an item has no reference.
    """
    if len(answers) != len(references) or not all(references):
        raise ValueError(f"{len(answers)} answers, {len(references)} lists of references, none of them empty")
    counts = [bleu_counts(answer, options) for answer, options in zip(answers, references, strict=True)]
    return float(bleu_of_counts(np.sum(np.array(counts), axis=0, keepdims=True))[0]) if counts else 0.0


def bleu_counts(answer: str, references: Sequence[str]) -> tuple[float, ...]:
    """What corpus BLEU sums over items: n-grams found (n = 1 to 4), n-grams said, words said, words of the reference.

    The reference counts that is nearest in length.
    """
    ours, theirs = bleu_words(answer), [bleu_words(reference) for reference in references]
    hits, totals = [], []
    for n in range(1, _BLEU_ORDER + 1):
        counts, most = _grams(ours, n), Counter[tuple[str, ...]]()
        for words in theirs:
            most |= _grams(words, n)
        hits.append((counts & most).total())
        totals.append(counts.total())
    expected = min((abs(len(words) - len(ours)), len(words)) for words in theirs)[1]
    return tuple(map(float, (*hits, *totals, len(ours), expected)))


def bleu_of_counts(sums: Array) -> Array:
    """BLEU, 0 to 1, from summed :func:`bleu_counts`, one row a sample; an order without a hit is smoothed."""
    hits, totals = sums[:, :_BLEU_ORDER], sums[:, _BLEU_ORDER : 2 * _BLEU_ORDER]
    said, expected = sums[:, -2], sums[:, -1]
    there = (totals > 0).all(axis=1) & (hits > 0).any(axis=1)
    missed = 2.0 ** (hits <= 0).cumsum(axis=1)
    shares = np.where(hits > 0, hits, 1 / missed) / np.where(totals > 0, totals, 1)
    brevity = np.minimum(0.0, 1 - expected / np.where(said > 0, said, 1))
    return np.asarray(np.where(there, np.exp(brevity + np.log(shares).mean(axis=1)), 0.0))


_ENTITIES = (("<skipped>", ""), ("-\n", ""), ("\n", " "), ("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_SPLITS = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def bleu_words(text: str) -> list[str]:
    """The tokens of mteval-v13a, which BLEU counts."""
    for old, new in _ENTITIES:
        text = text.replace(old, new)
    text = f" {text} "
    for pattern, spaced in _SPLITS:
        text = pattern.sub(spaced, text)
    return text.split()


def rouge_words(text: str) -> list[str]:
    """The tokens that ROUGE counts."""
    return _NOT_WORD.sub(" ", text.lower()).split()


def _lcs_f1(said: list[str], expected: list[str]) -> float:
    if not said or not expected:
        return 0.0
    return 2 * lcs_length(said, expected) / (len(said) + len(expected))


def lcs_length(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, one bit a word of ``a`` (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for position, word in enumerate(a):
        places[word] = places.get(word, 0) | 1 << position
    full = (1 << len(a)) - 1
    row = full
    for word in b:
        match = row & places.get(word, 0)
        row = ((row + match) | (row - match)) & full
    return len(a) - row.bit_count()
