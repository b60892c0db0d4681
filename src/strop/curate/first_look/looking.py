"""Read off the data what a project needs to run: kind, columns, splits, labels, instruction, groups, slices."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NoReturn

from strop.curate.checking import shared_system
from strop.curate.drafts import REMEDIES, Draft, RowProblem
from strop.curate.files import shapes
from strop.curate.files.formats import Layout, layout, raw_rows
from strop.curate.files.reading import NAME_IT
from strop.curate.files.sources import DATA_SUFFIXES, Opened, split_of, stem
from strop.curate.first_look import kinds
from strop.curate.first_look.metadata import Bookkeeping, bookkeeping
from strop.curate.languages import language
from strop.curate.tokens import estimated_tokens
from strop.errors import InputError
from strop.records import JSON, Kind, Split
from strop.settings import Columns

ENOUGH = 20
"""Fewer rows tell no kind: two answers that differ may be labels as well as free text."""
_LOOKED_AT = 20_000
"""Rows of a file that are looked at."""
_GUIDES = {".json", ".yaml", ".yml"}
_PROSE = {".md", ".rst", ".html", ".yaml", ".yml", ".py"}


@dataclass(frozen=True)
class Seen:
    """One source: where it lies, the split its name says, and what was read of it."""

    path: Path
    split: Split | None
    layout: Layout
    rows: int


@dataclass(frozen=True)
class Look:
    """What the data says about the task. ``notes`` are sentences for people."""

    name: str
    sources: tuple[Seen, ...]
    kind: Kind
    because: str
    columns: Columns
    labels: tuple[str, ...] = ()
    language: str | None = None
    system: str | None = None
    style: Path | None = None
    max_new_tokens: int = 256
    max_tokens: int = 1024
    primary: str = ""
    notes: tuple[str, ...] = ()

    @property
    def slices(self) -> tuple[str, ...]:
        """The fields by which results are shown apart."""
        return self.columns.slices


@dataclass
class _Pile:
    """The rows of all sources, as far as they were read."""

    drafts: list[Draft] = field(default_factory=list)
    values: list[tuple[Split | None, dict[str, JSON]]] = field(default_factory=list)
    first: tuple[Path, int, RowProblem] | None = None  # the first row that cannot be used: where, and why


def look(paths: Sequence[Path], *, kind: Kind | None = None) -> Look:
    """What can be read off data files (and the style guide beside them).

    Args:
        paths: data files; of a folder, all its files.
        kind: the task's kind, where the user knows it.
    Raises:
        InputError: when no file has a row that can be used.
    """
    notes: list[str] = []
    guide, data = _sorted_out([Path(path) for path in paths], notes)
    chosen = _by_split(data, notes)
    layouts = {path: layout(path) for path, _ in chosen}
    columns = _columns([layouts[path] for path, _ in chosen])
    pile = _Pile()
    seen = []
    for path, split in chosen:
        count = _read(Opened(path.name, path, split, columns, layouts[path]), pile, notes)
        seen.append(Seen(path, split, layouts[path], count))
    if not pile.drafts:
        _refuse(pile.first, chosen[0][0], sum(source.rows for source in seen))
    found, because = kinds.detect(pile.drafts) if kind is None else (kind, "you said so")
    if kind is None and len(pile.drafts) < ENOUGH:
        because = f"a guess: {len(pile.drafts)} row{'s' * (len(pile.drafts) > 1)} cannot tell ({because})"
        others = ", ".join(name for name in kinds.PRIMARY if name != found)
        notes.append(f"Check task.kind: fewer than {ENOUGH} rows are too few to read it off; it may be {others}, too.")
    if found == "classification":
        notes += _strange_labels(pile.drafts)
    marks = bookkeeping(pile.values, kind=found, answers=[row.answer for row in pile.drafts])
    notes += marks.notes
    return Look(
        name=_name(chosen),
        sources=tuple(_only_needed_splits(seen)),
        kind=found,
        because=because,
        columns=_with(columns, marks),
        labels=tuple(sorted({row.answer.strip() for row in pile.drafts})) if found == "classification" else (),
        language=language(row.input for row in pile.drafts[:500]),
        system=shared_system(pile.drafts),
        style=guide if found in ("generation", "chat", "summarisation") else None,
        max_new_tokens=_answer_room(pile.drafts),
        max_tokens=_row_room(pile.drafts, notes),
        primary=kinds.PRIMARY[found],
        notes=tuple(notes),
    )


def _refuse(first: tuple[Path, int, RowProblem] | None, only: Path, count: int) -> NoReturn:
    """No row of any file can be used."""
    remedy = "rows are messages, prompt and completion, or a table with an input and an output column"
    if first is None:
        remedy = f"is it the right one, and was it written to its end? {remedy}"
        raise InputError("holds no rows", source=only, line=1, remedy=remedy)
    path, line, why = first
    if why.remedy != REMEDIES.get(why.reason):
        remedy = why.remedy
    if why.remedy == NAME_IT:
        remedy = NAME_IT.replace("FILE", path.name)
    raise InputError(f"{why.detail}; none of {count} rows can be used", source=path, line=line, remedy=remedy)


def _strange_labels(rows: Sequence[Draft]) -> list[str]:
    """What to say of labels that only held-out files have."""
    trained = {row.answer.strip() for row in rows if row.fixed in (None, "train")}
    strange = sorted({row.answer.strip() for row in rows} - trained)
    if not strange:
        return []
    told = ", ".join(json.dumps(" ".join(label.split())[:60], ensure_ascii=False) for label in strange[:5])
    more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
    return [f"No training row has the label {told}{more}: rows with it will be quarantined."]


def _sorted_out(paths: Sequence[Path], notes: list[str]) -> tuple[Path | None, list[Path]]:
    """The style guide, and the data files; other files are left alone."""
    guide: Path | None = None
    data: list[Path] = []
    if len(paths) == 1 and paths[0].suffix.lower() not in _PROSE:
        return None, list(paths)
    for path in paths:
        suffixes = {suffix.lower() for suffix in path.suffixes}
        if path.suffix.lower() in _GUIDES and (holds := _guide(path)) is not None:
            if holds == "rules":
                guide = path
                notes.append(f"{path.name} is the style guide.")
        elif suffixes & DATA_SUFFIXES:
            data.append(path)
    if not data:
        place = paths[0].parent if paths else Path()
        raise InputError("no data file here", source=place, remedy=f"known endings: {', '.join(sorted(DATA_SUFFIXES))}")
    return guide, data


def _guide(path: Path) -> str | None:
    """``rules`` for a style guide, ``other`` for a file of settings, None for data."""
    if path.suffix.lower() in (".yaml", ".yml"):
        return "rules" if re.search(r"^rules:", path.read_text("utf-8", "replace"), re.MULTILINE) else "other"
    if path.stat().st_size > 2**20:
        return None
    try:
        value = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("rules"), list):
        return "rules"
    rows = [v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
    return None if rows else "other"


def _by_split(data: Sequence[Path], notes: list[str]) -> list[tuple[Path, Split | None]]:
    """The files that are used with the split that their name says; the others are noted."""
    named = {path: split for path in data if (split := split_of(path.name)) is not None}
    if not named and len(data) > 1:
        named = _by_ending(data)
    if "train" not in named.values():
        named = {}
    used: list[tuple[Path, Split | None]] = list(named.items())
    if not named:
        used = [(path, None) for path in data]
    order = ("train", "validation", "test")
    used.sort(key=lambda pair: (order.index(pair[1]) if pair[1] else 0, pair[0].name))
    left = [path.name for path in data if path not in {p for p, _ in used}]
    if left:
        notes.append(f"Not used: {', '.join(left)} (add them to data.sources if they are wanted).")
    return used


def _by_ending(data: Sequence[Path]) -> dict[Path, Split]:
    """Files like ``march_train`` and ``march_test``: those of the first beginning that has a training file."""
    families: dict[str, dict[Path, Split]] = {}
    for path in data:
        match = re.fullmatch(r"(.*?)[_.-]?(train|training|validation|valid|val|dev|test)", stem(path.name).casefold())
        if match and (split := split_of(match[2])) is not None:
            families.setdefault(match[1], {})[path] = split
    return next((files for _, files in sorted(families.items()) if "train" in files.values()), {})


def _only_needed_splits(seen: Sequence[Seen]) -> list[Seen]:
    """A training file gives up rows for a split that no file has, so its own split is then not fixed."""
    if {s.split for s in seen} >= {"train", "validation", "test"}:
        return list(seen)
    return [Seen(s.path, None if s.split == "train" else s.split, s.layout, s.rows) for s in seen]


def _read(source: Opened, pile: _Pile, notes: list[str]) -> int:
    count, problems = 0, Counter[str]()
    first = ""
    for row in islice(raw_rows(source.path, source.layout), _LOOKED_AT):
        count += 1
        try:
            if row.value is None:
                raise RowProblem("malformed", row.problem, column=row.column, remedy=row.remedy)
            draft = shapes.draft(row.value, source.columns, source=source.name, line=row.line, fixed=source.split)
            if not draft.answer.strip() and not draft.expect:
                raise RowProblem("no_answer", "has no answer")
        except RowProblem as problem:
            problems[problem.reason] += 1
            first = first or f"{source.name}:{row.line} {problem.detail}"
            pile.first = pile.first or (source.path, row.line, problem)
            continue
        pile.drafts.append(draft)
        meta = row.value.get("meta")
        fields = dict(meta) if isinstance(meta, dict) else {}
        if source.layout.columns:
            used = {source.columns.input, source.columns.output, source.columns.system, source.columns.context}
            fields |= {k: v for k, v in row.value.items() if k not in used and k not in ("meta", "messages")}
        else:
            fields |= shapes.beside(row.value)
        pile.values.append((source.split, fields))
    if problems:
        told = ", ".join(f"{reason} {number}" for reason, number in problems.most_common())
        notes.append(f"{source.name}: {sum(problems.values())} of {count} rows will be quarantined ({told}); {first}.")
    return count


def _columns(layouts: Sequence[Layout]) -> Columns:
    """Input and output columns of the first table."""
    for found in layouts:
        shaped = {"messages", "conversations"} & set(found.columns)
        alpaca = {"instruction", "output"} <= set(found.columns)
        if found.columns and not shaped and not alpaca:
            asked, answered = shapes.guessed(found.columns)
            if asked is None and answered is not None:
                asked = next((name for name in found.columns if name != answered), None)
            if answered is None and asked is not None and len(found.columns) == 2:
                answered = next(name for name in found.columns if name != asked)
            if asked is None and len(found.columns) == 2:
                asked, answered = found.columns
            return Columns(input=asked, output=answered)
    return Columns()


def _with(columns: Columns, marks: Bookkeeping) -> Columns:
    return columns.model_copy(
        update={"group": marks.group, "time": marks.time, "id": marks.identity, "slices": marks.slices}
    )


def _answer_room(rows: Sequence[Draft]) -> int:
    """Tokens that every answer seen fits into, with a quarter to spare, in steps of 16."""
    longest = max(estimated_tokens(row.answer) for row in rows)
    return min(1024, max(16, -(-longest * 5 // 4 // 16) * 16))


def _row_room(rows: Sequence[Draft], notes: list[str]) -> int:
    """data.max_tokens: doubled until nearly all rows fit."""
    sizes = sorted(sum(estimated_tokens(text) for _, text in row.turns) + estimated_tokens(row.answer) for row in rows)
    high = sizes[int(len(sizes) * 0.995)] if len(sizes) > 1 else sizes[0]
    room = 1024
    while room < high and room < 4096:
        room *= 2
    if room > 1024:
        notes.append(f"Long rows (up to about {sizes[-1]} tokens): data.max_tokens is {room}.")
    return room


def _name(chosen: Sequence[tuple[Path, Split | None]]) -> str:
    path, split = chosen[0]
    text = path.resolve().parent.name if split is not None or len(chosen) > 1 else stem(path.name)
    if split_of(text) is not None:
        text = path.resolve().parent.name
    slug = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:60]
    return slug or "task"
