"""Is a word spelt right? By a Hunspell dictionary (hunspell(5)): its words, and the forms that its affixes make.

Read are flags of one sign, two signs and numbers, aliases of flags (``AF``), prefixes and suffixes with conditions,
both at once, and a suffix on a suffix; words that need an affix, stand in compounds only or are forbidden. A dictionary
that puts words together by flags, as German ones do, is refused: each of its compounds would be called a mistake.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

_COMPOUNDS = ("COMPOUNDFLAG", "COMPOUNDBEGIN", "COMPOUNDMIDDLE", "COMPOUNDEND", "COMPOUNDLAST")
_SPECIAL = ("NEEDAFFIX", "ONLYINCOMPOUND", "FORBIDDENWORD", "PSEUDOROOT")


class Affix(NamedTuple):
    """A rule: in words that bear ``flag`` and meet ``condition``, ``add`` takes the place of ``strip``.

    ``both``: it goes together with one at the other end. ``flags``: those that the form bears in turn.
    """

    flag: str
    both: bool
    strip: str
    add: str
    condition: re.Pattern[str]
    flags: frozenset[str]


class Dictionary:
    """The words of a Hunspell dictionary.

    Args:
        aff: the text of its file of affixes.
        dic: the text of its file of words.
    Raises:
        ValueError: where it puts words together by flags, or a line of affixes cannot be read.
    """

    def __init__(self, aff: str, dic: str) -> None:
        lines = [line.split() for line in aff.replace("\ufeff", "").splitlines()]
        keys = {line[0]: line[1] for line in lines if len(line) > 1 and line[0] not in ("PFX", "SFX", "AF")}
        if compound := next((key for key in _COMPOUNDS if key in keys), None):
            raise ValueError(f"the dictionary puts words together ({compound}), which is not followed here")
        self._kind = keys.get("FLAG", "")
        self._alias: list[str] = [line[1] for line in lines if line[:1] == ["AF"] and len(line) > 1][1:]
        self._special = {key: keys[key] for key in _SPECIAL if key in keys}
        self._prefixes: dict[str, list[Affix]] = {}
        self._suffixes: dict[str, list[Affix]] = {}
        both: dict[tuple[str, str], bool] = {}
        for line in lines:
            if len(line) < 4 or line[0] not in ("PFX", "SFX"):
                continue
            if (line[0], line[1]) not in both:  # the head: whether both ends go together, and how many rules follow
                both[line[0], line[1]] = line[2] == "Y"
                continue
            rule = self._affix(line, both=both[line[0], line[1]])
            (self._prefixes if line[0] == "PFX" else self._suffixes).setdefault(rule.add, []).append(rule)
        self._words: dict[str, list[frozenset[str]]] = {}
        for entry in dic.replace("\ufeff", "").splitlines()[1:]:
            found = re.match(r"((?:\\/|[^/\t])+)(?:/(\S+))?", entry)
            if found and (word := found[1].replace("\\/", "/").strip()):
                self._words.setdefault(word, []).append(self._flags(found[2] or ""))

    def __contains__(self, word: str) -> bool:
        """Whether it is a word, also where a sentence begins with it or it is written in capitals."""
        word = word.replace("’", "'")
        ways = [word]
        if word[:1].isupper():
            ways += [word[0].lower() + word[1:]] + ([word.lower(), word.capitalize()] if word.isupper() else [])
        return any(self._made(way) for way in ways)

    def _made(self, form: str) -> bool:
        if any(self._special.get("FORBIDDENWORD") in flags for flags in self._words.get(form, ())):
            return False
        starts: list[tuple[Affix | None, str]] = [(None, form), *self._before(form)]
        for prefix, rest in starts:
            for suffixes, stem in itertools.chain([((), rest)], self._behind(rest)):
                if prefix and suffixes and not (prefix.both and all(suffix.both for suffix in suffixes)):
                    continue
                needed = {affix.flag for affix in (prefix, *suffixes[:1]) if affix is not None}
                if prefix and suffixes and prefix.flag in suffixes[0].flags:
                    needed.discard(prefix.flag)
                if any(self._bears(flags, needed) for flags in self._words.get(stem, ())):
                    return True
        return False

    def _bears(self, flags: frozenset[str], needed: set[str]) -> bool:
        bare = not needed and any(self._special.get(key) in flags for key in ("NEEDAFFIX", "PSEUDOROOT"))
        return needed <= flags and not bare and self._special.get("ONLYINCOMPOUND") not in flags

    def _before(self, form: str) -> Iterator[tuple[Affix, str]]:
        for length in range(len(form)):
            for affix in self._prefixes.get(form[:length], ()):
                stem = affix.strip + form[length:]
                if affix.condition.match(stem):
                    yield affix, stem

    def _behind(self, form: str, *, last: bool = False) -> Iterator[tuple[tuple[Affix, ...], str]]:
        """Suffixes, the inner one first, and what they stand on."""
        for length in range(len(form)):
            for affix in self._suffixes.get(form[len(form) - length :], ()):
                stem = form[: len(form) - length] + affix.strip
                if not affix.condition.search(stem):
                    continue
                yield (affix,), stem
                for inner, root in () if last else self._behind(stem, last=True):
                    if affix.flag in inner[0].flags:
                        yield (*inner, affix), root

    def _affix(self, line: list[str], *, both: bool) -> Affix:
        add, _, flags = line[3].partition("/")
        strip, add = ("" if part == "0" else part for part in (line[2], add))
        condition = line[4] if len(line) > 4 else "."
        try:
            pattern = re.compile(condition if line[0] == "PFX" else f"(?:{condition})$")
        except re.error as error:
            raise ValueError(f"the affix {' '.join(line)} has a condition that cannot be read: {error}") from None
        return Affix(line[1], both, strip, add, pattern, self._flags(flags))

    def _flags(self, text: str) -> frozenset[str]:
        if self._alias and text.isdigit() and 0 < int(text) <= len(self._alias):
            text = self._alias[int(text) - 1]
        if self._kind == "num":
            return frozenset(text.split(",")) - {""}
        step = 2 if self._kind == "long" else 1
        return frozenset(text[at : at + step] for at in range(0, len(text), step))
