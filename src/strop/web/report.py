"""One record to one page of HTML that stands alone: no script, no request, every text escaped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from strop.records import JSON, Candidate, Dataset, Decision, Ladder, Record, Report, Run
from strop.web import nouns, render, verdict
from strop.web.context import Context
from strop.web.gathering import gather
from strop.web.render import ALONE, Frame
from strop.web.sections.asked import flat

__all__ = ["Context", "Frame", "gather", "page"]
_TEXTS = ("messages", "reference", "context", "expect", "answer", "value", "comment")
"""What of a row, a request or a judgement is text."""


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
            told = subject.to_json()
            told |= {name: _hidden(told[name], context.hide) for name in _TEXTS if name in told}
            return "record.html", {"kind": type(subject).__name__, "details": flat(told)}


def _hidden(value: JSON, hide: Callable[[str], str]) -> JSON:
    """The value with every text in it as it is shown."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {name: _hidden(inner, hide) for name, inner in value.items()}
    return [_hidden(inner, hide) for inner in value] if isinstance(value, list) else value
