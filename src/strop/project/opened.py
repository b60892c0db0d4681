"""An opened project: its folder, settings and store, and what every verb needs of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from strop.engines import bases, engine_for
from strop.engines.base import Model
from strop.engines.kept import Kept
from strop.engines.remembering import Remembering
from strop.errors import NotReady, UnknownRecord, UserError
from strop.records import JSON, Base, Candidate, Dataset, Example, Listener, Record, Said, Spec, Split, silent
from strop.settings import FILE, Settings, cache_folder, line_of, load
from strop.store import STATE, Store

if TYPE_CHECKING:
    from strop.engines.remote import RemoteModel

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Opened:
    """Frozen: verbs read it and write through ``store`` only."""

    folder: Path
    settings: Settings
    store: Store
    on_event: Listener = silent
    overrides: tuple[str, ...] = ()
    """``key=value`` for this call alone: what is printed to be typed next has to repeat them."""

    def say(self, text: str, *, warning: bool = False) -> None:
        """One sentence for people."""
        self.on_event(Said(text=text, warning=warning))

    def record(self, kind: type[R], identity: str | None, *, remedy: str) -> R:
        """The record of that id (or unambiguous beginning), or the newest of its kind. ``remedy``: how to make one.

        The name of the kind is the newest, too.
        """
        if identity in (None, kind.__name__.lower()):
            newest = self.store.latest(kind.__name__.lower())
            if newest is None:
                raise NotReady(f"there is no {kind.__name__.lower()} yet", remedy=remedy)
            found: Record = newest
        else:
            found = self.store.find(identity, kind)
        if not isinstance(found, kind):
            wanted, other = kind.__name__.lower(), type(found).__name__.lower()
            article = "an" if other[0] in "aei" else "a"
            raise UnknownRecord(f"{identity} is {article} {other}, not a {wanted}", remedy=f"strop list {wanted}")
        return found

    def base_in_ladder(self, name: str) -> Base:
        """A base that strop.yaml names. Raises UnknownRecord with the line where it stands."""
        try:
            return self.base(name)
        except UnknownRecord as error:
            error.place = self.place("ladder", "bases", self.settings.ladder.bases.index(name))
            raise

    def place(self, *key: str | int) -> str:
        """The file and line of a setting, or of the nearest block around it."""
        return f"{self.folder / FILE}:{line_of(self.folder / FILE, key)}"

    def dataset(self, identity: str | None = None) -> Dataset:
        """A dataset version to make something of; the newest by default. Raises NotReady where a row was forgotten."""
        found = self.record(Dataset, identity, remedy="strop curate")
        when = self.store.erasure.when([found.id])
        if when:
            raise NotReady(
                f"{found.id} holds a row that was forgotten on {when[found.id][:10]}: nothing new is made of it",
                remedy="make a dataset without the row: strop curate",
            )
        return found

    def rows(self, dataset: Dataset, split: Split) -> list[Example]:
        """The examples of a split, in the dataset's order."""
        return self.store.examples(dataset.id, split)

    def base(self, name: str) -> Base:
        """A base at hand, by name or id."""
        return bases.find(cache_folder(), name)

    def base_of(self, candidate: Candidate) -> Base | None:
        """The base that a candidate stands on."""
        return self.base(candidate.spec.base) if candidate.spec.base else None

    def shots_of(self, candidate: Candidate) -> list[Example]:
        """The examples in a few-shot candidate's prompt."""
        return [self.store.example(identity) for identity in candidate.shots]

    @contextmanager
    def model(self, candidate: Candidate) -> Iterator[Model]:
        """The candidate's model, opened."""
        with self.open_model(candidate) as model:
            yield model

    def open_model(self, candidate: Candidate, *, keep: bool = True, share: bool = False) -> Model:
        """The candidate's model; to be closed by whoever asked for it. Raises UserError where there is none to ask.

        ``keep``: what a remote model answered before is not asked again. ``share``: its base's weights with other
        models (see :meth:`strop.engines.base.Engine.open`).
        """
        if candidate.spec.method == "answers":
            raise UserError(
                f"{candidate.id} is a file of answers: nobody can be asked anything new",
                remedy="name another candidate: strop list candidate",
            )
        if candidate.spec.method == "remote":
            return self._remote(candidate.spec, keep=keep)
        if candidate.artifact and self.store.artifacts.erased(candidate.artifact):
            raise NotReady(
                f"{candidate.id} was withdrawn: it held what was forgotten since, and was erased with it",
                remedy="strop curate, choose, decide and promote make another; strop rollback goes back, if it can",
            )
        base = self.base_of(candidate)
        artifact = self.store.artifacts.whole(candidate.artifact) if candidate.artifact else None
        return engine_for(candidate.spec.method, base).open(base, artifact, share=share)

    def remembering(self, model: Model) -> Model:
        """The model, not asked again what it has answered: of its weights, template and number format, not its name."""
        return Remembering(model, self.kept(model.signature))

    def kept(self, signature: JSON) -> Kept:
        """The answers that a model of this signature gave in this project."""
        return Kept(Kept.file(self.work_folder("answers"), signature))

    def _remote(self, spec: Spec, *, keep: bool) -> RemoteModel:
        """A model behind the server that strop.yaml names: a record alone opens no connection."""
        model, url, runs = str(spec.settings["model"]), spec.settings["url"], spec.settings.get("candidate")
        there = [i for i in self.settings.ladder.incumbent if (i.remote, i.url) == (model, url)]
        named = next((i for i in there if not (i.candidate and runs) or str(runs).startswith(i.candidate)), None)
        if there and named is None:
            raise UserError(
                f"{model} at {url} ran {runs} when it was judged, now another candidate",
                place=str(self.folder / FILE), remedy=f"serve {runs} there again, or choose, decide and promote anew",
            )  # fmt: skip
        if named is None:
            raise UserError(
                f"{model} at {url} is not in strop.yaml", place=str(self.folder / FILE),
                remedy="name it under ladder.incumbent: only servers that stand there are asked",
            )  # fmt: skip
        from strop.engines.remote import Client, RemoteModel  # its HTTP client is for those who need it

        asked = [str(url), model, *([str(runs)] if runs else [])]
        kept = Kept(Kept.file(self.work_folder("answers"), asked)) if keep else None
        # Where nothing is kept somebody waits for the answer: better an error soon than patience with a busy server.
        return RemoteModel(Client(named, attempts=6 if keep else 2), model, price=named.price, kept=kept)

    def work_folder(self, name: str) -> Path:
        """A folder for unfinished work (checkpoints), which later calls resume from."""
        return self.folder / STATE / "work" / name


def open_folder(folder: Path, *, overrides: Sequence[str] = (), on_event: Listener = silent) -> Opened:
    """Read ``strop.yaml`` (raising SettingsError with its line) and open the state beside it."""
    settings = load(folder / FILE, overrides)
    return Opened(folder, settings, Store.open(folder, settings.database), on_event, tuple(overrides))


def listening(opened: Opened, on_event: Listener) -> Opened:
    """The same project, telling another listener."""
    return replace(opened, on_event=on_event)
