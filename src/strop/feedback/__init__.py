"""What people and applications say of answers: taken in, capped, reviewed, and turned into rows."""

from strop.feedback.audit import Sampler, seconds_of
from strop.feedback.corrections import correction_of, is_sealed, rows, usable
from strop.feedback.intake import KINDS, LONGEST, NAME, judgement, standing, within_caps

__all__ = [
    "KINDS",
    "LONGEST",
    "NAME",
    "Sampler",
    "correction_of",
    "is_sealed",
    "judgement",
    "rows",
    "seconds_of",
    "standing",
    "usable",
    "within_caps",
]
