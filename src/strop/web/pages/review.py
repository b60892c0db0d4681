"""The expert's page: one answer at a time, judged, corrected with tracked changes, or left as "I can't judge"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import Field

from strop.errors import InputError
from strop.records import JSON, Interaction, Judgement, Record, new_id, now
from strop.web.changes import Part, word_marks
from strop.web.render import Frame, render

Opinion = Literal["good", "fix", "cannot_judge"]
Fault = Literal["wrong_fact", "missing", "invented", "tone", "format", "unsafe"]
FAULTS: dict[Fault, str] = {
    "wrong_fact": "A fact is wrong",
    "missing": "Something is missing",
    "invented": "Something is invented",
    "tone": "Tone or wording",
    "format": "Form or length",
    "unsafe": "Must not be said",
}
LONGEST = 20_000
"""Characters of a correction or a comment."""


class Reviewed(Record):
    """What an expert said of one answer. ``key`` makes sending it twice harmless."""

    subject: str = Field(pattern=r"^[a-z]+_[0-9A-Za-z-]{1,60}$")
    opinion: Opinion
    correction: str = Field(default="", max_length=LONGEST)
    faults: tuple[Fault, ...] = ()
    comment: str = Field(default="", max_length=LONGEST)
    seconds: float | None = Field(default=None, ge=0, le=86_400)
    key: str = Field(min_length=8, max_length=80, pattern=r"^[0-9A-Za-z_-]+$")


@dataclass(frozen=True)
class Draft:
    """What stands in the form: nothing yet, or what was sent and could not be taken."""

    opinion: str = ""
    correction: str = ""
    faults: tuple[str, ...] = ()
    comment: str = ""
    problem: str = ""


_EMPTY = Draft()


def read_form(fields: Mapping[str, Sequence[str]]) -> Reviewed:
    """The form as it was sent. Raises InputError that says what is wrong in words for the expert."""

    def one(name: str) -> str:
        return fields.get(name, [""])[0]

    if one("opinion") not in get_args(Opinion):
        raise InputError("choose one of the three: good, needs a fix, or I can't judge")
    seconds = one("seconds")
    try:
        return Reviewed.model_validate(
            {
                "subject": one("subject"),
                "opinion": one("opinion"),
                "correction": one("correction").replace("\r\n", "\n"),
                "faults": tuple(fields.get("faults", ())),
                "comment": one("comment").replace("\r\n", "\n"),
                "seconds": float(seconds) if seconds.replace(".", "", 1).isdigit() else None,
                "key": one("key"),
            }
        )
    except ValueError as error:
        raise InputError("the form could not be read", remedy="reload the page; your draft is kept") from error


def draft_of(fields: Mapping[str, Sequence[str]], problem: str) -> Draft:
    """What was sent, to be shown again with what is wrong about it."""

    def one(name: str) -> str:
        return fields.get(name, [""])[0][:LONGEST]

    return Draft(one("opinion"), one("correction"), tuple(fields.get("faults", ())), one("comment"), problem)


def judgement(
    reviewed: Reviewed, interaction: Interaction, *, by: str, labels: Sequence[str] = (), edits: str | None = None
) -> Judgement:
    """The judgement of a review. Raises InputError when a fix changes nothing, or is none of the ``labels``."""
    value: dict[str, JSON] = {"opinion": reviewed.opinion}
    if reviewed.opinion == "fix":
        correction = reviewed.correction.strip()
        if not correction or correction == (interaction.answer or "").strip():
            raise InputError("the answer was not changed", remedy="correct the text, or choose good or I can't judge")
        if labels and correction not in labels:
            raise InputError("this is none of the labels", remedy="choose one from the list")
        value |= {"correction": correction, "faults": list(reviewed.faults)}
    return Judgement(
        id=new_id("jdg"),
        subject=interaction.id,
        kind="review",
        value=value,
        comment=reviewed.comment.strip(),
        by=by,
        source="review page",
        trusted=True,
        seconds=reviewed.seconds,
        edits=edits,
        key=reviewed.key,
        created=now(),
    )


def tracked(interaction: Interaction, made: Judgement) -> tuple[tuple[Part, ...], tuple[Part, ...]] | None:
    """What a correction changed: the answer with the words that went, the correction with those that came."""
    correction = made.value.get("correction") if isinstance(made.value, dict) else None
    return None if correction is None else word_marks(interaction.answer or "", str(correction))


def twin(waiting: Sequence[Interaction], judged: Sequence[Judgement]) -> dict[str, JSON]:
    """The page as JSON: the next item, and how many wait."""
    following = waiting[0].to_json() if waiting else None
    return {"next": following, "waiting": len(waiting), "judged": len(judged)}


@dataclass(frozen=True)
class Last:
    """The judgement made last, with what it changed."""

    judgement: Judgement
    changed: tuple[tuple[Part, ...], tuple[Part, ...]] | None


def page(
    project: str,
    waiting: Sequence[Interaction],
    judged: Sequence[Judgement],
    *,
    last: Last | None,
    labels: Sequence[str] = (),
    draft: Draft = _EMPTY,
    again: Interaction | None = None,
    frame: Frame,
) -> str:
    """The next item as a form. ``again``: an item that was judged already, opened to change one's mind."""
    item = again or (waiting[0] if waiting else None)
    return render(
        "review.html",
        frame=frame,
        project=project,
        item=item,
        again=again is not None,
        waiting=len(waiting),
        judged=len(judged),
        last=last,
        labels=labels,
        draft=draft,
        faults=FAULTS,
        key=new_id("key"),
        longest=LONGEST,
    )
