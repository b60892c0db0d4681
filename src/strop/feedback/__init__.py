"""What people and applications say of answers: taken in, capped, reviewed, and turned into rows."""

from strop.feedback.audit import Sampler, seconds_of
from strop.feedback.corrections import as_now, correction_of, is_sealed, rows, usable
from strop.feedback.intake import (
    KINDS,
    LONGEST,
    MOST_WAITING,
    NAME,
    judgement,
    said_first,
    standing,
    suggested,
    within_caps,
)

__all__ = [
    "KINDS",
    "LONGEST",
    "MOST_WAITING",
    "NAME",
    "Sampler",
    "as_now",
    "correction_of",
    "is_sealed",
    "judgement",
    "rows",
    "said_first",
    "seconds_of",
    "standing",
    "suggested",
    "usable",
    "within_caps",
]
