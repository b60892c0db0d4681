"""Raw rows to a dataset version."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from strop import curate, durable
from strop.errors import InputError
from strop.lineage import KEPT
from strop.project import known_names
from strop.project.live import listening
from strop.project.opened import Opened
from strop.project.rows import acquiring, doubtful, doubting
from strop.records import (
    JSON,
    Dataset,
    Example,
    Fault,
    Judgement,
    LedgerLine,
    Listener,
    Progress,
    Reason,
    Record,
    Report,
    Split,
    content_id,
    now,
)
from strop.settings import FILE, guide_sources, named_file
from strop.store import fingerprint

SCORES = "curate:scores"
"""The derivation under which a version is found again when only thresholds moved."""
_STORED = 4
"""Bytes that are stored for a byte of a source; of short rows, whose ledger is longer than they are, more."""
_ASKED = 500
"""So many places of rows are looked for in a fault table one by one; for more of them it is read whole."""
_TOLD = 10_000
"""Rows between two events of progress."""


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """The collector of cycles rests: rows form none, and it would walk all of them again and again, a tenth of the
    time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@_uncollected()
def curate_rows(project: Opened, files: Sequence[Path] = (), corrections: Sequence[Judgement] = ()) -> Dataset:
    """One dataset version from the sources of strop.yaml and ``files``; the same input gives the same version."""
    sources = [named_file(project.folder, source.path) for source in project.settings.data.sources]
    sources += [Path(os.path.realpath(file)) for file in files]
    if not sources:
        raise InputError(
            "no data source is named", source=project.folder / FILE, remedy="add data.sources, or: strop curate FILE"
        )
    # What earlier versions took in stays: the rows of corrections that a dataset holds, and the new ones.
    held = project.store.judgements_in_datasets()
    kept = listening.taken_corrections(project)
    corrected = listening.write_corrections(project, [*kept, *(c for c in corrections if c.id not in held)])
    sources += corrected
    for path in sources:
        curate.check_file(path, path)
    style = guide_sources(project.folder, project.settings.task.style) if project.settings.task.style else []
    said = doubtful.judgements(project)
    inputs = [*(f"file:{durable.file_sha256(path)}" for path in sources + style), *(one.id for one in said)]
    settings, losses = _settings(project, files)
    failing = _failing(project)
    if failing is not None:
        settings["failing"] = failing.report
    if (known := project.store.derived("curate", inputs=inputs, settings=settings)) is not None:
        project.say("These rows and settings were curated before: the same dataset.")
        return _current(project, next(record for record in known if isinstance(record, Dataset)))
    _tell_room(project, sources)
    parent = project.store.latest("dataset")
    if isinstance(parent, Dataset):
        _tell_splits(project, parent)
    unmoved = _without_thresholds(settings)
    scored = project.store.derived(SCORES, inputs=inputs, settings=unmoved)
    durable.sweep(findings := project.work_folder(KEPT) / "curation")
    try:
        curated = curate.curate(
            project.settings,
            project=project.folder,
            key=project.store.key,
            files=[*(Path(file) for file in files), *corrected],
            previous=_previous(project, parent) if isinstance(parent, Dataset) else None,
            reviewed=doubtful.reviewed(said),
            kept=curate.Kept(
                findings,
                fingerprint("curate"),
                {**(_scores(project, scored) if scored is not None else {}), **losses},
                failing=failing,
            ),
            on_event=project.on_event,
        )
    except curate.NothingLeft as error:
        ledger = project.store.artifacts.path(project.store.artifacts.put_lines(error.ledger.to_json()))
        error.remedy += f". Each row's reason: {ledger}"
        raise
    _unchanged(curated, inputs)
    if project.settings.data.personal_data != "keep":
        known_names.keep(project, curated.names)  # before the version: what is asked from now on is masked as its rows
    dataset = _dataset(project, curated, parent.id if isinstance(parent, Dataset) else None)
    project.store.save_dataset(dataset, curated.stored, stage="curate", inputs=inputs, settings=settings)
    if scored is None:
        project.store.add(dataset, stage=SCORES, inputs=inputs, settings=unmoved)
    return dataset


def _unchanged(curated: curate.Curated, inputs: Sequence[str]) -> None:
    """Raise InputError where a file is another one by now than when reading began: the version would be of neither."""
    sources = curated.recipe["sources"]
    for source in sources if isinstance(sources, list) else ():
        if f"file:{source['sha256']}" not in inputs:
            remedy = "wait until it is written, then run the same command again"
            raise InputError("changed while it was read", source=source["path"], remedy=remedy)


def _current(project: Opened, dataset: Dataset) -> Dataset:
    """The dataset that the other verbs go on from, also where another one was made since."""
    newest = project.store.latest(Dataset)
    if newest is None or newest.id != dataset.id:
        project.store.add(dataset, stage="curate:again", settings={"at": now()})
    return dataset


def _tell_room(project: Opened, sources: Sequence[Path]) -> None:
    """Warn before the work where the disk will hardly hold what comes of it."""
    needed, free = _STORED * sum(path.stat().st_size for path in sources), shutil.disk_usage(project.folder).free
    if free < needed:
        project.say(
            f"The disk has {free / 2**20:,.0f} MiB free, and storing these rows takes about {needed / 2**20:,.0f} MiB: "
            "free some space, or it will end with an error when all is computed (nothing that is stored is lost).",
            warning=True,
        )


def _tell_splits(project: Opened, parent: Dataset) -> None:
    """Say that what is held out already stays so, where data.splits changed since: models were compared on it."""
    held, data = parent.splits.get("test", ()), parent.recipe.get("data")
    before = data.get("splits") if isinstance(data, dict) else None
    now_wanted = project.settings.data.splits.model_dump(mode="json")
    if not held or not isinstance(before, dict) or before == now_wanted:
        return
    changed = "; ".join(
        f"{name} was {_setting(before[name])}, is {_setting(value)}"
        for name, value in now_wanted.items()
        if name in before and before[name] != value
    )
    project.say(
        f"data.splits changed ({changed}): the sealed test set stays as it is, validation rows are not trained on, "
        "and only the other rows are divided by it. To divide all anew, move .strop away (the decisions go with it) "
        "and curate again.",
        warning=True,
    )


def _setting(value: JSON) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def again(project: Opened, dataset: Dataset) -> curate.Curated:
    """What curation makes of the same rows now, in memory: the same version, and the rows that it set aside."""
    kept = listening.taken_corrections(project)
    parent = project.store.get(dataset.parent, Dataset) if dataset.parent is not None else None
    return curate.curate(
        project.settings,
        project=project.folder,
        key=project.store.key,
        files=listening.write_corrections(project, kept),
        previous=_previous(project, parent) if parent is not None else None,
        reviewed=doubtful.reviewed(doubtful.judgements(project)),
        kept=curate.Kept(scores=_settings(project, ())[1], failing=_failing(project, dataset.recipe.get("failing"))),
    )


def _failing(project: Opened, report: JSON = None) -> curate.Failing | None:
    """Where a model fails (by a report, or the newest), if rows are selected by it."""
    data = project.settings.data
    if data.budget is None or data.selection != "failing_slices":
        return None
    return acquiring.failing(project, project.store.get(report, Report) if isinstance(report, str) else None)


def _settings(project: Opened, files: Sequence[Path]) -> tuple[dict[str, JSON], curate.Scores]:
    """What a version depends on beside its rows, and what models said of its answers."""
    data = project.settings.data
    settings: dict[str, JSON] = {
        "data": data.model_dump(mode="json"),
        "task": project.settings.task.model_dump(mode="json"),
        "files": [str(path) for path in files],
    }
    if data.embedder == "hidden_states" or data.selection == "ifd":
        what = "data.embedder: hidden_states" if data.embedder == "hidden_states" else "data.selection: ifd"
        settings["embedder"] = project.base(project.settings.ladder.first_base(what)).id
    read, losses = doubting.kept(project)
    if read:
        settings["answers"] = read
    return settings, {doubting.FAULT: losses} if read else {}


def _without_thresholds(settings: dict[str, JSON]) -> dict[str, JSON]:
    """What the scores of rows depend on: all but what is moved after looking at them."""
    moved = ("faults", "doubted_labels")
    return {**settings, "data": {name: value for name, value in settings["data"].items() if name not in moved}}


def _scores(project: Opened, scored: Sequence[Record]) -> curate.Scores:
    """What the version that was made of these rows before says of them, where that cost something to find out."""
    found: dict[Reason, dict[str, float | curate.Sign]] = {}
    for dataset in scored:
        if isinstance(dataset, Dataset) and dataset.fault_table:
            for fault in doubtful.fault_lines(project, dataset):
                if (
                    fault.fault in (*curate.COSTLY.get(dataset.kind, ()), curate.PARAPHRASE)
                    and fault.example is not None
                ):
                    sign = curate.Sign(fault.score, fault.evidence, fault.related)
                    found.setdefault(fault.fault, {})[fault.example] = sign
    return found


def _lines(curated: curate.Curated, on_event: Listener) -> Iterator[str]:
    """The rows as JSON, in the order of their splits; it is told how far that is."""
    total = len(curated.examples)
    every = (identity for ids in curated.splits.values() for identity in ids)
    for done, identity in enumerate(every):
        if done % _TOLD == 0:
            on_event(Progress(task="storing", done=done, total=total, unit="rows"))
        yield curated.examples.line(identity)
    on_event(Progress(task="storing", done=total, total=total, unit="rows"))


def _previous(project: Opened, parent: Dataset) -> curate.Before:
    """Where each row was; one that waited comes back to the rows to train on."""
    waited: dict[str, Split] = dict.fromkeys(parent.waiting, "train")
    splits = waited | {identity: split for split, identities in parent.splits.items() for identity in identities}
    return curate.Before(splits, lambda ids: project.store.examples_by_id(ids).values())


def _dataset(project: Opened, curated: curate.Curated, parent: str | None) -> Dataset:
    """Freeze what curation gave; the manifest's hash is the version's identity."""
    artifacts = project.store.artifacts
    examples = artifacts.put_lines(_lines(curated, project.on_event))
    ledger = artifacts.put_lines(curated.ledger.to_json())
    fault_table = artifacts.put_lines(curated.fault_table.to_json())
    manifest = {
        "kind": curated.kind, "system": curated.system, "labels": list(curated.labels),
        "splits": {split: list(ids) for split, ids in curated.splits.items()}, "recipe": curated.recipe,
        "examples": examples, "ledger": ledger, "fault_table": fault_table,
    }  # fmt: skip
    return Dataset(
        id=content_id("ds", manifest),
        kind=curated.kind,
        system=curated.system,
        labels=tuple(curated.labels),
        splits=curated.splits,
        rows=curated.rows,
        reasons=curated.reasons,
        faults=curated.faults,
        personal_data=curated.personal_data,
        leakage=curated.leakage,
        recipe=curated.recipe,
        examples=examples,
        ledger=ledger,
        fault_table=fault_table,
        waiting=tuple(row.id for row in curated.waiting),
        unfilled=curated.unfilled,
        parent=parent,
        created=now(),
    )


def ledger_lines(project: Opened, dataset: Dataset) -> list[LedgerLine]:
    """The ledger of a version, one line per raw row."""
    return project.store.artifacts.read_jsonl(dataset.ledger, LedgerLine)


def aside_lines(project: Opened, dataset: Dataset) -> list[LedgerLine]:
    """The lines of rows that were set aside, a few of all."""
    actions = ("dropped", "quarantined")
    held = [f'"action":"{action}"'.encode() for action in actions]
    lines = project.store.artifacts.read_jsonl(dataset.ledger, LedgerLine, holding=held)
    return [line for line in lines if line.action in actions]


def difference(project: Opened, old: Dataset, new: Dataset) -> curate.Diff:
    """Rows added, removed, moved between splits or changed from one version to another."""
    before, after = ({one.id: one for one in project.store.examples(dataset.id)} for dataset in (old, new))
    found = curate.diff(before, old.splits, after, new.splits)
    why = why_gone(project, [before[identity] for identity in found.removed], new) if found.removed else {}
    return found.model_copy(update={"why": why})


def why_gone(project: Opened, rows: Sequence[Example], dataset: Dataset) -> dict[str, str]:
    """By id what the ledger of a version says of rows that it does not hold: where it says nothing, they were not
    read. What it says of a row's old line may be of another row, which stands there now."""
    left = {f"{line.source}:{line.line}": line for line in aside_lines(project, dataset)}
    wanted = [f'"example":"{row.id}"' for row in rows] + [f'"line":{row.origin.line},' for row in rows]
    holding = [one.encode() for one in wanted] if len(wanted) <= _ASKED else []
    table = dataset.fault_table
    faults = project.store.artifacts.read_jsonl(table, Fault, holding=holding) if table else []
    known = {fault.place: fault.example for fault in faults if fault.example is not None}
    places = {example: place for place, example in known.items() if place in left}
    found = {}
    for row in rows:
        place = places.get(row.id, f"{row.origin.source}:{row.origin.line}")
        line = left.get(place)
        told = ": ".join(part for part in (line.reason, line.detail) if part) if line else "no source holds it"
        other = line is not None and (line.example or known.get(place, row.id)) != row.id
        found[row.id] = f"no source holds it; what stands in its line now: {told}" if other else told
    return found
