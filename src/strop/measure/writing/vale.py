"""Rule kinds of Vale (https://vale.sh/docs, MIT) on plain text, so that existing styles load.

A rule is a mapping as in Vale's YAML files: ``extends`` names the kind. Supported: existence, substitution, occurrence,
repetition, consistency, conditional, capitalization, metric, readability, spelling where the style brings a Hunspell
dictionary, and sequence where it asks for no parts of speech. What needs Vale's own dictionary, a tagger or a script is
refused by name and with the reason, as :class:`Unsupported`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from strop.measure.patterns import BadPattern, Pattern
from strop.measure.text import sentences
from strop.measure.writing.capitals import capital_test
from strop.measure.writing.formulas import GRADES, condition, counts, formula
from strop.measure.writing.sequences import Wanted, found_in
from strop.measure.writing.spelling import Dictionary
from strop.records import JSON

Test: TypeAlias = Callable[[str], list[str]]
"""What is wrong in a text: one message a fault, none when it obeys."""

DICTIONARIES, DICTIONARIES_LACK, DICTIONARIES_IGNORE = "hunspell", "hunspell_lacks", "hunspell_ignores"
"""Keys under which a rule of spelling holds the texts of its dictionaries, why it has none, and words that pass."""
_AROUND = ".,;:!?()[]{}<>\"“”„«»'‘’…*_`/"
_GROUP = re.compile(r"\$\d+")
_PARAGRAPH = re.compile(r"\n\s*\n")
_HEADING_SCOPE = re.compile(r"heading(?:\.h([1-6]))?")
_WHOLE = frozenset({"text", "raw", "summary", ""})


class Unsupported(ValueError):
    """A rule that is right and cannot be checked here; the message names it and says why."""


def vale_test(rule: Mapping[str, JSON], name: str) -> Test:
    """The test that a Vale rule describes.

    Raises:
        ValueError: when the kind or scope cannot be checked, or a pattern is wrong; names the rule.
    """
    kind = rule.get("extends")
    maker = _KINDS.get(str(kind))
    if kind in _LEFT_OUT:
        raise Unsupported(f"rule {name}: kind {kind!r} cannot be checked: {_LEFT_OUT[str(kind)]}")
    if maker is None:
        raise Unsupported(f"rule {name}: kind {kind!r} cannot be checked; known kinds: {', '.join(sorted(_KINDS))}")
    test = maker(rule, name)
    split = _scope(rule, name)
    return lambda text: [message for part in split(text) for message in test(part)]


def _scope(rule: Mapping[str, JSON], name: str) -> Callable[[str], list[str]]:
    scopes = rule.get("scope") or "text"
    for scope in [scopes] if isinstance(scopes, str) else scopes:
        if scope in _WHOLE or str(scope).startswith("~"):
            return lambda text: [text]
        if scope == "sentence":
            return sentences
        if scope == "paragraph":
            return lambda text: [part for part in _PARAGRAPH.split(text) if part.strip()]
        if (heading := _HEADING_SCOPE.fullmatch(str(scope))) is not None:
            pattern = _heading(heading[1])
            return lambda text: pattern.findall(text)
    raise Unsupported(
        f"rule {name}: scope {scopes!r} does not exist in plain text; use text, heading, paragraph or sentence"
    )


def _heading(depth: str | None) -> re.Pattern[str]:
    """Markdown headings, of one depth where it is given."""
    return re.compile(rf"^\#{{{depth or '1,6'}}}[ \t]+(\S.*?)[ \t#]*$", re.MULTILINE)


def _strings(rule: Mapping[str, JSON], key: str, name: str) -> list[str]:
    value = rule.get(key) or []
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(v, str) for v in value):
        raise ValueError(f"rule {name}: {key} is not a list of texts")
    return list(value)


def _pairs(rule: Mapping[str, JSON], key: str, name: str) -> list[tuple[str, str]]:
    value = rule.get(key)
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"rule {name}: {key} is not a mapping of texts")
    return [(str(left), str(right)) for left, right in value.items()]


def _pattern(source: str, rule: Mapping[str, JSON], name: str, *, before: str = "") -> Pattern:
    """Words of a rule, as Vale puts them together: ``before`` stands in front, and a line's ends are ends."""
    bounded = f"(?:{source})" if rule.get("nonword") else rf"\b(?:{source})\b"
    return Pattern(before + bounded, rule=name, ignore_case=bool(rule.get("ignorecase")), lines=True)


def _number(rule: Mapping[str, JSON], key: str, name: str) -> int | None:
    value = rule.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"rule {name}: {key} is {value!r}, not a whole number")
    return value


def _say(rule: Mapping[str, JSON], *parts: str) -> str:
    message = str(rule.get("message") or "found '%s'")
    for part in parts:
        message = message.replace("%s", part, 1)
    return message


def _allowed(rule: Mapping[str, JSON], name: str) -> Callable[[str], bool]:
    """Whether an exception, which is a pattern as tokens are, stands in what was found."""
    known = [_exception(source, rule, name) for source in _strings(rule, "exceptions", name)]
    return lambda found: any(pattern.found(found) for pattern in known)


def _exception(source: str, rule: Mapping[str, JSON], name: str) -> Pattern:
    """One that is no pattern ("C++") is meant as it is written."""
    ignore = bool(rule.get("ignorecase"))
    try:
        return Pattern(rf"(?<!\w)(?:{source})(?!\w)", rule=name, ignore_case=ignore)
    except BadPattern:
        return Pattern(rf"(?<!\w)(?:{re.escape(source)})(?!\w)", rule=name, ignore_case=ignore)


def _existence(rule: Mapping[str, JSON], name: str) -> Test:
    tokens, raw = _strings(rule, "tokens", name), _strings(rule, "raw", name)
    if not tokens and not raw:
        raise ValueError(f"rule {name}: existence needs tokens or raw")
    # raw stands before the tokens, not beside them: "is" and then a participle, in rules against the passive
    before, ignore = "".join(raw), bool(rule.get("ignorecase"))
    pattern = (
        _pattern("|".join(tokens), rule, name, before=before)
        if tokens
        else Pattern(before, rule=name, ignore_case=ignore, lines=True)
    )
    allowed = _allowed(rule, name)
    return lambda text: [_say(rule, match.text) for match in pattern.matches(text) if not allowed(match.text)]


def _substitution(rule: Mapping[str, JSON], name: str) -> Test:
    swaps = [(_pattern(observed, rule, name), expected) for observed, expected in _pairs(rule, "swap", name)]
    allowed = _allowed(rule, name)

    def test(text: str) -> list[str]:
        messages: list[str] = []
        taken: list[tuple[int, int]] = []
        for pattern, swapped in swaps:
            for match in pattern.matches(text):
                span, observed, expected = (match.start, match.end), match.text, _filled(swapped, match.groups)
                if observed in expected.split("|") or allowed(observed):
                    continue
                if any(span[0] < end and start < span[1] for start, end in taken):
                    continue
                taken.append(span)
                messages.append(_say(rule, expected, observed))
        return messages

    return test


def _filled(swapped: str, groups: tuple[str, ...]) -> str:
    """``$1`` and so on are what the groups of the pattern hold; one that it does not have stays as it is written."""
    told = {f"${number}": group for number, group in enumerate(groups, 1)}
    return _GROUP.sub(lambda named: told.get(named[0], named[0]), swapped)


def _sequence(rule: Mapping[str, JSON], name: str) -> Test:
    tokens = rule.get("tokens")
    if not isinstance(tokens, Sequence) or not tokens or not all(isinstance(token, Mapping) for token in tokens):
        raise ValueError(f"rule {name}: sequence needs tokens, each with a pattern")
    wanted = [_wanted(token, rule, name) for token in tokens if isinstance(token, Mapping)]

    def test(text: str) -> list[str]:
        found = [one for sentence in sentences(text) for one in found_in(sentence, wanted)]
        return [_say({**rule, "message": _with_words(rule, one.words)}, one.text) for one in found]

    return test


def _wanted(token: Mapping[str, JSON], rule: Mapping[str, JSON], name: str) -> Wanted:
    if token.get("tag"):
        raise Unsupported(f"rule {name}: tag {token['tag']!r} cannot be checked: it needs a tagger of parts of speech")
    source = token.get("pattern")
    if not isinstance(source, str) or not source:
        raise ValueError(f"rule {name}: sequence needs tokens, each with a pattern")
    pattern = Pattern(rf"^(?:{source})$", rule=name, ignore_case=bool(rule.get("ignorecase")))
    return Wanted(pattern, negate=bool(token.get("negate")), skip=max(_number(token, "skip", name) or 0, 0))


def _with_words(rule: Mapping[str, JSON], words: tuple[str, ...]) -> str:
    """The message with the words that it names by their place: ``%[2]s``."""
    message = str(rule.get("message") or "found '%s'")
    for number, word in enumerate(words, 1):
        message = message.replace(f"%[{number}]s", word)
    return message


def _occurrence(rule: Mapping[str, JSON], name: str) -> Test:
    token, most, least = rule.get("token"), _number(rule, "max", name), _number(rule, "min", name)
    if not isinstance(token, str):
        raise ValueError(f"rule {name}: occurrence needs a token")
    if most is None and least is None:
        raise ValueError(f"rule {name}: occurrence needs max or min")
    pattern = Pattern(token, rule=name, ignore_case=bool(rule.get("ignorecase")))

    def test(text: str) -> list[str]:
        count = sum(1 for _ in pattern.matches(text))
        wrong = (most is not None and count > most) or (least is not None and count < least)
        return [_say(rule, str(count))] if wrong else []

    return test


def _repetition(rule: Mapping[str, JSON], name: str) -> Test:
    tokens = _strings(rule, "tokens", name) or [r"[^\s]+"]
    most = _number(rule, "max", name) or 0
    pattern = Pattern("|".join(tokens), rule=name, ignore_case=bool(rule.get("ignorecase")))

    def test(text: str) -> list[str]:
        messages: list[str] = []
        before, end, times = "", 0, 0
        for match in pattern.matches(text):
            said = match.text.casefold() if rule.get("ignorecase") else match.text
            adjacent = not text[end : match.start].strip()
            wordy = not rule.get("alpha") or said.isalpha()
            times = times + 1 if said == before and adjacent and wordy else 0
            if times == most + 1:
                messages.append(_say(rule, match.text))
            before, end = said, match.end
        return messages

    return test


def _consistency(rule: Mapping[str, JSON], name: str) -> Test:
    pairs = [(_pattern(a, rule, name), _pattern(b, rule, name)) for a, b in _pairs(rule, "either", name)]
    return lambda text: [_say(rule, _bare(a, b)) for a, b in pairs if a.found(text) and b.found(text)]


def _bare(a: Pattern, b: Pattern) -> str:
    """Both as the rule writes them."""
    inside = (p.source.removeprefix(r"\b").removesuffix(r"\b") for p in (a, b))
    return " / ".join(source.removeprefix("(?:").removesuffix(")") for source in inside)


def _conditional(rule: Mapping[str, JSON], name: str) -> Test:
    first, second = rule.get("first"), rule.get("second")
    if not isinstance(first, str) or not isinstance(second, str):
        raise ValueError(f"rule {name}: conditional needs first and second")
    ignore = bool(rule.get("ignorecase"))
    needs, gives = Pattern(first, rule=name, ignore_case=ignore), Pattern(second, rule=name, ignore_case=ignore)
    allowed = _allowed(rule, name)

    def test(text: str) -> list[str]:
        defined = {match.inner for match in gives.matches(text)}
        missing = dict.fromkeys(m.inner for m in needs.matches(text))
        return [_say(rule, term) for term in missing if term not in defined and not allowed(term)]

    return test


def _capitalization(rule: Mapping[str, JSON], name: str) -> Test:
    match = rule.get("match")
    if not isinstance(match, str):
        raise ValueError(f"rule {name}: capitalization needs a match")
    test = capital_test(
        match,
        style=str(rule.get("style") or "AP"),
        exceptions=_strings(rule, "exceptions", name),
        indicators=_strings(rule, "indicators", name),
        rule=name,
    )
    return lambda text: [] if test(text.strip()) else [_say(rule, text.strip())]


def _metric(rule: Mapping[str, JSON], name: str) -> Test:
    value = formula(str(rule.get("formula") or ""), rule=name)
    wrong = condition(str(rule.get("condition") or ""), rule=name)
    return _counted(value, wrong, rule)


def _readability(rule: Mapping[str, JSON], name: str) -> Test:
    metrics, grade = _strings(rule, "metrics", name), rule.get("grade")
    unknown = sorted(set(metrics) - set(GRADES))
    if unknown or not metrics:
        raise ValueError(f"rule {name}: metrics are some of {', '.join(GRADES)}")
    if isinstance(grade, bool) or not isinstance(grade, (int, float)):
        raise ValueError(f"rule {name}: grade is {grade!r}, not a number")
    formulas = [formula(GRADES[metric], rule=name) for metric in metrics]
    return _counted(lambda known: sum(one(known) for one in formulas) / len(formulas), lambda seen: seen > grade, rule)


def _counted(
    value: Callable[[Mapping[str, float]], float], wrong: Callable[[float], bool], rule: Mapping[str, JSON]
) -> Test:
    def test(text: str) -> list[str]:
        known = counts(text)
        if not known["words"]:
            return []
        found = value(known)
        return [_say(rule, f"{found:.2f}")] if wrong(found) else []

    return test


_NO_WORDS = (
    r"\w\.\w{1,4}\b", r"\b(?:[a-zA-Z]\.){2,}", r"0[xX][0-9a-fA-F]+", r"\w+-\w+", r"[A-Z][a-z]+[A-Z]+\w+", r"[0-9]",
    r"[A-Z]+$", r"[^\w'’]", r"@",
)  # fmt: skip
"""What Vale's spelling takes for no words by itself: paths, abbreviations, compounds, names as in code, capitals."""


def _spelling(rule: Mapping[str, JSON], name: str) -> Test:
    """Words that none of the rule's Hunspell dictionaries knows; their texts were put into it when it was read."""
    texts = rule.get(DICTIONARIES)
    if not isinstance(texts, Sequence) or not texts:
        why = rule.get(DICTIONARIES_LACK) or "Vale's own dictionary, and the style brings none"
        raise Unsupported(f"rule {name}: kind 'spelling' cannot be checked: it needs {why}")
    try:
        known = [Dictionary(str(one["aff"]), str(one["dic"])) for one in texts]
    except ValueError as error:
        raise Unsupported(f"rule {name}: kind 'spelling' cannot be checked: {error}") from None
    passed = {word.casefold() for word in _strings(rule, DICTIONARIES_IGNORE, name)}
    sources = [*_strings(rule, "filters", name), *(() if rule.get("custom") else _NO_WORDS)]
    filters = [Pattern(source, rule=name) for source in sources]

    def test(text: str) -> list[str]:
        said = (token.strip(_AROUND).removesuffix("'s").removesuffix("’s") for token in text.split())
        words = [word for word in said if word and word.casefold() not in passed]
        wrong = [word for word in words if not any(word in one for one in known)]
        return [_say(rule, word) for word in wrong if not any(one.found(word) for one in filters)]

    return test


_LEFT_OUT = {
    "script": "it is a program that the style brings, and none is run",
}
_KINDS: dict[str, Callable[[Mapping[str, JSON], str], Test]] = {
    "existence": _existence,
    "substitution": _substitution,
    "occurrence": _occurrence,
    "repetition": _repetition,
    "consistency": _consistency,
    "conditional": _conditional,
    "capitalization": _capitalization,
    "metric": _metric,
    "sequence": _sequence,
    "readability": _readability,
    "spelling": _spelling,
}
