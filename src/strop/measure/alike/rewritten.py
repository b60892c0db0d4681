"""Which texts are others rewritten: their words in another order, a part of them, or they and more.

Three looks, each over all texts at once and linear in their words: the same bag of words; a text that stands as a whole
in another (its rarest run of words is the anchor); and texts that share three of each one's rarest words, of which one
has all the words of the other. How much a word says is told by how rare it is (Spärck Jones 1972): nothing, where all
texts have it, up to 1, where one has.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strop.measure.alike.near import is_in
from strop.measure.alike.ragged import Ragged
from strop.measure.alike.shingled import sorted_distinct

_RUN: Final = 3
"""Words of a run that anchors a text: shorter texts stand nowhere."""
_RAREST: Final = 5
_BITS: Final = 16
"""Of a word's 32, those by which it is looked up."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MARKS: Final = 4
"""Columns of 64 bits that tell most texts apart from those that have all their words and more."""
_CLOSE: Final = 32
"""Places of one run, or texts of one key, that are looked at where one find is enough."""
_MANY: Final = 2_000
"""Places where each find counts: so many texts may hold one of the others."""
Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]


class Rewritten(NamedTuple):
    """Text ``text`` is text ``of`` rewritten; the shorter one has ``share`` of the longer one's words."""

    text: int
    of: int
    share: float


class Least(NamedTuple):
    """What the common words have to say: the same words, a part that stands in a row, a whole with more around it, and
    a part whose words stand in any order."""

    same: float = 0.6
    part: float = 1.2
    whole: float = 2.1
    scattered: float = 3.5

    def times(self, factor: float) -> Least:
        """All of them higher by a factor."""
        return Least(*(limit * factor for limit in self))


def rewritten(
    texts: Ragged, others: Ragged, *, least: Least, share: float = 0.5, keys: tuple[Hashes, Hashes] | None = None
) -> list[Rewritten]:
    """The texts that are one of the others rewritten, each with that one, in order.

    Args:
        texts: where to look; their words as numbers (see ``quoted.word_hashes``).
        others: what they may be made from.
        least: what their common words have to say.
        share: of the longer text's words, those that the shorter one must have, but for a whole with more around it.
        keys: one for each text and other; only those of one key are compared.
    """
    if not len(texts) or not len(others):
        return []
    words, count = _numbered(np.concatenate([texts.values, others.values]))
    mine = _Bags(words[: len(texts.values)], texts, keys[0] if keys else None)
    theirs = _Bags(words[len(texts.values) :], others, keys[1] if keys else None)
    told = _told(mine, theirs, count)
    mine.weigh(told)
    theirs.weigh(told)
    runs, held = mine.runs(), theirs.runs()
    runs = runs.those(is_in(runs.hashes, held.hashes))  # all others stand in one of the two only
    found: dict[int, Rewritten] = {}
    for text, of, part in (
        *_same(mine, theirs, least.same),
        *_standing(mine, theirs, (runs, held), least.part, share, places_each=_CLOSE),
        *(
            (text, of, part)
            for of, text, part in _standing(theirs, mine, (held, runs), least.whole, 0.0, places_each=_MANY)
        ),
        *_scattered(mine, theirs, least.scattered, share),
    ):
        if text not in found or part > found[text].share:
            found[text] = Rewritten(text, of, part)
    return [found[text] for text in sorted(found)]


def _numbered(words: npt.NDArray[Any]) -> tuple[Numbers, int]:
    """Each word's place among all of them in order, and how many there are.

    A table by the first bits of a word tells nearly where it stands: looking there takes a fifth of a search's time.
    """
    known = sorted_distinct(words)
    first = np.bincount(known >> np.uint32(32 - _BITS), minlength=1 << _BITS)
    table = np.cumsum(first) - first
    places = table[words >> np.uint32(32 - _BITS)]
    wrong = np.flatnonzero(known[places] != words)
    while len(wrong):
        places[wrong] += 1
        wrong = wrong[known[places[wrong]] != words[wrong]]
    return places, len(known)


class _Runs(NamedTuple):
    """Words in a row: a hash of each :data:`_RUN` of them, with the key of their text, and where they begin."""

    hashes: Hashes
    places: Numbers

    def those(self, chosen: npt.NDArray[np.bool_]) -> _Runs:
        return _Runs(self.hashes[chosen], self.places[chosen])


class _Bags:
    """The words of many texts as numbers from 0 on, one after the other, and a key of each text."""

    def __init__(self, words: Numbers, texts: Ragged, keys: Hashes | None) -> None:
        self.count = len(texts)
        self.words, self.sizes, self.starts = words, texts.sizes, texts.starts
        self.rows = texts.owners()
        self.keys: Hashes = np.zeros(self.count, dtype=np.uint64) if keys is None else keys

    def weigh(self, told: Reals) -> None:
        """Note what each word says, and what each text says."""
        self.told = told
        self.says = np.bincount(self.rows, told[self.words], minlength=self.count)

    def marks(self, texts: Numbers) -> Hashes:
        """Some bits of each of these texts (texts × :data:`_MARKS`), of each of its words one in every column."""
        some, places = np.unique(texts, return_inverse=True)
        words = Ragged(self.words, self.sizes)[some]
        found = np.zeros((len(some), _MARKS), dtype=np.uint64)
        hashes, filled = _mixed(words.values.astype(np.uint64)), words.sizes > 0
        for column in range(_MARKS if filled.any() else 0):
            bits = np.uint64(1) << (hashes >> np.uint64(6 * column) & np.uint64(63))
            found[filled, column] = np.bitwise_or.reduceat(bits, words.starts[:-1][filled])
        return found[places]

    def of(self, text: int) -> Numbers:
        """The words of one text."""
        return self.words[self.starts[text] : self.starts[text + 1]]

    def runs(self) -> _Runs:
        """All words in a row that lie inside one text."""
        places = np.arange(max(len(self.words) - _RUN + 1, 0))
        inside = places + _RUN <= self.starts[self.rows[places] + 1] if len(places) else np.zeros(0, dtype=bool)
        places = places[inside]
        total = self.keys[self.rows[places]].copy()
        for offset in range(_RUN):
            total = _mixed(total * _PRIME + self.words[places + offset].astype(np.uint64))
        return _Runs(total, places)


def _told(mine: _Bags, theirs: _Bags, words: int) -> Reals:
    """What each word says: the log of one over the share of texts that have it, against that of a word of one text."""
    counts = np.zeros(words, dtype=np.int64)
    for bags in (mine, theirs):
        pairs = sorted_distinct(bags.rows * words + bags.words, nearly=True)
        counts += np.bincount(pairs % words, minlength=words)
    every = mine.count + theirs.count + 1
    return np.asarray(np.log(every / (counts + 1)) / np.log(every))


def _same(mine: _Bags, theirs: _Bags, least: float) -> list[tuple[int, int, float]]:
    """Texts with the same words, whatever their order: the sum of the words' hashes is the bag's."""
    sums = []
    for bags in (mine, theirs):
        total = np.zeros(len(bags.words) + 1, dtype=np.uint64)
        np.cumsum(_mixed(bags.words.astype(np.uint64) + np.uint64(1)), out=total[1:])
        sums.append(_mixed((total[bags.starts[1:]] - total[bags.starts[:-1]]) ^ bags.keys))
    chosen = np.flatnonzero((theirs.says >= least) & (theirs.sizes > 1))
    there, places = np.unique(sums[1][chosen], return_index=True)
    same = np.flatnonzero(is_in(sums[0], there))
    of = chosen[places[np.searchsorted(there, sums[0][same])]]
    return [(n, other, 1.0) for n, other in zip(same.tolist(), of.tolist(), strict=True)]


def _standing(
    small: _Bags, large: _Bags, both: tuple[_Runs, _Runs], least: float, share: float, *, places_each: int
) -> list[tuple[int, int, float]]:
    """(small, large, part of the large one's words) of those small ones that stand, words in order, in a large one.

    ``both``: the runs of the two, of one at least those that the other has. Of a text's rarest run so many places are
    looked at.
    """
    runs, places = both[0]
    order = np.argsort(both[1].hashes, kind="stable")
    there, spots = both[1].hashes[order], both[1].places[order]
    own = small.rows[places]
    # A text stands somewhere if each of its runs does.
    whole = np.bincount(own, is_in(runs, there), minlength=small.count) >= np.maximum(small.sizes - _RUN + 1, 1)
    chosen = (whole & (small.says >= least))[own]
    runs, places, own = runs[chosen], places[chosen], own[chosen]
    low, high = np.searchsorted(there, runs, side="left"), np.searchsorted(there, runs, side="right")
    begins = np.flatnonzero(np.append(True, own[1:] != own[:-1])) if len(own) else np.zeros(0, dtype=np.int64)
    found = []
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(own)], strict=False):
        anchor = begin + int(np.argmin(high[begin:end] - low[begin:end]))
        text = int(own[anchor])
        words, before = small.of(text), int(places[anchor] - small.starts[text])
        for spot in spots[low[anchor] : min(high[anchor], low[anchor] + places_each)].tolist():
            start, other = spot - before, int(large.rows[spot])
            if start < large.starts[other] or start + len(words) > large.starts[other + 1]:
                continue
            part = len(words) / int(large.sizes[other])
            if part >= share and np.array_equal(large.words[start : start + len(words)], words):
                found.append((text, other, part))
    return found


def _scattered(mine: _Bags, theirs: _Bags, least: float, share: float) -> list[tuple[int, int, float]]:
    """Pairs of which one has all the words of the other, in any order, and not many more."""
    common = np.bincount(theirs.words, minlength=len(mine.told))
    common[np.bincount(mine.words, minlength=len(mine.told)) == 0] = 0
    rank = np.empty_like(common)
    rank[np.lexsort((np.arange(len(common)), common))] = np.arange(len(common))
    keys, texts = _threes(mine, common, rank, least)
    there, others = _threes(theirs, common, rank, least)
    shared = is_in(keys, there)
    keys, texts = keys[shared], texts[shared]
    order = np.argsort(there, kind="stable")
    there, others = there[order], others[order]
    low, high = np.searchsorted(there, keys, side="left"), np.searchsorted(there, keys, side="right")
    high = np.minimum(high, low + _CLOSE)
    hits = np.flatnonzero(high > low)
    width = theirs.count
    codes = [
        texts[hits[low[hits] + step < high[hits]]] * width + others[(low[hits] + step)[low[hits] + step < high[hits]]]
        for step in range(int((high - low).max(initial=0)))
    ]
    if not codes:
        return []
    pairs = np.stack(np.divmod(sorted_distinct(np.concatenate(codes)), max(width, 1)), axis=1)
    pairs = pairs[_may_be_within(mine.marks(pairs[:, 0]), theirs.marks(pairs[:, 1]))]
    found = []
    for text, of in pairs.tolist():
        small, large = (
            (mine.of(text), theirs.of(of)) if mine.sizes[text] <= theirs.sizes[of] else (theirs.of(of), mine.of(text))
        )
        part = len(small) / len(large)
        if part >= share and _within(small, large):
            found.append((text, of, part))
    return found


def _threes(bags: _Bags, common: Numbers, rank: Numbers, least: float) -> tuple[Hashes, Numbers]:
    """A hash for each three of those words of a text that the others have least often, and its text.

    Words that one side does not have at all are nothing that a text has in common with the other.

    Args:
        bags: the texts.
        common: how often the others have each word.
        rank: the words' order by that.
        least: what a text has to say.
    """
    chosen = (bags.says[bags.rows] >= least) & (common[bags.words] > 0)
    rows, words = np.divmod(
        sorted_distinct(bags.rows[chosen] * len(rank) + rank[bags.words[chosen]], nearly=True), max(len(rank), 1)
    )
    if not len(rows):
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    begins = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    sizes = np.diff(np.append(begins, len(rows)))
    hashes, texts = [], []
    for three in combinations(range(_RAREST), 3):
        full = begins[sizes > three[-1]]
        total = bags.keys[rows[full]].copy()
        for place in three:  # the rarer one first, in each text
            total = _mixed(total * _PRIME + words[full + place].astype(np.uint64))
        hashes.append(total)
        texts.append(rows[full])
    return np.concatenate(hashes), np.concatenate(texts)


def _may_be_within(one: Hashes, other: Hashes) -> npt.NDArray[np.bool_]:
    """Of which pairs one text may have all words of the other, by their marks."""
    return np.asarray(~(one & ~other).any(axis=1) | ~(other & ~one).any(axis=1))


def _within(small: Numbers, large: Numbers) -> bool:
    """Whether the large one has every word of the small one, as often."""
    words, counts = np.unique(small, return_counts=True)
    have, there = np.unique(large, return_counts=True)
    places = np.minimum(np.searchsorted(have, words), len(have) - 1)
    return bool(np.all(have[places] == words) and np.all(there[places] >= counts))


def _mixed(values: Hashes) -> Hashes:
    """The finaliser of splitmix64."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
