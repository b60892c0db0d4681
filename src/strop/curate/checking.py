"""Row by row: the shared instruction, labels, lengths, personal data, checks that follow from attributes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from strop.curate import personal
from strop.curate.attributes import derived_checks
from strop.curate.drafts import Draft
from strop.curate.files.rows import shortened
from strop.curate.kept import Lines, digest
from strop.curate.tokens import MOST_OF_A_SIGN, estimated_tokens
from strop.curate.work import Work
from strop.errors import InputError
from strop.measure.alike.ragged import Ragged
from strop.measure.writing.style import StyleRule, read_house
from strop.privacy import KnownNames, Looks, Masker
from strop.records import Progress
from strop.settings import Settings, guide_files

_TOLD = 2_000
"""Rows between two events of progress."""
_NAMED = 5
"""So many labels are named in a message."""
SHARED_SYSTEM = 0.9
"""Share of rows with one system message from which it is the task's, not the row's."""


def take_shared_system(rows: Sequence[Draft], work: Work) -> str | None:
    """The task's instruction. One that nearly all rows repeat is the task's: the rows lose it, so that strop.yaml can
    change it."""
    declared = work.settings.task.system
    shared = shared_system(rows)
    for row in rows:
        for text in (shared, declared):
            if text is not None:
                row.without_system(text)
    return declared if declared is not None else shared


def shared_system(rows: Sequence[Draft]) -> str | None:
    """The system message that nearly all rows have."""
    counted = Counter(map(attrgetter("system"), rows))
    common, count = counted.most_common(1)[0]
    return common if count >= SHARED_SYSTEM * len(rows) else None


def only_known_labels(rows: Sequence[Draft], work: Work) -> tuple[list[Draft], tuple[str, ...]]:
    """Classification: rows with one of the labels (declared, or else seen in training rows), and those labels.

    Raises:
        InputError: for a source of which no row has one of them.
    """
    if work.settings.task.kind != "classification":
        return list(rows), ()
    for row in rows:
        row.reference = row.answer.strip()
    declared = tuple(work.settings.task.labels.names)
    hide = None if work.settings.data.personal_data == "keep" else personal.masker(work.key, rows, work.name_model)
    if hide is not None and not declared:
        rows = _without_personal_labels(rows, hide, work)
    known = declared or tuple(sorted({row.answer for row in rows if row.fixed in (None, "train")}))
    accepted = frozenset(known)
    kept: list[Draft] = []
    strange: list[tuple[Draft, str]] = []
    for row in rows:
        if row.answer in accepted:
            kept.append(row)
            continue
        near = get_close_matches(row.answer, known, n=1, cutoff=0.6)
        shown = shortened(row.answer if hide is None else hide.mask(row.answer).text)
        which = "is not in task.labels" if declared else "stands in no training row"
        detail = f"the label {shown!r} {which}" + (f"; nearest: {near[0]!r}" if near else "")
        work.book.fault(row, "label_suspect", 0.0, detail)
        work.book.close(row, "quarantined", "label_suspect", detail=detail)
        strange.append((row, shown))
    if strange:
        expected = _listed(known) + (" in task.labels" if declared else " in the training rows")
        _refuse_strangers(strange, {row.source for row in kept}, expected)
        of_whom = "that task.labels does not name" if declared else "that no training row has"
        told = _counted(shown for _, shown in strange)
        work.say(f"{len(strange)} rows have a label {of_whom}: {told}; known: {expected}", warning=True)
    return kept, known


def _refuse_strangers(strange: Sequence[tuple[Draft, str]], usable: Collection[str], expected: str) -> None:
    """A source without one known label was written with other names: that is a mistake, not a few odd rows."""
    for source in dict.fromkeys(row.source for row, _ in strange if row.source not in usable):
        own = [(row, shown) for row, shown in strange if row.source == source]
        raise InputError(
            f"none of its {len(own)} labels is known; seen: {_counted(shown for _, shown in own)}; known: {expected}",
            source=source,
            line=own[0][0].line,
            remedy="write its labels as the others are written, or name all labels in task.labels: [one, another]",
        )


def _counted(labels: Iterable[str]) -> str:
    """The commonest labels with how often each stands there."""
    counts = Counter(labels)
    told = ", ".join(f"{label!r} ({count})" for label, count in counts.most_common(_NAMED))
    return told + (f" and {len(counts) - _NAMED} more" if len(counts) > _NAMED else "")


def _listed(labels: Sequence[str]) -> str:
    told = ", ".join(repr(shortened(label)) for label in labels[:_NAMED])
    return told + (f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else "")


def _without_personal_labels(rows: Sequence[Draft], hide: Masker, work: Work) -> list[Draft]:
    """Labels stay as they are, so one that holds an e-mail or a number must be declared; others are set aside.

    Names may stay: tickets are routed to people, too.
    """
    kinds = {
        label: sorted({span.kind for span in hide.mask(label).spans} - {"name"})
        for label in {row.answer for row in rows}
    }
    if not any(kinds.values()):
        return list(rows)
    kept = []
    for row in rows:
        if not (held := kinds[row.answer]):
            kept.append(row)
            continue
        detail = f"its label holds: {', '.join(held)}; a label that shall stay so belongs into task.labels"
        work.book.fault(row, "personal_data", 0.0, detail)
        work.book.close(row, "quarantined", "personal_data", detail=detail)
    if len(kept) < len(rows):
        work.say(f"{len(rows) - len(kept)} rows have a label that holds personal data: set aside", warning=True)
    return kept


def not_too_long(rows: Sequence[Draft], work: Work) -> list[Draft]:
    """Rows that fit: a cut answer would teach the model not to finish."""
    limit = work.settings.data.max_tokens
    surely = limit // MOST_OF_A_SIGN
    kept = []
    for row in rows:
        written = len(row.reference or "")
        for _, text in row.turns:
            written += len(text)
        if written <= surely:
            kept.append(row)
            continue
        size = sum(estimated_tokens(text) for _, text in row.turns) + estimated_tokens(row.answer)
        if size <= limit:
            kept.append(row)
            continue
        work.book.fault(row, "too_long", limit / size)
        work.book.close(row, "quarantined", "too_long", detail=f"{size} tokens, data.max_tokens allows {limit}")
    return kept


def without_personal_data(rows: Sequence[Draft], work: Work) -> tuple[list[Draft], Counter[str], tuple[str, ...]]:
    """Rows with personal data replaced, or left out, as the settings say; how many pieces of each kind; and the names
    that columns gave, sealed."""
    wish = work.settings.data.personal_data
    counted: Counter[str] = Counter()
    if wish == "keep":
        return list(rows), counted, ()
    look = _Look(rows, work)
    asked = work.settings.data.name_model
    made_from = [wish, look.labelled, digest(work.key, look.names).hex(), asked.sha256 if asked else None]
    known = work.kept.of_rows("personal data", made_from, len(rows), look.named(), look.at)
    kept = []
    for number, (row, is_clean) in enumerate(zip(rows, known["clean"].tolist(), strict=True)):
        if not is_clean and (kinds := look.kinds_of(number, known["places"])):
            counted.update(kinds)
            told = ", ".join(sorted(set(kinds)))
            work.book.fault(row, "personal_data", 0.0, told)
            if wish == "refuse":
                work.book.close(row, "quarantined", "personal_data", detail=f"holds: {told}")
                continue
        kept.append(row)
    look.clear(known["clean"])
    work.on_event(Progress(task="personal data", done=len(rows), total=len(rows), unit="rows"))
    return kept, counted, tuple(KnownNames(look.names).sealed(work.key))


class _Look:
    """Looks at rows for personal data, at each once, and replaces it where that is wanted.

    A row is clean that holds none and stayed what it was; of others it is known where the pieces stand, and only what
    stands in for them is made again.
    """

    def __init__(self, rows: Sequence[Draft], work: Work) -> None:
        self.names = sorted({name for row in rows for name in row.people})
        self.labelled = work.settings.task.kind == "classification"
        self._hide = personal.masker(work.key, rows, work.name_model)
        self._rows, self._work = rows, work
        self._identities: list[bytes] = []
        self._seen: dict[int, list[str]] = {}

    def named(self) -> Iterator[bytes]:
        """What stands for each row as it was read."""
        key, rows = self._work.key, self._rows
        content = [(row.turns, row.reference, row.expect, row.context) for row in rows]
        self._identities = self._work.kept.by_blocks(
            "identities", key, content, lambda new: [rows[number].identity_by(key).encode() for number in new]
        )
        for row, told in zip(rows, self._identities, strict=True):
            if row.group or row.name or row.slices or row.people:
                beside = (told.decode(), row.group, row.name, row.slices, row.people)
                told = digest(key, *beside).hex()[: len(told)].encode()
            yield told

    def at(self, numbers: Sequence[int]) -> Lines:
        """Whether the rows at these positions are clean, and where in their texts the pieces stand."""
        clean, places = [], []
        for done, number in enumerate(numbers):
            if done % _TOLD == 0:
                self._work.on_event(Progress(task="personal data", done=done, total=len(numbers), unit="rows"))
                self._work.step("personal data", done / len(numbers))
            row, looks = self._rows[number], Looks()
            before, kinds = personal.content(row), self._looked_at(row, looks)
            clean.append(not kinds and personal.content(row) == before)
            places.append([] if clean[-1] else looks.places)
            if not clean[-1]:  # of a million rows few are remembered
                self._seen[number] = kinds
        return {"clean": np.array(clean, dtype=bool), "places": Ragged.of(places, np.int32)}

    def kinds_of(self, number: int, places: Ragged) -> list[str]:
        """The kinds of what the row at this position holds, one entry a piece; it is not clean."""
        if number in self._seen:
            return self._seen[number]
        return self._looked_at(self._rows[number], Looks(places.line(number).tolist()))

    def _looked_at(self, row: Draft, looks: Looks) -> list[str]:
        if self._work.settings.data.personal_data == "mask":
            return personal.mask(row, self._hide, labelled=self.labelled, looks=looks)
        return personal.found(row, self._hide, looks)

    def clear(self, clean: npt.NDArray[np.bool_]) -> None:
        """Clean rows as if they had been looked at."""
        masks = self._work.settings.data.personal_data == "mask"
        identities = self._identities or [b""] * len(self._rows)  # where what is kept was not asked
        for row, is_clean, identity in zip(self._rows, clean.tolist(), identities, strict=True):
            if is_clean:
                row.identity = identity.decode()
                row.people = () if masks else row.people


def style_rules(settings: Settings, project: Path) -> tuple[StyleRule, ...]:
    """The rules of the style guide that ``task.style`` names.

    Raises:
        InputError: for a guide that is missing or cannot be read.
    """
    if settings.task.style is None:
        return ()
    files, folder = guide_files(project, settings.task.style)
    try:
        return read_house(files, foreign=folder).rules
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"style guide: {reason}", source=settings.task.style, remedy="mend that rule") from None


def derive_checks(rows: Sequence[Draft], work: Work) -> None:
    """Generation from attributes: what the answer must say, where the row does not tell itself."""
    if work.settings.task.kind == "generation":
        for row in rows:
            if not row.expect and (checks := derived_checks(row.input, row.reference)):
                row.expect, row.identity = checks, ""
