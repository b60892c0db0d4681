"""Were the secrets that were planted among the training rows learned by heart?"""

from __future__ import annotations

from strop import measure
from strop.evaluate import report_id
from strop.project.opened import Opened
from strop.records import (
    CHANGED_WEIGHTS,
    INCUMBENT_METHODS,
    Candidate,
    ItemResult,
    MeasureSpec,
    Report,
    Run,
    Spec,
    Suite,
    content_id,
    now,
)
from strop.tune import planted

EXPOSURE = MeasureSpec(
    name="exposure", how="mean", higher_is_better=False, primary=True, signature=f"exposure|others:{planted.OTHERS}"
)


def secrets_for(project: Opened, spec: Spec) -> int:
    """How many secrets are planted among the rows to train on: none unless asked for, none where labels answer."""
    asked = project.settings.decision.guard.secrets
    trained = spec.method in CHANGED_WEIGHTS - INCUMBENT_METHODS and not spec.labels
    return asked if asked is not None and trained else 0


def exposed(project: Opened, candidate: Candidate) -> Report | None:
    """The exposure of each secret; None where none are asked for, or the candidate was trained without them."""
    count = secrets_for(project, candidate.spec)
    run = project.store.get(candidate.run, Run) if candidate.run else None
    if not count or run is None or run.environment.get("secrets") != count:
        return None
    names = planted.names(count)
    suite = Suite(
        id=content_id("suite", ["secrets", list(names), EXPOSURE.signature]), name="domain", split="secrets",
        items=names, measures=(EXPOSURE,),
    )  # fmt: skip
    inputs = [candidate.id, suite.id]
    if (known := project.store.derived("evaluate:secrets", inputs=inputs, settings={})) is not None:
        return next(record for record in known if isinstance(record, Report))
    with project.remembering(project.open_model(candidate)) as model:
        results = model.score(planted.requests(candidate.spec, count), on_event=project.on_event)
        signature = model.signature
    items = tuple(
        ItemResult(example=name, answer="", scores={EXPOSURE.name: round(planted.exposure(result.logprobs), 12)})
        for name, result in zip(names, results, strict=True)
    )
    report = Report(
        id=report_id(candidate.id, suite.id, signature, items), candidate=candidate.id, method=candidate.spec.method,
        suite=suite.id, suite_name="domain", split=suite.split, n=count, specs=suite.measures, signature=signature,
        measures={EXPOSURE.name: measure.estimate(EXPOSURE, items)},
        items=project.store.artifacts.put_jsonl(items), created=now(),
    )  # fmt: skip
    stands = project.store.add(suite, report, stage="evaluate:secrets", inputs=inputs, settings={})
    return next(record for record in stands if isinstance(record, Report))
