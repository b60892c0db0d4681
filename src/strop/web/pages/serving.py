"""The health of what serves: releases, what monitoring saw, and how quality went over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strop.project import Health
from strop.records import JSON, Advice, Finding, Release
from strop.web import plots, words
from strop.web.render import Frame, render

ADVICE: dict[Advice, words.Badge] = {
    "healthy": words.Badge("Healthy", "✓", "good"),
    "look": words.Badge("Have a look", "?", "open"),
    "retrain": words.Badge("Retrain now", "↻", "bad"),
    "rollback": words.Badge("Roll back", "✕", "bad"),
}
NOTED = words.Badge("Noted", "·", "quiet")
NOT_KNOWN = words.Badge("Not known yet", "?", "open")


@dataclass(frozen=True)
class FindingRow:
    """A finding, ready to print."""

    badge: words.Badge
    finding: Finding
    value: str
    noise: str


def twin(releases: Sequence[Release], health: Health) -> dict[str, JSON]:
    """The page as JSON; ``advice`` is null where it is not known yet how what serves is."""
    return {
        "advice": health.advice,
        "sentence": health.sentence,
        "unseen": list(health.unseen),
        "release": releases[0].to_json() if releases else None,
        "findings": [finding.to_json() for finding in health.findings],
    }


def page(
    project: str, releases: Sequence[Release], health: Health, findings: Sequence[Finding], *, frame: Frame
) -> str:
    """One word on how it is, the findings behind it, the plots over time (of all ``findings``), the releases."""
    rows = [
        FindingRow(
            NOTED if finding.kind == "signals" and finding.advice == "healthy" else ADVICE[finding.advice],
            finding,
            f"{words.number(finding.value, finding.name)} "
            f"{words.interval(finding.low, finding.high, finding.name)}".strip(),
            words.number(finding.noise, finding.name),
        )
        for finding in health.findings
    ]
    figures = [plots.timeline([f for f in findings if (f.kind, f.name) == (c.kind, c.name)]) for c in health.findings]
    return render(
        "serving.html",
        frame=frame,
        project=project,
        badge=ADVICE[health.advice] if health.advice else NOT_KNOWN if health.findings else None,
        sentence=health.sentence,
        unseen=health.unseen,
        rows=rows,
        figures=[figure for figure in figures if figure],
        releases=releases,
    )
