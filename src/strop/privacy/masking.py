"""Replace personal data by surrogates, and put it back into an answer. What was replaced lives in memory only."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from strop.privacy.finding import find
from strop.privacy.known_names import KnownNames, SealedNames
from strop.privacy.name_model import NameModel
from strop.privacy.spans import KINDS, PersonalKind, Span, without_overlaps
from strop.privacy.surrogates import normalised, surrogate

LEAST_KEY = 16
"""Bytes that a key must have (shorter ones can be tried out)."""
_SHORT, _REMEMBERED = 40, 1000
"""Characters of texts, labels mostly, that come again and again, and how many of them are remembered as clean."""


class Masked(NamedTuple):
    """A text without personal data.

    ``spans`` are places in the original text, ``stand_ins`` what replaced each; ``originals`` leads back.
    """

    text: str
    spans: tuple[Span, ...]
    originals: dict[str, str]
    stand_ins: tuple[str, ...] = ()


class Looks:
    """What is found in texts that belong together, each looked at once.

    Args:
        told: :attr:`places` of an earlier look at the same texts in the same order: then none is looked at.
    """

    def __init__(self, told: Iterable[int] | None = None) -> None:
        self._told = None if told is None else iter(told)
        self._found: dict[str, list[Span]] = {}

    def of(self, text: str, find: Callable[[str], list[Span]]) -> list[Span]:
        """The pieces of personal data in a text."""
        if text not in self._found:
            self._found[text] = find(text) if self._told is None else self._remembered(text, self._told)
        return self._found[text]

    @property
    def places(self) -> list[int]:
        """Of each text how many pieces it holds, and of each of these its kind, where it begins and where it ends."""
        return [
            number
            for spans in self._found.values()
            for number in (len(spans), *(n for s in spans for n in (KINDS.index(s.kind), s.start, s.end)))
        ]

    def _remembered(self, text: str, told: Iterator[int]) -> list[Span]:
        places = [(KINDS[next(told)], next(told), next(told)) for _ in range(next(told))]
        return [Span(kind, start, end, text[start:end]) for kind, start, end in places]


class Masker:
    """Masks with one project key: the same value gets the same surrogate in every text.

    Args:
        key: at least 16 bytes.
        names: people's names from metadata columns; found wherever they stand.
        model: finds further names in running text (tier two).
        sealed: of names, where ``names`` has none, what :meth:`.known_names.KnownNames.sealed` gave with this key.
    Raises:
        ValueError: for a shorter key.
    """

    def __init__(
        self,
        key: bytes,
        *,
        names: Iterable[str] = (),
        model: NameModel | None = None,
        sealed: Collection[str] = frozenset(),
    ) -> None:
        if len(key) < LEAST_KEY:
            raise ValueError(f"a masking key has at least {LEAST_KEY} bytes, not {len(key)}")
        self._key = key
        self._known, self._model = KnownNames(names) or SealedNames(key, sealed), model
        self._clean: set[str] = set()

    def mask(self, text: str, *, also: Mapping[str, PersonalKind] | None = None, looks: Looks | None = None) -> Masked:
        """``text`` with every piece of personal data replaced.

        Args:
            text: any text.
            also: pieces known from elsewhere to be personal data, with their kind: replaced wherever they stand.
            looks: what was found in it before.
        """
        spans = self._find(text) if looks is None else looks.of(text, self._find)
        if also:
            spans = without_overlaps([*spans, *_standing(text, also)])
        if not spans:
            return Masked(text, (), {})
        originals: dict[str, str] = {}
        values: dict[str, str] = {}
        pieces: list[str] = []
        stand_ins = [self._stand_in(span, text, values) for span in spans]
        end = 0
        for span, stand_in in zip(spans, stand_ins, strict=True):
            originals.setdefault(stand_in, span.text)
            pieces += [text[end : span.start], stand_in]
            end = span.end
        pieces.append(text[end:])
        return Masked("".join(pieces), tuple(spans), originals, tuple(stand_ins))

    def unmask(self, text: str, originals: Mapping[str, str]) -> str:
        """``text`` with the surrogates replaced by what they stood for; other text is left alone."""
        putting_back = PuttingBack(originals)
        return putting_back.add(text) + putting_back.end()

    def _find(self, text: str) -> list[Span]:
        spans = [] if text in self._clean else find(text, self._known, self._model)
        if not spans and len(text) <= _SHORT and len(self._clean) < _REMEMBERED:
            self._clean.add(text)
        return spans

    def _stand_in(self, span: Span, text: str, values: dict[str, str]) -> str:
        """The surrogate of a span; another one where this text already uses it for, or holds it as, something else."""
        value = normalised(span.kind, span.text)
        for attempt in range(100):
            stand_in = surrogate(self._key, span.kind, span.text, attempt)
            if values.setdefault(stand_in, value) == value and (stand_in not in text):
                return stand_in
        raise AssertionError("one hundred surrogates in one text met")


class PuttingBack:
    """The same for a text that comes piece by piece: what may be the beginning of a surrogate waits for its end."""

    def __init__(self, originals: Mapping[str, str]) -> None:
        self._table = dict(originals)
        for stand_in, original in originals.items():
            words, plain = stand_in.split(), original.split()
            # An answer may call "Anna Berg" just "Anna".
            if len(words) == len(plain) > 1 and all(word.isalpha() for word in words):
                for word, part in zip(words, plain, strict=True):
                    self._table.setdefault(word, part)
        choices = sorted(self._table, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, choices))})(?!\w)") if choices else None
        self._longest = len(choices[0]) if choices else 0
        self._text = ""  # what waits, behind the last character that was given out
        self._given = 0  # how many characters of it were

    def add(self, piece: str) -> str:
        """What can be given out now that ``piece`` has come."""
        if self._pattern is None:
            return piece
        self._text += piece
        # What begins before this place is here in full, and so is the character that follows it.
        return self._up_to(len(self._text) - self._longest)

    def end(self) -> str:
        """The rest: nothing more will come."""
        return self._up_to(len(self._text))

    def _up_to(self, place: int) -> str:
        if self._pattern is None or place <= self._given:
            return ""
        out: list[str] = []
        at = self._given
        for match in self._pattern.finditer(self._text, at):
            if match.start() >= place:
                break
            out += [self._text[at : match.start()], self._table[match.group()]]
            at = match.end()
        end = max(place, at)
        out.append(self._text[at:end])
        self._text, self._given = self._text[end - 1 :], 1
        return "".join(out)


def _standing(text: str, pieces: Mapping[str, PersonalKind]) -> Iterator[Span]:
    """Every place where one of the pieces stands as whole words."""
    for piece, kind in pieces.items():
        if piece in text:
            for match in re.finditer(rf"(?<!\w){re.escape(piece)}(?!\w)", text):
                yield Span(kind, match.start(), match.end(), piece)
