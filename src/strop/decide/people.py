"""What people have to say before a candidate may go live: blind pairs judged, and approvals given by name or role."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from strop.decide.comparisons import best_arm, level_of, rivals
from strop.decide.evidence import Arm, Evidence
from strop.decide.pairs import Approval, Opinion, apart
from strop.decide.protocol import Protocol
from strop.decide.trials import Trial
from strop.decide.words import PAIRS
from strop.measure import Game, bradley_terry, krippendorff_alpha, mcnemar_exact
from strop.records import Check, ItemResult, MeasureSpec, Needed

WON = MeasureSpec(name="won", how="mean")


def opponent(evidence: Evidence, spec: MeasureSpec, *, rules: int) -> Arm | None:
    """Beside whose answers people see the candidate's: what serves now, else the best of cheaper rungs and of today.

    One that answers every item as the candidate does leaves nothing to prefer, and is passed over for the next; None
    where each of them does. ``rules``: of the protocol; up to 5 the first was taken, whatever it answers.
    """
    others, asked = [*rivals(evidence), *evidence.incumbents], [] if evidence.release is None else [evidence.release]
    if rules < 6:
        return evidence.release or (best_arm(spec, others) if others else None)
    while others:
        asked.append(best_arm(spec, others))
        others = [arm for arm in others if arm is not asked[-1]]
    asked += [] if evidence.beside is None else [evidence.beside]
    return next((arm for arm in asked if apart(evidence.items, arm.items)), None)


def people_trials(evidence: Evidence, protocol: Protocol) -> list[Trial | Check]:
    """Everything that the protocol asks of people."""
    asked = protocol.decision.people
    found = [_blind_pairs(evidence, protocol)] if asked.blind_pairs else []
    return [*found, _approvals(evidence.approvals, asked.approve)] if asked.approve else found


def _blind_pairs(evidence: Evidence, protocol: Protocol) -> Trial | Check:
    """The share of pairs won by the candidate, an undecided pair counting one half.

    Tested once, when every pair that was drawn has an opinion: a look at some of them would be a look too many.
    """
    name, line = "blind_pairs", 0.5 - protocol.preference_margin
    asked, pairs = protocol.decision.people.blind_pairs, evidence.pairs
    if pairs is None:
        return Check(name=name, verdict="missing", margin=line, detail="no pairs were drawn")
    if not pairs and protocol.rules < 6:
        detail = "no item is answered in two ways"
        return Check(name=name, verdict="pass", margin=line, n=0, unit="blind pair", detail=detail)
    if not pairs:
        detail = "not measured: nothing that was tried answers an item otherwise, so nobody can prefer one of two"
        return Check(name=name, verdict="missing", margin=line, n=0, unit="blind pair", detail=detail)
    known = set(pairs)
    opinions = [opinion for opinion in evidence.preferences if opinion.pair in known]
    judged = {opinion.pair for opinion in opinions}
    if more := len(known - judged):
        detail = f"{len(judged)} of {len(pairs)} blind pairs were judged"
        detail += f" ({asked} asked for, no more items are answered in two ways)" if len(pairs) < asked else ""
        need = Needed(items=more, slice=PAIRS, minutes=more * protocol.minutes_per_item)
        return Check(
            name=name, verdict="undecided", margin=line, n=len(judged), unit="blind pair", detail=detail, needed=need
        )
    # Several opinions of one pair are one observation.
    means = (mean([opinion.won for opinion in opinions if opinion.pair == pair]) for pair in sorted(judged))
    items = [ItemResult(example=f"pair {n}", answer="", scores={"won": won}) for n, won in enumerate(means)]
    return Trial(
        name=name, at=level_of(WON, items), passes=line, fails=line, detail=tally(opinions), slice=PAIRS,
        unit="blind pair",
    )  # fmt: skip


def tally(opinions: Sequence[Opinion]) -> str:
    """Who won how often, in words: with the sign test, the Bradley-Terry chance, and how far judges agree.

    A pair counts once, however many judged it: for whom most of them were.
    """
    shares = [mean(o.won for o in opinions if o.pair == pair) for pair in {o.pair for o in opinions}]
    won, lost = sum(share > 0.5 for share in shares), sum(share < 0.5 for share in shares)
    judges = len({opinion.by for opinion in opinions})
    text = f"share of blind pairs won: {won} won, {len(shares) - won - lost} even, {lost} lost"
    text += f" ({judges} {'judge' if judges == 1 else 'judges'}; sign test p = {mcnemar_exact(won, lost):.2g}"
    games = [
        Game("own", "other", "tie" if o.won == 0.5 else "first" if o.won else "second", prompt=o.pair) for o in opinions
    ]
    text += f", Bradley-Terry chance of winning {bradley_terry(games).chance('own', 'other'):.2f}"
    return text + _agreement(opinions) + ")"


def _agreement(opinions: Sequence[Opinion]) -> str:
    """Krippendorff's alpha over the pairs that several people judged."""
    units = [[opinion.won for opinion in opinions if opinion.pair == pair] for pair in {o.pair for o in opinions}]
    shared = [unit for unit in units if len(unit) > 1]
    return f", α = {krippendorff_alpha(shared, scale='ordinal'):.2f} on {len(shared)} judged twice" if shared else ""


def _approvals(given: Sequence[Approval], asked: Sequence[str]) -> Check:
    """Each name or role that was asked for; of one role anybody approves for all, and anybody's no is a no.

    Who said so is in the judgements, where it can be forgotten; a decision names what was asked for only.
    """
    name = "approvals"
    theirs = {who: [one.approved for one in given if who in (one.by, one.role)] for who in asked}
    refused = [who for who, said in theirs.items() if False in said]
    if refused:
        return Check(
            name=name, verdict="fail", n=len(given), unit="approval", detail=f"refused by {', '.join(refused)}"
        )
    waiting = [who for who, said in theirs.items() if not said]
    if waiting:
        detail = f"{len(waiting)} of {len(asked)} missing: waits for {', '.join(waiting)}"
        return Check(name=name, verdict="undecided", n=len(asked) - len(waiting), unit="approval", detail=detail)
    return Check(name=name, verdict="pass", n=len(asked), unit="approval", detail=f"approved by {', '.join(asked)}")
