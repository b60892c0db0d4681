"""What a decision's protocol asked, as its page says it: settings as rows, and the error that an opening may spend."""

from __future__ import annotations

from collections.abc import Mapping

from strop.measure import display_name
from strop.records import JSON, Decision


def flat(value: JSON, prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as dotted keys and plain values."""
    if isinstance(value, Mapping):
        if not value:
            return [(prefix, "none")] if prefix else []
        return [row for key, inner in value.items() for row in flat(inner, f"{prefix}.{key}" if prefix else str(key))]
    if isinstance(value, (list, tuple)):
        if any(isinstance(item, (Mapping, list, tuple)) for item in value):
            return [row for i, inner in enumerate(value, start=1) for row in flat(inner, f"{prefix}.{i}")]
        return [(prefix, ", ".join(str(item) for item in value) or "none")]
    if value is None:
        return [(prefix, "not asked for")]
    if isinstance(value, bool):
        return [(prefix, "yes" if value else "no")]
    return [(prefix, str(value))]


def protocol(decision: Decision, measure: str) -> list[tuple[str, str]]:
    """The protocol as rows. ``measure``: the primary one, named where the protocol left it to the kind of task."""
    rows = flat(decision.protocol)
    if measure and decision.protocol.get("primary", "") is None:
        told = f"not named: {display_name(measure)}, by the kind of task"
        return [(key, told if key == "primary" else value) for key, value in rows]
    return rows


def budget(decision: Decision) -> str:
    """What this opening of the test set may err, and what all together may, where the protocol says that."""
    asked = decision.protocol.get("decision")
    whole, uses = (asked.get("alpha"), asked.get("test_uses")) if isinstance(asked, Mapping) else (None, None)
    if whole is None or uses is None:
        return f"The error budget is α = {decision.alpha}."
    return (
        f"The error budget is α = {whole} over at most {uses} openings of the test set together; this opening spends "
        f"{decision.alpha} of it, on each check."
    )
