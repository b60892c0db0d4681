"""Which rows have similar texts, looked for once in all rows of a run; of an addition only the new ones are compared.

``duplicates`` asks for the pairs within and between parts of the rows again and again; all are parts of what is found
here, without those that cannot be alike. Where too many rows share all that is compared, nothing is found here, and
each part is searched by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strop.curate.alike.apart import may_be_alike
from strop.curate.alike.comparing import SHORT, Comparison
from strop.curate.drafts import Draft, names, numbers_of
from strop.curate.finding.speaking import step_below
from strop.curate.kept import DIGEST, Arrays, Kept, Lines, digest, digests
from strop.curate.kept import MOST as KEPT
from strop.measure.alike.near import LONG, Pair, canonical_text
from strop.measure.alike.near_kept import Collection, collected, common_keys, part_of, signed_texts
from strop.measure.alike.shingled import Numbers

MOST: Final = 100_000
"""Rows up to which all are searched at once. With more, no row speaks for the labels of others (``doubts``), so nobody
asks for a part of them again, and what was compared need not be held."""


class _Search(NamedTuple):
    """Distinct texts that were compared with each other, by number, and what was found; None where nothing can be
    said."""

    texts: Numbers
    found: Collection | None


class Resembling:
    """The similar pairs among all rows of a run.

    Args:
        rows: all rows, with their identities.
        compare: how rows are compared.
        kept: what was found out before.
        key: the project key.
    """

    def __init__(self, rows: Sequence[Draft], compare: Comparison, kept: Kept, key: bytes) -> None:
        self._compare, self._key = compare, key
        self._kept = kept if len(rows) <= KEPT else Kept()
        self._rows = sorted(rows, key=attrgetter("number"))
        found = kept.of_rows("texts", compare.kind, len(rows), names(self._rows), self._texts)
        self._names = digests(found["name"])
        self._characters, self._words = found["characters"], found["words"]
        number: dict[bytes, int] = {}  # of each text: equal ones share it
        self._text = np.array([number.setdefault(name, len(number)) for name in self._names], dtype=np.int64)
        self._first = np.full(len(number), -1, dtype=np.int64)
        self._first[self._text[::-1]] = np.arange(len(self._rows))[::-1]
        self._numbers = numbers_of(self._rows)
        self._searched: dict[tuple[float, bool], _Search] = {}

    def short(self, rows: Sequence[Draft]) -> list[int]:
        """Positions of the rows whose texts a lost word makes much less similar."""
        found: list[int] = np.flatnonzero(self._characters[self._places(rows)] <= SHORT).tolist()
        return found

    def pairs(self, rows: Sequence[Draft], against: Sequence[Draft] | None, threshold: float) -> list[Pair] | None:
        """As ``near_duplicates`` of the texts of these rows, without pairs that cannot be alike however similar
        (``apart``); None where they must be searched by themselves.

        Below the usual threshold only short texts are compared.
        """
        classes = [(long, self._search(threshold, long=long)) for long in (False, True)]
        if any(search.found is None for _, search in classes):
            return None
        mine = _Heads(self._text[self._places(rows)], len(self._first))
        theirs = mine if against is None else _Heads(self._text[self._places(against)], len(self._first))
        found: set[Pair] = set()
        if against is None:
            some = np.flatnonzero(mine.repeats & (self._words[self._first[mine.texts]] > 0))
            heads = mine.first[mine.texts[some]]
            found.update(Pair(i, j, 1.0) for i, j in zip(heads.tolist(), some.tolist(), strict=True))
        for long, search in classes:
            for one, other, similarity in self._among(search, mine, theirs, long=long):
                if against is None:
                    found.add(Pair(min(one, other), max(one, other), similarity))
                else:
                    found.update(Pair(member, other, similarity) for member in mine.all_like(one))
        return sorted(found)

    def _among(self, search: _Search, mine: _Heads, theirs: _Heads, *, long: bool) -> Iterator[tuple[int, int, float]]:
        """The similar pairs of the first rows of each text, one of mine and one of theirs, that were compared in this
        way."""
        assert search.found is not None
        pairs, similarity = search.texts[search.found.pairs], search.found.similarity
        if mine is not theirs:  # across the two, equal texts are similar, too
            same = np.stack([search.texts, search.texts], axis=1)
            pairs = np.concatenate([pairs, pairs[:, ::-1], same])
            similarity = np.concatenate([similarity, similarity, np.ones(len(same))])
        both_long = (self._words[self._first[pairs]] >= LONG).all(axis=1)
        i, j = mine.first[pairs[:, 0]], theirs.first[pairs[:, 1]]
        there = (i >= 0) & (j >= 0) & (both_long == long)
        return zip(i[there].tolist(), j[there].tolist(), similarity[there].tolist(), strict=True)

    def _places(self, rows: Sequence[Draft]) -> Numbers:
        return np.searchsorted(self._numbers, numbers_of(rows))

    def _texts(self, positions: Sequence[int]) -> Lines:
        texts = [self._compare.text(self._rows[n]) for n in positions]
        plain = [canonical_text(text) for text in texts]
        names = b"".join(digest(self._key, text) for text in plain)
        return {
            "name": np.frombuffer(names, dtype=np.uint8).reshape(len(plain), DIGEST),
            "characters": np.array([len(text) for text in texts], dtype=np.int64),
            "words": np.array([text.count(" ") + 1 if text else 0 for text in plain], dtype=np.int64),
        }

    def _search(self, threshold: float, *, long: bool) -> _Search:
        if (known := self._searched.get((threshold, long))) is None:
            known = self._searched[threshold, long] = self._searched_anew(threshold, long=long)
        return known

    def _searched_anew(self, threshold: float, *, long: bool) -> _Search:
        fits = self._words >= LONG if long else (self._words > 0) & (self._words < LONG / threshold)
        if threshold < self._compare.threshold:
            fits &= self._characters <= SHORT
        some = np.flatnonzero(fits)
        places = some[np.sort(np.unique(self._text[some], return_index=True)[1])]
        texts = self._text[places]
        own, rows = [self._names[n] for n in places.tolist()], [self._rows[n] for n in places.tolist()]

        def text_at(number: int) -> str:
            return canonical_text(self._compare.text(rows[number]))

        how, step = [self._compare.kind, threshold], f"near {threshold:.4f} {'words' if long else 'characters'}"
        first = own[: step_below(len(own))]
        signed: list[npt.NDArray[np.uint32]] = []  # signatures take longest, so they are made once

        def common_ones() -> Arrays:
            texts = [text_at(n) for n in range(len(first))]
            signed.append(signed_texts(texts, long=long, by_figures=self._compare.closed))
            return {"keys": common_keys(signed[0], threshold)}

        made_from = [how, hashlib.sha256(b"".join(first)).hexdigest()]
        common = self._kept.once(f"common {step}", made_from, common_ones)["keys"]
        made_from = [how, hashlib.sha256(common.tobytes()).hexdigest()]
        before = self._kept.look_up(step, made_from)
        order, known = _known(own, before)
        own, rows, texts = [own[n] for n in order], [rows[n] for n in order], texts[order]
        found = collected(
            len(own),
            text_at,
            threshold,
            common,
            long=long,
            before=known or (signed[0] if signed else None),
            by_figures=self._compare.closed,
            wanted=lambda pairs: may_be_alike(pairs, lambda n: self._compare.asked(rows[n]), self._compare.threshold),
        )
        if found is not None and (known is None or len(known.signed) < len(own)):
            everything = np.frombuffer(b"".join(own), dtype=np.uint8)
            self._kept.keep(step, made_from, {**found._asdict(), "names": everything})
        return _Search(texts, found)


class _Heads:
    """Some rows by their texts.

    Args:
        texts: the number of each row's text.
        count: how many texts there are.
    """

    def __init__(self, texts: Numbers, count: int) -> None:
        self.texts = texts
        self.first = np.full(count, -1, dtype=np.int64)
        self.first[texts[::-1]] = np.arange(len(texts))[::-1]
        self.repeats = self.first[texts] != np.arange(len(texts))

    def all_like(self, row: int) -> list[int]:
        """The positions of the rows with the text of this one."""
        order, ordered = self._in_order
        begin, end = (
            np.searchsorted(ordered, self.texts[row], "left"),
            np.searchsorted(ordered, self.texts[row], "right"),
        )
        found: list[int] = order[begin:end].tolist()
        return found

    @cached_property
    def _in_order(self) -> tuple[Numbers, Numbers]:
        order = np.argsort(self.texts, kind="stable")
        return order, self.texts[order]


def _known(names: Sequence[bytes], before: Arrays | None) -> tuple[list[int], Collection | None]:
    """The texts in an order that begins with those that are known, and what is known of these."""
    if before is None:
        return list(range(len(names))), None
    known = Collection(*(np.asarray(before[name]) for name in Collection._fields))
    if b"".join(names[: len(known.signed)]) == before["names"].tobytes():  # rows were added behind the others
        return list(range(len(names))), known
    place = {name: n for n, name in enumerate(names)}
    held = [place.get(name, -1) for name in digests(before["names"])]
    there = np.array([n for n, at in enumerate(held) if at >= 0], dtype=np.int64)
    old = [at for at in held if at >= 0]
    new = set(range(len(names))) - set(old)
    return [*old, *sorted(new)], known if len(there) == len(held) else part_of(known, there)
