"""Numbers and specs as a verdict says them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from strop.measure import display_name
from strop.records import INCUMBENT_METHODS, Check, ItemResult, Measured, Method, Needed, Spec

PAIRS = "blind pairs"
"""The slice of a need that people meet by judging, not by new test items."""
NAMED = 3
"""So many checks are named in a sentence; the table below it has them all."""
MOST_SENSIBLE = 5_000
"""Items that somebody may still collect to settle a check."""
_METHODS: dict[Method, str] = {
    "lora": "LoRA",
    "dora": "DoRA",
    "prefix": "prefix tuning",
    "p_tuning_v2": "P-tuning v2",
    "upper_layers": "quick tuning of upper layers",
    "full": "full fine-tuning",
    "qlora": "QLoRA",
    "rslora": "rsLoRA",
    "lora_plus": "LoRA+",
    "pissa": "PiSSA",
    "ia3": "IA3",
    "p_tuning": "P-tuning v1",
    "prompt_tuning": "prompt tuning",
}
_CHECKS = {
    "primary": "the primary measure",
    "against_lower_rungs": "the comparison with the cheaper rungs",
    "against_constant": "the comparison with what takes no model",
    "against_release": "the comparison with what serves now",
    "against_incumbent": "the comparison with what runs today",
    "gain_over_release": "a gain over what serves now",
    "final_model": "the model itself beside those that were cross-fitted",
    "exposure": "what it knows of its training rows by heart",
    "noise_floor": "the noise of being asked again",
    "input_dependence": "the dependence of its answers on the input",
    "slices": "the slices of the test set",
    "stops": "the ending of its answers",
    "format": "the form of its answers",
    "own_words": "answering in words of its own",
    "abstain": "the error among the answers it gives",
    "p95_ms": "the latency",
    "memory": "the memory",
    "blind_pairs": "people's preference in blind pairs",
    "approvals": "people's approval",
    "leakage": "the search for leakage",
    "personal_data": "the search for personal data",
    "run_checks": "the never-silent contract of the run",
    "reports": "the agreement of reports and items",
    "test_uses": "the number of openings of the test set",
    "departed": "the completeness of the test set",
    "lines": "the protocol, with lines that were moved after a look,",
}


def number(value: float) -> str:
    """Three decimals, as for a share; large numbers with fewer."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def measured(found: Measured) -> str:
    """``0.913 [0.871, 0.946]``."""
    return f"{number(found.value)} [{number(found.low)}, {number(found.high)}]"


def difference(value: float, low: float, high: float) -> str:
    """``+9.1 points [6.0, 12.3]`` for measures between 0 and 1, plain numbers for larger ones."""
    if abs(value) > 1:
        return f"{value:+.3f} [{number(low)}, {number(high)}]"
    return f"{100 * value:+.1f} points [{100 * low:.1f}, {100 * high:.1f}]"


def measured_difference(measured: Measured) -> str:
    """A paired difference with its interval."""
    return difference(measured.value, measured.low, measured.high)


def check_difference(check: Check) -> str:
    """The difference that a check rests on."""
    low = -math.inf if check.low is None else check.low
    high = math.inf if check.high is None else check.high
    return difference(check.value or 0.0, low, high)


def span(check: Check) -> str:
    """``0.913 [0.871, 0.946]``, without the interval where there is none."""
    value = number(check.value or 0.0)
    return value if check.low is None or check.high is None else f"{value} [{number(check.low)}, {number(check.high)}]"


def describe(spec: Spec) -> str:
    """A rung in words."""
    if spec.method == "prompt":
        return f"the prompt with {spec.shots} examples" if spec.shots else "the zero-shot prompt"
    if spec.method == "classical":
        return "the classical model"
    if spec.method == "embeddings":
        return "the classifier on embeddings"
    if spec.method in INCUMBENT_METHODS:
        return f"{spec.settings['name']} (runs today)"
    return _METHODS[spec.method]


def minutes(value: float) -> str:
    """Minutes, or hours from two hours on."""
    hours = value / 60
    return f"{value:.0f} minutes" if hours < 2 else f"{hours:.1f} hours" if hours < 20 else f"{hours:,.0f} hours"


def further(need: Needed) -> str:
    """What would settle an undecided check, without its price: ``30 further test items of language=de``."""
    if need.slice == PAIRS:
        return f"{count(need.items, 'blind pair')} to judge"
    told = count(need.items, "further test item") + (f" of {need.slice}" if need.slice else "")
    return told + (f" in {count(need.groups, 'group')}" if need.groups else "")


def needs_of(checks: Sequence[Check]) -> list[Needed]:
    """What the undecided checks need, the most work first: of each slice the largest need, which meets the smaller."""
    largest: dict[str | None, Needed] = {}
    for check in checks:
        need = check.needed
        if check.verdict == "undecided" and need is not None:
            known = largest.get(need.slice)
            largest[need.slice] = need if known is None or need.items > known.items else known
    return sorted(largest.values(), key=lambda need: (-(need.minutes or 0.0), -need.items))


def settles(needs: Sequence[Needed]) -> str:
    """What would settle them, each with its price: ``about 30 further test items (15 minutes of an expert)``."""
    parts = []
    for need in needs[:NAMED]:
        price = f" ({minutes(need.minutes)} of an expert)" if need.minutes else ""
        parts.append(f"about {further(need)}{price}{seldom_worth(need)}")
    more = f" and {count(len(needs) - NAMED, 'further need')}" if len(needs) > NAMED else ""
    return listed(parts) + more


def chance(needs: Sequence[Needed]) -> str:
    """With what chance: ``with a chance of 80 %``; of several, each. Nothing where it is certain or not known."""
    known = [need.chance for need in needs if need.chance is not None]
    if not known:
        return ""
    return f" {'each ' if len(needs) > 1 else ''}with a chance of {100 * min(known):.0f} %"


def seldom_worth(need: Needed) -> str:
    """What to say behind a number of items that nobody would collect; nothing behind a sensible one."""
    if need.items <= MOST_SENSIBLE:
        return ""
    return " (what was seen hardly differs from no difference: a better candidate is the shorter way)"


def check(name: str) -> str:
    """A check inside a sentence, in the singular."""
    if name.startswith("slices."):
        return f"the slice {name.removeprefix('slices.')}"
    return _CHECKS.get(name, display_name(name))


def undecided(names: Sequence[str]) -> str:
    """``undecided is the latency``; of many only the first few are named."""
    told = [check(name) for name in names[:NAMED]] + (["others"] if len(names) > NAMED else [])
    return f"undecided {'is' if len(told) == 1 else 'are'} {listed(told)}"


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)


def together(items: Sequence[ItemResult], noun: str) -> str:
    """``100 items``; ``100 items in 14 groups`` where some hang together (of one document, say) and count as one."""
    return in_groups(len(items), len({item.cluster or item.example for item in items}), noun)


def counted(found: Measured, noun: str = "item") -> str:
    """What stands behind a number: ``100 items``, ``100 items in 14 groups``.

    Reports from before items were noted only know the groups.
    """
    if found.items is None and found.method.endswith("clustered"):
        return count(found.n, "group")
    return in_groups(found.items or found.n, found.n, noun)


def behind(check: Check) -> str:
    """What stands behind a check: ``100 items in 14 groups``, ``6 run checks``; nothing where nothing was counted."""
    if check.n is None:
        return ""
    return in_groups(check.items or check.n, check.n, check.unit) if check.unit else f"n = {check.n:,}"


def in_groups(items: int, groups: int, noun: str) -> str:
    """``144 items in 72 groups``; ``144 items`` where each is a group of its own."""
    return count(items, noun) + (f" in {count(groups, 'group')}" if groups < items else "")


def count(number_of: int, noun: str) -> str:
    """``1 item``, ``2 items``."""
    return f"{number_of:,} {noun}{'' if number_of == 1 else 's'}"


def first_upper(text: str) -> str:
    """The text as a sentence begins."""
    return text[:1].upper() + text[1:]
