"""May a candidate go live? Gather the evidence, open the sealed test set (counted), decide, store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from strop import curate, decide, evaluate, privacy
from strop.errors import NotReady
from strop.project import judging, releasing, tuning
from strop.project.opened import Opened
from strop.records import (
    TUNED_METHODS,
    Candidate,
    Dataset,
    Decision,
    ItemResult,
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
    served = _served(project, candidate)
    inputs = [candidate.id, dataset.id, *(rung.id for rung in rungs), *([served.id] if served else [])]
    settings = {"protocol": protocol.to_json()}
    if (known := project.store.derived("decide", inputs=inputs, settings=settings)) is not None:
        project.say("This candidate was judged under this protocol before: the same decision.")
        return next(record for record in known if isinstance(record, Decision))
    # Counted before anything is seen: a look that crashes half-way was a look. The same look again is the same line.
    test_set = content_id("test", sorted(dataset.splits["test"]))
    look = content_id("look", [*inputs, settings])
    uses = project.store.count_test_use(test_set, look)
    project.say(f"Opening the sealed test set of {len(dataset.splits['test'])} items (use {uses}) …")
    evidence = _evidence(project, candidate, dataset, (rungs, served), uses)
    swapped = project.store.artifacts.put_jsonl(evidence.swapped_items or ())
    decision = decide.decide(evidence, project.settings).model_copy(update={"swapped": swapped})
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
    named = {
        role: arm("the release" if role == "release" else role, report)
        for role, report in decision.reports.items()
        if role != "candidate"
    }
    rungs = [arm("", report) for report in decision.rungs]
    evidence = _bundle(
        project,
        candidate,
        dataset,
        own,
        [decide.Arm(name=_name(project, rung.report), report=rung.report, items=rung.items) for rung in rungs],
        general=(named.get("general"), named.get("general_base")),
        swapped=project.store.artifacts.read_jsonl(decision.swapped, ItemResult) if decision.swapped else (),
        uses=decision.test_uses,
    )
    return decide.verify(decision, replace(evidence, release=named.get("release")))


def _served(project: Opened, candidate: Candidate) -> Candidate | None:
    """What serves now, if it is something else than the candidate."""
    release = releasing.current(project)
    if release is None or release.candidate in (None, candidate.id):
        return None
    return project.store.get(release.candidate, Candidate)


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
    fair = [step for step in cheaper if not decide.echoes(step.measures)]
    best = max(fair or cheaper, key=lambda step: sign * step.measures[primary.name].value)
    return [project.store.get(best.candidate, Candidate)]


def _prompts(project: Opened, candidate: Candidate, dataset: Dataset) -> list[Candidate]:
    if candidate.spec.method not in TUNED_METHODS - {"classical"}:
        return []
    bases = [project.base(candidate.spec.base)] if candidate.spec.base else []
    specs = decide.rungs(project.settings, dataset.kind, bases, system=dataset.system, labels=dataset.labels)
    prompts = [spec for spec in specs if spec.method == "prompt"]
    return [tuning.make_candidate(project, spec, dataset, 0)[0] for spec in prompts]


def _evidence(
    project: Opened, candidate: Candidate, dataset: Dataset, others: tuple[list[Candidate], Candidate | None], uses: int
) -> decide.Evidence:
    def arm(name: str, report: Report) -> decide.Arm:
        return decide.Arm(name=name, report=report, items=tuple(judging.items_of(project, report)))

    own = arm("the candidate", judging.domain_report(project, candidate, dataset, "test"))
    rungs, served = others
    release = None
    if served is not None:
        release = arm("the release", judging.domain_report(project, served, dataset, "test"))
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
    swapped = evaluate.swapped(
        own.items,
        suite=project.store.get(own.report.suite, Suite),
        examples={row.id: row for row in project.rows(dataset, "test")},
        settings=project.settings,
        project=project.folder,
    )
    found = _bundle(project, candidate, dataset, own, lower, general=general, swapped=swapped, uses=uses)
    return replace(found, release=release)


def _bundle(
    project: Opened,
    candidate: Candidate,
    dataset: Dataset,
    own: decide.Arm,
    lower: list[decide.Arm],
    *,
    general: tuple[decide.Arm | None, decide.Arm | None],
    swapped: Sequence[ItemResult],
    uses: int,
) -> decide.Evidence:
    """Everything that a verdict rests on, from what is stored."""
    test = {row.id: row for row in project.rows(dataset, "test")}
    train = project.rows(dataset, "train")
    tuned = candidate.spec.method in TUNED_METHODS - {"classical"}
    left = [privacy.find(text) for row in train for text in (row.input, row.reference or "")]
    return decide.Evidence(
        candidate=candidate,
        dataset=dataset,
        report=own.report,
        items=own.items,
        swapped_items=tuple(swapped) or None,
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
