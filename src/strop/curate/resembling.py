"""Which rows have similar texts, looked for once in all rows of a run; of an addition only the new ones are compared.

``duplicates`` asks for the pairs within and between parts of the rows again and again; all are parts of what is found
here. Where too many rows share all that is compared, nothing is found here, and each part is searched by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strop.curate.comparing import SHORT, Comparison
from strop.curate.drafts import Draft
from strop.curate.kept import DIGEST, Arrays, Kept, Lines, digest, digests
from strop.curate.kept import MOST as KEPT
from strop.curate.speaking import round_number
from strop.measure.near import LONG, Numbers, Pair, canonical_text, paired
from strop.measure.near_kept import Collection, collected, common_keys, part_of, signed_texts

MOST: Final = 100_000
"""Rows up to which all are searched at once. With more, no row speaks for the labels of others (``doubts``), so nobody
asks for a part of them again, and what was compared need not be held."""


class _Text(NamedTuple):
    """What stands for the text of a row: a digest, equal for equal texts, and its length."""

    name: bytes
    characters: int
    words: int


class _Search(NamedTuple):
    """Texts that were compared with each other, by name, and what was found; None where nothing can be said."""

    place: dict[bytes, int]
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
        self._rows = sorted(rows, key=lambda row: row.number)
        found = kept.of_rows(
            "texts", compare.kind, len(rows), (row.identity.encode() for row in self._rows), self._texts
        )
        lines = zip(digests(found["name"]), found["characters"].tolist(), found["words"].tolist(), strict=True)
        self._texts_of = [_Text(*line) for line in lines]
        self._of = {row.number: text for row, text in zip(self._rows, self._texts_of, strict=True)}
        self._characters, self._words = found["characters"], found["words"]
        self._searched: dict[tuple[float, bool], _Search] = {}

    def is_short(self, row: Draft) -> bool:
        """Whether a lost word makes a text much less similar."""
        return self._of[row.number].characters <= SHORT

    def pairs(self, rows: Sequence[Draft], against: Sequence[Draft] | None, threshold: float) -> list[Pair] | None:
        """As ``near_duplicates`` of the texts of these rows; None where they must be searched by themselves.

        Below the usual threshold only short texts are compared.
        """
        texts = [self._of[row.number] for row in (*rows, *(against or ()))]
        classes = [(long, self._search(threshold, long=long)) for long in (False, True)]
        if any(search.found is None for _, search in classes):
            return None
        split = None if against is None else len(rows)

        def similar(heads: Numbers) -> list[tuple[int, int, float]]:
            chosen = heads.tolist()
            return [pair for long, one in classes for pair in _among(one, texts, chosen, split, long=long)]

        return paired([text.name if text.words else b"" for text in texts], split, similar)

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
        held: dict[bytes, Draft] = {}
        for number in np.flatnonzero(fits).tolist():
            held.setdefault(self._texts_of[number].name, self._rows[number])
        names, rows = list(held), list(held.values())

        def text_at(number: int) -> str:
            return canonical_text(self._compare.text(rows[number]))

        how, step = [self._compare.kind, threshold], f"near {threshold:.4f} {'words' if long else 'characters'}"
        first = names[: round_number(len(names))]
        signed: list[npt.NDArray[np.uint32]] = []  # signatures take longest, so they are made once

        def common_ones() -> Arrays:
            texts = [text_at(n) for n in range(len(first))]
            signed.append(signed_texts(texts, long=long, by_figures=self._compare.closed))
            return {"keys": common_keys(signed[0], threshold)}

        made_from = [how, hashlib.sha256(b"".join(first)).hexdigest()]
        common = self._kept.once(f"common {step}", made_from, common_ones)["keys"]
        made_from = [how, hashlib.sha256(common.tobytes()).hexdigest()]
        before = self._kept.look_up(step, made_from)
        order, known = _known(names, before)
        names, rows = [names[n] for n in order], [rows[n] for n in order]
        made = signed[0] if signed and known is None else None
        found = collected(
            len(names),
            text_at,
            threshold,
            common,
            long=long,
            before=known,
            signed=made,
            by_figures=self._compare.closed,
        )
        if found is not None and (known is None or len(known.signed) < len(names)):
            everything = np.frombuffer(b"".join(names), dtype=np.uint8)
            self._kept.keep(step, made_from, {**found._asdict(), "names": everything})
        return _Search({name: n for n, name in enumerate(names)}, found)


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


def _among(
    search: _Search, texts: Sequence[_Text], heads: Sequence[int], split: int | None, *, long: bool
) -> Iterator[tuple[int, int, float]]:
    """The similar pairs among these texts that were compared in this way; across ``split`` only, where there is one."""
    assert search.found is not None
    if not search.place:
        return
    at: dict[int, list[int]] = {}
    for head in heads:
        if (place := search.place.get(texts[head].name)) is not None:
            at.setdefault(place, []).append(head)
    similar = [
        (i, j, similarity)
        for (one, other), similarity in zip(search.found.pairs.tolist(), search.found.similarity.tolist(), strict=True)
        if one in at and other in at
        for i in at[one]
        for j in at[other]
    ]
    similar += [(heads_of[0], heads_of[1], 1.0) for heads_of in at.values() if len(heads_of) == 2]
    for i, j, similarity in similar:
        both_long = texts[i].words >= LONG and texts[j].words >= LONG
        if both_long is long and (split is None or (i < split) != (j < split)):
            yield min(i, j), max(i, j), similarity
