"""Faults that the surface of a text shows, without a model: garbage, cut-off texts, another language, numbers that come
from nowhere, breaks of the house style.

What is unusual is measured against the rows themselves. Each score lies in [0, 1], lower is worse; rows without a sign
are not listed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Container, Sequence

import numpy as np

from strop.curate.attributes import attributes, numbers
from strop.curate.drafts import Draft, names
from strop.curate.faults import Shown, Sign, worse_of
from strop.curate.finding.endings import ENDS
from strop.curate.finding.habits import FREE, UNUSUAL, Habits, learnt
from strop.curate.finding.refusals import no_answers
from strop.curate.finding.sourcing import unlike_lists, unsourced
from strop.curate.kept import Lines
from strop.curate.work import Work
from strop.measure.answers.stated import invented
from strop.measure.writing.style import StyleRule, style_breaks
from strop.records import JSON, Reason

_NOWHERE = 0.04
_NAMED = 0.045
"""Score of an answer with a name from nowhere: surer than what the other answers foretell, less sure than a number."""
_FEW_SAY = 2
"""Answers that may say a name which they were not given, before it is one that the task's answers say."""
_MANY_NAMES = 0.05
_SMALL = re.compile(r"\b[^\W\d_A-ZÀ-ÖØ-Þ][^\W\d_]+")
"""Score of an answer in which next to all numbers are right: one that comes from nowhere is a fault all the same."""
_ALL = len(UNUSUAL)
_LEAST = 30
"""Rows from which habits can be told."""


def surface(rows: Sequence[Draft], voices: Sequence[Draft], work: Work, system: str | None = None) -> Shown:
    """What the texts of rows show, by fault and row identity.

    Args:
        rows: rows of one task, personal data masked.
        voices: those that tell what is usual.
        work: the run.
        system: the task's instruction.
    """
    shown: Shown = {}
    if len(rows) < _LEAST:
        return shown
    kind, rules = work.settings.task.kind, work.rules
    shown |= _unusual(rows, voices, work)
    if kind in FREE:
        shown = worse_of(shown, {"truncated": _unfinished(rows), "no_answer": no_answers(rows, system)})
    if kind == "extraction":
        shown = worse_of(shown, unlike_lists(rows))
    if kind in ("extraction", "summarisation", "chat"):
        shown["unsupported_answer"] = unsourced(rows, kind)
    if kind == "generation":
        shown["off_topic"], shown["unsupported_answer"] = _formless(rows), _from_nowhere(rows)
    if rules:
        shown["style_break"] = _off_style(rows, rules)
    return shown


def _unusual(rows: Sequence[Draft], voices: Sequence[Draft], work: Work) -> Shown:
    """What the habits of the rows that speak say of all. Which faults a row shows is remembered; of the few that show
    some, these are looked at each time, so that no text of theirs is kept."""
    kind = work.settings.task.kind
    made_from: JSON = [kind, hashlib.sha256(b"".join(names(voices))).hexdigest()]
    habits = Habits(work.kept.once("habits", made_from, lambda: learnt(voices, kind, work.key)), kind, work.key)
    speaking = {row.identity for row in voices}
    seen: dict[int, dict[Reason, Sign]] = {}

    def look(number: int, only: Sequence[Reason] = UNUSUAL) -> dict[Reason, Sign]:
        row = rows[number]
        if number not in seen and (signs := habits.signs(row, speaks=row.identity in speaking, only=only)):
            seen[number] = signs
        return seen.get(number, {})

    def of(numbers: Sequence[int]) -> Lines:
        shown = [look(number) for number in numbers]
        return {"shows": np.array([[fault in one for fault in UNUSUAL] for one in shown], dtype=bool).reshape(-1, _ALL)}

    shows = work.kept.of_rows("unusual", made_from, len(rows), names(rows), of)["shows"]
    shown: Shown = {fault: {} for fault in UNUSUAL}
    for number in np.flatnonzero(shows.any(axis=1)).tolist():
        only = [fault for fault, is_shown in zip(UNUSUAL, shows[number].tolist(), strict=True) if is_shown]
        for fault, sign in look(number, only).items():
            shown[fault][rows[number].identity] = sign
    return shown


def _unfinished(rows: Sequence[Draft]) -> dict[str, Sign]:
    """Answers that do not end like the others do."""
    open_ended = [row for row in rows if row.answer.strip() and not ENDS.search(row.answer)]
    share = len(open_ended) / len(rows)
    return {row.identity: Sign(share, f"ends with {row.answer.strip()[-20:]!r}") for row in open_ended}


def _formless(rows: Sequence[Draft]) -> dict[str, Sign]:
    """Where nearly all inputs are attributes: those that are not."""
    plain = [row for row in rows if not attributes(row.input)]
    share = len(plain) / len(rows)
    if share > 0.5:
        return {}
    return {row.identity: Sign(share, "not in the form of the other inputs") for row in plain}


def _from_nowhere(rows: Sequence[Draft]) -> dict[str, Sign]:
    """Numbers with their units, and names, in an answer that its attributes do not hold.

    A name is a word in capitals that no answer says in small letters, and that few answers say although they were not
    given it: what many say is how the task is. Where many answers have such names, as in languages that write nouns in
    capitals, they tell nothing.
    """
    strange = {row.identity: invented(row.answer, row.asked) for row in rows if attributes(row.input)}
    said = Counter(word for pieces in strange.values() for word in {piece.casefold() for piece in pieces})
    small = {word for row in rows for word in _SMALL.findall(row.answer)}
    known = {word for word, count in said.items() if count > _FEW_SAY or word[0].isdigit() or _in_small(word, small)}
    rare = {identity: [p for p in pieces if p.casefold() not in known] for identity, pieces in strange.items()}
    named = sum(map(bool, rare.values())) <= max(_FEW_SAY, _MANY_NAMES * len(rows))
    found = {}
    for row in rows:
        numbers_told = [piece for piece in strange.get(row.identity, ()) if piece[0].isdigit()]
        names_told = rare.get(row.identity, []) if named else []
        if numbers_told:
            share = 1 - len(numbers_told) / max(len(numbers(row.answer)), len(numbers_told))
            found[row.identity] = Sign(_NOWHERE * share, f"says {', '.join([*numbers_told, *names_told][:3])}")
        elif names_told:
            found[row.identity] = Sign(_NAMED, f"says {', '.join(names_told[:3])}")
    return found


def _in_small(word: str, small: Container[str]) -> bool:
    """Whether a word with a capital is one of the language: "It's", "City"."""
    return re.split("['’]", word.casefold(), maxsplit=1)[0] in small


def _off_style(rows: Sequence[Draft], rules: Sequence[StyleRule]) -> dict[str, Sign]:
    """Answers that break rules of the house."""
    found = {}
    for row in rows:
        if row.reference is not None and (breaks := style_breaks(row.reference, rules, row.expect)):
            broken = sorted({b.rule for b in breaks})
            found[row.identity] = Sign(1 - len(broken) / len(rules), f"breaks {', '.join(broken)}")
    return found
