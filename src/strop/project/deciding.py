"""May a candidate go live? Gather the evidence, open the sealed test set (counted), decide, store."""

from __future__ import annotations

from strop import curate, decide, evaluate, privacy
from strop.errors import NotReady
from strop.project import judging, tuning
from strop.project.opened import Opened
from strop.records import (
    TUNED_METHODS,
    Candidate,
    Dataset,
    Decision,
    Ladder,
    Report,
    Run,
    Suite,
    content_id,
)


def decide_candidate(project: Opened, candidate: Candidate) -> Decision:
    """The decision on a candidate; asked again with the same evidence and protocol, the stored one."""
    dataset = project.store.get(candidate.dataset, Dataset)
    if not dataset.splits.get("test"):
        raise NotReady(
            f"dataset {dataset.id} has no test rows", remedy="raise data.splits.test in strop.yaml, then: strop curate"
        )
    protocol = decide.Protocol.of(project.settings, dataset.kind)
    rungs = _lower_rungs(project, candidate, dataset)
    inputs = [candidate.id, dataset.id, *(rung.id for rung in rungs)]
    settings = {"protocol": protocol.to_json()}
    if (known := project.store.derived("decide", inputs=inputs, settings=settings)) is not None:
        project.say("This candidate was judged under this protocol before: the same decision.")
        return next(record for record in known if isinstance(record, Decision))
    # Counted before anything is seen: a look that crashes half-way was a look. The same look again is the same line.
    test_set = content_id("test", sorted(dataset.splits["test"]))
    look = content_id("look", [*inputs, settings])
    uses = project.store.count_test_use(test_set, look)
    project.say(f"Opening the sealed test set of {len(dataset.splits['test'])} items (use {uses}) …")
    evidence = _evidence(project, candidate, dataset, rungs, uses)
    decision = decide.decide(evidence, project.settings)
    stands = project.store.add(decision, stage="decide", inputs=inputs, settings=settings)
    return next(record for record in stands if isinstance(record, Decision))


def verify_decision(project: Opened, decision: Decision) -> list[str]:
    """What the decision says that its stored evidence does not give; empty when it stands."""
    candidate = project.store.get(decision.candidate, Candidate)
    dataset = project.store.get(decision.dataset, Dataset)

    def arm(name: str, report: str) -> decide.Arm:
        found = project.store.get(report, Report)
        return decide.Arm(name=name, report=found, items=tuple(judging.items_of(project, found)))

    own = arm("the candidate", decision.reports["candidate"])
    named = {role: arm(role, report) for role, report in decision.reports.items() if role != "candidate"}
    rungs = [arm("", report) for report in decision.rungs]
    evidence = _bundle(
        project,
        candidate,
        dataset,
        own,
        [decide.Arm(name=_name(project, rung.report), report=rung.report, items=rung.items) for rung in rungs],
        general=(named.get("general"), named.get("general_base")),
        uses=decision.test_uses,
    )
    return decide.verify(decision, evidence)


def _lower_rungs(project: Opened, candidate: Candidate, dataset: Dataset) -> list[Candidate]:
    """The cheaper rung that was best on validation: the strongest of the weak, picked without the test set.

    A ladder stored this candidate's dataset and its rungs from the cheapest up; without one, the two prompts are made.
    """
    for ladder in project.store.all(Ladder):
        if ladder.dataset == dataset.id and any(step.candidate == candidate.id for step in ladder.steps):
            place = next(i for i, step in enumerate(ladder.steps) if step.candidate == candidate.id)
            cheaper = ladder.steps[:place]
            break
    else:
        return _prompts(project, candidate, dataset)
    if not cheaper:
        return []
    primary = judging.primary_spec(project, project.store.get(cheaper[0].report, Report))
    sign = 1 if primary.higher_is_better else -1
    best = max(cheaper, key=lambda step: sign * step.measures[primary.name].value)
    return [project.store.get(best.candidate, Candidate)]


def _prompts(project: Opened, candidate: Candidate, dataset: Dataset) -> list[Candidate]:
    if candidate.spec.method not in TUNED_METHODS - {"classical"}:
        return []
    bases = [project.base(candidate.spec.base)] if candidate.spec.base else []
    specs = decide.rungs(project.settings, dataset.kind, bases, system=dataset.system, labels=dataset.labels)
    prompts = [spec for spec in specs if spec.method == "prompt"]
    return [tuning.make_candidate(project, spec, dataset, 0)[0] for spec in prompts]


def _evidence(
    project: Opened, candidate: Candidate, dataset: Dataset, rungs: list[Candidate], uses: int
) -> decide.Evidence:
    def arm(name: str, report: Report) -> decide.Arm:
        return decide.Arm(name=name, report=report, items=tuple(judging.items_of(project, report)))

    own = arm("the candidate", judging.domain_report(project, candidate, dataset, "test"))
    lower = []
    for rung in rungs:
        report = judging.domain_report(project, rung, dataset, "test")
        lower.append(arm(_name(project, report), report))
    general: tuple[decide.Arm | None, decide.Arm | None] = (None, None)
    if candidate.spec.method in TUNED_METHODS - {"classical"}:
        after = judging.general_report(project, candidate)
        before = judging.general_report(project, judging.untuned(project, candidate, dataset))
        if after is not None and before is not None:
            general = (arm("the candidate", after), arm("the untuned base", before))
    return _bundle(project, candidate, dataset, own, lower, general=general, uses=uses)


def _bundle(
    project: Opened,
    candidate: Candidate,
    dataset: Dataset,
    own: decide.Arm,
    lower: list[decide.Arm],
    *,
    general: tuple[decide.Arm | None, decide.Arm | None],
    uses: int,
) -> decide.Evidence:
    """Everything that a verdict rests on, from what is stored."""
    test = {row.id: row for row in project.rows(dataset, "test")}
    train = project.rows(dataset, "train")
    suite = project.store.get(own.report.suite, Suite)
    swapped = evaluate.swapped(own.items, suite=suite, examples=test, settings=project.settings, project=project.folder)
    tuned = candidate.spec.method in TUNED_METHODS - {"classical"}
    left = [privacy.find(text) for row in train for text in (row.input, row.reference or "")]
    return decide.Evidence(
        candidate=candidate,
        dataset=dataset,
        report=own.report,
        items=own.items,
        swapped_items=swapped or None,
        run=project.store.get(candidate.run, Run) if candidate.run else None,
        lower_rungs=tuple(lower),
        general=general[0],
        general_base=general[1],
        nothing_to_forget=tuned and judging.nothing_to_forget(project, candidate),
        leaks=curate.leaks(list(test.values()), train, kind=dataset.kind, settings=project.settings),
        personal_data_left=sum(len(spans) for spans in left),
        abstain_below=judging.abstain_threshold(project, candidate),
        test_uses=uses,
        by="strop",
    )


def _name(project: Opened, report: Report) -> str:
    """An arm in words."""
    spec = project.store.get(report.candidate, Candidate).spec
    if spec.method == "prompt":
        return f"the prompt with {spec.shots} examples" if spec.shots else "the zero-shot prompt"
    return "the classical model" if spec.method == "classical" else spec.method
