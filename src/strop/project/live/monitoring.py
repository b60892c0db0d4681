"""Look at what serves: quality, drift, the canary, corrections waiting. Findings are stored; harm is rolled back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from strop import feedback, monitor, serve
from strop.project.live import health, listening, releasing
from strop.project.live.places import places
from strop.project.making import judging
from strop.project.opened import Opened
from strop.records import (
    JSON,
    Candidate,
    Dataset,
    Decision,
    Example,
    Finding,
    Interaction,
    ItemResult,
    Record,
    Release,
    Report,
    content_id,
)

UNDER_WAY = dt.timedelta(minutes=10)
"""An answer that has not come by then does not come."""


class Watched(Record):
    """What monitoring saw, what it advises, and the release that it made if a canary did harm.

    ``unseen``: what could not be measured, and what that takes. ``known``: all that counts was measured.
    """

    findings: tuple[Finding, ...]
    retrain: bool
    because: tuple[str, ...]
    release: Release | None = None
    unseen: tuple[str, ...] = ()
    known: bool = True


def look(project: Opened) -> Watched:
    """Findings on the traffic so far; a canary that certainly does harm is closed.

    Asked again on the same traffic it gives the same findings: nothing is stored twice. After a release or a decision
    what is found is found anew, since it is about something else, or something was done about it.
    """
    release = releasing.current(project)
    findings = _corrections(project)
    if release is not None and release.candidate is not None:
        said = monitor.opinions(list(project.store.traffic.said("review")))
        findings = [
            *_canary(project, said),
            *_quality(project, release.candidate, said),
            *_drift(project, release.candidate),
            *_signals(project),
            *findings,
        ]
    harm = [finding for finding in findings if finding.advice == "rollback"]
    made = releasing.rollback(project, by="monitor", why=harm[0].sentence) if harm else None
    ignored = {kind for kind, name in health.SWITCH.items() if name not in project.settings.live.retrain.on}
    because = tuple(f.sentence for f in findings if f.advice == "retrain" and f.kind not in ignored)
    unseen = health.unseen(project, release, findings)
    return Watched(
        findings=tuple(findings), retrain=bool(because), because=because, release=made,
        unseen=tuple(dict.fromkeys(unseen.values())), known=not health.counting(project, unseen),
    )  # fmt: skip


def _once(
    project: Opened, release: Release | None, about: Sequence[str], facts: JSON, make: Callable[[], Sequence[Finding]]
) -> list[Finding]:
    """The findings about a release that these facts gave, made and stored the first time that they are seen."""
    decided = project.store.latest(Decision)
    facts = [*facts, release.id if release else None, decided.id if decided else None]
    inputs = [*about, content_id("state", facts)]
    read = (project.settings.live, project.settings.decision)
    settings = [section.model_dump(mode="json") for section in read]
    found: Sequence[Record] | None = project.store.derived("monitor", inputs=inputs, settings=settings)
    if found is None:
        made = [one.model_copy(update={"release": release.id if release else None}) for one in make()]
        found = project.store.add(*made, stage="monitor", inputs=inputs, settings=settings) if made else []
    return [record for record in found if isinstance(record, Finding)]


def _came(project: Opened) -> Release | None:
    """The release with which what serves came to serve."""
    return serve.came(project.store.all(Release), project.settings.task.name)


def _quality(project: Opened, candidate: str, said: dict[str, bool | None]) -> list[Finding]:
    promised = _promised(project, candidate)
    good = monitor.judged(list(project.store.traffic.sample(candidate)), said)

    def make() -> list[Finding]:
        found = monitor.audited_quality(good, expected=promised, margin=_margin(project))
        return [found] if found is not None else []

    return _once(project, _came(project), [candidate], ["quality", good, promised], make)


def _promised(project: Opened, candidate: str) -> float | None:
    """What share of right answers the decision rests on: the lower bound of accuracy. None for other tasks.

    Their measures score each text by how much of it is right, which is no share of texts that an expert calls good.
    """
    decision = next((d for d in project.store.all(Decision) if d.candidate == candidate), None)
    if decision is None:
        return None
    accuracy = project.store.get(decision.reports["candidate"], Report).measures.get("accuracy")
    return accuracy.low if accuracy is not None else None


def _margin(project: Opened) -> float:
    return next((primary.margin for primary in project.settings.decision.primary.values()), 0.02)


def _canary(project: Opened, said: dict[str, bool | None]) -> list[Finding]:
    """The open canary against the release, on what both were asked since it opened."""
    opened = serve.opened(project.store.all(Release), project.settings.task.name)
    if opened is None or opened.canary is None or opened.candidate is None:
        return []
    served = project.store.traffic.served((opened.canary, opened.candidate), since=opened.created)
    ended = [one for one in served if one.complete or _overdue(one)]
    arms = []
    for candidate in (opened.canary, opened.candidate):
        own = [one for one in ended if one.candidate == candidate]
        seconds = [one.seconds for one in own if one.seconds is not None]
        arms.append(monitor.Arm(monitor.judged(own, said), [one.complete for one in own], seconds))
    guard = project.settings.decision.guard.p95_ms
    limit = guard / 1000 if guard is not None else None

    def make() -> list[Finding]:
        return monitor.canary(*arms, margin=_margin(project), limit=limit)

    facts = ["canary", opened.id, [[arm.good, len(arm.answered), sum(arm.answered)] for arm in arms]]
    return _once(project, opened, [opened.canary], facts, make)


def _signals(project: Opened) -> list[Finding]:
    """What senders say of what serves, and of an open canary beside what they say of the release in the same time."""
    came = _came(project)
    if came is None or came.candidate is None:
        return []
    found = _signal(project, came, came.candidate)
    opened = serve.opened(project.store.all(Release), project.settings.task.name)
    if opened is not None and opened.canary is not None:
        found += _signal(project, opened, opened.canary, beside=_heard(project, came.candidate, opened))
    return found


def _signal(project: Opened, since: Release, candidate: str, *, beside: monitor.Heard | None = None) -> list[Finding]:
    own, promised = _heard(project, candidate, since), _promised(project, candidate)

    def make() -> list[Finding]:
        return monitor.signals(own, promised=promised, beside=beside)

    return _once(project, since, [candidate], ["signals", [list(own), list(beside or ())]], make)


def _heard(project: Opened, candidate: str, since: Release) -> monitor.Heard:
    traffic, begun = project.store.traffic, since.created
    answered = sum(created >= begun for created, _ in traffic.answered(candidate))
    return monitor.heard(list(traffic.heard(candidate, since=begun)), answered)


def _overdue(interaction: Interaction) -> bool:
    return dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(interaction.created) > UNDER_WAY


def _corrections(project: Opened) -> list[Finding]:
    """Corrections that wait, and the age of the rows that the release learned from."""
    # Labels that were confirmed become rows, too, but are no reason for a turn.
    waiting = sum(feedback.correction_of(one) is not None for one in listening.unused_corrections(project))
    retrain, release = project.settings.live.retrain, releasing.current(project)
    came = _came(project)

    def count() -> list[Finding]:
        return [monitor.waiting(waiting, enough=retrain.corrections)]

    found = _once(project, came, [], ["corrections", waiting], count)
    if release is None or release.candidate is None:
        return found
    dataset = project.store.get(project.store.get(release.candidate, Candidate).dataset, Dataset)
    days = (dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(dataset.created)).days
    every = feedback.seconds_of(retrain.every) // 86_400

    def make() -> list[Finding]:
        old = monitor.age(days, every=every, corrections=waiting)
        return [old] if old is not None else []

    return found + _once(project, came, [release.candidate], ["age", days, waiting > 0], make)


def _drift(project: Opened, identity: str) -> list[Finding]:
    """The newest full windows of what the candidate was asked, against rows that it was not trained on."""
    answered = [answer for _, answer in project.store.traffic.answered(identity)]
    newest = monitor.windows(answered, project.settings.live.window)[-monitor.RUNNING :]
    if not newest:
        return []

    def make() -> list[Finding]:
        candidate = project.store.get(identity, Candidate)
        rows, items = _reference(project, candidate)
        windows = [list(project.store.traffic.found(ids)) for ids in newest]
        asked = [[_asked(one) for one in window] for window in windows]
        threshold = judging.abstain_threshold(project, candidate, project.settings.decision.abstain.max_error)
        with project.model(candidate) as model:
            points, *later = places(project, candidate, model, [[row.input for row in rows], *asked])
        before = monitor.Traffic(
            points, tuple(row.group or row.id for row in rows),
            _answers(((item.cluster or item.example, item) for item in items), threshold),
        )  # fmt: skip
        after = [
            monitor.Traffic(
                seen,
                tuple(one.session or one.id for one in window),
                _answers(((one.session or one.id, one) for one in window), threshold),
            )
            for seen, window in zip(later, windows, strict=True)
        ]
        return monitor.drift(before, after)

    return _once(project, _came(project), [identity], ["drift", [[ids[0], ids[-1]] for ids in newest]], make)


def _reference(project: Opened, candidate: Candidate) -> tuple[list[Example], list[ItemResult]]:
    """Rows that stand for the traffic of before, and what the candidate answered to them when it was judged."""
    dataset = project.store.get(candidate.dataset, Dataset)
    splits = health.splits_of_before(project, candidate, dataset)
    rows = [row for split in splits for row in project.rows(dataset, split)]
    items = judging.items_of(project, judging.domain_report(project, candidate, dataset, "validation"))
    decision = next((d for d in project.store.all(Decision) if d.candidate == candidate.id), None)
    if "test" in splits and decision is not None:
        items += judging.items_of(project, project.store.get(decision.reports["candidate"], Report))
    return rows, items


def _answers(given: Iterable[tuple[str, ItemResult | Interaction]], threshold: float | None) -> list[monitor.Answer]:
    """``threshold``: below this probability the model abstains."""
    made = []
    for session, one in given:
        sure = max(one.probabilities.values(), default=0.0)
        abstain = sure < threshold if threshold is not None and one.probabilities else None
        made.append(monitor.Answer(session, one.label, sure, len(one.answer or ""), abstain))
    return made


def _asked(interaction: Interaction) -> str:
    return next((m.content for m in reversed(interaction.messages) if m.role == "user"), "")
