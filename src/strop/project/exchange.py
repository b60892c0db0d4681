"""The review queue as files of other tools, and their reviews back: own JSONL, Label Studio, Argilla."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strop import durable
from strop.errors import InputError, KeyReused, UnknownRecord
from strop.project import listening
from strop.project.listening import Imported
from strop.project.people import ShownPair
from strop.records import JSON, Interaction

if TYPE_CHECKING:
    from strop.project.verbs import Project

FORMATS = ("jsonl", "labelstudio", "argilla")


def export_queue(waiting: Sequence[Interaction], to: str, path: Path) -> int:
    """Write the queue; returns how many items. Raises InputError for an unknown format."""
    if to not in FORMATS:
        raise InputError(f"no format is called {to}", remedy=f"one of {', '.join(FORMATS)}")
    items = [_item(one) for one in waiting]
    if to == "jsonl":
        text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    elif to == "labelstudio":
        tasks = [{"data": item, "predictions": [_prediction(item)]} for item in items]
        text = json.dumps(tasks, ensure_ascii=False, indent=1)
    else:
        records = [{"id": item["id"], "fields": {"question": item["question"], "answer": item["answer"]},
                    "suggestions": {"correction": {"value": item["answer"]}}} for item in items]  # fmt: skip
        text = json.dumps(records, ensure_ascii=False, indent=1)
    durable.write_text(path, text)
    return len(items)


def export_pairs(waiting: Sequence[ShownPair], path: Path) -> None:
    """Write blind pairs as JSONL; ``preferred`` is to be filled in: left, right, same or cannot_judge."""
    lines = [
        {"pair": one.pair, "asked": one.asked, "left": one.left, "right": one.right, "preferred": None}
        for one in waiting
    ]
    durable.write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _item(one: Interaction) -> dict[str, JSON]:
    question = next((m.content for m in reversed(one.messages) if m.role == "user"), "")
    return {"id": one.id, "question": question, "answer": one.answer or ""}


def _prediction(item: dict[str, JSON]) -> dict[str, JSON]:
    value = {"text": [item["answer"]]}
    return {"result": [{"from_name": "correction", "to_name": "question", "type": "textarea", "value": value}]}


def import_reviews(project: Project, path: Path, *, by: str) -> Imported:
    """Reviews from a file of any format, told by its content. Idempotent: a review is known by item and author."""
    if (judged := _judged_pairs(path, by)) is not None:
        return _import_pairs(project, judged)
    accepted = duplicates = 0
    rejected: list[dict[str, JSON]] = []
    queue = project.queue()
    for number, (identity, opinion, correction, author) in enumerate(_reviews(path, by), 1):
        key = f"{identity}:{author}:{path.name}"
        try:
            answer = queue.interaction(identity).answer
            same = correction is not None and correction.strip() == (answer or "").strip()
            text = None if same or opinion != "fix" else correction
            said = "good" if same else opinion
            _, new = listening.review(project.opened, identity, opinion=said, correction=text, by=author, key=key)
        except (InputError, UnknownRecord, KeyReused) as error:
            rejected.append({"line": number, "reason": error.message})
            continue
        accepted, duplicates = accepted + new, duplicates + (not new)
    return Imported(accepted=accepted, duplicates=duplicates, rejected=tuple(rejected))


def _judged_pairs(path: Path, by: str) -> list[tuple[int, str, str, str]] | None:
    """(line, pair, preferred, author) of the lines of a file of blind pairs that are filled in; None for other files.

    Raises InputError with the line for one that cannot be read.
    """
    try:
        lines = [(n, line) for n, line in enumerate(path.read_text("utf-8").splitlines(), 1) if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read as UTF-8 text", source=path, remedy=str(error)) from None
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


def _import_pairs(project: Project, judged: Sequence[tuple[int, str, str, str]]) -> Imported:
    accepted = duplicates = 0
    rejected: list[dict[str, JSON]] = []
    queue = project.pairs()
    for number, pair, preferred, author in judged:
        try:
            _, new = queue.add(pair, preferred, by=project.person(author)[0])
        except (InputError, UnknownRecord) as error:
            rejected.append({"line": number, "reason": error.message})
            continue
        accepted, duplicates = accepted + new, duplicates + (not new)
    return Imported(accepted=accepted, duplicates=duplicates, rejected=tuple(rejected))


def _reviews(path: Path, by: str) -> Iterator[tuple[str, str, str | None, str]]:
    try:
        text = path.read_text("utf-8")
        if text.lstrip().startswith("["):
            for body in json.loads(text):
                yield from _labelstudio(body, by) if "annotations" in body else _argilla(body, by)
            return
        for line in text.splitlines():
            if line.strip():
                body = json.loads(line)
                opinion = body.get("opinion") or ("fix" if body.get("correction") else "good")
                yield str(body["id"]), opinion, body.get("correction"), str(body.get("by") or by)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"cannot be read as reviews: {error}", source=path, remedy="see: strop review --help"
        ) from None


def _labelstudio(task: dict[str, Any], by: str) -> Iterator[tuple[str, str, str | None, str]]:
    for annotation in task["annotations"]:
        if annotation.get("was_cancelled"):
            continue
        texts = [r["value"]["text"] for r in annotation.get("result", []) if r.get("type") == "textarea"]
        text = texts[0][0] if texts and isinstance(texts[0], list) else (texts[0] if texts else None)
        author = annotation.get("completed_by") or by
        author = author.get("email", by) if isinstance(author, dict) else str(author)
        yield task["data"]["id"], "fix" if text is not None else "good", text, author


def _argilla(record: dict[str, Any], by: str) -> Iterator[tuple[str, str, str | None, str]]:
    for response in (record.get("responses") or {}).get("correction", []):
        if response.get("status", "submitted") == "submitted":
            yield str(record["id"]), "fix", str(response["value"]), str(response.get("user_id") or by)
