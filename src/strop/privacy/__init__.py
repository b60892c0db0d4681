"""Find personal data, replace it with stable surrogates, and put it back: patterns, checksums, a model if asked for."""

from strop.privacy.finding import find
from strop.privacy.hiding import hider, project_model
from strop.privacy.known_names import KnownNames
from strop.privacy.masking import Looks, Masked, Masker, PuttingBack
from strop.privacy.name_model import NameModel
from strop.privacy.spans import KINDS, PersonalKind, Span

__all__ = [
    "KINDS",
    "KnownNames",
    "Looks",
    "Masked",
    "Masker",
    "NameModel",
    "PersonalKind",
    "PuttingBack",
    "Span",
    "find",
    "hider",
    "project_model",
]
