"""The checks without chance: what was looked at, what was found, and whether the reports are what they claim to be."""

from __future__ import annotations

import math
from collections.abc import Sequence

from strop.decide import words
from strop.decide.evidence import Arm, Evidence
from strop.decide.protocol import Protocol, alpha_at
from strop.measure import aggregate
from strop.records import CHANGED_WEIGHTS, INCUMBENT_METHODS, TUNED_METHODS, Check, CheckVerdict

TOLERANCE = 1e-9
DEPARTED, ALTERED = "departed", "altered"
_SINCE = {
    DEPARTED: "that earlier verdicts looked at left the test set",
    ALTERED: "that earlier verdicts looked at have another text or another right answer since",
}
_BY_CHANCE = 0.05
"""Items that left a test set at random are held to have been picked at most so often."""


def fact_checks(evidence: Evidence, protocol: Protocol) -> list[Check]:
    """Every check that is a fact rather than an estimate."""
    return [
        _leakage(evidence),
        _personal_data(evidence, protocol),
        _run_checks(evidence),
        _reports(evidence, protocol),
        _test_uses(evidence, protocol),
        *_as_they_were(evidence, protocol),
    ]


def _none_left(name: str, found: int | None, what: str) -> Check:
    if found is None:
        return Check(name=name, verdict="missing", margin=0, detail=f"nobody looked for {what}")
    verdict: CheckVerdict = "fail" if found else "pass"
    return Check(name=name, verdict=verdict, value=found, margin=0, detail=what)


def _leakage(evidence: Evidence) -> Check:
    what = "test items that also stand in the training rows or in the prompt"
    return _none_left("leakage", evidence.leaks, f"{what}{may_have_seen(evidence)}")


def may_have_seen(evidence: Evidence) -> str:
    """That a model made elsewhere may have learned from the test items; nothing of one that was made here."""
    spec = evidence.candidate.spec
    if spec.method not in INCUMBENT_METHODS or spec.settings.get("candidate"):  # another server runs one of ours
        return ""
    return "; it was made elsewhere, and nobody here knows whether it has seen the test items"


def _personal_data(evidence: Evidence, protocol: Protocol) -> Check:
    if protocol.personal_data == "keep":
        return Check(name="personal_data", verdict="pass", detail="kept, as data.personal_data says")
    return _none_left("personal_data", evidence.personal_data_left, "pieces of personal data in the rows")


def _run_checks(evidence: Evidence) -> Check:
    """The never-silent contract on the run that made the candidate."""
    name, run, candidate = "run_checks", evidence.run, evidence.candidate
    if candidate.spec.method in INCUMBENT_METHODS:
        return Check(name=name, verdict="pass", detail="made elsewhere: how is not known here")
    if candidate.spec.method not in TUNED_METHODS:
        return Check(name=name, verdict="pass", detail="nothing was trained")
    if run is None or not run.checks:
        return Check(name=name, verdict="missing", detail="the training run left no checks")
    if (run.id, run.spec.id, run.dataset) != (candidate.run, candidate.spec.id, candidate.dataset):
        return Check(name=name, verdict="fail", detail="the run is not the one that made this candidate")
    broken = [check for check in run.checks if not check.passed]
    if broken:
        told = "; ".join(f"{check.name}: {check.detail}" for check in broken)
        return Check(name=name, verdict="fail", value=len(broken), margin=0, detail=told)
    return Check(name=name, verdict="pass", value=0, margin=0, n=len(run.checks), unit="run check", detail="all passed")


def _test_uses(evidence: Evidence, protocol: Protocol) -> Check:
    """The test set may be opened only so often: a candidate that is tuned until it passes has not passed."""
    used, limit = evidence.test_uses, protocol.decision.test_uses
    detail = f"opening {used} of {limit} of this test set"
    asked = protocol.decision
    if evidence.spent_before > asked.alpha - alpha_at(used, alpha=asked.alpha, uses=limit) * (1 - 1e-9):
        detail += f"; earlier ones left less of α than its share, having spent {evidence.spent_before:.3g}"
    if used > limit:
        detail += "; fresh test items would lower the count, which is that of the average item"
    return Check(name="test_uses", verdict="pass" if used <= limit else "fail", value=used, margin=limit, detail=detail)


def _as_they_were(evidence: Evidence, protocol: Protocol) -> list[Check]:
    """Did those items leave the test set that had gone wrong? A set that is pruned of them proves nothing.

    Items that were altered are told: a label that is put right is often one that a model got wrong.
    """
    if protocol.rules < 4:
        return []
    found = []
    for name, apart in ((DEPARTED, evidence.departed), (ALTERED, evidence.altered)):
        if apart is None:
            continue
        picked = name == DEPARTED and apart.p <= _BY_CHANCE
        detail = (
            f"{words.count(apart.items, 'item')} {_SINCE[name]}: the candidate of {apart.decision} scored "
            f"{words.number(apart.value)} on them and {words.number(apart.rest)} on the {apart.stayed} that stayed as "
            f"they were (by chance: p {apart.p:.2g})"
        )
        if picked:
            detail += "; put them back, or take fresh test items instead of all of them"
        found.append(Check(name=name, verdict="fail" if picked else "pass", detail=detail))
    return found


def no_longer(checks: Sequence[Check], evidence: Evidence) -> str:
    """What a sentence must not leave out where the test set is not what it was; nothing where it is."""
    asked = {check.name for check in checks}
    told = ""
    if evidence.departed is not None and DEPARTED in asked:
        told += f"; {words.count(evidence.departed.items, 'item')} {_SINCE[DEPARTED]}"
    if (apart := evidence.altered) is not None and ALTERED in asked:
        told += f"; {words.count(apart.items, 'item')} {_SINCE[ALTERED]}, on which a candidate had scored "
        told += f"{words.number(apart.value)}, on the others {words.number(apart.rest)}"
    return told


def _reports(evidence: Evidence, protocol: Protocol) -> Check:
    """Do the reports belong to this candidate and test set, to each other, and to their own items?"""
    faults = [
        *_wrong_place(evidence),
        *_not_comparable([evidence.arms[0], *evidence.lower_rungs, *evidence.incumbents, *_given(evidence.release)]),
        *_not_comparable([evidence.arms[0], *_given(evidence.beside)]),
        *_not_comparable([*_given(evidence.general), *_given(evidence.general_base)]),
        *_not_comparable([*_given(evidence.crossed), *evidence.crossed_rungs]),
        *_wrong_crossing(evidence),
        *_wrong_parts(evidence, protocol),
        *_wrong_again(evidence),
        *(fault for arm in evidence.arms for fault in report_faults(arm)),
    ]
    if faults:
        return Check(name="reports", verdict="fail", value=len(faults), margin=0, detail="; ".join(faults))
    count = len(evidence.arms)
    return Check(
        name="reports", verdict="pass", value=0, margin=0, n=count, unit="report", detail="equal to their items"
    )


def _given(arm: Arm | None) -> Sequence[Arm]:
    return () if arm is None else (arm,)


def _wrong_place(evidence: Evidence) -> list[str]:
    report, candidate = evidence.report, evidence.candidate
    faults = []
    if report.candidate != candidate.id:
        faults.append(f"report {report.id} is about {report.candidate}, not about {candidate.id}")
    if evidence.general is not None and evidence.general.report.candidate != candidate.id:
        faults.append(f"report {evidence.general.report.id} on general ability is about another candidate")
    if report.suite_name != "domain" or report.split != "test":
        faults.append(f"report {report.id} is on {report.suite_name} {report.split} items, not on the test set")
    sealed, answered = set(evidence.dataset.splits.get("test", ())), {item.example for item in evidence.items}
    if sealed != answered:
        faults.append(
            f"{len(sealed - answered)} of {len(sealed)} test items have no result and {len(answered - sealed)} results "
            "belong to no test item"
        )
    base = candidate.spec.base
    if candidate.spec.method in CHANGED_WEIGHTS and report.signature.get("base", base) != base:
        faults.append(f"the adapter was made for {base} and judged on {report.signature['base']}")
    return faults


def _wrong_again(evidence: Evidence) -> list[str]:
    """Whether what was asked again is this candidate, on test items, and what was asked of secrets this candidate."""
    if evidence.secrets is not None and evidence.secrets.report.candidate != evidence.candidate.id:
        return [f"report {evidence.secrets.report.id} on planted secrets is about another candidate"]
    if evidence.again is None:
        return []
    report, sealed = evidence.again.report, {item.example for item in evidence.items}
    strange = [item for item in evidence.again.items if item.example not in sealed]
    if report.candidate != evidence.candidate.id or strange:
        return [f"report {report.id} on items asked again is about {report.candidate}, {len(strange)} of no test item"]
    return []


def _wrong_crossing(evidence: Evidence) -> list[str]:
    """Whether what was cross-fitted is this candidate, on this dataset's rows, with its answers to the test items."""
    if evidence.crossed is None:
        return []
    report, faults = evidence.crossed.report, []
    if report.candidate != evidence.candidate.id or report.split != "cross_fit":
        faults.append(f"report {report.id} is about {report.candidate} on {report.split} items, not on all rows")
    rows = {row for split in ("train", "test") for row in evidence.dataset.splits.get(split, ())}
    crossed = {item.example: item for item in evidence.crossed.items}
    if strange := len(crossed.keys() - rows):
        faults.append(f"{strange} cross-fitted results belong to no row of the dataset")
    known = {name: (item.answer, item.label) for name, item in crossed.items()}
    other = [item.example for item in evidence.items if known.get(item.example) != (item.answer, item.label)]
    if other:
        faults.append(f"{len(other)} test items are answered otherwise among all rows, the first {other[0]}")
    return faults


def _wrong_parts(evidence: Evidence, protocol: Protocol) -> list[str]:
    """Whether it is known by which model each cross-fitted item was answered: how far they differ hangs on it."""
    if evidence.crossed is None or protocol.rules < 5:
        return []
    sealed = {item.example for item in evidence.items}
    own = {item.example: item.part for item in evidence.crossed.items}
    asked = set(range(1, (protocol.decision.cross_fit or 0) + 1))
    faults = []
    for arm in (evidence.crossed, *evidence.crossed_rungs):
        parts = {item.example: item.part for item in arm.items}
        trained = {part for name, part in parts.items() if name not in sealed}
        tuned = arm.report.method in TUNED_METHODS
        if trained != asked if tuned else not trained <= asked | {None}:
            found = ", ".join(sorted(map(str, trained)))
            faults.append(f"{arm.name} answered the training rows by the models of parts {found}, not of {len(asked)}")
        if any(parts[name] is not None for name in sealed & parts.keys()):
            faults.append(f"{arm.name} answered test items by the model of a part, not itself")
        groups: dict[str, set[int | None]] = {}
        for item in arm.items:
            groups.setdefault(item.cluster or item.example, set()).add(item.part)
        if divided := sum(len(found) > 1 for found in groups.values()):
            faults.append(f"{arm.name} answered {words.count(divided, 'group')} by models of several parts")
        if any(part is not None and own.get(name) not in (None, part) for name, part in parts.items()):
            faults.append(f"{arm.name} was cut into other parts than {evidence.crossed.name}")
    return faults


def _not_comparable(arms: Sequence[Arm]) -> list[str]:
    """Arms that were not judged on the same suite with the same measures."""
    if not arms:
        return []
    first = arms[0].report
    faults = []
    for arm in arms[1:]:
        if arm.report.suite != first.suite:
            faults.append(f"{arm.name} was judged on another suite ({arm.report.suite})")
        known = {spec.name: spec for spec in arm.report.specs}
        changed = [spec.name for spec in first.specs if spec.name in known and known[spec.name] != spec]
        if changed:
            faults.append(f"{arm.name} was judged with other settings of {', '.join(changed)}")
        if {item.example for item in arm.items} != {item.example for item in arms[0].items}:
            faults.append(f"{arm.name} answered other items")
        faults += _other_machinery(arm, arms[0])
    return faults


def _other_machinery(arm: Arm, first: Arm) -> list[str]:
    """On one base, another number format or prompt template is another model."""
    own, other = first.report.signature, arm.report.signature
    if own.get("base") is None or own.get("base") != other.get("base"):
        return []
    return [
        f"{arm.name} was judged with {key} {other.get(key)}, the candidate with {own.get(key)}"
        for key in ("dtype", "template")
        if own.get(key) != other.get(key)
    ]


def report_faults(arm: Arm) -> list[str]:
    """What a report says that its per-item results do not."""
    report, faults = arm.report, []
    if report.n != len(arm.items):
        faults.append(f"report {report.id} counts {report.n} items and holds {len(arm.items)}")
    for spec in report.specs:
        said = report.measures.get(spec.name)
        if said is None:
            continue
        try:
            found = aggregate(spec, arm.items)
        except ValueError as error:
            faults.append(f"report {report.id}: {error}")
            continue
        if not math.isclose(said.value, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            faults.append(f"report {report.id} says {spec.name} is {said.value:.4f}, its items give {found:.4f}")
    return faults
