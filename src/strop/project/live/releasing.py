"""What serves: promote a decided candidate, roll back, and open a gateway on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from strop import decide, feedback, serve
from strop.engines import engine_for
from strop.engines.base import GenerateRequest, Model, ScoreRequest
from strop.engines.labels import chosen
from strop.errors import CheckFailed, NotReady, UnknownRecord, UserError
from strop.privacy import project_model
from strop.project import dated, known_names, stored
from strop.project.making import judging
from strop.project.opened import Opened
from strop.records import Candidate, Dataset, Decision, Example, Finding, Release, Report, silent

GROW_AFTER = 100
"""Requests that a canary must have answered at a share before it gets the next."""
GOLDEN = 3
"""Answers of the decision that a model must give again before it serves."""
BEGINNING = 16
"""Tokens of a written answer that are given again: writing is slow, and what is wrong shows in its first words."""


def promote(project: Opened, candidate: Candidate, *, traffic: float, by: str, late: bool = False) -> Release:
    """A release of a candidate whose newest decision says promote.

    Raises NotReady without one and, unless ``late``, for one that is past its best-before date; CheckFailed
    for one that was changed since it was taken.
    """
    if candidate.id in project.store.erasure.effects():
        raise NotReady(f"{candidate.id} was made from what was forgotten since", remedy="strop cycle makes a new one")
    if candidate.spec.method == "answers":
        raise UserError(f"{candidate.id} is a file of answers and cannot serve", remedy="promote another candidate")
    decision = _decision(project, candidate)
    if decision is None:
        raise NotReady(f"{candidate.id} was not decided on", remedy=f"strop decide {candidate.id}")
    if decide.digest_of(decision, stored.evidence(project, decision)) != decision.digest:
        raise CheckFailed(
            f"{decision.id} is not what was decided: it or one of its reports was changed since",
            remedy=f"strop verify {decision.id} says what differs; nothing was promoted",
        )
    if candidate.artifact is not None:
        project.store.artifacts.whole(candidate.artifact)
    releases = project.store.all(Release)
    made = serve.promote(releases, decision, alias=project.settings.task.name, traffic=traffic, by=by)
    if made not in releases and dated.past(decision):
        if not late:
            raise NotReady(
                dated.told(decision),
                remedy="add newer rows, then: strop curate, choose, decide; or strop promote --past-best-before",
            )
        made = made.model_copy(update={"why": f"{made.why}, past its best-before date ({decision.best_before})"})
    return _released(project, made, "promote", decision.id)


def rollback(project: Opened, *, by: str, why: str = "rolled back") -> Release:
    """Close the canary, or go back to what served before."""
    blocked = project.store.erasure.effects()
    alias = project.settings.task.name
    made = serve.rollback(project.store.all(Release), alias=alias, by=by, why=why, blocked=blocked)
    return _released(project, made, "rollback", made.before)


def _released(project: Opened, made: Release, stage: str, because: str | None) -> Release:
    """Store a release with what let it live, and what it serves: both are found from either end."""
    inputs = [one for one in (because, made.candidate, made.canary) if one is not None]
    project.store.add(made, stage=stage, inputs=inputs, settings={"at": made.id})
    return made


def grow(project: Opened, *, by: str) -> Release | None:
    """The next share of ``live.canary`` for the open canary, once this share was asked enough and did no harm.

    None while there is no canary, or it is too early.
    """
    release = current(project)
    if release is None or release.canary is None:
        return None
    shares = [share for share in sorted({*project.settings.live.canary, 1.0}) if share > release.traffic]
    asked = [
        one for one in project.store.traffic.served([release.canary], since=release.created)
        if one.release == release.id and one.complete
    ]  # fmt: skip
    harmed = any(
        finding.advice == "rollback" and finding.created >= release.created for finding in project.store.all(Finding)
    )
    if harmed or len(asked) < GROW_AFTER or not shares:
        return None
    # Whether it may serve was asked when its canary opened; what it did since says more than the date.
    canary = project.store.get(release.canary, Candidate)
    return promote(project, canary, traffic=shares[0], by=by, late=True)


def current(project: Opened) -> Release | None:
    """What serves now under the task's name."""
    return serve.serving(project.store.all(Release), project.settings.task.name)


def open_model(project: Opened, served: serve.Served, *, share: bool = False) -> Model:
    """A candidate's model, proven to be the one that was judged. ``share``: hold its base together with others.

    Raises CheckFailed when it is not built as it was, does not answer the decision's first items as it did then, or
    answers them all like its untuned base.
    """
    candidate = served.candidate
    there = candidate.artifact is None or project.store.artifacts.erased(candidate.artifact)
    if candidate.artifact is not None and not there and not project.store.artifacts.verify(candidate.artifact):
        place = project.store.artifacts.path(candidate.artifact)
        raise _not_the_same(candidate, f"a file in {place} was changed")
    model = project.open_model(candidate, share=share, keep=False)
    decision = _decision(project, candidate)
    if decision is not None:
        try:
            _prove(project, served, model, project.store.get(decision.reports["candidate"], Report))
        except BaseException:
            model.__exit__(None, None, None)
            raise
    return model


def _prove(project: Opened, served: serve.Served, model: Model, report: Report) -> None:
    candidate = served.candidate
    judged = {key: report.signature.get(key) for key in ("engine", "base", "artifact", "template", "url", "model")}
    opened = {key: model.signature.get(key) for key in judged}
    if judged != opened:
        raise _not_the_same(candidate, f"{judged} then, {opened} now")
    items = judging.items_of(project, report)[:GOLDEN]
    rows = project.store.examples_by_id(item.example for item in items)
    golden = [(rows[item.example], item.answer) for item in items if item.example in rows]  # some may be forgotten
    if candidate.spec.method == "remote":  # another server's: that it answers is all that can be proven
        _answers(project, served, model, golden[:1])
        return
    again = _answers(project, served, model, golden)
    for (row, before), (answer, whole) in zip(golden, again, strict=True):
        if not (answer == before if whole else before.startswith(answer.removesuffix("\ufffd"))):
            raise _not_the_same(candidate, f"{row.id} is answered {answer[:80]!r}, not {before[:80]!r}")
    base = project.base_of(candidate)
    if candidate.artifact is None or base is None or not golden:
        return
    plain = serve.Served(
        judging.untuned(project, candidate, project.store.get(candidate.dataset, Dataset)), served.shots
    )
    with engine_for("prompt", base).open(base, None, share=True) as untuned:
        if _answers(project, plain, untuned, golden) != again:
            return
        likely, alone = (_likely(*pair, golden) for pair in ((served, model), (plain, untuned)))
    if np.allclose(likely, alone, rtol=1e-5, atol=1e-5):
        raise CheckFailed(
            f"{candidate.id} answers like its untuned base: its adapter has no effect",
            remedy="restore .strop/artifacts, or tune again",
        )


def _answers(
    project: Opened, served: serve.Served, model: Model, golden: Sequence[tuple[Example, str]]
) -> list[tuple[str, bool]]:
    """What the model answers, asked as the gateway asks, and whether that is the whole answer or its beginning."""
    longest = min(BEGINNING, project.settings.task.max_new_tokens)
    requests = [serve.request_for(served, row.messages, longest) for row, _ in golden]
    scored = [request for request in requests if isinstance(request, ScoreRequest)]
    if scored:
        results = model.score(scored, on_event=silent)
        return [(chosen(q.options, r).text, True) for q, r in zip(scored, results, strict=True)]
    written = [request for request in requests if isinstance(request, GenerateRequest)]
    return [(result.text, result.stopped) for result in model.generate(written, on_event=silent)]


def _likely(served: serve.Served, model: Model, golden: Sequence[tuple[Example, str]]) -> list[float]:
    """How likely the model finds the answers of then, or the labels: where an adapter's small effect shows first."""
    asked = [(serve.request_for(served, row.messages, BEGINNING), before) for row, before in golden]
    options = [
        q if isinstance(q, ScoreRequest) else ScoreRequest(messages=q.messages, options=(before,))
        for q, before in asked
    ]
    return [n for result in model.score(options, on_event=silent) for n in result.logprobs]


def _not_the_same(candidate: Candidate, how: str) -> CheckFailed:
    return CheckFailed(
        f"{candidate.id} is not what was judged: {how}",
        remedy="restore .strop/artifacts and the model cache, or decide again",
    )


def _decision(project: Opened, candidate: Candidate) -> Decision | None:
    """The newest decision on a candidate."""
    return next((d for d in project.store.all(Decision) if d.candidate == candidate.id), None)


class Shelf:
    """What can be asked of a project; a candidate is looked up once."""

    def __init__(self, project: Opened) -> None:
        self._project = project
        self._known: dict[str, serve.Served] = {}
        self._bases: dict[str, tuple[str, ...]] = {}

    def releases(self) -> Sequence[Release]:
        """All releases, newest first."""
        return self._project.store.all(Release)

    def named(self, model: str) -> str | None:
        """A candidate's id, or the untuned base of that name, as the newest ladder tried it without shots."""
        for candidate in self._project.store.all(Candidate):
            spec = candidate.spec
            if candidate.id == model:
                return candidate.id
            if spec.method == "prompt" and not spec.shots and model in self._names(candidate):
                return candidate.id
        return None

    def _names(self, candidate: Candidate) -> tuple[str, ...]:
        """How the base of a candidate is called; nothing when it is no longer at hand."""
        identity = candidate.spec.base or ""
        if identity not in self._bases:
            try:
                base = self._project.base_of(candidate)
            except UnknownRecord:
                base = None
            self._bases[identity] = (base.id, base.name) if base is not None else ()
        return self._bases[identity]

    def served(self, candidate: str) -> serve.Served:
        """A candidate with its shots and its abstain threshold."""
        if candidate not in self._known:
            found = self._project.store.get(candidate, Candidate)
            promised = self._project.settings.decision.abstain.max_error
            threshold = judging.abstain_threshold(self._project, found, promised)
            self._known[candidate] = serve.Served(found, tuple(self._project.shots_of(found)), threshold)
        return self._known[candidate]


def gateway(project: Opened) -> serve.Gateway:
    """A gateway on the project's releases, with the worker that it owns."""
    shelf, personal, audit = Shelf(project), project.settings.data.personal_data, project.settings.live.audit
    lately = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=feedback.seconds_of(audit.every))
    before = project.store.traffic.asked(since=lately.isoformat(timespec="milliseconds"))
    return serve.Gateway(
        serve.Worker(lambda identity, *, share: open_model(project, shelf.served(identity), share=share)),
        project.store.journal,
        shelf,
        masking=serve.Masking(
            None if personal == "keep" else project.store.key,
            refuse=personal == "refuse",
            model=project_model(project.settings, project.folder),
            sealed=known_names.sealed(project),
        ),
        max_new_tokens=project.settings.task.max_new_tokens,
        audit=feedback.Sampler(audit.items, audit.every, before=before).draw,
    )
