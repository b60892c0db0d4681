"""Feedback in, the review queue, and reviewed corrections as rows of the next dataset version."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import chain, islice, zip_longest
from pathlib import Path

from strop import feedback
from strop.errors import InputError, UnknownRecord, UserError
from strop.privacy import Masker
from strop.project import known_names
from strop.project.opened import Opened
from strop.project.texts import numbered_lines
from strop.records import JSON, Interaction, Judgement, Record, new_id, now
from strop.store import Complaint

BLOCK = 256
"""Lines of a file that are committed together."""
_NAMED = 10
"""Lines of a file without a usable one that the error names."""
OPINIONS = ("good", "fix", "cannot_judge")


class Imported(Record):
    """What came of a file of feedback."""

    accepted: int
    duplicates: int
    rejected: tuple[dict[str, JSON], ...]


def masker(project: Opened) -> Masker | None:
    """What replaces personal data in what people say; None where it is kept."""
    return known_names.masker(project)


def said(body: dict[str, JSON], *, by: str, key: str | None, hide: Masker | None) -> Judgement:
    """One piece of feedback, checked and masked. Raises InputError, or UnknownRecord for what is no answer's id."""
    subject = body.get("interaction_id")
    if subject is None:
        raise InputError("interaction_id is missing", remedy="send the id that the answer came with")
    if not isinstance(subject, str) or not subject.startswith("int_"):
        raise UnknownRecord(f"{str(subject)[:80]!r} is no answer's id", remedy="send the id that the answer came with")
    kind, comment = body.get("kind"), body.get("comment") or ""
    if not isinstance(kind, str) or not isinstance(comment, str):
        raise InputError("kind and comment are texts")
    return feedback.judgement(subject, kind, body.get("value"), by=by, comment=comment, key=key, masker=hide)


def give(project: Opened, body: dict[str, JSON], *, by: str, key: str | None) -> tuple[Judgement, bool]:
    """Store one piece of feedback durably; the same key again gives what was stored first."""
    return project.store.journal.judge(said(body, by=by, key=key, hide=masker(project)))


def give_later(project: Opened, body: dict[str, JSON], *, by: str, key: str | None) -> Future[tuple[Judgement, bool]]:
    """As :func:`give`, for callers that cannot wait; what is wrong with the body is raised at once."""
    return project.store.journal.judge_later(said(body, by=by, key=key, hide=masker(project)))


def import_file(project: Opened, path: Path, *, by: str) -> Imported:
    """Feedback from JSONL, a line each; a line that was imported before counts as a duplicate.

    Lines are committed some hundreds at a time: a wait for the disk costs the same for one and for many. Killed on the
    way, the same call again takes in the rest.
    """
    accepted = duplicates = 0
    rejected: list[dict[str, JSON]] = []
    hide = masker(project)
    for block in _blocks(numbered_lines(path)):
        ready: list[tuple[int, Judgement]] = []
        for number, line in block:
            try:
                ready.append((number, _said_in(project, line, by=by, hide=hide)))
            except (InputError, UnknownRecord) as error:
                rejected.append({"line": number, "reason": error.message})
        outcomes = project.store.journal.judge_all([made for _, made in ready])
        for (number, _), outcome in zip(ready, outcomes, strict=True):
            if isinstance(outcome, UserError):
                rejected.append({"line": number, "reason": outcome.message})
            else:
                accepted, duplicates = accepted + outcome[1], duplicates + (not outcome[1])
    rejected.sort(key=lambda one: int(one["line"]))
    remedy = 'a line like {"interaction_id": "int_…", "kind": "rating", "value": -1}'
    return imported(path, accepted, duplicates, rejected, remedy=remedy)


def imported(
    path: Path, accepted: int, duplicates: int, rejected: Sequence[dict[str, JSON]], *, remedy: str
) -> Imported:
    """What came of a file. Raises InputError when nothing of it can be used, with the reasons of the first lines."""
    if rejected and not accepted + duplicates:
        first, lines = rejected[0], len({one["line"] for one in rejected})
        told = "; ".join(f"line {one['line']}: {one['reason']}" for one in rejected[:_NAMED])
        more = f"; and {len(rejected) - _NAMED} more" if len(rejected) > _NAMED else ""
        message = f"none of {lines} lines can be used: {told}{more}" if len(rejected) > 1 else str(first["reason"])
        raise InputError(message, source=path, line=int(first["line"]), remedy=remedy)
    return Imported(accepted=accepted, duplicates=duplicates, rejected=tuple(rejected))


def _said_in(project: Opened, line: str, *, by: str, hide: Masker | None) -> Judgement:
    """The judgement in a line of a file. Raises InputError, UnknownRecord."""
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError("is not JSON") from None
    if not isinstance(body, dict):
        raise InputError("is not a JSON object")
    author = _author(project, str(body["by"])) if body.get("by") else by
    key = body.get("key") or f"{body.get('interaction_id')}:{body.get('kind')}:{author}"
    return said(body, by=author, key=str(key), hide=hide)


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    remaining = iter(lines)
    while block := list(islice(remaining, BLOCK)):
        yield block


def _author(project: Opened, name: str) -> str:
    """Who said it, as it may be kept."""
    if project.settings.data.personal_data == "keep":
        return name
    return Masker(project.store.key, names=[name]).mask(name).text


def review(
    project: Opened,
    interaction: str,
    *,
    opinion: str,
    correction: str | None,
    by: str,
    key: str,
    edits: str | None = None,
) -> tuple[Judgement, bool]:
    """What a person with a role says of an answer, and whether it is new; with a correction it may become a row.

    ``edits``: the judgement that it replaces.
    """
    if opinion not in OPINIONS:
        raise InputError(f"no opinion is called {opinion[:80]!r}", remedy=f"one of {', '.join(OPINIONS)}")
    if opinion == "fix" and not (correction and correction.strip()):
        raise InputError("a fix without the corrected text", remedy="send the text that should have been the answer")
    value: dict[str, JSON] = {"opinion": opinion}
    if opinion == "fix":
        value["correction"] = correction
    made = Judgement(
        id=new_id("jdg"), subject=interaction, kind="review", value=value, by=by, source="review", trusted=True,
        key=key, edits=edits, created=now(),
    )  # fmt: skip
    return keep_review(project, made)


def keep_review(project: Opened, made: Judgement) -> tuple[Judgement, bool]:
    """Store a review durably; what it says is masked like everything that is kept."""
    hide, value = masker(project), made.value
    if hide is not None:
        if isinstance(value, dict) and isinstance(value.get("correction"), str):
            value = {**value, "correction": hide.mask(value["correction"]).text}
        made = made.model_copy(update={"value": value, "comment": hide.mask(made.comment).text})
    return project.store.journal.judge(made)


class Queue:
    """The answers that wait for an expert: those that people complained of first, then the audit sample.

    Complaints of different senders take turns, and of each only so many wait at a time, so that none fills the queue.
    """

    def __init__(self, project: Opened) -> None:
        self._project = project

    def waiting(self, person: str) -> Sequence[Interaction]:
        """What this person has not judged yet, in the order in which it should be."""
        traffic = self._project.store.traffic
        done, complaints = traffic.reviewed(person), traffic.complaints()
        reported = _reported(complaints, done)
        wanted = dict.fromkeys([*reported, *reversed(traffic.sample().ids)])
        return traffic.found([identity for identity in wanted if identity not in done])

    def said(self, identities: Sequence[str]) -> dict[str, list[Judgement]]:
        """What senders said of each of these answers, as far as it stands: untrusted; corrections first."""
        found = self._project.store.traffic.said_of(identities)
        return {identity: feedback.said_first(said) for identity, said in found.items()}

    def interaction(self, identity: str) -> Interaction:
        """An interaction of the queue."""
        found = self._project.store.get(identity)
        if not isinstance(found, Interaction):
            raise UnknownRecord("no such answer is in the queue")
        return found

    def judged_by(self, person: str) -> Sequence[Judgement]:
        """This person's reviews, newest first."""
        return self._project.store.traffic.said("review", by=person)

    def earlier(self, person: str, identity: str) -> Judgement | None:
        """This person's newest review of an interaction."""
        found = self._project.store.all(Judgement, about=identity)
        return next((one for one in found if one.kind == "review" and one.by == person), None)

    def add(self, judgement: Judgement) -> Judgement:
        """Store a review durably; the same key again gives the one that was stored first."""
        return keep_review(self._project, judgement)[0]


def _reported(complaints: Sequence[Complaint], done: Collection[str]) -> list[str]:
    """What was complained of and answered and is not ``done``: the oldest of each sender in turn, of each so many.

    Turns are taken among all complaints, so that they do not begin anew with the first sender whenever one is done.
    """
    by_sender: dict[str, list[Complaint]] = {}
    for one in complaints:
        by_sender.setdefault(one.by, []).append(one)
    answered = {one.subject for one in complaints if one.answered}
    waiting: dict[str, set[str]] = {sender: set() for sender in by_sender}
    found: dict[str, None] = {}
    for one in chain.from_iterable(zip_longest(*by_sender.values())):
        if one is None or one.subject in done or one.subject not in answered:
            continue
        theirs = waiting[one.by]
        if one.subject in theirs or len(theirs) < feedback.MOST_WAITING:
            theirs.add(one.subject)
            found[one.subject] = None
    return list(found)


def unused_corrections(project: Opened) -> list[Judgement]:
    """Reviews that give a row and are in no dataset version yet, under the caps of who made and who brought them."""
    reviews = list(project.store.traffic.said("review"))  # nothing else gives a row, or edits what does
    interactions = project.store.traffic.interactions({one.subject for one in reviews})
    found = feedback.usable(reviews, interactions, project.store.judgements_in_datasets())
    brought = _brought(project, found, interactions)
    return feedback.within_caps(feedback.within_caps(found)[0], source=lambda one: brought.get(one.id))[0]


def taken_corrections(project: Opened) -> list[Judgement]:
    """The corrections that dataset versions hold as rows, as they stand now: changed, or without those taken back."""
    taken = [project.store.get(identity, Judgement) for identity in sorted(project.store.judgements_in_datasets())]
    interactions = project.store.traffic.interactions({one.subject for one in taken})
    return feedback.as_now(taken, list(project.store.traffic.said("review")), interactions)


def _brought(project: Opened, reviews: Sequence[Judgement], interactions: Mapping[str, Interaction]) -> dict[str, str]:
    """Which sender a review rests on: whose text it took, or who brought an answer up that was not drawn by chance."""
    said, brought = project.store.traffic.said_of({one.subject for one in reviews}), {}
    for one in reviews:
        theirs = feedback.standing(said.get(one.subject, ()))
        text = (feedback.correction_of(one) or "").strip()
        took = [word.by for word in theirs if word.kind == "correction" and word.value == text]
        drawn = interactions[one.subject].audit
        complained = [word.by for word in theirs if word.complains and not drawn]
        if took or complained:
            brought[one.id] = [*took, *complained][0]
    return brought


def write_corrections(project: Opened, corrections: Iterable[Judgement]) -> list[Path]:
    """Corrections as raw files for curation, named for their split: a third goes to the sealed test set, unseen."""
    chosen = sorted(corrections, key=lambda one: one.id)  # one order, so that the same ones are the same files
    interactions = project.store.traffic.interactions({one.subject for one in chosen})
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
