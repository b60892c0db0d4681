"""The review queue as files of other tools, and their reviews back: own JSONL, Label Studio, Argilla."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from strop import durable, feedback
from strop.errors import InputError, KeyReused, UnknownRecord
from strop.project.clean import hiding, only_clean, strings
from strop.project.live import listening
from strop.project.live.listening import Imported
from strop.project.opened import Opened
from strop.project.rows import raters, undoing
from strop.project.rows.row_files import FORMATS
from strop.project.texts import numbered_lines, read_text
from strop.project.verdicts.people import ShownPair
from strop.records import JSON, Example, Interaction, Judgement

if TYPE_CHECKING:
    from strop.project.verbs import Project

FORMS = (
    'one review a line, {"id": "int_… or ex_…", "opinion": "good"} or {"id": "int_…", "correction": "…"}; or what '
    "Label Studio or Argilla exported as JSON"
)

_LOOKED = {
    "question": "question", "answer": "answer", "value": "what was said", "comment": "comment", "asked": "question",
    "left": "answer", "right": "answer",
}  # fmt: skip
"""What of a file is text."""


class Review(NamedTuple):
    """What one person says of one answer or row, as a file tells it; by which ``guidelines`` (their hash)."""

    item: str
    opinion: str
    correction: str | None
    author: str
    guidelines: str | None = None


def export_queue(
    project: Opened, waiting: Sequence[Interaction], said: Mapping[str, Sequence[Judgement]], to: str, path: Path
) -> int:
    """Write the queue with what senders ``said`` of each answer (by id); returns how many items.

    Raises InputError for an unknown format, and where an item still holds personal data.
    """
    if to not in FORMATS:
        raise InputError(f"no format is called {to}", remedy=f"one of {', '.join(FORMATS)}")
    every = [_line(one, said.get(one.id, ())) for one in waiting]
    only_clean(project, strings(list[JSON](every), _LOOKED), "answers")
    write = {"jsonl": _line, "labelstudio": _task, "argilla": _record}[to]
    items = [write(one, said.get(one.id, ())) for one in waiting]
    if to == "jsonl":
        text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    else:
        text = json.dumps(items, ensure_ascii=False, indent=1)
    durable.write_text(path, text)
    return len(items)


def export_pairs(project: Opened, waiting: Sequence[ShownPair], path: Path) -> None:
    """Write blind pairs as JSONL; ``preferred`` is to be filled in: left, right, same or cannot_judge.

    Personal data that a model made up in an answer is masked. Raises InputError where what was asked still holds some.
    """
    hide = hiding(project)
    lines: list[JSON] = [
        {"pair": one.pair, "asked": one.asked, "left": hide(one.left), "right": hide(one.right), "preferred": None}
        for one in waiting
    ]
    only_clean(project, strings(lines, _LOOKED), "pairs")
    durable.write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _line(one: Interaction, said: Sequence[Judgement]) -> dict[str, JSON]:
    told: list[JSON] = [{"kind": _kind(j), "value": j.value, "comment": j.comment, "by": j.by} for j in said]
    return {"id": one.id, "question": _question(one), "answer": one.answer or "", "said": told}


def _task(one: Interaction, said: Sequence[Judgement]) -> dict[str, JSON]:
    text, source = _suggestion(one, said)
    result = {"from_name": "correction", "to_name": "question", "type": "textarea", "value": {"text": [text]}}
    data: dict[str, JSON] = {"id": one.id, "question": _question(one), "answer": one.answer or "", "said": _told(said)}
    return {"data": data, "predictions": [{"model_version": source, "result": [result]}]}


def _record(one: Interaction, said: Sequence[Judgement]) -> dict[str, JSON]:
    text, source = _suggestion(one, said)
    fields: dict[str, JSON] = {"question": _question(one), "answer": one.answer or "", "said": _told(said)}
    return {"id": one.id, "fields": fields, "suggestions": {"correction": {"value": text, "agent": source}}}


def _question(one: Interaction) -> str:
    return next((m.content for m in reversed(one.messages) if m.role == "user"), "")


def _suggestion(one: Interaction, said: Sequence[Judgement]) -> tuple[str, str]:
    """The text to begin with, and whose it is: a sender's correction, else what was answered."""
    sent = feedback.suggested(said)
    return (str(sent.value), f"sent by {sent.by}") if sent is not None else (one.answer or "", one.candidate)


def _told(said: Sequence[Judgement]) -> str:
    """What senders said as plain lines, for tools that show a text."""
    return "\n".join(
        f"{_kind(j)} by {j.by}: {' – '.join(str(t) for t in (j.value, j.comment) if t != '')}" for j in said
    )


def _kind(judgement: Judgement) -> str:
    return f"{judgement.kind}:{judgement.name}" if judgement.name else judgement.kind


def import_reviews(project: Project, path: Path, *, by: str, settles: bool = False) -> Imported:
    """Reviews from a file of any format, told by its content. Idempotent: a review is known by item and author.

    What cannot be used is rejected with its line (in a list: its number). Raises InputError when nothing can,
    or the file is empty.

    Args:
        project: whose answers and rows they are.
        path: the file.
        by: who judged, where the file does not say.
        settles: what it says of rows is the last word on them.
    """
    if (judged := _judged_pairs(path, by)) is not None:
        return _import_pairs(project, path, judged)
    accepted = duplicates = 0
    rejected: list[dict[str, JSON]] = []
    queue = project.queue()
    items = list(_items(path))
    if not items:
        raise InputError("holds no review: it is empty", source=path, remedy=FORMS)
    for number, item in items:
        try:
            reviews = _reviews(item, by)
        except InputError as error:
            rejected.append({"line": number, "reason": error.message})
            continue
        for review in reviews:
            try:
                new = _take(project, queue, review, path.name, settles=settles)
            except (InputError, UnknownRecord, KeyReused) as error:
                rejected.append({"line": number, "reason": error.message})
                continue
            accepted, duplicates = accepted + new, duplicates + (not new)
    return listening.imported(path, accepted, duplicates, rejected, remedy=FORMS)


def _judged_pairs(path: Path, by: str) -> list[tuple[int, str, str, str]] | None:
    """(line, pair, preferred, author) of the lines of a file of blind pairs that are filled in; None for other files.

    Raises InputError with the line for one that cannot be read.
    """
    lines = numbered_lines(path)
    if not lines:
        return None
    found: list[tuple[int, str, JSON, str]] = []
    for number, line in lines:
        try:
            body = json.loads(line)
        except ValueError:
            body = None
        if not isinstance(body, dict) or "pair" not in body:
            if not found and number == lines[0][0]:
                return None
            raise InputError("is no blind pair", source=path, line=number, remedy="see: strop review pairs --help")
        found.append((number, str(body["pair"]), body.get("preferred"), str(body.get("by") or by)))
    return [(number, pair, str(said), author) for number, pair, said, author in found if said]


def _import_pairs(project: Project, path: Path, judged: Sequence[tuple[int, str, str, str]]) -> Imported:
    accepted = duplicates = 0
    rejected: list[dict[str, JSON]] = []
    queue, first = project.pairs(), dict[tuple[str, str], tuple[int, str]]()
    for number, pair, said, author in judged:
        preferred = "_".join(said.casefold().replace("_", " ").replace("-", " ").split())
        line, before = first.setdefault((pair, author), (number, preferred))
        if before != preferred:  # a file is one word of a person, and nobody knows which of two
            rejected.append({"line": number, "reason": f"line {line} says {before!r} of the same pair"})
            continue
        try:
            _, new = queue.add(pair, preferred, by=project.person(author)[0])
        except (InputError, UnknownRecord) as error:
            rejected.append({"line": number, "reason": error.message})
            continue
        accepted, duplicates = accepted + new, duplicates + (not new)
    return listening.imported(path, accepted, duplicates, rejected, remedy="see: strop review pairs --help")


def _take(project: Project, queue: listening.Queue, review: Review, name: str, *, settles: bool) -> bool:
    """Store one review; whether it is new. What the same file said before and says otherwise now is replaced, and what
    was taken back since is said again."""
    _agrees(project, queue, review)
    settles = settles and review.item.startswith("ex_")
    key = undoing.file_key(review.item, review.author, name, settles=settles)
    said = [one for one in project.store.all(Judgement, about=review.item) if one.by == review.author]  # newest first
    said = [one for one in said if raters.settles(one) == settles and one.kind in ("row", "review")]
    newest = said[0] if said else None
    if newest is None or not undoing.takes_back(newest):
        known = newest if newest is not None and undoing.file_of(newest) == name else None
        try:
            if known is not None:
                return _keep(project, queue, review, key=str(known.key), edits=known.edits, settles=settles)
            return _keep(project, queue, review, key=key, settles=settles)
        except KeyReused:
            pass
    edits = newest.id if newest is not None else None
    return _keep(project, queue, review, key=f"{key}{undoing.AGAIN}{len(said)}", edits=edits, settles=settles)


def _keep(
    project: Project, queue: listening.Queue, review: Review, *, key: str, settles: bool, edits: str | None = None
) -> bool:
    """Store one review under a key. A fix that changes nothing says that the answer is good."""
    if review.item.startswith("ex_"):
        value: dict[str, JSON] = {"opinion": review.opinion, "guidelines": review.guidelines, "settles": settles}
        if review.opinion == "fix":
            value["correction"] = review.correction
        return project.judge_row(review.item, value, by=review.author, key=key, edits=edits)[1]
    answer = (queue.interaction(review.item).answer or "").strip()
    same = review.correction is not None and review.correction.strip() == answer
    correction = None if same or review.opinion != "fix" else review.correction
    opinion = "good" if same else review.opinion
    stored = listening.review(
        project.opened, review.item, opinion=opinion, correction=correction, by=review.author, key=key, edits=edits
    )
    return stored[1]


def _agrees(project: Project, queue: listening.Queue, review: Review) -> None:
    """Raise InputError where another answer stands beside an opinion that takes none: one of both would be lost."""
    right = (review.correction or "").strip()
    if review.opinion == "fix" or not right:
        return
    if review.item.startswith("ex_"):
        answer = project.store.get(review.item, Example).reference
    else:
        answer = queue.interaction(review.item).answer
    if right != (answer or "").strip():
        raise InputError(f"says {review.opinion} and gives another answer: write fix, or leave the correction out")


def _items(path: Path) -> Iterator[tuple[int, Any]]:
    """The items of a JSON list with their numbers, or the lines of a text with theirs. Raises InputError."""
    text = read_text(path)
    if not text.lstrip().startswith("["):
        yield from numbered_lines(path)
        return
    try:
        yield from enumerate(json.loads(text), 1)
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error.msg}", source=path, line=error.lineno, remedy=FORMS) from None
    except RecursionError:
        raise InputError("is nested too deep", source=path, remedy=FORMS) from None


def _reviews(item: Any, by: str) -> list[Review]:
    """The reviews in an item of Label Studio's or Argilla's, or in a line of our own form."""
    try:
        if isinstance(item, str):
            return _own(json.loads(item), by)
        return list(_labelstudio(item, by) if "annotations" in item else _argilla(item, by))
    except (ValueError, RecursionError):
        raise InputError("is not JSON") from None
    except KeyError as error:
        raise InputError(f"has no {error.args[0]}") from None
    except (TypeError, AttributeError, IndexError):
        raise InputError("is no review of a known form") from None


def _own(body: dict[str, Any], by: str) -> list[Review]:
    """None of a line that was written out and not filled in."""
    identity = str(body["id"])
    if not (body.get("opinion") or body.get("correction")):
        if "question" in body or "fault" in body:
            return []
        raise InputError("has neither opinion nor correction")
    opinion, told = body.get("opinion") or "fix", body.get("guidelines")
    return [Review(identity, str(opinion), body.get("correction"), str(body.get("by") or by), told)]


def _labelstudio(task: dict[str, Any], by: str) -> Iterator[Review]:
    """A text area that was changed is a fix; a choice, where there is one, says what else it can be."""
    for annotation in task["annotations"]:
        if annotation.get("was_cancelled"):
            continue
        results = annotation.get("result", [])
        texts = [r["value"]["text"] for r in results if r.get("type") == "textarea"]
        text = texts[0][0] if texts and isinstance(texts[0], list) else (texts[0] if texts else None)
        chosen = [choice for r in results if r.get("type") == "choices" for choice in r["value"]["choices"]]
        author = annotation.get("completed_by") or by
        author = author.get("email", by) if isinstance(author, dict) else str(author)
        opinion = str(chosen[0]) if chosen else ("fix" if text is not None else "good")
        yield Review(str(task["data"]["id"]), opinion, text, author, task["data"].get("guidelines"))


def _argilla(record: dict[str, Any], by: str) -> Iterator[Review]:
    """One review for each person who submitted: of the text ``correction``, the label ``opinion``, or both."""
    if not {"responses", "fields", "data"} & record.keys():  # the last two: what was written out and not filled in
        raise InputError(
            "is Label Studio's JSON-MIN, which leaves the rows' ids out: export it as JSON"
            if "annotation_id" in record
            else "holds neither annotations, as Label Studio's JSON export, nor responses, as Argilla's"
        )
    said: dict[str, dict[str, str]] = {}
    for question in ("opinion", "correction"):
        for response in (record.get("responses") or {}).get(question, []):
            if response.get("status", "submitted") == "submitted":
                said.setdefault(str(response.get("user_id") or by), {})[question] = str(response["value"])
    told = (record.get("metadata") or {}).get("guidelines")
    for author, given in said.items():
        yield Review(str(record["id"]), given.get("opinion", "fix"), given.get("correction"), author, told)
