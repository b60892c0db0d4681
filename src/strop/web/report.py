"""One record to one page of HTML that stands alone: no script, no request, every text escaped."""

from __future__ import annotations

from dataclasses import replace

from strop.records import Candidate, Dataset, Decision, Ladder, Record, Report, Run
from strop.web import nouns, render, verdict
from strop.web.context import Context
from strop.web.gathering import gather
from strop.web.render import ALONE, Frame

__all__ = ["Context", "Frame", "gather", "page"]


def page(subject: Record, context: Context, *, frame: Frame = ALONE) -> str:
    """The page of a record. The same records give the same bytes; what the context lacks, the page does not show."""
    template, values = _view(subject, _holding(subject, context))
    return render.render(template, frame=frame, project=context.project, **values)


def _holding(subject: Record, context: Context) -> Context:
    """The context with the subject itself in its place."""
    match subject:
        case Decision():
            return replace(context, decision=subject)
        case Ladder():
            return replace(context, ladder=subject)
        case Report():
            return replace(context, reports={**context.reports, subject.id: subject})
        case _:
            return context


def _view(subject: Record, context: Context) -> tuple[str, dict[str, object]]:
    match subject:
        case Decision():
            return "decision.html", verdict.view(subject, context)
        case Report():
            return "report.html", nouns.report(subject, context)
        case Dataset():
            return "dataset.html", nouns.dataset(subject, context)
        case Ladder():
            return "ladder.html", nouns.ladder(subject, context)
        case Run():
            return "run.html", nouns.run(subject, context)
        case Candidate():
            return "candidate.html", nouns.candidate(subject, context)
        case _:
            return "record.html", {"kind": type(subject).__name__, "details": verdict.flat(subject.to_json())}
