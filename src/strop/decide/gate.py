"""Reports and policy to a decision with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from strop.decide import words
from strop.decide.comparisons import CONSTANT, level_of, primary_trials, rivals, watched
from strop.decide.evidence import CROSSED, Evidence
from strop.decide.facts import fact_checks, may_have_seen, no_longer
from strop.decide.final import final_checks
from strop.decide.guards import guard_trials
from strop.decide.lines import moved_checks, moved_since
from strop.decide.noise import noise_checks
from strop.decide.people import people_trials
from strop.decide.protocol import Protocol, alpha_ahead, alpha_left
from strop.decide.refusing import because
from strop.decide.right import right_labels
from strop.decide.slices import Caution, caution, mostly_missed, watched_slices
from strop.decide.trials import Ahead, Trial, judge
from strop.measure import clusters_of_one_size, clusters_weighed_alike, display_name, measured_items
from strop.records import Check, CheckVerdict, Decision, ItemResult, MeasureSpec, Verdict, new_id, now
from strop.settings import Settings

_WORST: tuple[CheckVerdict, ...] = ("pass", "undecided", "missing", "fail")
"""Verdicts of a check from the best to the worst."""
NO_TARGET = " No target is set: whether that is good enough was not asked."
"""What a yes without a target does not say, so that nobody reads more into it."""


def decide(evidence: Evidence, settings: Settings) -> Decision:
    """May the candidate go live?

    Promote when every check passes; refuse when one certainly fails or rests on a number that is missing; otherwise
    there is not enough evidence, and ``needed`` says what would settle it.

    The error budget ``decision.alpha`` is shared over the openings of the test set (:func:`.protocol.alpha_left`). At
    each opening every check is tested one-sided at that share, so that a candidate with any fault is promoted at most
    so often; certain failures are corrected for the number of checks (:func:`.trials.judge`).

    Args:
        evidence: the reports and what else was looked at.
        settings: strop.yaml; what the verdict depends on is stored in the decision as its protocol.
    """
    return decide_under(Protocol.of(settings, evidence.dataset.kind), evidence)


def decide_under(protocol: Protocol, evidence: Evidence) -> Decision:
    """The decision under a protocol, the stored one of an earlier decision for example."""
    evidence = evidence if protocol.rules > 4 else evidence.by_one_model()
    with (
        nullcontext() if protocol.rules > 7 else clusters_of_one_size(),
        nullcontext() if protocol.rules > 8 else clusters_weighed_alike(),
    ):
        return _decided(protocol, evidence)


def _decided(protocol: Protocol, evidence: Evidence) -> Decision:
    spec = evidence.primary(protocol.primary)
    alpha = share_of(evidence, protocol)
    checks = _checks(evidence, protocol, spec, alpha)
    verdict = _verdict(checks)
    needs = words.needs_of(checks) if verdict == "not_enough_evidence" else []
    aimed = spec is None or protocol.target is not None
    slices = Caution()
    if spec is not None and verdict != "refuse":
        slices = caution(evidence.across(), protocol, spec, checks)
    watch = slices.sentence
    watch += mostly_missed(evidence) if spec is not None and verdict != "refuse" else ""
    if verdict != "refuse":
        watch += no_longer(checks, evidence) + moved_since(evidence, protocol) + may_have_seen(evidence)
    beyond = "" if aimed or verdict != "promote" else NO_TARGET
    numbers = _numbers(evidence, spec, checks, counted=protocol.rules > 6)
    body = protocol.to_json()
    return Decision(
        id=new_id("dec"),
        candidate=evidence.candidate.id,
        verdict=verdict,
        sentence=f"{_sentence(verdict, checks, numbers, aimed=aimed)}{watch}.{beyond}",
        checks=tuple(checks),
        needed=next(iter(needs), None),
        protocol=body,
        protocol_hash=Protocol.hash_of(body),
        reports=_report_ids(evidence),
        rungs=tuple(arm.report.id for arm in evidence.lower_rungs),
        pairs=evidence.pairs or (),
        judgements=evidence.judgements,
        dataset=evidence.dataset.id,
        test_uses=evidence.test_uses,
        spent_before=evidence.spent_before,
        alpha=alpha,
        right_labels=None if spec is None else right_labels(evidence.across(), spec),
        weaker=slices.weaker,
        by=evidence.by,
        created=now(),
    )


def share_of(evidence: Evidence, protocol: Protocol) -> float:
    """The error that this opening may spend."""
    asked = protocol.decision
    return alpha_left(evidence.test_uses, alpha=asked.alpha, uses=asked.test_uses, spent=evidence.spent_before)


def _checks(evidence: Evidence, protocol: Protocol, spec: MeasureSpec | None, alpha: float) -> list[Check]:
    asked: list[Trial | Check] = []
    if spec is None:
        wanted = protocol.primary or "a primary measure"
        why = evidence.report.not_measured.get(wanted)
        detail = f"the test report does not hold {wanted}" + (f": {why}" if why else "")
        asked.append(Check(name="primary", verdict="missing", detail=detail))
    else:
        asked += primary_trials(evidence, protocol, spec)
        asked += final_checks(evidence, protocol, spec, alpha)
    asked += guard_trials(evidence, protocol)
    asked += people_trials(evidence, protocol)
    trials = [trial for trial in asked if isinstance(trial, Trial)]
    minutes, of_more = protocol.minutes_per_item, protocol.rules > 1
    ahead = _ahead(evidence, protocol, alpha) if protocol.rules > 2 else None
    found = judge(trials, alpha=alpha, minutes_per_item=minutes, of_more=of_more, ahead=ahead)
    judged = {check.name: check for check in found}
    checks = [trial if isinstance(trial, Check) else judged[trial.name] for trial in asked]
    if spec is not None:
        checks += watched_slices(watched(evidence), protocol, spec, alpha)
    if spec is not None:
        checks += noise_checks(evidence, protocol, spec, alpha)
    if spec is not None and protocol.target is None:
        checks.insert(0, _primary_without_target(evidence, spec, checks, alpha))
    if spec is not None and protocol.rules > 5:
        checks = [_with_unscored(check, evidence.across().items, spec) for check in checks]
    return checks + fact_checks(evidence, protocol) + moved_checks(evidence, protocol)


def _with_unscored(check: Check, items: Sequence[ItemResult], spec: MeasureSpec) -> Check:
    """The measure itself says of how many items it says nothing: a user's may be silent where the answer is wrong."""
    if check.name != "primary" or check.verdict == "missing":
        return check
    left = len(items) - len(measured_items(spec, items))
    if not left:
        return check
    return check.model_copy(update={"detail": f"{check.detail}; {left} of {len(items)} items have no score"})


def _ahead(evidence: Evidence, protocol: Protocol, alpha: float) -> Ahead:
    """The look that comes next: further items are judged together with these."""
    asked = protocol.decision
    spent = evidence.spent_before + alpha
    alpha, fresh = alpha_ahead(evidence.test_uses, alpha=asked.alpha, uses=asked.test_uses, spent=spent)
    return Ahead(alpha, fresh, grouped=protocol.rules > 5, at_its_error=protocol.rules > 6)


def _primary_without_target(evidence: Evidence, spec: MeasureSpec, checks: Sequence[Check], alpha: float) -> Check:
    """The measure itself; without a target its verdict is that of the comparison with the cheaper rungs."""
    compared = [check for check in checks if check.name in ("against_lower_rungs", CONSTANT)]
    comparison = max(compared, key=lambda check: _WORST.index(check.verdict))
    try:
        measured = level_of(spec, evidence.across().items)(alpha)
    except ValueError as error:
        return Check(name="primary", verdict="missing", detail=str(error))
    return Check(
        name="primary",
        verdict=comparison.verdict,
        value=measured.value,
        low=measured.low,
        high=measured.high,
        n=measured.n,
        items=measured.items,
        unit="item",
        detail=f"{display_name(spec.name)}; no target: it stands and falls with the comparison with what is cheaper",
    )


def _verdict(checks: Sequence[Check]) -> Verdict:
    verdicts = {check.verdict for check in checks}
    if verdicts & {"fail", "missing"}:
        return "refuse"
    return "not_enough_evidence" if "undecided" in verdicts else "promote"


def _report_ids(evidence: Evidence) -> dict[str, str]:
    named = {"release": evidence.release, "general": evidence.general, "general_base": evidence.general_base}
    named |= {"again": evidence.again, "secrets": evidence.secrets, "beside": evidence.beside}
    named |= {f"incumbent {number}": arm for number, arm in enumerate(evidence.incumbents, 1)}
    if evidence.crossed is not None:
        named[CROSSED] = evidence.crossed
        named |= {f"{CROSSED} rung {number}": arm for number, arm in enumerate(evidence.crossed_rungs, 1)}
    return {"candidate": evidence.report.id} | {
        role: arm.report.id for role, arm in named.items() if arm is not None
    }  # fmt: skip


def _sentence(verdict: Verdict, checks: Sequence[Check], numbers: str, *, aimed: bool) -> str:
    """One plain sentence with the numbers, without its full stop; ``aimed``: at a target."""
    if verdict == "promote":
        return f"Promote: {numbers}; all {len(checks)} checks pass"
    if not aimed:  # then the primary measure repeats the verdict of a comparison, and that one says why
        checks = [check for check in checks if check.name != "primary"]
    if verdict == "refuse":
        return f"Refuse: {because(checks)}; {numbers}"
    open_checks = [check for check in checks if check.verdict == "undecided"]
    needs = words.needs_of(open_checks)
    price = (
        f"; {words.settles(needs)} would settle {'it' if len(needs) == 1 else 'it,'}{words.chance(needs)}"
        if needs
        else ""
    )
    return f"Not enough evidence: {words.undecided([check.name for check in open_checks])}; {numbers}{price}"


def _numbers(evidence: Evidence, spec: MeasureSpec | None, checks: Sequence[Check], *, counted: bool) -> str:
    """The measure with its interval and what it was held against; ``counted``: items without a score are left out."""
    primary = next(check for check in checks if check.name == "primary")
    if spec is None or primary.value is None or primary.low is None or primary.high is None:
        return words.together(evidence.items, "test item")
    on = words.together(evidence.items, "test item")
    if evidence.crossed is not None:
        on = f"{words.together(evidence.crossed.items, 'item')}, each answered by a model that did not see it"
    items = evidence.across().items
    if counted and (said := len(measured_items(spec, items))) < len(items):
        on = f"{said:,} of {on}"
    text = f"{display_name(spec.name)} {words.span(primary)} on {on}"
    told = {check.name: check for check in checks if check.value is not None}
    # Where something cheaper was beaten, that it beat what takes no model goes without saying; and who beat that need
    # not be told to have beaten its own answers dealt to other items.
    cheaper = CONSTANT if CONSTANT in told and not rivals(evidence) else "against_lower_rungs"
    for name in (cheaper, "against_release", "against_incumbent"):
        if (check := told.get(name)) is not None:
            text += f", {words.check_difference(check)} {check.detail.removeprefix(display_name(spec.name)).strip()}"
    return text
