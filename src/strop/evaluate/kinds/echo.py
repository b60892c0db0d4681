"""Does an answer say it in words of its own, or does it hand its input back? An echo includes every attribute."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from strop.evaluate.answers import Answer
from strop.evaluate.measures import Measure
from strop.records import Example

LINES = 0.6
"""An answer that holds at least this share of the input's ``key: value`` lines as they stand is an echo."""
SIMILAR = 0.9
"""So is one whose words are this much like the input's, in their order."""

_LINE = re.compile(r"^\s*[^:\n]{1,40}:\s*\S.*$", re.MULTILINE)
_FEWEST_LINES = 2  # a single line with a colon may be said again for good reasons


def own_words(example: Example, answer: Answer) -> float | None:
    """1, or 0 when the answer merely repeats the input; None where the reference does so, too (a text to correct)."""
    if example.reference and repeats(example.reference, example.input):
        return None
    return 0.0 if repeats(answer.text, example.input) else 1.0


def repeats(answer: str, text: str) -> bool:
    """Whether ``answer`` merely repeats ``text``; case and white space aside."""
    said, asked = _words(answer), _words(text)
    if not said or not asked:
        return False
    lines = [" ".join(_words(line)) for line in _LINE.findall(text)]
    if len(lines) >= _FEWEST_LINES:
        flat = " ".join(said)
        if sum(line in flat for line in lines) >= LINES * len(lines):
            return True
    matcher = SequenceMatcher(None, said, asked, autojunk=False)
    # The first two are cheap upper bounds of the third.
    bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return all(bound() >= SIMILAR for bound in bounds)


def _words(text: str) -> list[str]:
    return text.casefold().split()


OWN_WORDS = Measure(
    "own_words", "mean", own_words, settings={"lines": f"{LINES:g}", "similar": f"{SIMILAR:g}", "text": "casefolded"}
)
