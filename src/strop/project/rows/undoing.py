"""Take back what was said of rows and answers: one word, all that a person said of one, or all that a file brought.

Nothing is deleted: a further judgement edits the one that is taken back, and says that its author cannot judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from strop import feedback
from strop.errors import InputError
from strop.project.live.listening import keep_review
from strop.project.rows import raters
from strop.records import JSON, Judgement, new_id, now

if TYPE_CHECKING:
    from strop.project.opened import Opened

_UNDO = "undo:"
_REMEDY = "name a judgement (strop list judgement), a row, an answer, or the file that was imported"


def take_back(project: Opened, what: str, *, by: str | None = None) -> list[Judgement]:
    """Take back what stands; what was taken back, the oldest first.

    Args:
        project: whose rows and answers they are.
        what: a judgement's id; the id of a row (also of the one that a correction made of it) or of an answer; or the
            name of a file that was imported.
        by: whose words; None: everybody's.
    Raises:
        InputError: where nothing of it stands.
    """
    said = [*project.store.traffic.said("row"), *project.store.traffic.said("review")]
    standing = [one for one in feedback.standing(said) if is_word(one) and by in (None, one.by)]
    found = _named(project, standing, what)
    if not found:
        whose = f" by {by}" if by else ""
        raise InputError(f"nothing that was said{whose} stands under {what[:80]!r}", remedy=_REMEDY)
    for one in found:
        keep_review(project, _without(one))
    return found


def is_word(judgement: Judgement) -> bool:
    """Whether it says something that can be taken back; what was forgotten, or could not be judged, says nothing."""
    return raters.opinion(judgement) not in (None, "cannot_judge")


def _named(project: Opened, standing: Sequence[Judgement], what: str) -> list[Judgement]:
    if what.startswith("jdg_"):
        found: Iterable[Judgement] = (one for one in standing if one.id == what)
    elif what.startswith(("ex_", "int_")):
        made_by = {judgement for judgement, row in project.store.rows_of_judgements() if row == what}
        found = (one for one in standing if one.subject == what or one.id in made_by)
    else:
        name = Path(what).name
        found = (one for one in standing if one.key is not None and file_of(one) == name)
    return sorted(found, key=lambda one: (one.created, one.id))


def file_key(item: str, author: str, name: str, *, settles: bool) -> str:
    """The key of what a file says: its item and author, and the file's name, so that it counts once."""
    return f"{item}:{author}:{name}{':last' if settles else ''}"


def file_of(judgement: Judgement) -> str:
    """The name of the file that brought a judgement; empty where it came otherwise."""
    start = f"{judgement.subject}:{judgement.by}:"
    if judgement.key is None or not judgement.key.startswith(start):
        return ""
    return judgement.key.removeprefix(start).partition(AGAIN)[0].removesuffix(":last")


AGAIN = ":again "
"""Before the number of a word that a changed file brought in place of its earlier one."""


def takes_back(judgement: Judgement) -> bool:
    """Whether it took another one back."""
    return judgement.key == f"{_UNDO}{judgement.edits}"


def _without(word: Judgement) -> Judgement:
    value: dict[str, JSON] = {"opinion": "cannot_judge", **({"settles": True} if raters.settles(word) else {})}
    return word.model_copy(
        update={
            "id": new_id("jdg"), "value": value, "comment": "", "edits": word.id, "key": f"{_UNDO}{word.id}",
            "seconds": None, "created": now(),
        }
    )  # fmt: skip
