"""Inputs written as ``key: value`` lines, and the checks that follow from them."""

from __future__ import annotations

import re

from strop.curate.drafts import Draft
from strop.measure.answers.inclusion import inclusion
from strop.measure.answers.stated import invented
from strop.measure.writing.keywords import keyword_use
from strop.records import JSON

_LINE = re.compile(r"\s*[-*•]?\s*([^\W\d_][\w /()'-]{0,39}?)\s*[:=]\s*(\S.*?)\s*\Z")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SEARCH_TERMS = {"search term", "search terms", "keyword", "keywords", "seo keyword", "seo keywords", "search phrase"}
_NAMES = {"name", "product", "product name", "title", "item"}
_LONGEST_VALUE = 60
"""Characters of the longest value that an answer can be expected to repeat."""


def attributes(text: str) -> dict[str, str]:
    """The attributes of a text that is made of ``key: value`` lines; empty for any other text.

    At least two lines must be of that form and at least three quarters of all lines.
    """
    written = [line for line in text.splitlines() if line.strip()]
    found = {match[1]: match[2] for line in written if (match := _LINE.match(line))}
    return found if len(found) >= 2 and len(found) * 4 >= len(written) * 3 else {}


def numbers(text: str) -> set[str]:
    """The numbers that a text says."""
    return set(_NUMBER.findall(text))


def unsupported_numbers(row: Draft) -> list[str]:
    """Numbers of a row's answer that the attributes of its question do not hold, in no form and no other unit; none
    where it has no attributes."""
    if not attributes(row.input) or not numbers(row.answer) - numbers(row.asked) - set(re.findall(r"\d+", row.asked)):
        return []
    return [piece for piece in invented(row.answer, row.asked) if piece[0].isdigit()]


def derived_checks(text: str, reference: str | None) -> dict[str, JSON]:
    """What measures can expect of an answer to these attributes: ``attributes, must_include, keywords, name``.

    What the row's own reference leaves out is not asked for: the copywriter did without it as well.
    """
    given = attributes(text)
    if not given:
        return {}
    terms = [value for key, value in given.items() if key.casefold() in _SEARCH_TERMS]
    plain = {key: value for key, value in given.items() if key.casefold() not in _SEARCH_TERMS}
    wanted = [{"attribute": key, "value": value} for key, value in plain.items() if len(value) <= _LONGEST_VALUE]
    if reference:
        found = set(inclusion(reference, wanted).found)
        wanted = [check for check in wanted if check["attribute"] in found]
        terms = [term for term in terms if keyword_use(reference, term).times]
    checks: dict[str, JSON] = {}
    if wanted:
        checks |= {"attributes": {check["attribute"]: check["value"] for check in wanted}, "must_include": wanted}
    if terms:
        checks["keywords"] = [{"term": term, "min_count": 1} for term in terms]
    name = next((value for key, value in plain.items() if key.casefold() in _NAMES), None)
    if name:
        checks["name"] = name
    return checks
