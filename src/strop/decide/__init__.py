"""Which rung next, and may the result go live? Reports and policy in, a decision with its reasons out."""

from strop.decide.evidence import CROSSED, Apart, Arm, Evidence, Moved, Tried, echoes, primary_of
from strop.decide.foreseen import MOST, Foreseen, foreseen, unshowable, unshown_target
from strop.decide.forms import junit, markdown
from strop.decide.gate import decide
from strop.decide.ladder import Choice, Pick, comes_before, label_settings, next_rung, pick, rungs
from strop.decide.lines import easier, told, worst
from strop.decide.money import by_price, scaled, serving_price
from strop.decide.pairs import Approval, Opinion, Pair, Preference, draw, won
from strop.decide.people import opponent
from strop.decide.protocol import Protocol, alpha_at, alpha_left
from strop.decide.returns import returns
from strop.decide.verification import changed_protocol, digest_of, verify
from strop.decide.weighing import Outlook, came_of
from strop.decide.words import describe, together

__all__ = [
    "CROSSED",
    "MOST",
    "Apart",
    "Approval",
    "Arm",
    "Choice",
    "Evidence",
    "Foreseen",
    "Moved",
    "Opinion",
    "Outlook",
    "Pair",
    "Pick",
    "Preference",
    "Protocol",
    "Tried",
    "alpha_at",
    "alpha_left",
    "by_price",
    "came_of",
    "changed_protocol",
    "comes_before",
    "decide",
    "describe",
    "digest_of",
    "draw",
    "easier",
    "echoes",
    "foreseen",
    "junit",
    "label_settings",
    "markdown",
    "next_rung",
    "opponent",
    "pick",
    "primary_of",
    "returns",
    "rungs",
    "scaled",
    "serving_price",
    "together",
    "told",
    "unshowable",
    "unshown_target",
    "verify",
    "won",
    "worst",
]
