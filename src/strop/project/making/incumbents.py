"""What runs today, as rungs of the ladder: a remote model, an adapter made elsewhere, a file of its answers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from strop import curate, decide, durable, tune
from strop.engines import foreign
from strop.engines.prompts import compose
from strop.engines.recorded import Given, RecordedModel
from strop.errors import InputError, UserError
from strop.project import known_names
from strop.project.opened import Opened
from strop.records import JSON, Base, Candidate, Dataset, Example, Message, Spec, now
from strop.settings import FILE, Incumbent, line_of

_NAMED = 3  # rows without an answer that are told by their place
_PROMPTED = ("labels_in_prompt", "label_descriptions")  # settings of a spec that its prompt is composed by


def specs(project: Opened, dataset: Dataset) -> list[Spec]:
    """The specs of ``ladder.incumbent``, in the order of strop.yaml. Nothing is asked yet."""
    return [_spec(project, dataset, one, place) for place, one in enumerate(project.settings.ladder.incumbent)]


def _spec(project: Opened, dataset: Dataset, wanted: Incumbent, place: int) -> Spec:
    if wanted.remote is not None:
        settings: dict[str, JSON] = {"name": wanted.title, "model": wanted.remote, "url": wanted.url}
        if wanted.price is not None:
            settings["price"] = wanted.price.model_dump(mode="json")
        if wanted.candidate is not None:
            return _running(_candidate(project, wanted.candidate, place), settings)
        settings |= decide.label_settings(project.settings, dataset.labels, in_prompt=True)
        system, labels, shots = dataset.system, dataset.labels, wanted.shots
        return Spec.of("remote", system=system, labels=labels, shots=shots, settings=settings)
    if wanted.adapter is not None:
        return _adapter(project, dataset, wanted, place)
    assert wanted.answers is not None
    path = _path(project, wanted.answers, place)
    settings = {"name": wanted.title, "file": wanted.answers, "sha256": durable.file_sha256(path)}
    return Spec.of("answers", labels=dataset.labels, settings=settings)


def _adapter(project: Opened, dataset: Dataset, wanted: Incumbent, place: int) -> Spec:
    """An adapter made elsewhere, on the base that it was made for: asked with the prompt that names the labels."""
    folder = _path(project, str(wanted.adapter), place)
    config = foreign.read_config(folder)
    base = _base_of(project, config, wanted, place)
    if base.engine != "torch":
        raise UserError(f"no adapter runs on {base.name}", place=project.place("ladder", "incumbent", place))
    foreign.check_fits(folder, config, base)
    files = {name: durable.file_sha256(folder / name) for name in (foreign.CONFIG, foreign.WEIGHTS)}
    settings: dict[str, JSON] = {"name": wanted.title, "folder": wanted.adapter, "sha256": files}
    settings |= decide.label_settings(project.settings, dataset.labels, in_prompt=True)
    return Spec.of("adapter", base=base.id, system=dataset.system, labels=dataset.labels, settings=settings)


def _base_of(project: Opened, config: dict[str, JSON], wanted: Incumbent, place: int) -> Base:
    """The base that strop.yaml names for it, else the one of the ladder that it says, else the ladder's only one."""
    if wanted.base is not None:
        try:
            return project.base(wanted.base)
        except UserError as error:
            error.place = project.place("ladder", "incumbent", place, "base")
            raise
    ladder = [project.base(name) for name in project.settings.ladder.bases]
    said = Path(foreign.made_for(config)).name.casefold()
    named = [base for base in ladder if said in (base.name.casefold(), Path(base.source).name.casefold())]
    if len(named or ladder) == 1:
        return (named or ladder)[0]
    raise UserError(
        f"the adapter says it was made for {foreign.made_for(config) or 'no base'}, which is none of ladder.bases",
        place=project.place("ladder", "incumbent", place), remedy="name its base: {adapter: …, base: …}",
    )  # fmt: skip


def _running(tuned: Candidate, settings: dict[str, JSON]) -> Spec:
    """Another server runs a candidate of this project: it is asked as it was tuned, the label list or none among it."""
    asked = {key: tuned.spec.settings[key] for key in _PROMPTED if key in tuned.spec.settings}
    settings = {**settings, "candidate": tuned.id, **asked}
    spec = tuned.spec
    return Spec.of("remote", system=spec.system, labels=spec.labels, shots=spec.shots, settings=settings)


def _candidate(project: Opened, identity: str, place: int) -> Candidate:
    try:
        return project.record(Candidate, identity, remedy="strop choose")
    except UserError as error:
        error.place = project.place("ladder", "incumbent", place, "candidate")
        raise


def _path(project: Opened, path: str, place: int) -> Path:
    found = (project.folder / path).resolve()
    if not found.exists():
        line = line_of(project.folder / FILE, ("ladder", "incumbent", place))
        raise InputError(
            f"there is no {path}", source=project.folder / FILE, line=line, remedy="check ladder.incumbent"
        )
    return found


def make(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> Candidate:
    """The candidate of an incumbent; asked again with the same inputs, the stored one."""
    if (made := known(project, spec, dataset, seed)) is not None:
        return made
    artifact = _answers(project, spec) if spec.method == "answers" else None
    if spec.method == "adapter":
        artifact = _copied(project, spec)
    if (runs := spec.settings.get("candidate")) is not None:
        shots = project.store.get(str(runs), Candidate).shots
    else:
        sets = tune.shot_sets(project.rows(dataset, "train"), spec.shots, by_label=bool(spec.labels), seed=seed)
        shots = sets[0].shots if sets else ()
    candidate = Candidate(
        id=Candidate.identity(spec, dataset.id, seed, shots, artifact), spec=spec, dataset=dataset.id, seed=seed,
        shots=shots, artifact=artifact, created=now(),
    )  # fmt: skip
    stands = project.store.add(candidate, stage="tune:incumbent", inputs=[dataset.id, spec.id], settings={"seed": seed})
    return next(record for record in stands if isinstance(record, Candidate))


def known(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> Candidate | None:
    """The stored candidate of an incumbent; None where it was not made yet."""
    made = project.store.derived("tune:incumbent", inputs=[dataset.id, spec.id], settings={"seed": seed})
    return next((record for record in made or () if isinstance(record, Candidate)), None)


def _copied(project: Opened, spec: Spec) -> str:
    """The adapter's two files as an artifact; nothing else of its folder is taken."""
    folder, hashes = project.folder / str(spec.settings["folder"]), dict(spec.settings["sha256"])
    durable.make_folder(project.work_folder("foreign"))
    with tempfile.TemporaryDirectory(dir=project.work_folder("foreign")) as work:
        own = Path(work) / "adapter"
        own.mkdir()
        for name, digest in hashes.items():
            shutil.copyfile(folder / name, own / name)
            if durable.file_sha256(own / name) != digest:
                raise InputError(f"{name} changed while it was read", source=folder, remedy="run again")
        return project.store.artifacts.put_folder(own)


def _answers(project: Opened, spec: Spec) -> str:
    """The file of answers as it is kept: personal data replaced as in the rows, so that questions still meet."""
    path = (project.folder / str(spec.settings["file"])).resolve()
    rows = curate.given_answers(path, project.settings.data.columns)
    hide = known_names.masker(project)

    def hidden(text: str | None) -> str | None:
        return text if text is None or hide is None else hide.mask(text).text

    labels = set(spec.labels)
    return project.store.artifacts.put_jsonl(
        Given(
            line=row.line,
            name=hidden(row.name),
            input=hidden(row.input),
            answer=row.answer if row.answer in labels else hidden(row.answer) or "",
            seconds=None if row.latency_ms is None else row.latency_ms / 1000,
            cost=row.cost,
        )
        for row in rows
    )


def recorded(project: Opened, candidate: Candidate, rows: Iterable[Example]) -> RecordedModel:
    """The candidate's answers to ``rows``, matched by the row's own id, else by what it asks.

    Raises:
        InputError: when rows have no answer; says how many, and where the first ones stand.
    """
    assert candidate.artifact is not None
    given = project.store.artifacts.read_jsonl(candidate.artifact, Given)
    file = str(candidate.spec.settings["file"])
    by_name, by_input = _table((g.name, g) for g in given), _table((_flat(g.input), g) for g in given)
    found: dict[tuple[Message, ...], Given] = {}
    missing: list[Example] = []
    for row in rows:
        asked = _flat(row.input)
        fitting = [g for g in by_name.get(row.name or "", ()) if g.input is None or _flat(g.input) == asked]
        fitting = fitting or by_input.get(asked or "", [])
        if not fitting:
            missing.append(row)
            continue
        other = next((g for g in fitting if g.answer != fitting[0].answer), None)
        if other is not None:
            raise InputError(
                f"line {fitting[0].line} answers the same row otherwise", source=file, line=other.line,
                remedy="one answer for each row; give the input where an id stands in several files",
            )  # fmt: skip
        found[compose(candidate.spec, row.messages)] = fitting[0]
    if missing:
        raise _incomplete(file, missing, len(found) + len(missing))
    return RecordedModel(found, candidate.artifact[:16])


def _table(pairs: Iterable[tuple[str | None, Given]]) -> Mapping[str, list[Given]]:
    table: dict[str, list[Given]] = {}
    for key, given in pairs:
        if key:
            table.setdefault(key, []).append(given)
    return table


def _flat(text: str | None) -> str | None:
    return " ".join(text.split()) if text is not None else None


def _incomplete(file: str, missing: Sequence[Example], wanted: int) -> InputError:
    places = [f"{row.origin.source}:{row.origin.line}" + (f" (id {row.name})" if row.name else "") for row in missing]
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return InputError(
        f"{len(missing)} of the {wanted} items have no answer in it: {', '.join(places[:_NAMED])}{more}",
        source=file,
        remedy="add them by id or input; where today's system gave no answer, an empty one",
    )
