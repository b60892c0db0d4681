"""Vale's kinds ``metric`` and ``readability``: a formula on what a text counts, and a condition that it must not meet.

A formula is arithmetic on counts and nothing else: it is read, never run.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping

from strop.measure.text import sentences
from strop.measure.writing.readability import syllables

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_ENDING = re.compile(r"(?:es|ed|ing)$")
_HEADING = re.compile(r"^(#{1,6})\s", re.MULTILINE)
_LONG, _MANY = 6, 3
_OPERATIONS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CONDITION = re.compile(r"\s*(>=|<=|>|<|==|!=)\s*(-?\d+(?:\.\d+)?)\s*")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
GRADES = {
    "Flesch-Kincaid": "0.39 * words / sentences + 11.8 * syllables / words - 15.59",
    "Gunning Fog": "0.4 * (words / sentences + 100 * complex_words / words)",
    "Coleman-Liau": "5.89 * characters / words - 30 * sentences / words - 15.8",
    "SMOG": "1.0430 * math.sqrt(polysyllabic_words * 30 / sentences) + 3.1291",
    "Automated Readability": "4.71 * characters / words + 0.5 * words / sentences - 21.43",
}
"""The US school grades that ``readability`` averages."""


def counts(text: str) -> dict[str, float]:
    """What a formula may name: words, sentences, characters, syllables and so on."""
    words = _WORD.findall(text)
    beats = [syllables(word) for word in words]
    many = [syllables(_ENDING.sub("", word.lower()) or word) for word in words]
    found = {
        "characters": sum(sum(map(str.isalnum, word)) for word in words),
        "words": len(words),
        "sentences": max(1, sum(1 for sentence in sentences(text) if _WORD.search(sentence))),
        "paragraphs": sum(1 for part in re.split(r"\n\s*\n", text) if part.strip()),
        "syllables": sum(beats),
        "polysyllabic_words": sum(beat >= _MANY for beat in beats),
        "complex_words": sum(beat >= _MANY for beat in many),
        "long_words": sum(len(word) > _LONG for word in words),
    }
    depths = [len(mark) for mark in _HEADING.findall(text)]
    headings = {f"heading_h{depth}": depths.count(depth) for depth in range(1, 7)}
    return {name: float(value) for name, value in (found | headings).items()}


def formula(source: str, *, rule: str) -> Callable[[Mapping[str, float]], float]:
    """A formula ready for counts: numbers, names of counts, + - * /, brackets and ``math.sqrt``.

    Raises:
        ValueError: for anything else, naming the rule.
    """
    try:
        tree = ast.parse(" ".join(source.split()), mode="eval").body
        _value(tree, counts("One word."))
    except (SyntaxError, ValueError, KeyError, ZeroDivisionError) as error:
        raise ValueError(f"rule {rule}: the formula {source.strip()!r} cannot be read: {error}") from error
    return lambda known: _value(tree, known)


def condition(source: str, *, rule: str) -> Callable[[float], bool]:
    """``"> 8"`` as a test. Raises ValueError for anything else, naming the rule."""
    match = _CONDITION.fullmatch(source)
    if match is None:
        raise ValueError(f"rule {rule}: the condition {source!r} is no comparison with a number, such as '> 8'")
    compare, line = _COMPARE[match[1]], float(match[2])
    return lambda value: compare(value, line)


def _value(node: ast.AST, known: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.Name):
        return known[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, known)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _OPERATIONS[type(node.op)](_value(node.left, known), _value(node.right, known))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "math.sqrt" and len(node.args) == 1:
        return math.sqrt(_value(node.args[0], known))
    raise ValueError(f"{ast.unparse(node)} is no arithmetic on counts")
