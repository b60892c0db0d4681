"""Recompute a decision from the per-item results under it, and say what differs."""

from __future__ import annotations

import math
import re

from pydantic import ValidationError

from strop.decide import right, words
from strop.decide.evidence import Evidence
from strop.decide.gate import decide_under
from strop.decide.protocol import Protocol
from strop.decide.slices import SELDOM, WEAKER
from strop.records import Check, Decision, Needed, content_id
from strop.settings import Settings

TOLERANCE = 1e-9
_COMPARED = (
    "candidate", "dataset", "reports", "rungs", "pairs", "judgements", "test_uses", "spent_before", "alpha", "verdict",
)  # fmt: skip
_REASON = re.compile(r" is missing \(.*?\)(?=;|, and with it | and )| and [\d,]+ other checks? with it")
"""Parts of a refusal that claim no figure: why something is missing, and how many checks fail with the first."""
_FIGURE = re.compile(r"\d[\d.,]*\d|\d")


def verify(decision: Decision, evidence: Evidence, settings: Settings | None = None) -> list[str]:
    """What a decision says that its evidence does not; empty when it stands.

    It is recomputed under the protocol that was stored with it, so that later changes of strop.yaml do not touch it.

    Args:
        decision: the stored decision.
        evidence: its reports and per-item results, loaded again.
        settings: given, strop.yaml is also compared with the stored protocol.
    """
    if changed := changed_protocol(decision):
        return changed
    protocol = Protocol.model_validate(decision.protocol)
    again = decide_under(protocol, evidence)
    found = [
        f"{name}: the decision says {getattr(decision, name)!r}, its evidence gives {getattr(again, name)!r}"
        for name in _COMPARED
        if getattr(decision, name) != getattr(again, name)
    ]
    if _need(decision.needed) != _need(again.needed):
        found.append(f"needed: the decision says {decision.needed!r}, its evidence gives {again.needed!r}")
    if decision.right_labels not in (None, again.right_labels):  # which older decisions do not say
        said, fresh = (one.right_labels and right.told(one.right_labels) for one in (decision, again))
        found.append(f"right_labels: the decision says {said!r}, its evidence gives {fresh!r}")
    if decision.weaker not in ("", again.weaker):  # which older decisions do not name
        found.append(f"weaker: the decision says {decision.weaker!r}, its evidence gives {again.weaker!r}")
    if not _stands(decision, again):
        found.append(f"sentence: the decision says {decision.sentence!r}, its evidence gives {again.sentence!r}")
    found += _checks(decision, again)
    if settings is not None:
        found += _settings(protocol, Protocol.of(settings, evidence.dataset.kind))
    return found


def changed_protocol(decision: Decision) -> list[str]:
    """Whether the protocol that is stored with a decision is the one that was hashed before the run."""
    found = Protocol.hash_of(decision.protocol)
    if found != decision.protocol_hash:
        return [
            f"protocol: that of {decision.id} does not match its hash: it was changed after the decision "
            f"({decision.protocol_hash} was noted, it gives {found})"
        ]
    try:
        Protocol.model_validate(decision.protocol)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in ("protocol", *first["loc"]))
        return [f"{place}: it cannot be read, and its hash was made anew: {first['msg']}"]
    return []


def _need(need: Needed | None) -> tuple[int, str | None, float | None] | None:
    """A need without its chance, which older decisions do not say."""
    return None if need is None else (need.items, need.slice, need.minutes)


def digest_of(decision: Decision, evidence: Evidence) -> str:
    """The digest of a decision: a hash over all that it says, its reports, and the artifacts of their items.

    Whoever replaces items, reports and decision together makes another digest; they cannot change the one on a page
    that was sent away.
    """
    body = decision.model_dump(mode="json", exclude_defaults=True, exclude={"digest"})
    reports = [arm.report.model_dump(mode="json", exclude_defaults=True) for arm in evidence.arms]
    return content_id("digest", [body, reports])


def _stands(decision: Decision, again: Decision) -> bool:
    """Whether a sentence says the verdict and the figures that its evidence gives; it may have been better put since.

    Decisions from before checks said what they count chose other figures: each has to be one of the checks'.
    """
    said, fresh = decision.sentence, again.sentence
    if said.partition(":")[0] != fresh.partition(":")[0]:
        return False
    if any(check.unit for check in decision.checks):
        return sorted(_claims(said)) == sorted(_claims(fresh))
    told = " ".join(
        f"{words.span(check)} {words.check_difference(check)} {words.number(check.margin or 0.0)} {check.detail}"
        for check in again.checks
    )
    return set(_claims(said)) <= {*_claims(fresh), *_FIGURE.findall(told)}


def _claims(sentence: str) -> list[str]:
    """The figures of a sentence.

    What would settle it is left out: it stands in the checks, and says more than it did. So is a weaker slice, which
    earlier decisions told by another measure, and what labels are mostly missed, which they did not tell.
    """
    claims = _REASON.sub("", sentence).partition("; about ")[0]
    return _FIGURE.findall(claims.partition(WEAKER)[0].partition(SELDOM)[0])


def _checks(decision: Decision, again: Decision) -> list[str]:
    stored, fresh = ({check.name: check for check in one.checks} for one in (decision, again))
    found = [f"{name}: a check that the protocol does not ask for" for name in stored if name not in fresh]
    found += [f"{name}: the decision lacks this check" for name in fresh if name not in stored]
    for name in stored:
        if name in fresh:
            found += _check(stored[name], fresh[name])
    return found


def _check(stored: Check, fresh: Check) -> list[str]:
    found = []
    if stored.verdict != fresh.verdict:
        gives = f"its evidence gives {fresh.verdict} ({fresh.detail})"
        found.append(f"{stored.name}: the decision says {stored.verdict}, {gives}")
    # Older decisions do not say how many items their groups hold.
    for field in ("value", "low", "high", "margin", "n", *(("items",) if stored.items is not None else ())):
        said, is_now = getattr(stored, field), getattr(fresh, field)
        if not _same(said, is_now):
            found.append(f"{stored.name}: {field} is {said} in the decision and {is_now} from its evidence")
    return found


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return first == second or math.isclose(first, second, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _settings(stored: Protocol, current: Protocol) -> list[str]:
    before, after = stored.to_json(), current.to_json()
    return [
        f"protocol: {key} was {before[key]} and strop.yaml now says {after[key]}"
        for key in before
        if before[key] != after[key]
    ]
