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


def _item(one: Interaction) -> dict[str, JSON]:
    question = next((m.content for m in reversed(one.messages) if m.role == "user"), "")
    return {"id": one.id, "question": question, "answer": one.answer or ""}


def _prediction(item: dict[str, JSON]) -> dict[str, JSON]:
    value = {"text": [item["answer"]]}
    return {"result": [{"from_name": "correction", "to_name": "question", "type": "textarea", "value": value}]}


def import_reviews(project: Project, path: Path, *, by: str) -> Imported:
    """Reviews from a file of any format, told by its content. Idempotent: a review is known by item and author."""
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
