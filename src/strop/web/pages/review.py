"""The expert's page: one answer at a time, judged, corrected with tracked changes, or left as "I can't judge"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import Field

from strop.errors import InputError, UnknownRecord
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


@dataclass(frozen=True)
class Last:
    """The judgement made last, with what it changed."""

    judgement: Judgement
    changed: tuple[tuple[Part, ...], tuple[Part, ...]] | None


@dataclass(frozen=True)
class Shown:
    """What the page is about: an item, and what senders said of it; how many wait and were judged.

    ``again``: the item was judged already, and is opened to change one's mind.
    """

    item: Interaction | None
    said: Sequence[Judgement] = ()
    again: bool = False
    waiting: int = 0
    judged: int = 0
    last: Last | None = None


@dataclass(frozen=True)
class Word:
    """What a sender said, ready to print as a quotation. ``usable``: it may be taken as the right answer."""

    id: str
    told: str
    text: str
    comment: str
    created: str
    usable: bool


def word(said: Judgement, labels: Sequence[str]) -> Word:
    """A sender's judgement in words. Where answers are ``labels``, only one of them may be taken."""
    text = said.value if isinstance(said.value, str) and said.kind in ("correction", "comment") else ""
    told = {"correction": "would have answered", "comment": "wrote", "preference": f"prefers {said.value}"}.get(
        said.kind
    )
    if told is None:
        value = {True: "yes", False: "no"}[said.value] if isinstance(said.value, bool) else f"{said.value}"
        told = f"rated it {value}" if said.kind == "rating" else f"says {said.name}: {value}"
    usable = said.kind == "correction" and (not labels or text in labels)
    return Word(said.id, f"{said.by} {told}", text, said.comment, said.created, usable)


def taken(said: Sequence[Judgement], wanted: str) -> Draft:
    """A form that begins with a sender's text. Raises UnknownRecord when this answer has no such correction."""
    found = next((one for one in said if one.id == wanted and one.kind == "correction"), None)
    if found is None:
        raise UnknownRecord("nobody said that of the answer that is next", remedy="open the page again")
    return Draft("fix", str(found.value))


def twin(shown: Shown) -> dict[str, JSON]:
    """The page as JSON: the next item with what senders said of it, and how many wait."""
    return {
        "next": shown.item.to_json() if shown.item else None,
        "said": [one.to_json() for one in shown.said],
        "waiting": shown.waiting,
        "judged": shown.judged,
    }


def page(project: str, shown: Shown, *, labels: Sequence[str] = (), draft: Draft = _EMPTY, frame: Frame) -> str:
    """An item as a form, or that none waits."""
    return render(
        "review.html",
        frame=frame,
        project=project,
        item=shown.item,
        said=[word(one, labels) for one in shown.said],
        again=shown.again,
        waiting=shown.waiting,
        judged=shown.judged,
        last=shown.last,
        labels=labels,
        draft=draft,
        faults=FAULTS,
        key=new_id("key"),
        longest=LONGEST,
    )
