"""Raw rows to a dataset version: read, check, mask, compare, split, close the leaks. Top to bottom, a step a function.

Every raw row gets exactly one line in the ledger. A row that repeats another is dropped; one that a person should look
at is quarantined; nothing is deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from strop.curate import duplicates, personal, sources, splitting
from strop.curate.attributes import derived_checks
from strop.curate.comparing import Comparison
from strop.curate.drafts import Draft
from strop.curate.results import Book, Curated
from strop.curate.rows import shortened
from strop.curate.tokens import estimated_tokens
from strop.errors import InputError
from strop.records import JSON, Example, Listener, Progress, Reason, Said, Split, silent
from strop.settings import Settings

SHARED_SYSTEM = 0.9
"""Share of rows with one system message from which it is the task's, not the row's."""
_STEPS = ("read", "check", "personal data", "duplicates", "splits", "leakage")
_HELD_OUT: tuple[Split, ...] = ("test", "validation")


def curate(
    settings: Settings,
    *,
    project: Path,
    key: bytes,
    files: Sequence[Path] = (),
    previous: Mapping[str, Split] | None = None,
    count_tokens: Callable[[str], int] | None = None,
    on_event: Listener = silent,
) -> Curated:
    """A dataset version from the sources of ``settings`` and ``files``; the same rows, settings and key give the same.

    Args:
        settings: strop.yaml; ``task`` and ``data`` are read.
        project: the folder that relative paths start from.
        key: the project key; identities, surrogates and splits are made with it.
        files: further sources; their names (train, validation, test) say their split.
        previous: the last version's example ids and their splits: a test row stays one.
        count_tokens: the base's tokenizer; without it lengths are estimated, rather too high.
        on_event: told what is done.
    Raises:
        InputError: for a source that is missing, empty or without one usable row, or when nothing is left to train on.
    """
    work = _Work(settings, key, previous or {}, count_tokens or estimated_tokens, on_event)
    opened = sources.open_sources(settings, project, files)
    work.step("read")
    rows = [row for source in opened for row in sources.read(source, work.book.lines)]
    system = work.take_shared_system(rows)
    work.step("check")
    rows = work.only_known_labels(work.not_too_long(rows))
    work.step("personal data")
    rows = work.without_personal_data(rows)
    work.derive_checks(rows)
    work.step("duplicates")
    rows = [row for pool in work.pools(rows) for row in work.without_repeats(pool)]
    work.step("splits")
    examples, placed = work.split(rows)
    work.step("leakage")
    splits = work.close_leaks(rows, examples, placed)
    if not splits["train"]:
        raise InputError(
            "no row is left to train on",
            source=opened[0].name,
            remedy=f"of {len(work.book.lines)} rows: {_told(work.book.reasons())}",
        )
    on_event(Progress(task="curate", done=len(_STEPS), total=len(_STEPS), unit="steps"))
    read_rows = Counter(line.source for line in work.book.lines)
    return Curated(
        examples={example.id: example for example in examples if example.id in work.placed},
        splits=splits,
        ledger=work.book.ordered(source.name for source in opened),
        rows=work.book.counts(),
        reasons=work.book.reasons(),
        faults=work.book.fault_counts(),
        personal_data=dict(sorted(work.personal_data.items())),
        leakage=work.leakage,
        labels=work.labels,
        system=system,
        kind=settings.task.kind,
        recipe=work.recipe([source.described(read_rows[source.name]) for source in opened]),
        fault_table=work.book.faults,
    )


def _told(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in reasons.items()) or "none"


@dataclass
class _Work:
    """What the steps share: settings, the ledger, and what they found out."""

    settings: Settings
    key: bytes
    previous: Mapping[str, Split]
    count_tokens: Callable[[str], int]
    on_event: Listener
    book: Book = field(default_factory=Book)
    personal_data: Counter[str] = field(default_factory=Counter)
    leakage: dict[str, JSON] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    placed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.compare = Comparison(self.settings.task.kind, self.settings.data.near_duplicate)

    def step(self, name: str) -> None:
        self.on_event(Progress(task="curate", done=_STEPS.index(name), total=len(_STEPS), unit="steps"))

    def recipe(self, read: Sequence[JSON]) -> dict[str, JSON]:
        """What was done, in order, with every setting that decided it."""
        data = self.settings.data
        return {
            "steps": list(_STEPS),
            "sources": list(read),
            "data": data.model_dump(mode="json", exclude={"sources"}),
            "kind": self.settings.task.kind,
        }

    def take_shared_system(self, rows: Sequence[Draft]) -> str | None:
        """The task's instruction. One that nearly all rows repeat is the task's: the rows lose it, so that it can be
        changed in strop.yaml."""
        counted = Counter(row.system for row in rows)
        common, count = counted.most_common(1)[0]
        shared = common if common is not None and count >= SHARED_SYSTEM * len(rows) else None
        for row in rows:
            for text in (shared, self.settings.task.system):
                if text is not None:
                    row.without_system(text)
        return self.settings.task.system if self.settings.task.system is not None else shared

    def not_too_long(self, rows: Sequence[Draft]) -> list[Draft]:
        """Rows that fit: a cut answer would teach the model not to finish."""
        limit = self.settings.data.max_tokens
        kept = []
        for row in rows:
            size = sum(self.count_tokens(text) for _, text in row.turns) + self.count_tokens(row.answer)
            if size <= limit:
                kept.append(row)
                continue
            self.book.fault(row, "too_long", limit / size)
            detail = f"about {size} tokens, data.max_tokens allows {limit}"
            self.book.close(row, "quarantined", "too_long", detail=detail)
        return kept

    def only_known_labels(self, rows: Sequence[Draft]) -> list[Draft]:
        """Classification: rows whose label is one of the task's (declared, or else seen in training rows)."""
        if self.settings.task.kind != "classification":
            return list(rows)
        for row in rows:
            row.reference = row.answer.strip()
        declared = tuple(self.settings.task.labels.names)
        seen = {row.answer for row in rows if row.fixed in (None, "train")}
        known = set(declared) or seen
        self.labels = declared or tuple(sorted(seen))
        kept, strange = [], Counter[str]()
        for row in rows:
            if row.answer in known:
                kept.append(row)
                continue
            near = get_close_matches(row.answer, known, n=1, cutoff=0.6)
            which = "is not in task.labels" if declared else "stands in no training row"
            detail = f"the label {shortened(row.answer)!r} {which}" + (f"; nearest: {near[0]!r}" if near else "")
            self.book.fault(row, "label_suspect", 0.0, detail)
            self.book.close(row, "quarantined", "label_suspect", detail=detail)
            strange[shortened(row.answer)] += 1
        if strange:
            shown = ", ".join(f"{label!r} ({count})" for label, count in strange.most_common(5))
            self.say(f"{sum(strange.values())} rows have a label that no training row has: {shown}", warning=True)
        return kept

    def without_personal_data(self, rows: Sequence[Draft]) -> list[Draft]:
        """Rows with personal data replaced, or left out, as the settings say."""
        wish = self.settings.data.personal_data
        if wish == "keep":
            return list(rows)
        hide = personal.masker(self.key, rows)
        kept = []
        for row in rows:
            kinds = personal.mask(row, hide) if wish == "mask" else personal.found(row, hide)
            self.personal_data.update(kinds)
            if not kinds:
                kept.append(row)
                continue
            named = ", ".join(sorted(set(kinds)))
            self.book.fault(row, "personal_data", 0.0, named)
            if wish == "mask":
                kept.append(row)
            else:
                self.book.close(row, "quarantined", "personal_data", detail=f"holds: {named}")
        return kept

    def derive_checks(self, rows: Sequence[Draft]) -> None:
        """Generation from attributes: what the answer must say, where the row does not tell itself."""
        if self.settings.task.kind != "generation":
            return
        for row in rows:
            if not row.expect:
                row.expect = derived_checks(row.input, row.reference)

    def pools(self, rows: Sequence[Draft]) -> list[list[Draft]]:
        """Rows by the split that their source fixes; rows of two pools are compared by the leakage step."""
        return [[row for row in rows if row.fixed == split] for split in (*_HELD_OUT, "train", None)]

    def without_repeats(self, rows: Sequence[Draft]) -> list[Draft]:
        """Rows that no earlier row repeats and no other contradicts.

        Rows that a file holds out may resemble each other: they are what it was decided to measure on.
        """
        left = self._without(rows, duplicates.exact(rows, self.compare), "repeats it")
        left = self._without(left, duplicates.conflicts(left, self.compare), "same question, another answer")
        if rows and rows[0].fixed in _HELD_OUT:
            return left
        return self._without(left, duplicates.near(left, self.compare), "nearly repeats it")

    def _without(self, rows: Sequence[Draft], repeats: Sequence[duplicates.Repeat], what: str) -> list[Draft]:
        for repeat in repeats:
            row, other = rows[repeat.row], rows[repeat.of].place
            contradicts = repeat.reason == "conflicting_answers"
            detail = what if repeat.similarity == 1 else f"{what} (similarity {repeat.similarity:.2f})"
            self.book.fault(row, repeat.reason, 1 - repeat.similarity, detail, [other])
            self.book.close(row, "quarantined" if contradicts else "dropped", repeat.reason, of=other, detail=detail)
        gone = {repeat.row for repeat in repeats}
        return [row for index, row in enumerate(rows) if index not in gone]

    def split(self, rows: Sequence[Draft]) -> tuple[list[Example], list[Split]]:
        """Every row's identity and split: the last version's test rows first, then what files say, then by shares."""
        examples = [row.to_example(self.key) for row in rows]
        fixed: dict[int, Split] = {}
        for index, (row, example) in enumerate(zip(rows, examples, strict=True)):
            before = self.previous.get(example.id)
            if before == "test" or row.fixed is not None:
                fixed[index] = "test" if before == "test" or row.fixed is None else row.fixed
            elif before is not None:
                fixed[index] = before
        free = [index for index in range(len(rows)) if index not in fixed]
        wanted = self.settings.data.splits
        given = {row.fixed for row in rows} | set(self.previous.values())
        shares: dict[Split, float] = {"test": wanted.test, "validation": wanted.validation}
        shares = {split: share for split, share in shares.items() if split not in given and share > 0}
        placed: list[Split] = [fixed.get(index, "train") for index in range(len(rows))]
        if shares and free:
            chosen = [rows[index] for index in free]
            together = duplicates.clusters(chosen, self.compare) if "near_duplicates" in wanted.by else []
            found = splitting.units(
                chosen, [examples[index].id for index in free], together, key=self.key, by_group="group" in wanted.by
            )
            by_label = self.settings.task.kind == "classification"
            divided = splitting.divide(chosen, found, shares, by_label=by_label, by_time="time" in wanted.by)
            for position, index in enumerate(free):
                placed[index] = divided[position]
        return examples, placed

    def close_leaks(
        self, rows: Sequence[Draft], examples: Sequence[Example], placed: Sequence[Split]
    ) -> dict[Split, tuple[str, ...]]:
        """Write the last ledger lines: rows that ask what a held-out row asks leave; the others are placed."""
        every: tuple[Split, ...] = (*_HELD_OUT, "train")
        by_split = {split: [i for i, s in enumerate(placed) if s == split] for split in every}
        gone: dict[int, str] = {}
        dropped: Counter[str] = Counter()
        later: tuple[Split, ...] = ("validation", "train")
        for position, split in enumerate(later):
            guarded = [i for s in _HELD_OUT[: position + 1] for i in by_split[s] if i not in gone]
            mine = by_split[split]
            held = [rows[i] for i in guarded]
            for leak in duplicates.leaks([rows[i] for i in mine], held, self.compare):
                index, other = mine[leak.row], rows[guarded[leak.of]]
                where = placed[guarded[leak.of]]
                gone[index] = other.place
                dropped[split] += 1
                detail = f"asks what a {where} row asks (similarity {leak.similarity:.2f})"
                self.book.fault(rows[index], "leaks_evaluation", 1 - leak.similarity, detail, [other.place])
                self.book.close(rows[index], "dropped", "leaks_evaluation", of=other.place, detail=detail)
        splits: dict[Split, tuple[str, ...]] = {"train": (), "validation": (), "test": ()}
        for index, (row, example, split) in enumerate(zip(rows, examples, placed, strict=True)):
            if index in gone:
                continue
            detail = f"masked: {', '.join(row.masked)}" if row.masked else ""
            if split == "train":
                self.book.close(row, "kept", example=example.id, detail=detail)
            else:
                reason: Reason = "split_test" if split == "test" else "split_validation"
                self.book.close(row, "held_out", reason, example=example.id, detail=detail)
            self.placed.add(example.id)
        for split in splits:
            splits[split] = tuple(examples[i].id for i in by_split[split] if i not in gone)
        self.leakage = {
            "dropped": sum(dropped.values()),
            "from_train": dropped["train"],
            "from_validation": dropped["validation"],
            "threshold": self.compare.threshold,
            "compared": {split: len(indices) for split, indices in by_split.items()},
        }
        return splits

    def say(self, text: str, *, warning: bool = False) -> None:
        self.on_event(Said(text=text, warning=warning))
