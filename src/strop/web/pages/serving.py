"""The health of what serves: releases, what monitoring saw, and how quality went over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strop.records import JSON, Advice, Finding, Release
from strop.web import plots, words
from strop.web.render import Frame, render

ADVICE: dict[Advice, words.Badge] = {
    "healthy": words.Badge("Healthy", "✓", "good"),
    "look": words.Badge("Have a look", "?", "open"),
    "retrain": words.Badge("Retrain now", "↻", "bad"),
    "rollback": words.Badge("Roll back", "✕", "bad"),
}
_URGENCY: dict[Advice, int] = {"rollback": 0, "retrain": 1, "look": 2, "healthy": 3}


@dataclass(frozen=True)
class FindingRow:
    """A finding, ready to print."""

    badge: words.Badge
    finding: Finding
    value: str
    noise: str


def newest_of_each(findings: Sequence[Finding]) -> list[Finding]:
    """The newest finding of every kind and name, the most urgent first. ``findings``: newest first."""
    newest: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        newest.setdefault((finding.kind, finding.name), finding)
    return sorted(newest.values(), key=lambda finding: _URGENCY[finding.advice])


def twin(releases: Sequence[Release], findings: Sequence[Finding]) -> dict[str, JSON]:
    """The page as JSON."""
    current = newest_of_each(findings)
    return {
        "advice": current[0].advice if current else None,
        "release": releases[0].to_json() if releases else None,
        "findings": [finding.to_json() for finding in current],
    }


def _unwatched(releases: Sequence[Release]) -> str:
    """What can be said before monitoring looked: what serves. ``releases``: newest first."""
    newest = releases[0] if releases else None
    if newest is None or newest.candidate is None:
        return "Nothing serves yet."
    canary = f", {newest.canary} to {newest.traffic:.0%} of the sessions" if newest.canary else ""
    return f"{newest.candidate} answers as {newest.alias}{canary}; nobody has looked at how it does yet."


def page(project: str, releases: Sequence[Release], findings: Sequence[Finding], *, frame: Frame) -> str:
    """One word on how it is, the findings behind it, the plots over time, the releases."""
    current = newest_of_each(findings)
    rows = [
        FindingRow(
            ADVICE[finding.advice],
            finding,
            f"{words.number(finding.value, finding.name)} "
            f"{words.interval(finding.low, finding.high, finding.name)}".strip(),
            words.number(finding.noise, finding.name),
        )
        for finding in current
    ]
    figures = [plots.timeline([f for f in findings if (f.kind, f.name) == (c.kind, c.name)]) for c in current]
    return render(
        "serving.html",
        frame=frame,
        project=project,
        badge=ADVICE[current[0].advice] if current else None,
        sentence=current[0].sentence if current else _unwatched(releases),
        rows=rows,
        figures=[figure for figure in figures if figure],
        releases=releases,
    )
