"""Does a text say what it had to say? One check an attribute, by pattern or by value with aliases."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from strop.measure.answers.numerals import readings
from strop.measure.answers.quantities import places, quantity_of
from strop.measure.patterns import Pattern
from strop.records import JSON

_NOT = r"(?:no|not|non|without|never|cannot|lacks?|lacking|neither|nor|\w+n't|zero)"
_BETWEEN = (
    r"(?:(?:a|an|the|any|have|has|having|comes?|includes?|offers?|with|provides?|support(?:s|ed)?|weighs?|costs?|measures?"
    r"|lasts?|holds?|contains?|features?|uses?|runs?|takes?|available|offered|sold|made|painted|be|in|of|from|as)\s+){0,3}"
)
_STRAIGHT = re.compile(rf"\b{_NOT}\b[\s-]+(?!(?:only|just|merely)\b){_BETWEEN}$", re.IGNORECASE)
_WITHIN_REACH = re.compile(rf"\b{_NOT}\b[\s-]+(?!(?:only|just|merely)\b)(?:[\w'.-]+\s+){{0,4}}$", re.IGNORECASE)
_AFTER = re.compile(
    r"^\s+(?:is|are|was|were|does|do)\s*(?:not\b|n't\b)|^\s+(?:isn't|aren't)\b"
    r"|^-free\b"
    r"|^\s?[?:=]\s*(?:(?:certainly|definitely|of course)\s+)?(?:no|not|none|false)(?=\s*[.,;!)|]|\s*$|\s+\w+\s?[?:=])",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\s*(?:[.!;](?!\w)|$)")
_INSTEAD = re.compile(
    r"\b(?:anything but|all but|except(?:\s+(?:for|in))?|instead of|rather than|free (?:of|from))\s+"
    r"(?:(?:a|an|the|in)\s+){0,2}$",
    re.IGNORECASE,
)
"""What leaves out, in front of what it leaves out; these hold a "but", which parts clauses elsewhere."""
_LEADING = re.compile(r"^(?:for|is|has|with|can|good for|suitable for)\s+", re.IGNORECASE)
_MARKS = re.compile("[®™©℠]")
_PRICE = re.compile(r"(€|\$|£)\s?(\d(?:[\d.,]*\d)?)")
"""A price with its sign in front, which stands behind as often."""
_PLURAL = re.compile(r"(?<=[a-z]{2}[a-rt-z])s$")
"""What is counted, in front of something else: "an 8-core chip" has "8 cores"."""
_YES = frozenset({"yes", "true"})
_NO = frozenset({"no", "false"})


class Inclusion(NamedTuple):
    """Attributes found and missing, in the order asked for."""

    found: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the attributes that were found; 1 when none was asked for."""
        total = len(self.found) + len(self.missing)
        return len(self.found) / total if total else 1.0


def inclusion(text: str, wanted: Sequence[JSON]) -> Inclusion:
    """Which of the wanted attributes ``text`` says.

    Args:
        text: the answer.
        wanted: for each attribute ``{"attribute", "pattern"}`` (a regular expression, case ignored, searched in the
            whole text), ``{"attribute", "value", "aliases"}`` or a plain string. Values match as whole words, case and
            spacing ignored, "4GB" as "4 GB", a number with a unit in any unit of its kind ("900 g" as "0.9 kilos"), and
            not where they are negated ("no wifi", "does not weigh 900 g") or taken back elsewhere ("There is no
            wifi."). Numbers may stand as words ("three burners"), with any separator ("1.200", "1,200", "1 200", read
            as thousands and as decimals where both may be meant) or in a range ("10 to 15 l" as "10-15 l"). The values
            yes and no ask whether the attribute itself is said, plainly or negated. What another sentence says
            otherwise in words of its own ("It weighs 900 g. In fact it weighs 1 kg.") is not seen.
    Raises:
        ValueError: for an entry of another shape, or a pattern that does not compile; names the attribute.
    """
    plain = _plain(text)
    found: list[str] = []
    missing: list[str] = []
    for entry in wanted:
        name, said = _check(text, plain, entry)
        (found if said else missing).append(name)
    return Inclusion(tuple(found), tuple(missing))


def _check(text: str, plain: str, entry: JSON) -> tuple[str, bool]:
    if isinstance(entry, str):
        return entry, says(plain, [entry])
    if not isinstance(entry, Mapping):
        raise ValueError(f"must_include: {entry!r} is neither a text nor an attribute with a pattern or value")
    name = str(entry.get("attribute") or entry.get("value") or entry.get("pattern") or "")
    if isinstance(entry.get("pattern"), str):
        pattern = Pattern(entry["pattern"], rule=f"must_include {name}", ignore_case=True, whole=True)
        return name, pattern.found(text)
    if "value" not in entry:
        raise ValueError(f"must_include: attribute {name!r} has neither pattern nor value")
    value = str(entry["value"])
    aliases = [str(alias) for alias in entry.get("aliases") or ()]
    if value.lower() in _YES | _NO:
        return name, says(plain, [_LEADING.sub("", name), *aliases], negated=value.lower() in _NO)
    return name, says(plain, [value, *aliases])


def says(text: str, forms: Sequence[str], *, negated: bool | None = None) -> bool:
    """Whether one of the forms stands in the text as whole words.

    Args:
        text: any text.
        forms: ways to say it.
        negated: None asks for a place where it is not denied straight away ("no wifi"); True or False ask whether a
            denial stands within reach ("not made for business") or does not.
    """
    plain = _plain(text)
    found = [
        (read, start, end)
        for form in forms
        if form.strip()
        for read, wanted in _readings(plain, _plain(form))
        for start, end in _places(read, wanted)
    ]
    if not negated and any(_taken_back(*place) for place in found):
        return False
    return any(_denied(*place, far=negated is not None) is bool(negated) for place in found)


def _readings(plain: str, form: str) -> list[tuple[str, str]]:
    """Pairs of a text and a form to look for in it: as they are, and with numbers written one way if the form has one.

    Number words in capitals are names ("Two Rivers"), and "one" alone counts nothing ("one of the best").
    """
    pairs = [(plain, form)]
    if any(map(str.isupper, form[1:])) and not any(map(str.isdigit, form)):
        return pairs
    wanted, there = readings(form), readings(plain)
    both = len(wanted) == len(there)  # then in one way: "1,200 kg" is not "1,200 g", read as 1.2 here and 1200 there
    for read, one in zip(there, wanted, strict=True) if both else itertools.product(there, wanted):
        if one != "1" and any(map(str.isdigit, one)):
            pairs += [(read, one), (read, _PLURAL.sub("", one))]
    return list(dict.fromkeys(pairs))


def _places(plain: str, form: str) -> list[tuple[int, int]]:
    """Where the form stands: its words, or as much of the same in another unit."""
    found = [match.span() for match in _form(form).finditer(plain)]
    quantity = quantity_of(form) if form[0].isdigit() else None
    return found + (places(plain, quantity) if quantity else [])


def _denied(text: str, start: int, end: int, *, far: bool) -> bool:
    before = _WITHIN_REACH if far else _STRAIGHT
    near = text[max(0, start - 60) : start]
    return bool(before.search(_clause(text, start)) or _INSTEAD.search(near) or _AFTER.search(text[end : end + 40]))


def _taken_back(text: str, start: int, end: int) -> bool:
    """Whether a denial ends with the form: "There is no wifi." takes back what stands elsewhere, "no wifi fees" not."""
    return bool(_STRAIGHT.search(_clause(text, start)) and _ENDS.match(text, end))


def _clause(text: str, start: int) -> str:
    return re.split(r"[.!?;,]\s|\bbut\b", text[max(0, start - 60) : start])[-1]


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", _MARKS.sub("", text)).replace("’", "'")
    return " ".join(_PRICE.sub(r"\2 \1", text).split())


@lru_cache(maxsize=8192)
def _form(form: str) -> re.Pattern[str]:
    """Whole words, any space or hyphen between them, and none or some between a number and its unit."""
    pieces = re.findall(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[^\w\s]|_", _plain(form))
    parts = [re.escape(pieces[0])] if pieces else [r"(?!)"]
    for before, after in itertools.pairwise(pieces):
        tight = before[0].isalnum() and after[0].isalnum() and before[0].isdigit() == after[0].isdigit()
        parts.append((r"[\s-]+" if tight else r"[\s-]*") + re.escape(after))
    left = r"(?<![\w])" if pieces and pieces[0][0].isalnum() else ""
    if pieces and pieces[0][0].isdigit():
        left = r"(?<![\w])(?<!\d[.,])(?<!^[-−])(?<![\s(][-−])"  # -5 is not 5, and 10-5 is a range
    right = ""
    if pieces and pieces[-1][-1].isdigit():
        right = r"(?![\w])(?![.,]\d)"
    elif pieces and pieces[-1][-1].isalnum():
        right = r"(?:s|es)?(?![\w])"
        right += r"(?![+#])" if len(pieces) == len(pieces[0]) == 1 else ""  # C is not C++
    return re.compile(left + "".join(parts) + right, re.IGNORECASE)
