"""Which rung next, and why stop; which of the tried ones to take, and whether tuning was needed for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strop.decide import words
from strop.decide.evidence import Tried, echoes, primary_of
from strop.decide.guards import quantile
from strop.decide.money import money
from strop.decide.weighing import Outlook, missing, net, pays, weigh
from strop.measure import display_name, paired
from strop.records import INCUMBENT_METHODS, JSON, Base, Kind, Measured, MeasureSpec, Method, Spec, Step, Weighed
from strop.settings import Guard, Primary, Settings

LIGHTEST_FIRST: tuple[Method, ...] = (
    "prompt_tuning", "p_tuning", "ia3", "upper_layers", "prefix", "p_tuning_v2", "lora", "qlora", "rslora", "lora_plus",
    "pissa", "dora", "full",
)  # fmt: skip
"""Tuned methods of a language model, by what they train and keep."""
UNTUNED: frozenset[Method] = INCUMBENT_METHODS | {"classical", "embeddings", "prompt"}
"""Methods that take no fine-tuning of ours: the case against it."""


@dataclass(frozen=True)
class Choice:
    """The next spec to try, or None to stop; why; what was held against what. ``spent``: for want of time alone."""

    spec: Spec | None
    because: str
    spent: bool = False
    weighed: Weighed | None = None


@dataclass(frozen=True)
class Pick:
    """The candidate (its id) to take, why, the answer to "do we need to fine-tune?", and what command comes next."""

    candidate: str
    because: str
    fine_tune: str
    command: str


def rungs(
    settings: Settings, kind: Kind, bases: Sequence[Base], *, system: str | None, labels: Sequence[str]
) -> list[Spec]:
    """What may be tried, cheapest first.

    The classical model and the classifier on embeddings (classification only), then for every base, smallest first: the
    zero-shot prompt, the prompt with examples, the tuned methods from the lightest. A prompt of a classification task
    always names the labels: a prompt that has to guess them is no rival.

    Args:
        settings: ``ladder`` says which methods, how many shots; ``tune`` how to train.
        kind: the task's kind.
        bases: the bases of the ladder.
        system: the instruction.
        labels: the closed set of answers, for classification.
    """
    methods = settings.ladder.methods
    names = tuple(labels) if kind == "classification" else ()
    found = []
    if "classical" in methods and kind == "classification":
        found.append(Spec.of("classical", system=system, labels=names))
    if "embeddings" in methods and kind == "classification":
        found += _on_embeddings(settings, bases, system, names)
    prompted = label_settings(settings, names, in_prompt=True)
    tuned = label_settings(settings, names, in_prompt=settings.task.labels.in_prompt)
    training = settings.tune.model_dump(mode="json", exclude={"seed", "save_steps", "processes"})
    for base in sorted(bases, key=lambda base: (base.parameters, base.name)):
        for shots in dict.fromkeys((0, settings.ladder.shots)) if "prompt" in methods else ():
            found.append(
                Spec.of("prompt", base=base.id, system=system, labels=names, shots=shots, settings=prompted)
            )  # fmt: skip
        for method in LIGHTEST_FIRST:
            if method in methods:
                found.append(
                    Spec.of(method, base=base.id, system=system, labels=names, settings={**training, **tuned})
                )  # fmt: skip
    return found


def _on_embeddings(settings: Settings, bases: Sequence[Base], system: str | None, names: tuple[str, ...]) -> list[Spec]:
    """The classifier on embeddings: of the smallest base, or of TF-IDF's own directions, which need none."""
    embedder = settings.ladder.embedder
    if embedder == "hidden_states" and not bases:
        return []
    smallest = min(bases, key=lambda base: (base.parameters, base.name)) if embedder == "hidden_states" else None
    base = smallest.id if smallest is not None else None
    return [Spec.of("embeddings", base=base, system=system, labels=names, settings={"embedder": embedder})]


def label_settings(settings: Settings, labels: Sequence[str], *, in_prompt: bool) -> dict[str, JSON]:
    """What a spec says of labels in its prompt: nothing, or that they stand there, with their descriptions."""
    if not labels or not in_prompt:
        return {}
    known = {label: text for label, text in settings.task.labels.names.items() if text}
    return {"labels_in_prompt": True, "label_descriptions": known}


def comes_before(step: Step, spec: Spec) -> bool:
    """Whether a rung is cheaper than a spec by its method alone, on no base or on the same one."""
    order = ("classical", "embeddings", "prompt", *LIGHTEST_FIRST)
    if step.method not in order or spec.method not in order or step.base not in (None, spec.base):
        return False
    return order.index(step.method) < order.index(spec.method)


def next_rung(
    tried: Sequence[Tried],
    remaining: Sequence[Spec],
    settings: Settings,
    *,
    failed: int = 0,
    hours: float | None = None,
    outlook: Outlook | None = None,
) -> Choice:
    """The next rung, or why to stop.

    What runs today, the classical model and both prompts on the smallest base are always tried: they are the evidence
    for "do we need to fine-tune?". After that the climb stops when nothing remains, when the hours are spent, when no
    rung could still gain the margin, or when a rung meets the protocol (the target with its lower bound, and the guards
    on latency and memory) and a further one's likely gain is below its price: each step up must pay for itself. The
    price is in money where ``costs.point`` says what a gain is worth, else it is the margin. Without a target nothing
    but money stops the climb there. How good the incumbent is stops no climb: doing the same for less is the point.

    Args:
        tried: the rungs so far, in the order they were tried.
        remaining: the specs that are left, cheapest first.
        settings: ``ladder.hours``, ``costs``, the protocol.
        failed: rungs that were tried and gave no candidate.
        hours: time spent so far; by default what the runs and the answers took.
        outlook: what is known of the specs that are left.
    """
    if not remaining:
        count = len(tried) + failed
        return Choice(None, f"All {count} rungs were tried." if count > 1 else "It was the only rung.")
    spec = remaining[0]
    if not tried or _always(spec, tried):
        return Choice(spec, f"{words.first_upper(words.describe(spec))}: what comes before any tuning is always tried.")
    spent = _hours(tried) if hours is None else hours
    if spent >= settings.ladder.hours:
        left, hours = words.count(len(remaining), "rung"), settings.ladder.hours
        return Choice(None, f"The {hours:g} hours of the ladder are spent; untried: {left}.", spent=True)
    return _weighed(spec, tried, settings, outlook or Outlook())


def _weighed(spec: Spec, tried: Sequence[Tried], settings: Settings, outlook: Outlook) -> Choice:
    """Try it if it may reach what is asked for, or pays."""
    primary, guard = _primary_settings(settings), settings.decision.guard
    own = [rung for rung in tried if rung.spec.method not in INCUMBENT_METHODS] or tried
    measure = _measure(own, settings)
    best = _best(own, measure)
    reached = best.report.measures[measure.name]
    what, name = words.describe(spec), display_name(measure.name)
    if missing(reached.low if measure.higher_is_better else reached.high, measure) < primary.margin:
        return Choice(None, f"{words.first_upper(name)} is within the margin of perfect: {what} could not gain it.")
    kept = [rung for rung in _fair(own) if _guarded(rung, guard)]
    enough = next((rung for rung in kept if _meets(rung, measure, primary.target)), None)
    weighed = weigh(spec, enough or best, tried, measure, settings, outlook)
    pay = pays(weighed, primary.margin)
    if primary.target is None:
        climbs = pay or weighed.worth is None or weighed.price is None  # the margin is no reason to settle for less
        told = f"{what} may improve on {words.describe(best.spec)}, the best rung so far"
        if not climbs:
            told = f"no target asks for more than {words.describe(best.spec)}, and {what} would not pay"
    else:
        asked = f"the target {words.number(primary.target)} with its lower bound" + _limits(guard)
        climbs = pay or enough is None
        told = f"{what} next, for no rung meets {asked}"
        if enough is not None:
            told = f"{words.describe(enough.spec)} meets {asked}, "
            told += f"but {what} may pay" if pay else f"and {what} would not pay"
    return Choice(spec if climbs else None, f"{words.first_upper(told)}. {weighed.sentence}", weighed=weighed)


def _always(spec: Spec, tried: Sequence[Tried]) -> bool:
    if spec.method in INCUMBENT_METHODS | {"classical", "embeddings"}:
        return True
    own = [rung.spec.base for rung in tried if rung.spec.base is not None and rung.spec.method not in INCUMBENT_METHODS]
    first = next(iter(own), spec.base)
    return spec.method == "prompt" and spec.base == first


def _hours(tried: Sequence[Tried]) -> float:
    training = sum(rung.run.measured.wall_seconds for rung in tried if rung.run is not None)
    return (training + sum(item.seconds for rung in tried for item in rung.items)) / 3600


def _primary_settings(settings: Settings) -> Primary:
    return next(iter(settings.decision.primary.values()), Primary())


def _measure(tried: Sequence[Tried], settings: Settings) -> MeasureSpec:
    """The measure on which the rungs are compared.

    Raises:
        ValueError: when a report does not hold it.
    """
    wanted = next(iter(settings.decision.primary), None)
    for rung in tried:
        spec = primary_of(rung.report, wanted)
        if spec is None:
            raise ValueError(f"the report of {words.describe(rung.spec)} does not hold {wanted or 'a primary measure'}")
    found = primary_of(tried[0].report, wanted)
    assert found is not None
    return found


def _best(tried: Sequence[Tried], measure: MeasureSpec) -> Tried:
    """The best value; of equal ones the cheapest. An echo is taken only when there is nothing else."""
    sign = 1.0 if measure.higher_is_better else -1.0
    return max(_fair(tried) or tried, key=lambda rung: sign * rung.report.measures[measure.name].value)


def _fair(tried: Sequence[Tried]) -> list[Tried]:
    """The rungs that do more than repeat their input."""
    return [rung for rung in tried if not echoes(rung.report.measures)]


def _meets(rung: Tried, measure: MeasureSpec, target: float | None) -> bool:
    if target is None:
        return False
    measured = rung.report.measures[measure.name]
    return measured.low >= target if measure.higher_is_better else measured.high <= target


def _limits(guard: Guard) -> str:
    return "" if guard.p95_ms is None and guard.memory is None else " and the guards"


def _guarded(rung: Tried, guard: Guard) -> bool:
    """Whether what was measured on validation keeps the guards: a rung too slow or too large to serve is no reason."""
    times = [1000 * item.seconds for item in rung.items if item.seconds > 0]
    untimed = not times or len(times) < len(rung.items)
    if guard.p95_ms is not None and (untimed or quantile(times, 0.95, 0.05).high > guard.p95_ms):
        return False
    return guard.memory is None or (rung.report.memory_bytes or 0) <= guard.memory


def pick(tried: Sequence[Tried], settings: Settings) -> Pick:
    """The cheapest rung that is as good as the best, why, and whether tuning was needed.

    "As good" is shown by a paired difference whose lower bound lies above the margin's line. Where the items cannot
    show it, the dearer rung has to have a case: it is taken when it is shown to be better, or when its observed gain
    exceeds the margin. Where ``costs.point`` says what a point is worth, it has to pay, too: a cheaper rung that meets
    the protocol is taken where the dearer one's gain over it is worth less than its price. A rung that merely repeats
    its input is no rival.

    Args:
        tried: the rungs in the order of the ladder, cheapest first.
        settings: margin and primary measure.
    Raises:
        ValueError: when nothing was tried, or a report does not hold the primary measure.
    """
    if not tried:
        raise ValueError("no rung was tried: there is nothing to pick")
    measure, margin = _measure(tried, settings), _primary_settings(settings).margin
    best = _best(tried, measure)
    chosen, because = best, ""
    for rung in _fair(tried) or tried:
        if rung is best:
            because = _best_because(best, tried, measure)
            break
        gap = paired(measure, rung.items, best.items)
        if gap.low > -margin or (gap.high >= 0 and gap.value > -margin):
            shown = "is within the margin of" if gap.low > -margin else "is not shown to be worse than"
            chosen = rung
            names = f"{words.first_upper(words.describe(rung.spec))} {shown} the best, {words.describe(best.spec)}"
            because = f"{names}: {_words(gap)}."
            break
    dear, saving = chosen, _that_pays(chosen, tried, measure, settings)
    if saving is not None:
        chosen, because = saving, f"{because} {_dear_because(dear, saving, measure, settings)}"
    echoing = [words.describe(rung.spec) for rung in tried if echoes(rung.report.measures)]
    if echoing:
        repeat = "repeats its" if len(echoing) == 1 else "repeat their"
        because += f" {words.first_upper(' and '.join(echoing))} merely {repeat} input: no rival."
    because += "".join(_against_today(chosen, rung, measure) for rung in tried)
    command = "strop models list" if _of_no_use(best, measure) else "strop decide"
    fine_tune = _fine_tune(chosen, tried, measure, settings)
    if saving is not None and dear.spec.method not in UNTUNED and chosen.spec.method in UNTUNED:
        gap = paired(measure, dear.items, chosen.items)
        fine_tune = f"No: tuning gains {_words(gap)} over {words.describe(chosen.spec)}, which is not worth its price."
    return Pick(chosen.candidate.id, because, fine_tune, command)


def _that_pays(chosen: Tried, tried: Sequence[Tried], measure: MeasureSpec, settings: Settings) -> Tried | None:
    """A cheaper rung of ours that meets the protocol and is the better bargain, where money is known; else None."""
    guard, target = settings.decision.guard, _primary_settings(settings).target
    cheaper = [
        rung
        for rung in _fair(tried[: tried.index(chosen)])
        if rung.spec.method not in INCUMBENT_METHODS and _guarded(rung, guard)
        and (target is None or _meets(rung, measure, target))
    ]  # fmt: skip
    bargains = [(net(chosen, rung, measure, settings), rung) for rung in cheaper]
    losing = [(left, rung) for left, rung in bargains if left is not None and left < 0]
    return min(losing, key=lambda bargain: bargain[0])[1] if losing else None


def _dear_because(dear: Tried, saving: Tried, measure: MeasureSpec, settings: Settings) -> str:
    """Why the cheaper rung is taken."""
    target, months = _primary_settings(settings).target, settings.costs.months
    gain, left = paired(measure, dear.items, saving.items), net(dear, saving, measure, settings)
    assert settings.costs.point is not None and left is not None
    worth = 100 * gain.value * settings.costs.point * months
    met = "does what is asked" if target is None else f"meets the target {words.number(target)} with its lower bound"
    return (
        f"But {words.describe(saving.spec)} {met}, and {words.describe(dear.spec)} would not pay: {_words(gain)}, "
        f"worth {money(worth)} in {months} months, for {money(worth - left)}."
    )


def _against_today(chosen: Tried, rung: Tried, measure: MeasureSpec) -> str:
    if rung is chosen or rung.spec.method not in INCUMBENT_METHODS:
        return ""
    return f" Against {words.describe(rung.spec)}: {_words(paired(measure, chosen.items, rung.items))}."


def _of_no_use(best: Tried, measure: MeasureSpec) -> bool:
    """Whether not one answer is right in any way: the sealed test set would be opened for nothing."""
    return measure.higher_is_better and best.report.measures[measure.name].value == 0


def _best_because(best: Tried, tried: Sequence[Tried], measure: MeasureSpec) -> str:
    found = best.report.measures[measure.name]
    value, cheaper = words.measured(found), tried[: tried.index(best)]
    if _of_no_use(best, measure):
        told = f"No rung is of use: {display_name(measure.name)} {value} at best."
        return f"{told} A larger base may be: strop models list, then ladder.bases in strop.yaml."
    text = f"{words.first_upper(words.describe(best.spec))} is the best: {display_name(measure.name)} {value}"
    if not cheaper and best.spec.method in INCUMBENT_METHODS:  # without a price none is known to be dearer
        return text + ", and no rung has a case against it."
    if not cheaper:
        return text + ", and the cheapest."
    rival = _best(cheaper, measure)
    gain = paired(measure, best.items, rival.items)
    proof = "" if gain.low > 0 else f"; {words.together(best.items, 'item')} do not show it yet"
    return f"{text}, {_words(gain)} over {words.describe(rival.spec)}{proof}."


def _fine_tune(chosen: Tried, tried: Sequence[Tried], measure: MeasureSpec, settings: Settings) -> str:
    """Do we need to fine-tune?"""
    margin = _primary_settings(settings).margin
    tuned = [rung for rung in tried if rung.spec.method not in UNTUNED]
    prompts = [rung for rung in tried if rung.spec.method == "prompt"]
    untuned = prompts or [rung for rung in tried if rung.spec.method in UNTUNED]
    if chosen.spec.method in UNTUNED:
        name = "the prompt" if chosen.spec.method == "prompt" else words.describe(chosen.spec)
        if not tuned:
            return _nothing_tuned(chosen, tried, measure, settings)
        gap = paired(measure, _best(tuned, measure).items, chosen.items)
        if gap.high < 0:
            ahead = paired(measure, chosen.items, _best(tuned, measure).items)
            return f"No: {name} is better, {_words(ahead)} over what was tuned."
        if gap.high < margin:
            return f"No: {name} is within the margin; tuning gains {_words(gap)}."
        return f"Not shown: tuning gains {_words(gap)} over {name} on {words.together(chosen.items, 'item')}."
    if not untuned:
        return "Not known: no prompt was tried."
    if not _fair(untuned):
        return f"Yes: without it, {words.describe(_best(untuned, measure).spec)} merely repeats its input."
    rival = _best(untuned, measure)
    gap = paired(measure, chosen.items, rival.items)
    over = "the best prompt" if prompts else words.describe(rival.spec)
    if gap.low > 0:
        return f"Yes: {_words(gap)} over {over}."
    return f"Not shown: tuning gains {_words(gap)} over {over} on {words.together(chosen.items, 'item')}."


def _nothing_tuned(chosen: Tried, tried: Sequence[Tried], measure: MeasureSpec, settings: Settings) -> str:
    """Do we need to, where nobody tried? No only where what there is is good enough by itself."""
    primary, name, best = _primary_settings(settings), words.describe(chosen.spec), _best(tried, measure)
    reached = best.report.measures[measure.name]
    if primary.target is not None and _meets(chosen, measure, primary.target):
        target = words.number(primary.target)
        return f"No: {name} meets the target {target} with its lower bound, and nothing was tuned."
    if missing(reached.low if measure.higher_is_better else reached.high, measure) < primary.margin:
        return f"No: {words.describe(best.spec)} is within the margin of perfect, and nothing was tuned."
    if len(tried) == 1:
        return f"Not known: {name} was tried alone."
    return "Not known: nothing was tuned, for `ladder` in strop.yaml names no base or no method that tunes."


def _words(gap: Measured) -> str:
    return words.measured_difference(gap)
