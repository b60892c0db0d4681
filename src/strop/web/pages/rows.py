"""Rows in doubt, one at a time: what is doubted and why, the guidelines to judge by, and four answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from strop.project.rows.doubtful import DoubtfulRow
from strop.project.rows.row_files import Guidelines
from strop.records import JSON, Judgement, Record, new_id
from strop.web.render import Frame, render

LONGEST = 20_000
"""Characters of a correction."""
OPINIONS = (
    ("good", "Right as it is"),
    ("fix", "The answer needs a fix"),
    ("drop", "Leave the row out"),
    ("cannot_judge", "I can't judge"),
)


class Said(Record):
    """What a person says of a row. ``key`` makes sending it twice harmless."""

    subject: str = Field(pattern=r"^ex_[0-9A-Za-z]{1,60}$")
    opinion: str = Field(max_length=20)
    correction: str = Field(default="", max_length=LONGEST)
    seconds: float | None = Field(default=None, ge=0, le=86_400)
    key: str = Field(min_length=8, max_length=80, pattern=r"^[0-9A-Za-z_-]+$")


@dataclass(frozen=True)
class Shown:
    """What the page is about: the rows that wait for this person, the first one on top; and what they said last.

    ``nobody``: why this person is asked about nothing.
    """

    waiting: Sequence[DoubtfulRow] = ()
    judged: int = 0
    last: Judgement | None = None
    by: Guidelines | None = None
    nobody: str = ""

    @property
    def row(self) -> DoubtfulRow | None:
        """The row to judge."""
        return self.waiting[0] if self.waiting else None


def read_form(fields: Mapping[str, Sequence[str]]) -> dict[str, JSON]:
    """The form as it was sent."""
    one = {name: values[0] for name, values in fields.items() if values}
    seconds = one.get("seconds", "")
    timed = float(seconds) if seconds.replace(".", "", 1).isdigit() else None
    told: dict[str, JSON] = {name: one.get(name, "") for name in ("subject", "opinion", "key")}
    return told | {"correction": one.get("correction", "").replace("\r\n", "\n"), "seconds": timed}


def value(said: Said, row: DoubtfulRow, by: Guidelines | None) -> dict[str, JSON]:
    """What is stored: with a fix the right answer, the guidelines, and whether it ends a dispute."""
    found: dict[str, JSON] = {"opinion": said.opinion}
    if said.opinion == "fix":
        found["correction"] = said.correction
    if by is not None:
        found["guidelines"] = by.hash
    return found | ({"settles": True} if row.said else {})


def twin(shown: Shown) -> dict[str, JSON]:
    """The page as JSON: the next row, how many wait, and the guidelines' hash."""
    return {
        "next": shown.row.to_json() if shown.row else None, "waiting": len(shown.waiting), "judged": shown.judged,
        "guidelines": shown.by.hash if shown.by else None,
    }  # fmt: skip


def page(
    project: str, shown: Shown, *, labels: Sequence[str], sent: Mapping[str, JSON], problem: str, frame: Frame
) -> str:
    """The next row as a form; ``sent`` stands in it again with its ``problem`` where it could not be taken."""
    row = shown.row
    opinions = [one for one in OPINIONS if one[0] != "drop" or (row is not None and row.split != "test")]
    return render(
        "rows.html", frame=frame, project=project, shown=shown, row=row, labels=labels, sent=sent, problem=problem,
        opinions=opinions, told=dict(OPINIONS), key=new_id("key"), longest=LONGEST,
    )  # fmt: skip
