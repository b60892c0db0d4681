"""What a stored decision rests on: its reports with their items, loaded again."""

from __future__ import annotations

from strop import decide
from strop.project.making import judging
from strop.project.opened import Opened
from strop.records import Candidate, Dataset, Decision, ItemResult, Report


def arm(project: Opened, name: str, report: Report) -> decide.Arm:
    """A report with its items."""
    return decide.Arm(name=name, report=report, items=tuple(judging.items_of(project, report)))


def arm_name(project: Opened, report: Report) -> str:
    """An arm in words."""
    return decide.describe(project.store.get(report.candidate, Candidate).spec)


def evidence(project: Opened, decision: Decision) -> decide.Evidence:
    """The arms of a decision; what else it looked at is left out."""
    named = {role: project.store.get(report, Report) for role, report in decision.reports.items()}
    rungs = [project.store.get(report, Report) for report in decision.rungs]
    crossed = named.get(decide.CROSSED)
    rungs_across = [report for role, report in named.items() if role.startswith(f"{decide.CROSSED} rung")]
    today = [report for role, report in named.items() if role.startswith("incumbent")]
    own = arm(project, "the candidate", named["candidate"])
    constant = project.store.artifacts.read_jsonl(decision.constant, ItemResult) if decision.constant else None
    swapped = project.store.artifacts.read_jsonl(decision.swapped, ItemResult) if decision.swapped else ()
    return decide.Evidence(
        candidate=project.store.get(decision.candidate, Candidate),
        dataset=project.store.get(decision.dataset, Dataset),
        report=own.report,
        items=own.items,
        swapped_items=tuple(swapped) or None,
        constant_items=None if constant is None else tuple(constant),
        lower_rungs=tuple(arm(project, arm_name(project, rung), rung) for rung in rungs),
        release=arm(project, "the release", named["release"]) if "release" in named else None,
        incumbents=tuple(arm(project, arm_name(project, report), report) for report in today),
        beside=arm(project, arm_name(project, named["beside"]), named["beside"]) if "beside" in named else None,
        secrets=arm(project, "the candidate", named["secrets"]) if "secrets" in named else None,
        again=arm(project, "the candidate again", named["again"]) if "again" in named else None,
        crossed=arm(project, "the candidate", crossed) if crossed is not None else None,
        crossed_rungs=tuple(arm(project, arm_name(project, report), report) for report in rungs_across),
        general=arm(project, "general", named["general"]) if "general" in named else None,
        general_base=arm(project, "general_base", named["general_base"]) if "general_base" in named else None,
        test_uses=decision.test_uses,
        spent_before=decision.spent_before,
    )
