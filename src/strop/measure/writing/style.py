"""Does a text obey the style guide? Rules are read from plain data: own checks, and Vale's rule kinds beside them.

An own rule is ``{"id", "text", "check": {...}}``; every key of ``check`` must hold:

    must_match, must_not_match   a pattern that must (not) be found
    max_words, min_words         words, split at white space
    max_matches, min_matches     how often ``pattern`` is found
    first_sentence_contains      a dotted path into the row's ``expect``; the value must stand in the first sentence
    ignore_case                  for the patterns of this rule
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from strop.measure.patterns import Pattern
from strop.measure.writing.vale import Unsupported, vale_test
from strop.records import JSON

_SETTINGS = frozenset({"ignore_case", "pattern", "sentence_break"})
_CHECKS = frozenset(
    {"must_match", "must_not_match", "max_words", "min_words", "max_matches", "min_matches", "first_sentence_contains"}
)
_SENTENCE_BREAK = r"(?<=[.!?])\s"

Test: TypeAlias = Callable[[str, Mapping[str, JSON]], list[str] | None]
"""What is wrong in a text of a row with this ``expect``, in messages; None when the rule does not apply to the row."""


@dataclass(frozen=True)
class StyleRule:
    """One rule of a guide: its name, what it says, its level (Vale's suggestion, warning, error), and its test."""

    name: str
    text: str
    level: str
    test: Test


class Break(NamedTuple):
    """A rule that a text breaks, and what is wrong."""

    rule: str
    message: str


def read_style(guide: JSON, *, name: str = "style") -> tuple[StyleRule, ...]:
    """The rules of a style guide.

    Args:
        guide: ``{"rules": [...]}``, a list of rules, or one Vale rule.
        name: names the rules that have no ``id``; for a Vale rule, its file's stem.
    Raises:
        ValueError: for a rule that cannot be checked or has a wrong pattern; names the rule.
    """
    if isinstance(guide, Mapping) and "extends" not in guide and "check" not in guide:
        guide = guide.get("rules")
    if isinstance(guide, Mapping):
        return (_rule(guide, name),)
    if not isinstance(guide, Sequence) or isinstance(guide, str):
        raise ValueError(f"style guide {name}: no list of rules")
    rules = tuple(_rule(rule, f"{name}.{position}") for position, rule in enumerate(guide, 1))
    names = [rule.name for rule in rules]
    twice = sorted({rule for rule in names if names.count(rule) > 1})
    if twice:
        raise ValueError(f"style guide {name}: rules share a name: {', '.join(twice)}")
    return rules


class House(NamedTuple):
    """The rules of a guide, and those that are left out because they cannot be checked: by name, why."""

    rules: tuple[StyleRule, ...]
    left_out: dict[str, str]


def read_house(files: Sequence[tuple[str, JSON]], *, foreign: bool) -> House:
    """The rules of a guide's files; Vale rules of a kind or scope that cannot be checked are left out.

    Args:
        files: each with the name for its rules.
        foreign: the files were made for another program, so that any rule that is not understood is left out.
    Raises:
        ValueError: as :func:`read_style`, and when no rule is left.
    """
    rules: list[StyleRule] = []
    left_out: dict[str, str] = {}
    for name, value in files:
        try:
            rules += read_style(value, name=name)
        except Unsupported:
            rules += _supported(value, name, left_out)
        except ValueError as error:
            if not foreign:
                raise
            left_out[name] = str(error)
    if not rules:
        raise ValueError(f"no rule can be checked ({'; '.join(left_out.values()) or 'there is none'})")
    return House(tuple(rules), left_out)


def _supported(guide: JSON, name: str, left_out: dict[str, str]) -> list[StyleRule]:
    """The rules that can be checked of a file that holds others, too."""
    listed = guide.get("rules", [guide]) if isinstance(guide, Mapping) else guide
    found = []
    for position, rule in enumerate(listed, 1):
        try:
            found.append(_rule(rule, name if len(listed) == 1 else f"{name}.{position}"))
        except Unsupported as error:
            own = rule.get("id") or rule.get("name") if isinstance(rule, Mapping) else None
            left_out[str(own or (name if len(listed) == 1 else f"{name}.{position}"))] = str(error)
    return found


def style_breaks(text: str, rules: Sequence[StyleRule], expect: Mapping[str, JSON] | None = None) -> tuple[Break, ...]:
    """Every fault of a text, rule by rule. ``expect`` is the row's, for rules that look into it."""
    return tuple(Break(rule.name, message) for rule in rules for message in rule.test(text, expect or {}) or ())


def style_share(text: str, rules: Sequence[StyleRule], expect: Mapping[str, JSON] | None = None) -> float:
    """Share of the rules that apply to this row and are obeyed; 1 when none applies."""
    results = [found for rule in rules if (found := rule.test(text, expect or {})) is not None]
    return sum(not found for found in results) / len(results) if results else 1.0


def _rule(rule: JSON, name: str) -> StyleRule:
    if not isinstance(rule, Mapping):
        raise ValueError(f"style rule {name}: {rule!r} is not a mapping")
    name = str(rule.get("id") or rule.get("name") or name)
    level = str(rule.get("level") or "error")
    if "extends" in rule:
        plain = vale_test(rule, name)
        return StyleRule(name, str(rule.get("message") or name), level, lambda text, _expect: plain(text))
    check = rule.get("check")
    if not isinstance(check, Mapping):
        raise ValueError(f"style rule {name}: neither a check nor a Vale rule (extends)")
    unknown = sorted(set(check) - _CHECKS - _SETTINGS)
    if unknown:
        raise ValueError(f"style rule {name}: unknown check {', '.join(unknown)}; known: {', '.join(sorted(_CHECKS))}")
    says = str(rule.get("text") or name)
    tests = [_test(key, check, name, says) for key in check if key in _CHECKS]
    if not tests:
        raise ValueError(f"style rule {name}: its check checks nothing")

    def test(text: str, expect: Mapping[str, JSON]) -> list[str] | None:
        results = [found for one in tests if (found := one(text, expect)) is not None]
        return [message for found in results for message in found] if results else None

    return StyleRule(name, says, level, test)


def _test(key: str, check: Mapping[str, JSON], name: str, says: str) -> Test:
    value = check[key]
    if key in ("must_match", "must_not_match"):
        pattern = _pattern(check, key, name)
        wanted = key == "must_match"
        return lambda text, _expect: [] if pattern.found(text) is wanted else [says]
    if key == "first_sentence_contains":
        return _first_sentence(check, name, says)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"style rule {name}: {key} is {value!r}, not a whole number")
    sign = 1 if key.startswith("max") else -1
    count: Callable[[str], int]
    if key.endswith("words"):
        count = lambda text: len(text.split())  # noqa: E731
    else:
        counted = _pattern(check, "pattern", name)
        count = lambda text: sum(1 for _ in counted.matches(text))  # noqa: E731
    return lambda text, _expect: [f"{says} (has {seen})"] if sign * (seen := count(text)) > sign * value else []


def _first_sentence(check: Mapping[str, JSON], name: str, says: str) -> Test:
    path = str(check["first_sentence_contains"]).split(".")
    if path[0] in ("eval", "expect"):
        path = path[1:]
    breaks = _pattern({"sentence_break": _SENTENCE_BREAK, **check}, "sentence_break", name)
    ignore = bool(check.get("ignore_case"))

    def test(text: str, expect: Mapping[str, JSON]) -> list[str] | None:
        value: JSON = expect
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None:
            return None
        first, wanted = (breaks.split(text.strip()) or [""])[0], str(value)
        said = wanted.casefold() in first.casefold() if ignore else wanted in first
        return [] if said else [says]

    return test


def _pattern(check: Mapping[str, JSON], key: str, name: str) -> Pattern:
    source = check.get(key)
    if not isinstance(source, str):
        raise ValueError(f"style rule {name}: {key} is not a pattern")
    return Pattern(source, rule=name, ignore_case=bool(check.get("ignore_case")))
