"""Find personal data, replace it with stable surrogates, and put it back into an answer: patterns and checksums."""

from strop.privacy.finding import find
from strop.privacy.masking import Masked, Masker, PuttingBack
from strop.privacy.spans import KINDS, PersonalKind, Span

__all__ = ["KINDS", "Masked", "Masker", "PersonalKind", "PuttingBack", "Span", "find"]
