"""May a candidate go live? Gather the evidence, open the sealed test set (counted), decide, store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from strop import curate, decide, evaluate
from strop.errors import NotReady
from strop.project import dated, foreseeing, stored
from strop.project.live import releasing
from strop.project.making import incumbents, judging, planting, tuning
from strop.project.opened import Opened
from strop.project.verdicts import asking_again, crossing, departing, opening, people
from strop.records import (
    CHANGED_WEIGHTS,
    INCUMBENT_METHODS,
    JSON,
    Candidate,
    Dataset,
    Decision,
    ItemResult,
    Judgement,
    Ladder,
    Report,
    Run,
    Spec,
    Suite,
    content_id,
)
from strop.store.sealed import Noted

_NAMED = 3
"""So many places are named in a message."""


_Make = Callable[[Opened, Spec, Dataset, int], Candidate]


class Others(NamedTuple):
    """What a candidate is compared with: the best cheaper rung, what serves, what runs today."""

    rungs: list[Candidate]
    served: Candidate | None
    today: list[Candidate]

    def all(self) -> list[Candidate]:
        """All of them."""
        return [*self.rungs, *([self.served] if self.served else []), *self.today]


class _Asked(NamedTuple):
    """What a decision is asked of; ``arms``: the ids of the candidate, its dataset and the others."""

    dataset: Dataset
    protocol: decide.Protocol
    others: Others
    said: list[Judgement]
    arms: list[str]


def decide_candidate(project: Opened, candidate: Candidate) -> Decision:
    """The decision on a candidate; asked again with the same evidence and protocol, the stored one."""
    asked = _asked(project, candidate)
    dataset, protocol, others, said = asked.dataset, asked.protocol, asked.others, asked.said
    inputs = [*asked.arms, *(one.id for one in said)]
    settings, known = _before(project, dataset, inputs, protocol)
    if known is not None:
        project.say("This candidate was judged under this protocol before: the same decision.")
        if dated.past(known):
            project.say(f"{dated.told(known)}.", warning=True)
        return known
    project.dataset(dataset.id)  # raises when a row of it was forgotten
    for one in (candidate, *others.all()):
        if one.spec.method == "answers":  # a file that misses items is told before the test set is opened
            incumbents.recorded(project, one, project.rows(dataset, "test"))
            if one is candidate or protocol.decision.against.incumbent != "ignore":
                opening.refuse_without_probabilities(project, one, protocol)
    opening.refuse_beforehand(project, candidate, dataset, protocol, others.rungs)
    opening.refuse_moved(project, departing.moved(project, candidate, protocol))
    if not others.all():
        people.refuse_alone(project, candidate, dataset, protocol)
    folds = protocol.decision.cross_fit if candidate.spec.method not in INCUMBENT_METHODS else None
    if folds:
        crossing.parts_of(project, project.rows(dataset, "train"), folds)  # raises when there are too few groups
    opened = opening.count_look(project, dataset, _looks(asked, settings), folds=folds)
    project.say(f"Opening the sealed test set of {len(dataset.splits['test'])} items (use {opened.number}) …")
    _foresee(project, candidate, others, dataset, opened)
    evidence = _evidence(project, candidate, dataset, others, opened)
    secrets = planting.exposed(project, candidate)
    if secrets is not None:
        evidence = replace(evidence, secrets=stored.arm(project, "the candidate", secrets))
    again = asking_again.asked_again(project, candidate, dataset, evidence.report)
    if again is not None:
        evidence = replace(evidence, again=stored.arm(project, "the candidate again", again))
    if folds:
        evidence = _crossed(project, evidence, others.rungs, folds)
    evidence = people.with_one_beside(project, evidence, protocol)
    evidence = people.with_people(project, evidence, protocol, said)
    swapped = project.store.artifacts.put_jsonl(evidence.swapped_items or ())
    until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=project.settings.decision.best_before)
    constant = project.store.artifacts.put_jsonl(evidence.constant_items or ())
    told = {"swapped": swapped, "constant": constant, "best_before": until.isoformat(), "opening": opened.seal}
    decision = decide.decide(evidence, project.settings).model_copy(update=told)
    decision = decision.model_copy(update={"digest": decide.digest_of(decision, evidence)})
    _hint(project, decision, protocol, folds)
    stands = project.store.add(decision, stage="decide", inputs=inputs, settings=settings)
    return next(record for record in stands if isinstance(record, Decision))


def _made(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> Candidate:
    return tuning.make_candidate(project, spec, dataset, seed)[0]


def begun(project: Opened, candidate: Candidate, look: str) -> bool:
    """Whether deciding on the candidate, as strop.yaml is now, goes on within a look instead of taking one.

    Nothing is made or stored. Raises NotReady where something that it would be compared with was not made yet.
    """
    asked = _asked(project, candidate, tuning.stored_candidate)
    settings, _ = _before(project, asked.dataset, [*asked.arms, *(one.id for one in asked.said)], asked.protocol)
    return look in _looks(asked, settings)


def _asked(project: Opened, candidate: Candidate, make: _Make = _made) -> _Asked:
    """What a decision on the candidate compares; ``make`` gives the others. Raises NotReady without test rows."""
    dataset = project.store.get(candidate.dataset, Dataset)
    if not dataset.splits.get("test"):
        fills = dataset.unfilled.get("test", "a larger data.splits.test")
        raise NotReady(
            f"dataset {dataset.id} has no test rows", remedy=f"{fills}; put that into strop.yaml, then: strop curate"
        )
    protocol = decide.Protocol.of(project.settings, dataset.kind)
    others = Others(
        _lower_rungs(project, candidate, dataset, make),
        _served(project, candidate),
        _today(project, candidate, dataset, make),
    )
    said = people.said_of(project, candidate) if protocol.asks_people else []
    return _Asked(dataset, protocol, others, said, [candidate.id, dataset.id, *(one.id for one in others.all())])


def _looks(asked: _Asked, settings: dict[str, JSON]) -> list[str]:
    """The names of its look: the same one also when people have said something since, of what was answered then."""
    return [content_id("look", [*asked.arms, one]) for one in (settings, _without_approvers(settings))]


def _before(
    project: Opened, dataset: Dataset, inputs: list[str], protocol: decide.Protocol
) -> tuple[dict[str, JSON], Decision | None]:
    """Under what a decision is stored, and the one that is: by the same measures, a changed style guide being others.

    What was decided before measures were part of it is known by its report's suite.
    """
    rows = project.rows(dataset, "test")
    suite = judging.domain_suite(project, dataset, "test", rows).id
    plain: dict[str, JSON] = {"protocol": protocol.to_json()}
    for settings in (plain, {**plain, "suite": suite}):
        known = project.store.derived("decide", inputs=inputs, settings=settings)
        found = next((record for record in known or () if isinstance(record, Decision)), None)
        if found is None:
            return settings, None
        if project.store.get(found.reports["candidate"], Report).suite == suite:
            return settings, found
    raise AssertionError("what is stored under a suite was measured by it")


def _without_approvers(settings: dict[str, JSON]) -> dict[str, JSON]:
    """What a look is known by: whose approval is asked for changes no number that it sees."""
    protocol = settings["protocol"]
    body: dict[str, JSON] = {**protocol, "decision": {**protocol["decision"]}}
    body["decision"]["people"] = {**body["decision"]["people"], "approve": []}
    return {**settings, "protocol": body}


def _foresee(project: Opened, candidate: Candidate, others: Others, dataset: Dataset, opened: Noted) -> None:
    """Say which gain these items are likely to show, by the α of this opening."""
    if not others.rungs or not dataset.splits.get("validation"):
        return
    own, rival = (judging.known_items(project, one, dataset) for one in (candidate, others.rungs[0]))
    if not own or not rival:
        return
    asked = project.settings.decision
    alpha = decide.alpha_left(opened.number, alpha=asked.alpha, uses=asked.test_uses, spent=opened.spent_before)
    found = foreseeing.shown(project, dataset, own, rival, alpha=alpha)
    if found is not None:
        project.say(f"{found.sentence}.")


def _hint(project: Opened, decision: Decision, protocol: decide.Protocol, folds: int | None) -> None:
    """Say what few rows can still do for an open verdict."""
    if decision.verdict != "not_enough_evidence" or folds or protocol.decision.cross_fit:
        return
    if told := foreseeing.all_rows(project, project.store.get(decision.dataset, Dataset)):
        project.say(f"{told} It counts as a further look.")


def _served(project: Opened, candidate: Candidate) -> Candidate | None:
    """What serves now, if it is something else than the candidate."""
    release = releasing.current(project)
    if release is None or release.candidate in (None, candidate.id):
        return None
    return project.store.get(release.candidate, Candidate)


def _today(project: Opened, candidate: Candidate, dataset: Dataset, make: _Make) -> list[Candidate]:
    """What strop.yaml says runs today, but for the candidate itself."""
    seed = project.settings.tune.seed
    found = [make(project, spec, dataset, seed) for spec in incumbents.specs(project, dataset)]
    return [one for one in found if one.id != candidate.id]


def _lower_rungs(project: Opened, candidate: Candidate, dataset: Dataset, make: _Make = _made) -> list[Candidate]:
    """The cheaper rung that was best on validation: the strongest of the weak, picked without the test set.

    A candidate that stands in no ladder is compared with the two prompts, too, which are made.
    """
    cheaper = foreseeing.cheaper_rungs(project, dataset, candidate)
    climbed = [ladder for ladder in project.store.all(Ladder) if ladder.dataset == dataset.id]
    stands = any(step.candidate == candidate.id for ladder in climbed for step in ladder.steps)
    prompts = [] if stands else _prompts(project, candidate, dataset, make)
    if not cheaper:
        return prompts
    best = foreseeing.best_of(cheaper, judging.spec_of(project, dataset))
    if best is None:  # then why not is said
        judging.primary_spec(project, project.store.get(cheaper[0].report, Report))
        return prompts
    rung = project.store.get(best.candidate, Candidate)
    return [*prompts, *([rung] if rung.id not in {prompt.id for prompt in prompts} else [])]


def _prompts(project: Opened, candidate: Candidate, dataset: Dataset, make: _Make) -> list[Candidate]:
    if candidate.spec.method not in CHANGED_WEIGHTS:
        return []
    bases = [project.base(candidate.spec.base)] if candidate.spec.base else []
    specs = decide.rungs(project.settings, dataset.kind, bases, system=dataset.system, labels=dataset.labels)
    prompts = [spec for spec in specs if spec.method == "prompt"]
    return [make(project, spec, dataset, 0) for spec in prompts]


def _evidence(
    project: Opened, candidate: Candidate, dataset: Dataset, others: Others, opened: Noted
) -> decide.Evidence:
    """Everything that a verdict rests on but what people say; what is not there yet is measured."""

    def arm(name: str, judged: Candidate) -> decide.Arm:
        return stored.arm(project, name, judging.domain_report(project, judged, dataset, "test"))

    own = arm("the candidate", candidate)

    def named(one: Candidate) -> decide.Arm:
        found = arm("", one)
        return replace(found, name=stored.arm_name(project, found.report))

    general: tuple[decide.Arm | None, decide.Arm | None] = (None, None)
    if candidate.spec.method in CHANGED_WEIGHTS:
        after = judging.general_report(project, candidate)
        before = judging.general_report(project, judging.untuned(project, candidate, dataset))
        if after is not None and before is not None:
            general = (stored.arm(project, "the candidate", after), stored.arm(project, "the untuned base", before))
    swapped = _dealt(project, own, dataset)
    found = decide.Evidence(
        candidate=candidate,
        dataset=dataset,
        report=own.report,
        items=own.items,
        swapped_items=swapped,
        constant_items=constant_items(project, own, dataset),
        lower_rungs=tuple(named(rung) for rung in others.rungs),
        release=None if others.served is None else arm("the release", others.served),
        incumbents=tuple(named(one) for one in others.today),
        general=general[0],
        general_base=general[1],
        test_uses=opened.number,
        spent_before=opened.spent_before,
    )
    return looked_at(project, found, decide.Protocol.of(project.settings, dataset.kind))


def _crossed(project: Opened, evidence: decide.Evidence, rungs: list[Candidate], folds: int) -> decide.Evidence:
    """The evidence with the candidate and the cheaper rungs on all rows, each answered by one that did not see it."""
    reports = [
        crossing.cross_fitted(project, one, evidence.dataset, folds)
        for one in (evidence.candidate, *rungs)
        if one.spec.method not in INCUMBENT_METHODS
    ]
    own, *others = (stored.arm(project, stored.arm_name(project, report), report) for report in reports)
    swapped = _dealt(project, own, evidence.dataset)
    constant = constant_items(project, own, evidence.dataset)
    return replace(
        evidence, crossed=own, crossed_rungs=tuple(others), swapped_items=swapped, constant_items=constant
    )  # fmt: skip


def _dealt(project: Opened, arm: decide.Arm, dataset: Dataset) -> tuple[ItemResult, ...] | None:
    """An arm's answers, each judged as the answer to another item."""
    rows = [*project.rows(dataset, "test"), *project.rows(dataset, "train")]
    found = evaluate.swapped(
        arm.items,
        suite=project.store.get(arm.report.suite, Suite),
        examples={row.id: row for row in rows},
        settings=project.settings,
        project=project.folder,
    )
    return found or None


def constant_items(project: Opened, arm: decide.Arm, dataset: Dataset) -> tuple[ItemResult, ...]:
    """An arm's items, answered without a model."""
    train = project.rows(dataset, "train")
    return evaluate.without_a_model(
        arm.items,
        kind=dataset.kind,
        suite=project.store.get(arm.report.suite, Suite),
        examples={row.id: row for row in [*project.rows(dataset, "test"), *train]},
        trained=train,
        settings=project.settings,
        project=project.folder,
    )


def _came_since(project: Opened, evidence: decide.Evidence) -> frozenset[str]:
    """Test items that what serves was not judged on, since its own dataset did not hold them."""
    if evidence.release is None:
        return frozenset()
    served = project.store.get(evidence.release.report.candidate, Candidate)
    known = project.store.get(served.dataset, Dataset).splits.get("test", ())
    return frozenset(evidence.dataset.splits.get("test", ())) - frozenset(known)


def looked_at(
    project: Opened, evidence: decide.Evidence, protocol: decide.Protocol, *, before: str | None = None
) -> decide.Evidence:
    """The evidence with what is looked up rather than measured: the run, leaks, personal data, thresholds, what left.

    ``before``: when it was decided.
    """
    candidate, dataset = evidence.candidate, evidence.dataset
    train = project.rows(dataset, "train")
    tuned = candidate.spec.method in CHANGED_WEIGHTS
    test, known = project.rows(dataset, "test"), {row.id for row in train}
    shown = [shot for shot in project.shots_of(candidate) if shot.id not in known]
    told = [candidate.spec.system or "", *(candidate.spec.settings.get("label_descriptions") or {}).values()]
    leaks = curate.leaks(
        test, [*train, *shown], kind=dataset.kind, settings=project.settings, on_event=project.on_event
    )
    left = curate.personal_data_left([*train, *project.rows(dataset, "validation"), *test, *shown], dataset.kind)
    if left and project.settings.data.personal_data != "keep":
        places = ", ".join(str(one) for one in left[:_NAMED])
        project.say(f"Personal data is still in the rows: {places}.", warning=True)
    since = departing.since(project, dataset, before=before)
    return replace(
        evidence,
        run=project.store.get(candidate.run, Run) if candidate.run else None,
        nothing_to_forget=tuned and judging.nothing_to_forget(project, candidate),
        new=_came_since(project, evidence),
        departed=since.departed,
        altered=since.altered,
        moved=departing.moved(project, candidate, protocol, before=before),
        leaks=leaks + curate.leaks_into_prompt(test, told),
        personal_data_left=len(left),
        abstain_below=judging.abstain_threshold(project, candidate, protocol.decision.abstain.max_error),
    )
