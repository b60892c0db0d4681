"""When two rows are the same: it depends on what the task's answers are.

A label repeats by nature, so rows of a closed set of answers are compared by what they ask. Free answers may differ for
one question, and questions made from one template are alike by nature: there question and answer are compared together.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final

from strop.curate.attributes import attributes
from strop.curate.drafts import Draft
from strop.records import Kind

CLOSED: Final[frozenset[Kind]] = frozenset({"classification", "extraction"})
"""Kinds where one question has one right answer: two answers to it contradict each other."""


def folded(text: str) -> str:
    """A text without what does not change it: Unicode form, case, white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class Comparison:
    """How rows of one kind are compared. ``code`` keeps case and indentation."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.closed = kind in CLOSED

    def question(self, row: Draft) -> str:
        """What identical questions share."""
        text = row.asked if row.system is None else f"{row.system}\n{row.asked}"
        return text.strip() if self.kind == "code" else folded(text)

    def answer(self, row: Draft) -> str:
        """What identical answers share."""
        if self.kind == "extraction":
            try:
                return json.dumps(json.loads(row.answer), sort_keys=True, ensure_ascii=False)
            except (ValueError, RecursionError):
                pass
        return row.answer.strip() if self.kind == "code" else folded(row.answer)

    def text(self, row: Draft) -> str:
        """What near duplicates are looked for in."""
        asked = row.asked if row.system is None else f"{row.system}\n{row.asked}"
        return asked if self.kind == "classification" else f"{asked}\n{row.answer}"

    def may_repeat(self, one: Draft, other: Draft) -> bool:
        """Whether two rows with similar texts ask for the same: equal labels, equal attribute values, equal numbers."""
        if self.kind == "classification":
            return folded(one.answer) == folded(other.answer)
        if self.kind == "extraction":
            return self.answer(one) == self.answer(other)
        mine, theirs = attributes(one.input), attributes(other.input)
        if mine or theirs:
            return {folded(k): folded(v) for k, v in mine.items()} == {folded(k): folded(v) for k, v in theirs.items()}
        return sorted(re.findall(r"\d+", one.asked)) == sorted(re.findall(r"\d+", other.asked))
