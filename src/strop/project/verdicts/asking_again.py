"""The same model asked the same once more, in another batch plan: how far its numbers move by themselves."""

from __future__ import annotations

from strop import evaluate
from strop.engines.one_by_one import OneByOne
from strop.project.opened import Opened
from strop.records import Candidate, Dataset, Report, Suite, content_id

AGAIN = 16
"""Items that are asked again: a look at the noise, cheap beside the rest of a decision."""
_ELSEWHERE = ("remote", "answers")


def asked_again(project: Opened, candidate: Candidate, dataset: Dataset, report: Report) -> Report | None:
    """A report on the first items of a report's suite, each asked by itself and nothing remembered; None where the
    answers come from elsewhere."""
    if candidate.spec.method in _ELSEWHERE:
        return None
    suite = project.store.get(report.suite, Suite)
    items = suite.items[:AGAIN]
    part = suite.model_copy(update={"items": items, "id": content_id("suite", [suite.id, "again", *items])})
    inputs, settings = [report.id, part.id], {"again": AGAIN}
    if (known := project.store.derived("evaluate:again", inputs=inputs, settings=settings)) is not None:
        return next(record for record in known if isinstance(record, Report))
    rows = {row.id: row for row in project.rows(dataset, "test")}
    with OneByOne(project.open_model(candidate)) as model:
        found = evaluate.evaluate(
            model,
            candidate=candidate,
            shots=project.shots_of(candidate),
            suite=part,
            examples={item: rows[item] for item in items},
            settings=project.settings,
            project=project.folder,
            on_event=project.on_event,
        )
    made = found.report.model_copy(update={"items": project.store.artifacts.put_jsonl(found.items)})
    stands = project.store.add(part, made, stage="evaluate:again", inputs=inputs, settings=settings)
    return next(record for record in stands if isinstance(record, Report))
