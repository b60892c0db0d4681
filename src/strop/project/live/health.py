"""How what serves is: the findings about it that stand, and what is not known yet, with what that takes."""

from __future__ import annotations

from collections.abc import Sequence

from strop import monitor, serve
from strop.decide.words import count, minutes
from strop.project.live import releasing
from strop.project.opened import Opened
from strop.records import Advice, Candidate, Dataset, Decision, Finding, FindingKind, Record, Release, Split

ENOUGH_REFERENCE = 100
"""Validation rows from which they alone are what traffic is compared with; fewer are joined by the test rows."""
SWITCH: dict[FindingKind, str] = {"quality": "quality", "input_drift": "drift", "output_drift": "drift"}
"""Kinds of finding that ``live.retrain.on`` switches; the others always count."""
URGENCY: tuple[Advice, ...] = ("rollback", "retrain", "look", "healthy")
_TELLING: tuple[FindingKind, ...] = (
    "quality",
    "canary",
    "input_drift",
    "output_drift",
    "age",
    "corrections",
    "signals",
)
"""Of findings that advise the same, the one of these kinds that is said."""


class Health(Record):
    """How what serves is, in one word and one sentence.

    ``advice``: the most urgent; None where it is not known yet. ``findings``: those that stand, the newest of each, the
    most urgent first. ``unseen``: what was not measured, with what that takes. ``command``: the one to run next.
    """

    advice: Advice | None
    sentence: str
    findings: tuple[Finding, ...] = ()
    unseen: tuple[str, ...] = ()
    command: str = "strop monitor"


def health(project: Opened) -> Health:
    """How what serves is, by what was seen of it since it came to serve: never healthy on what was not measured."""
    release = releasing.current(project)
    if release is None or release.candidate is None:
        return Health(advice=None, sentence="Nothing serves yet, so nothing is watched.", command="")
    found = standing(project.store.all(Release), project.store.all(Finding), project.settings.task.name)
    if not found:
        canary = f", {release.canary} to {release.traffic:.0%} of the sessions" if release.canary else ""
        told = f"{release.candidate} serves as {release.alias}{canary}; nobody has looked at its traffic yet."
        return Health(advice=None, sentence=told)
    ignored = {kind for kind, name in SWITCH.items() if name not in project.settings.live.retrain.on}
    found.sort(key=lambda one: (_urgency(one, ignored), _TELLING.index(one.kind)))
    worst, missing = found[0], unseen(project, release, found)
    now = Health(
        advice=URGENCY[_urgency(worst, ignored)], sentence=worst.sentence, findings=tuple(found),
        unseen=tuple(missing.values()),
    )  # fmt: skip
    decided, counted = project.store.latest(Decision), counting(project, missing)
    if now.advice == "retrain" and decided is not None and decided.created > worst.created:
        said = f"{worst.sentence} A turn was made since; nobody has looked again."
        return now.model_copy(update={"advice": None, "sentence": said})
    if now.advice == "healthy" and counted:
        names = " and ".join(name for name in missing if name in project.settings.live.retrain.on)
        said = f"{names[0].upper()}{names[1:]} {'are' if ' ' in names else 'is'} not measured yet."
        command = "strop monitor" if any("strop monitor" in one for one in counted) else "strop serve"
        return now.model_copy(update={"advice": None, "sentence": said, "command": command})
    if now.advice in ("retrain", "rollback"):
        return now.model_copy(update={"command": {"retrain": "strop cycle"}.get(now.advice, "strop rollback")})
    return now


def _urgency(finding: Finding, ignored: set[FindingKind]) -> int:
    """Place in URGENCY; what ``live.retrain.on`` leaves out is looked at, and is no reason for a turn."""
    advice = "look" if finding.advice == "retrain" and finding.kind in ignored else finding.advice
    return URGENCY.index(advice)


def standing(releases: Sequence[Release], findings: Sequence[Finding], alias: str) -> list[Finding]:
    """The newest finding of every kind and name about what serves now, or about its open canary (all newest first).

    What was seen of a candidate that serves no longer, or of an earlier time of this one, says nothing about now.
    """
    serves, canary = serve.came(releases, alias), serve.opened(releases, alias)
    now = {release.id for release in (serves, canary) if release is not None}
    newest: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        if finding.release in now:
            newest.setdefault((finding.kind, finding.name), finding)
    return list(newest.values())


def unseen(project: Opened, release: Release | None, findings: Sequence[Finding]) -> dict[str, str]:
    """What was not measured (``quality``, ``drift``), why, and what it takes. ``findings``: those that stand."""
    if release is None or release.candidate is None:
        return dict.fromkeys(("quality", "drift"), "quality and drift: nothing serves")
    seen = {SWITCH[finding.kind] for finding in findings if finding.kind in SWITCH}
    missing = {}
    if "quality" not in seen:
        missing["quality"] = _unjudged(project, release.candidate)
    if "drift" not in seen:
        missing["drift"] = _unfilled(project, release.candidate)
    return missing


def counting(project: Opened, missing: dict[str, str]) -> list[str]:
    """Of what is missing, that without which nothing is called healthy: what ``live.retrain.on`` names."""
    return list(dict.fromkeys(told for name, told in missing.items() if name in project.settings.live.retrain.on))


def _unjudged(project: Opened, candidate: str) -> str:
    if not project.settings.live.audit.items:
        return "quality: no answer is drawn for the audit sample (live.audit.items is 0)"
    sample = list(project.store.traffic.sample(candidate))
    said = monitor.opinions(list(project.store.traffic.said("review")))
    done, takes = len(monitor.judged(sample, said)), monitor.FEWEST_JUDGED
    price = minutes((takes - done) * project.settings.costs.minutes_per_item)
    drawn = count(len(sample), "answer")
    told = f"quality: {done} of the {takes} audited answers that it takes are judged, the oldest first"
    return f"{told}; {drawn} drawn so far, {takes - done} to judge, about {price} of an expert (strop review list)"


def _unfilled(project: Opened, candidate: str) -> str:
    asked, window = len(project.store.traffic.answered(candidate)), project.settings.live.window
    if asked < window:
        return (
            f"drift: {asked} of the {count(window, 'answer')} that make a window were given, {window - asked} to come"
        )
    made = project.store.get(candidate, Candidate)
    dataset = project.store.get(made.dataset, Dataset)
    rows = [row for split in splits_of_before(project, made, dataset) for row in project.rows(dataset, split)]
    if monitor.knows_noise([row.group or row.id for row in rows]):
        return "drift: a full window waits to be looked at (strop monitor)"
    told = f"drift: {count(len(rows), 'row')} of before, which is too few to know their own noise"
    return f"{told} ({monitor.FEWEST_ROWS} rows of {monitor.FEWEST_SESSIONS} groups)"


def splits_of_before(project: Opened, candidate: Candidate, dataset: Dataset) -> tuple[Split, ...]:
    """The splits whose rows stand for the traffic of before: they were not trained on."""
    decided = any(one.candidate == candidate.id for one in project.store.all(Decision))
    few = len(dataset.splits.get("validation", ())) < ENOUGH_REFERENCE
    return ("validation", "test") if few and decided else ("validation",)
