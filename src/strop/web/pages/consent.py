"""What people are asked before a candidate goes live: blind pairs side by side, and a yes or no by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from strop.project.verdicts.people import ShownPair
from strop.records import JSON, Decision, Record
from strop.web import verdict, words
from strop.web.render import Frame, render

CHOICES = (("left", "Left"), ("same", "Equally good"), ("right", "Right"), ("cannot_judge", "I can't judge"))


class Preferred(Record):
    """Which answer of a blind pair is better."""

    pair: str = Field(pattern=r"^pair_[0-9A-Za-z]{1,40}$")
    preferred: str = Field(max_length=20)
    seconds: float | None = Field(default=None, ge=0, le=86_400)


class Approved(Record):
    """A yes or no to a candidate's going live."""

    candidate: str = Field(pattern=r"^cand_[0-9A-Za-z_.-]{1,40}$")
    approved: bool
    comment: str = Field(default="", max_length=20_000)


def read_preferred(fields: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The form of a pair as it was sent."""
    one = {name: values[0] for name, values in fields.items() if values}
    seconds = one.get("seconds", "")
    timed = float(seconds) if seconds.replace(".", "", 1).isdigit() else None
    return {"pair": one.get("pair", ""), "preferred": one.get("preferred", ""), "seconds": timed}


def read_approved(fields: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The form of an approval as it was sent; the button that was pressed says yes or no."""
    one = {name: values[0] for name, values in fields.items() if values}
    said = {"approve": True, "refuse": False}.get(one.get("say", ""))
    comment = one.get("comment", "").replace("\r\n", "\n").strip()
    return {"candidate": one.get("candidate", ""), "approved": said, "comment": comment}


def pairs_twin(waiting: Sequence[ShownPair], judged: int) -> dict[str, JSON]:
    """The page of pairs as JSON: the next one, and how many wait."""
    return {"next": waiting[0].to_json() if waiting else None, "waiting": len(waiting), "judged": judged}


def pairs_page(
    project: str, waiting: Sequence[ShownPair], judged: int, *, problem: str = "", frame: Frame
) -> str:  # fmt: skip
    """The next blind pair as a form."""
    pair = waiting[0] if waiting else None
    return render(
        "pairs.html", frame=frame, project=project, pair=pair, waiting=len(waiting), judged=judged, choices=CHOICES,
        problem=problem,
    )  # fmt: skip


def approvals_twin(waiting: Sequence[Decision]) -> dict[str, JSON]:
    """The page of approvals as JSON."""
    return {"waiting": [decision.to_json() for decision in waiting]}


def approvals_page(project: str, waiting: Sequence[Decision], *, frame: Frame) -> str:
    """Every decision that waits for a yes or no, with its checks."""
    rows = [(decision, words.VERDICTS[decision.verdict], verdict.check_rows(decision.checks)) for decision in waiting]
    return render("approve.html", frame=frame, project=project, rows=rows)
