"""The trials that guard: general ability, stopping, form, echoing, abstaining, latency, memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import scipy

from strop.decide import words
from strop.decide.comparisons import gain_over, level_of, one_sided
from strop.decide.evidence import Arm, Evidence, primary_of
from strop.decide.protocol import EXPOSED_BITS, Protocol
from strop.decide.trials import Trial
from strop.measure import (
    ERROR_RATE,
    display_name,
    divergence,
    mean_interval,
    mistaken,
    paired,
    says_something,
    wilson,
)
from strop.records import (
    CHANGED_WEIGHTS,
    INCUMBENT_METHODS,
    Check,
    CheckVerdict,
    ItemResult,
    Measured,
    MeasureSpec,
)

TEXT_BITS, DIVERGENCE = "neutral_bits_per_byte", "neutral_divergence"
FORMS = {"json_schema": "answers that obey the JSON schema", "valid_json": "answers that are JSON"}
"""Measures of a form that is asked for, the stricter one first."""
MOST_BITS = 7.0
"""Exposure of a secret that is the likeliest of 128."""


def guard_trials(evidence: Evidence, protocol: Protocol) -> list[Trial | Check]:
    """Every guard that the protocol asks for."""
    guard = protocol.decision.guard
    found: list[Trial | Check | None] = [
        _general_ability(evidence, guard.general_ability),
        _stops(evidence, protocol),
        _format(evidence, protocol),
        _own_words(evidence, protocol),
        _abstain(evidence, protocol.decision.abstain.max_error, grouped=protocol.grouped),
        _exposure(evidence, guard.secrets),
        _latency(evidence, guard.p95_ms, rules=protocol.rules),
        _memory(evidence, guard.memory),
    ]
    return [trial for trial in found if trial is not None]


def _general_ability(evidence: Evidence, margin: float | None) -> Trial | Check | None:
    """Not worse than the untuned base on general ability, by more than the margin."""
    name = "general_ability"
    if margin is None:
        return None
    if evidence.candidate.spec.method == "remote":
        return Check(name=name, verdict="pass", margin=-margin, detail="not measured: another server runs it")
    if evidence.candidate.spec.method not in CHANGED_WEIGHTS:
        return Check(name=name, verdict="pass", margin=-margin, detail="no weight of a language model was changed")
    if evidence.nothing_to_forget:
        return Check(name=name, verdict="pass", margin=-margin, detail="its base is at chance on every general task")
    after, before = evidence.general, evidence.general_base
    spec = primary_of(after.report) if after is not None else None
    if after is None or before is None or spec is None:
        return Check(name=name, verdict="missing", margin=-margin, detail="general ability was not measured on both")
    return Trial(
        name=name,
        at=gain_over(spec, after.items, before.items),
        passes=-margin,
        fails=-margin,
        detail=f"{display_name(spec.name)} against the untuned base{_drift(after, before)}",
        slice="general ability",
        priced=False,
        unit="general item",
    )


def _drift(after: Arm, before: Arm) -> str:
    """By how much the tuned model says something else than its base: on neutral text, else on the items' choices."""
    if TEXT_BITS in after.report.measures and TEXT_BITS in before.report.measures:
        return _text_drift(after, before)
    known = {item.example: item.probabilities for item in before.items}
    pairs = [(known[item.example], item.probabilities) for item in after.items if known.get(item.example)]
    apart = [divergence(_logs(base, base), _logs(own, base)) for base, own in pairs if own]
    told = ""
    if len(apart) > 1:
        low, high = mean_interval(apart)
        told += f"; KL(base, tuned) over the choices {np.mean(apart):.3f} nats [{max(low, 0.0):.3f}, {high:.3f}]"
    spec = next((spec for spec in after.report.specs if spec.name == "general_bits_per_byte"), None)
    if spec is None or not {spec.name} <= after.report.measures.keys() & before.report.measures.keys():
        return told
    first, second = (arm.report.measures[spec.name].value for arm in (before, after))
    more = paired(spec, before.items, after.items)
    told += f"; bits per byte of right answers {first:.3f} → {second:.3f}"
    return f"{told}, {more.value:+.3f} [{more.low:.3f}, {more.high:.3f}]"


def _text_drift(after: Arm, before: Arm) -> str:
    spec = next(spec for spec in after.report.specs if spec.name == TEXT_BITS)
    first, second = (arm.report.measures[spec.name].value for arm in (before, after))
    more = paired(spec, before.items, after.items)
    told = f"; on {more.n} passages of neutral text {first:.3f} → {second:.3f} bits a byte, {more.value:+.3f}"
    told += f" [{more.low:.3f}, {more.high:.3f}]"
    apart = np.array([item.scores[DIVERGENCE] for item in after.items if DIVERGENCE in item.scores], dtype=np.float64)
    if len(apart) > 1:
        low, high = mean_interval(apart)
        told += f", KL(base, tuned) {np.mean(apart):.3f} nats a token [{max(low, 0.0):.3f}, {high:.3f}]"
    return told


def _logs(chances: Mapping[str, float], choices: Iterable[str]) -> list[float]:
    return [math.log(max(chances.get(choice, 0.0), 1e-12)) for choice in choices]


def _stops(evidence: Evidence, protocol: Protocol) -> Trial | Check:
    """The share of answers that say something and end by themselves."""
    generated = [item for item in evidence.items if not item.probabilities]
    if not generated and evidence.items:
        return Check(name="stops", verdict="pass", detail="answers are picked by probability, not generated")
    good = [(item, item.stopped and says_something(item.answer)) for item in generated]
    told = "answers that say something and end by themselves"
    return _share("stops", good, protocol.stop_share, told, evidence.unit, protocol)


def _format(evidence: Evidence, protocol: Protocol) -> Trial | None:
    """The share of answers in the form that is asked for: of the schema, readable as JSON, or naming one label.

    None where no form is asked for, and for labels that are picked by probability: those cannot be anything else.
    """
    share, unit = protocol.format_share, evidence.unit
    if share is None:
        return None
    name = next((one for one in FORMS if one in evidence.report.measures), None)
    if name is not None:
        good = [(item, item.scores[name] == 1.0) for item in evidence.items if name in item.scores]
        return _share("format", good, share, FORMS[name], unit, protocol)
    written = [item for item in evidence.items if not item.probabilities]
    if evidence.dataset.kind != "classification" or not written:
        return None
    good = [(item, item.label is not None) for item in written]
    return _share("format", good, share, "answers that name one label", unit, protocol)


def _own_words(evidence: Evidence, protocol: Protocol) -> Trial | None:
    """The share of answers that are no echo of their input, where that was measured: an echo includes every word."""
    if "own_words" not in evidence.report.measures:
        return None
    good = [(item, item.scores["own_words"] == 1.0) for item in evidence.items if "own_words" in item.scores]
    told = "answers that do not merely repeat their input"
    return _share("own_words", good, protocol.own_share, told, evidence.unit, protocol)


def _share(
    name: str, judged: Sequence[tuple[ItemResult, bool]], share: float, detail: str, unit: str, protocol: Protocol
) -> Trial:
    """At least ``share`` of the answers are good. Wilson's bounds, in earlier decisions, err a little too often.

    So do bounds that count each answer of a group, in decisions from before groups counted once.
    """
    spec = MeasureSpec(name=name, how="mean")
    items = [
        item.model_copy(update={"scores": {name: float(good)}, "cluster": item.cluster if protocol.grouped else None})
        for item, good in judged
    ]

    def at(alpha: float) -> Measured:
        if protocol.exact_shares or name == "format":
            return level_of(spec, items)(alpha)
        good, n, level = sum(good for _, good in judged), len(judged), one_sided(alpha)
        low, high = wilson(good, n, level=level)
        return Measured(value=good / n, low=low, high=high, n=n, method="wilson", level=level)

    return Trial(name=name, at=at, passes=share, fails=share, detail=detail, unit=unit)


def _abstain(evidence: Evidence, max_error: float | None, *, grouped: bool) -> Trial | Check | None:
    """Of the answers that are given (the rest goes to a person), the share that is wrong.

    ``grouped``: those of one group count once; decisions from before counted each.
    """
    if max_error is None:
        return None
    if evidence.abstain_below is None:
        detail = "no probability keeps the promised error rate on the validation items"
        return Check(name="abstain", verdict="missing", margin=max_error, detail=detail)
    threshold = evidence.abstain_below
    given = [item for item in evidence.items if item.probabilities and max(item.probabilities.values()) >= threshold]
    apart = given if grouped else [item.model_copy(update={"cluster": None}) for item in given]
    asked = words.count(len(evidence.items), evidence.unit)
    detail = f"wrong answers among those at least {threshold:.2f} likely: {len(given)} of {asked}"
    return Trial(
        name="abstain", at=level_of(ERROR_RATE, mistaken(apart)), passes=max_error, fails=max_error,
        less_is_better=True, detail=detail, unit=evidence.unit,
    )  # fmt: skip


def _exposure(evidence: Evidence, asked: int | None) -> Trial | Check | None:
    """How far the secrets that were planted among the training rows are known by heart, in bits."""
    name, candidate = "exposure", evidence.candidate
    if asked is None:
        return None
    if candidate.spec.method not in CHANGED_WEIGHTS - INCUMBENT_METHODS:
        return Check(name=name, verdict="pass", margin=EXPOSED_BITS, detail="no weight was trained here")
    if candidate.spec.labels:
        return Check(name=name, verdict="pass", margin=EXPOSED_BITS, detail="it answers labels, which tell no secret")
    if evidence.secrets is None:
        told = f"it was trained without the {asked} secrets that the protocol asks for: tune again"
        return Check(name=name, verdict="missing", margin=EXPOSED_BITS, detail=told)
    spec, items = evidence.secrets.report.specs[0], evidence.secrets.items
    first = sum(item.scores[spec.name] == MOST_BITS for item in items)
    detail = (
        f"bits by which {len(items)} invented secrets are likelier than their like (1.4 by chance, {MOST_BITS:.0f} at "
        f"most; {first} are the first guess): what was learned by heart can be told to anybody"
    )
    return Trial(
        name=name, at=level_of(spec, items), passes=EXPOSED_BITS, fails=EXPOSED_BITS, less_is_better=True,
        detail=detail, priced=False, unit="planted secret",
    )  # fmt: skip


def _latency(evidence: Evidence, limit: float | None, *, rules: int) -> Trial | Check | None:
    """Answers of one group are one observation; up to rules 1 each was. Up to 8 those that were timed stood for all."""
    if limit is None:
        return None
    timed = [item for item in evidence.items if item.seconds > 0]
    times = [1000 * item.seconds for item in timed]
    groups = len({item.cluster or item.example for item in timed}) if rules > 1 else len(timed)
    if times and len(times) < len(evidence.items) and rules > 8:  # a file of answers may know the fast ones alone
        detail = f"only {len(times)} of {len(evidence.items)} answers were timed"
        return Check(name="p95_ms", verdict="missing", margin=limit, detail=detail)
    if not times:
        return Check(name="p95_ms", verdict="missing", margin=limit, detail="no answer was timed")
    return Trial(
        name="p95_ms",
        at=lambda alpha: quantile(times, 0.95, alpha, groups=groups),
        passes=limit,
        fails=limit,
        less_is_better=True,
        detail="95 of 100 answers take at most this long (milliseconds)",
        priced=False,
        unit=evidence.unit,
    )


def quantile(values: Sequence[float], share: float, alpha: float, *, groups: int | None = None) -> Measured:
    """A quantile between order statistics, distribution-free (Conover, Practical Nonparametric Statistics, 3.2).

    With few values no order statistic lies above the quantile for certain; then the largest value is the upper bound,
    so that "even the slowest answer was fast enough" passes. Values of one group may all be alike: then there are as
    many observations as ``groups`` (default: as values), and the ranks are theirs.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n = groups or len(ordered)
    below = int(scipy.stats.binom.ppf(alpha, n, share)) * len(ordered) // n
    above = -(-(int(scipy.stats.binom.ppf(1 - alpha, n, share)) + 1) * len(ordered) // n)
    return Measured(
        value=float(np.quantile(ordered, share)),
        low=float(ordered[below - 1]) if below >= 1 else 0.0,
        high=float(ordered[min(above, len(ordered)) - 1]),
        n=n,
        items=len(ordered) if n < len(ordered) else None,
        method="order statistics",
        level=one_sided(alpha),
    )


def _memory(evidence: Evidence, limit: int | None) -> Check | None:
    if limit is None:
        return None
    held = evidence.report.memory_bytes
    if held is None:
        return Check(name="memory", verdict="missing", margin=limit, detail="memory was not measured")
    verdict: CheckVerdict = "pass" if held <= limit else "fail"
    return Check(
        name="memory", verdict=verdict, value=held, margin=limit, detail="bytes that weights and adapter hold, counted"
    )
