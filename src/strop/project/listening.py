"""Feedback in, the review queue, and reviewed corrections as rows of the next dataset version."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from strop import feedback
from strop.errors import InputError, StropError, UnknownRecord
from strop.privacy import Masker
from strop.project.opened import Opened
from strop.records import JSON, Interaction, Judgement, Record, new_id, now


class Imported(Record):
    """What came of a file of feedback."""

    accepted: int
    duplicates: int
    rejected: tuple[dict[str, JSON], ...]


def give(project: Opened, body: dict[str, JSON], *, by: str, key: str | None) -> tuple[Judgement, bool]:
    """Store one piece of feedback durably; the same key again gives what was stored first."""
    masker = Masker(project.store.key) if project.settings.data.personal_data != "keep" else None
    made = feedback.judgement(
        str(body.get("interaction_id") or body.get("subject") or ""),
        str(body.get("kind") or ""),
        body.get("value"),
        by=by,
        comment=str(body.get("comment") or ""),
        key=key,
        masker=masker,
    )
    return project.store.journal.judge(made)


def import_file(project: Opened, path: Path, *, by: str) -> Imported:
    """Feedback from JSONL, a line each; a line that was imported before counts as a duplicate."""
    accepted = duplicates = 0
    rejected: list[dict[str, JSON]] = []
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read as UTF-8 text", source=path, remedy=str(error)) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            body = json.loads(line)
            if not isinstance(body, dict):
                raise InputError("is not a JSON object")
            author = str(body.get("by") or by)
            key = body.get("key") or f"{body.get('interaction_id')}:{body.get('kind')}:{author}"
            _, new = give(project, body, by=author, key=str(key))
        except (ValueError, RecursionError):
            rejected.append({"line": number, "reason": "is not JSON"})
        except StropError as error:
            rejected.append({"line": number, "reason": error.message})
        else:
            accepted, duplicates = accepted + new, duplicates + (not new)
    return Imported(accepted=accepted, duplicates=duplicates, rejected=tuple(rejected))


def review(project: Opened, interaction: str, *, opinion: str, correction: str | None, by: str, key: str) -> Judgement:
    """What a person with a role says of an answer; with a correction it may become a row."""
    value: dict[str, JSON] = {"opinion": opinion}
    if correction is not None:
        masked = Masker(project.store.key).mask(correction).text
        value["correction"] = masked if project.settings.data.personal_data != "keep" else correction
    made = Judgement(
        id=new_id("jdg"), subject=interaction, kind="review", value=value, by=by, source="review", trusted=True,
        key=key, created=now(),
    )  # fmt: skip
    return project.store.journal.judge(made)[0]


class Queue:
    """The answers that wait for an expert: corrections and bad ratings first, then the audit sample, oldest first."""

    def __init__(self, project: Opened) -> None:
        self._project = project

    def waiting(self, person: str) -> list[Interaction]:
        """What this person has not judged yet."""
        store = self._project.store
        judgements = store.all(Judgement)
        done = {j.subject for j in judgements if j.kind == "review" and j.by == person}
        reported = {j.subject for j in judgements if _complains(j)}
        found = [i for i in store.all(Interaction) if i.complete and i.id not in done and (i.audit or i.id in reported)]
        return sorted(found, key=lambda one: (one.id not in reported, one.created))

    def interaction(self, identity: str) -> Interaction:
        """An interaction of the queue."""
        found = self._project.store.get(identity)
        if not isinstance(found, Interaction):
            raise UnknownRecord("no such answer is in the queue")
        return found

    def judged_by(self, person: str) -> list[Judgement]:
        """This person's reviews, newest first."""
        return [j for j in self._project.store.all(Judgement) if j.kind == "review" and j.by == person]

    def add(self, judgement: Judgement) -> Judgement:
        """Store durably; a correction is masked like everything that is kept."""
        value = judgement.value
        if self._project.settings.data.personal_data != "keep":
            masker = Masker(self._project.store.key)
            if isinstance(value, dict) and isinstance(value.get("correction"), str):
                value = {**value, "correction": masker.mask(value["correction"]).text}
            judgement = judgement.model_copy(update={"value": value, "comment": masker.mask(judgement.comment).text})
        return self._project.store.journal.judge(judgement)[0]


def _complains(judgement: Judgement) -> bool:
    bad = judgement.kind == "rating" and judgement.value in (False, 0, -1)
    return bad or judgement.kind == "correction"


def unused_corrections(project: Opened) -> list[Judgement]:
    """Reviewed corrections that are in no dataset version yet, under the cap of each author."""
    used = project.store.judgements_in_datasets()
    return feedback.within_caps(feedback.usable(project.store.all(Judgement), used))[0]


def write_corrections(project: Opened, corrections: Iterable[Judgement]) -> list[Path]:
    """Corrections as raw files for curation, named for their split: a third goes to the sealed test set, unseen."""
    chosen = list(corrections)
    interactions = {i.id: i for i in project.store.all(Interaction)}
    train, sealed = feedback.rows(chosen, interactions, project.store.key)
    written = []
    for split, rows in (("train", train), ("test", sealed)):
        if rows:
            text = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
            digest = project.store.artifacts.put_bytes(text.encode("utf-8"))
            folder = project.work_folder("corrections") / digest[:16]
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{split}.jsonl"
            path.write_text(text, "utf-8")
            written.append(path)
    return written
