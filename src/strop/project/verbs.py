"""The verbs of a project, with records in and out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from pydantic import Field

from strop import curate, decide, durable
from strop.curate import Curated, Diff
from strop.engines.base import Capability
from strop.errors import EditedRecord, InputError, NotReady, UnknownRecord, UserError
from strop.evaluate import WeakSlice
from strop.evaluate.judges import Opinion
from strop.project import choosing, questions
from strop.project.export import leaving
from strop.project.export.weights import Exported
from strop.project.live import answering, listening, monitoring, releasing
from strop.project.live.health import Health, health
from strop.project.making import judging, tuning
from strop.project.opened import Opened, open_folder
from strop.project.rows import acquiring, curating, doubtful, quoting, raters, tracing, undoing
from strop.project.verdicts import bundles, deciding, people, refereeing, remedies, verifying
from strop.records import (
    JSON,
    Candidate,
    Cost,
    Dataset,
    Decision,
    Example,
    Fault,
    Judgement,
    Kind,
    Ladder,
    LedgerLine,
    Listener,
    Measured,
    Method,
    Person,
    PersonRole,
    Record,
    Release,
    Report,
    Run,
    Spec,
    new_id,
    now,
    silent,
)
from strop.serve import Gateway, new_key, person, present
from strop.settings import FILE

MADE_BY = {
    "dataset": "curate", "ladder": "choose", "candidate": "choose", "run": "tune", "report": "evaluate",
    "decision": "decide", "release": "promote", "interaction": "serve", "judgement": "feedback import FILE",
    "finding": "monitor", "suite": "choose", "base": "choose"}  # fmt: skip
"""What ``list`` and ``show`` know by name, and the command that makes one."""


class Evaluation(Record):
    """Reports, for two candidates the paired differences (first minus second), and by report id where it does worse."""

    reports: tuple[Report, ...]
    differences: dict[str, Measured] = Field(default_factory=dict)
    weak: dict[str, tuple[WeakSlice, ...]] = Field(default_factory=dict)


class Project:
    """Made by :func:`strop.open` or :func:`strop.init`."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.folder, self.settings, self.store = opened.folder, opened.settings, opened.store

    def curate(self, files: Sequence[Path] = ()) -> Dataset:
        """Raw rows to a dataset version; every row is in its ledger."""
        return curating.curate_rows(self.opened, files)

    def curated_again(self, dataset: Dataset) -> Curated:
        """What curation makes of the same rows now, in memory, with the rows that it set aside."""
        return curating.again(self.opened, dataset)

    def ledger(self, dataset: Dataset) -> list[LedgerLine]:
        """What became of every raw row."""
        return curating.ledger_lines(self.opened, dataset)

    def set_aside(self, dataset: Dataset) -> list[LedgerLine]:
        """What the ledger says of the rows that were set aside."""
        return curating.aside_lines(self.opened, dataset)

    def faults(self, dataset: Dataset) -> list[Fault]:
        """The fault table: how each row stands with regard to each fault that was scored or found."""
        return doubtful.fault_lines(self.opened, dataset)

    def fault_examples(self, dataset: Dataset) -> dict[str, list[quoting.FaultExample]]:
        """The worst rows of each fault, with their text, masked."""
        return quoting.fault_examples(self.opened, dataset)

    def difference(self, old: str, new: str) -> Diff:
        """Rows added, removed, moved and changed between two dataset versions."""
        first, second = (self.opened.record(Dataset, one, remedy="strop curate") for one in (old, new))
        return curating.difference(self.opened, first, second)

    def spec(self, method: Method, base: str | None = None, dataset: str | None = None) -> Spec:
        """The spec that the ladder would use for a method on a base (default: the first base of the ladder)."""
        made = self.opened.dataset(dataset)
        without = method == "classical" or (method == "embeddings" and self.settings.ladder.embedder == "svd")
        named = base if base or without else self.settings.ladder.first_base(f"method {method}")
        bases = [] if without or named is None else [self.opened.base(named)]
        only = self.settings.ladder.model_copy(update={"methods": (method,)})
        settings = self.settings.model_copy(update={"ladder": only})
        rungs = decide.rungs(settings, made.kind, bases, system=made.system, labels=made.labels)
        if not rungs:
            raise InputError(f"method {method} does not fit {made.kind}", remedy="use --method lora or prompt")
        return rungs[-1]

    def estimate(self, spec: Spec, *, dataset: str | None = None, seed: int | None = None) -> Cost:
        """What tuning a spec will cost, without doing it."""
        return tuning.estimate(self.opened, spec, self.opened.dataset(dataset), self._seed(seed))

    def tune(
        self, spec: Spec | None = None, *, dataset: str | None = None, seed: int | None = None
    ) -> tuple[Run, Candidate]:
        """One tuned candidate (default: lora on the smallest base, newest dataset)."""
        chosen = spec or self.spec("lora", dataset=dataset)
        needed: Capability = "train"
        if needed not in tuning.can(self.opened, chosen):
            raise UserError(f"the engine of {chosen.method} cannot train")
        candidate, run = tuning.tune_candidate(self.opened, chosen, self.opened.dataset(dataset), self._seed(seed))
        return run, candidate

    def candidate(self, identity: str | None = None) -> Candidate:
        """A candidate by id; by default the newest ladder's pick, else the newest candidate."""
        if identity is None:
            ladder = self.store.latest("ladder")
            identity = ladder.pick if isinstance(ladder, Ladder) else None
        return self.opened.record(Candidate, identity, remedy="strop choose")

    def choose(self) -> Ladder:
        """Climb the ladder from the cheapest rung; stop by rule; say why."""
        return choosing.climb(self.opened, self.opened.dataset())

    def evaluate(self, candidates: Sequence[str] = (), *, suite: str = "domain") -> Evaluation:
        """Reports on the validation items (or on general ability); two candidates are also compared, paired."""
        chosen = [self.candidate(identity) for identity in candidates] or [self.candidate()]
        reports = []
        for candidate in chosen:
            if suite == judging.GENERAL:
                report = judging.general_report(self.opened, candidate)
                if report is None:
                    raise NotReady("this candidate has no language model that could forget", remedy="choose another")
            else:
                report = judging.domain_report(
                    self.opened, candidate, self.opened.dataset(candidate.dataset), "validation"
                )
            reports.append(report)
        paired = judging.differences(self.opened, reports[0], reports[1]) if len(reports) == 2 else {}
        weak = {report.id: tuple(judging.weak_slices(self.opened, report)) for report in reports}
        return Evaluation(reports=tuple(reports), differences=paired, weak=weak)

    def wishes(self, evaluation: Evaluation) -> list[acquiring.Wish]:
        """Which rows to ask people for, by what the first report of an evaluation shows."""
        first = evaluation.reports[0]
        return acquiring.wishes(self.opened, first, evaluation.weak.get(first.id, ()))

    def decide(self, candidate: str | None = None) -> Decision:
        """May it go live? Opens the sealed test set; each opening is counted."""
        if candidate is None:
            # The sealed test set is not opened for a rung that an interrupted climb happened to leave behind.
            candidate = self.opened.record(Ladder, None, remedy="strop choose, or: strop decide CANDIDATE").pick
        return deciding.decide_candidate(self.opened, self.candidate(candidate))

    def verify(self, decision: str | None = None, *, digest: str | None = None) -> list[str]:
        """What differs when a decision (default: the newest) is recomputed from its items; nothing if it stands.

        ``digest``: the one that was printed when it was taken; what was replaced since, all together, does not have it.
        """
        try:
            found = self.opened.record(Decision, decision, remedy="strop decide")
        except EditedRecord as error:
            return [error.message]
        return verifying.verify_decision(self.opened, found, digest=digest)

    def write_evidence(self, decision: str | None, path: Path) -> None:
        """Write what a decision (default: the newest) rests on, so that it can be verified without this project."""
        bundles.write_evidence(self.opened, self.opened.record(Decision, decision, remedy="strop decide"), path)

    def ask(self, texts: Sequence[str], *, candidate: str | None = None) -> list[answering.Reply]:
        """Answers of a candidate (default: the pick)."""
        chosen = self.candidate(candidate)
        threshold = judging.abstain_threshold(self.opened, chosen, self.settings.decision.abstain.max_error)
        return answering.ask(self.opened, chosen, texts, threshold=threshold)

    def export(self, identity: str, to: str, path: Path, *, split: str | None = None) -> Exported:
        """Leave strop with data or a model; ``to``: jsonl, openai, peft, merged, vllm, gguf, ollama, mlflow."""
        return leaving.export(self.opened, self.find(identity), to, path, split=split)

    def promote(
        self, candidate: str | None = None, *, traffic: float = 1.0, by: str = "local", late: bool = False
    ) -> Release:
        """Change what serves: all traffic, or a canary's share. Needs a decision that says promote."""
        return releasing.promote(self.opened, self.candidate(candidate), traffic=traffic, by=by, late=late)

    def rollback(self, *, by: str = "local") -> Release:
        """Close the canary, or go back to what served before."""
        return releasing.rollback(self.opened, by=by)

    def grow(self, *, by: str = "local") -> Release | None:
        """The next share for the open canary, once it was asked enough and did no harm; None while it is too early."""
        return releasing.grow(self.opened, by=by)

    def gateway(self) -> Gateway:
        """Answers for what serves; close it when it is no longer asked."""
        return releasing.gateway(self.opened)

    def queue(self) -> listening.Queue:
        """The answers that wait for an expert."""
        return listening.Queue(self.opened)

    def pairs(self) -> people.Pairs:
        """The blind pairs that a decision waits for."""
        return people.Pairs(self.opened)

    def remedies(self, decision: Decision) -> list[remedies.Remedy]:
        """What could turn a refusal into a yes, what is known best first; nothing after another verdict."""
        return remedies.remedies(self.opened, decision)

    def opinion_of(self, decision: Decision) -> str:
        """What the judge of strop.yaml said of a decision when it was last asked; empty where it was not."""
        return refereeing.opinion_of(self.opened, decision)

    def judged_by_model(self, decision: str | None = None) -> Opinion:
        """What the judge that strop.yaml names makes of a decision's blind pairs; no verdict rests on it."""
        return refereeing.judged_by_model(self.opened, self.opened.record(Decision, decision, remedy="strop decide"))

    def person(self, name: str) -> tuple[str, PersonRole]:
        """A person with a key, and their role. Raises UnknownRecord for a name without one, while others have one."""
        return people.somebody(self.opened, name)

    def approve(
        self, candidate: str | None = None, *, person: str = people.LOCAL, approved: bool = True, comment: str = ""
    ) -> Judgement:
        """A named person's yes or no to a candidate's going live (default: the pick); `decide` counts it."""
        name, role = self.person(person)
        chosen = self.candidate(candidate)
        return people.approve(self.opened, chosen, by=name, role=role, approved=approved, comment=comment)

    def feedback(self, body: dict[str, JSON], *, by: str, key: str | None = None) -> tuple[Judgement, bool]:
        """Store one piece of feedback durably; whether it is new."""
        return listening.give(self.opened, body, by=by, key=key)

    def feedback_later(
        self, body: dict[str, JSON], *, by: str, key: str | None = None
    ) -> Future[tuple[Judgement, bool]]:
        """As :meth:`feedback`, for callers that cannot wait: the future is done after the commit is durable."""
        return listening.give_later(self.opened, body, by=by, key=key)

    def import_feedback(self, path: Path, *, by: str = "file") -> listening.Imported:
        """Feedback from a JSONL file, idempotent."""
        return listening.import_file(self.opened, path, by=by)

    def review(
        self,
        interaction: str,
        *,
        opinion: str,
        correction: str | None = None,
        by: str = "local",
        key: str | None = None,
    ) -> Judgement:
        """What a person with a role says of an answer: good, fix (with the corrected text) or cannot_judge."""
        unique = key or f"{interaction}:{by}"
        return listening.review(self.opened, interaction, opinion=opinion, correction=correction, by=by, key=unique)[0]

    def doubtful_rows(self, person: str | None = None) -> list[doubtful.DoubtfulRow]:
        """Rows whose fault only a person can confirm and that wait for a word, those first that cost most."""
        return doubtful.waiting(self.opened, person)

    def doubtful_row(self, row: str) -> doubtful.DoubtfulRow:
        """A row as people were asked about it."""
        return doubtful.as_asked(self.opened, row)

    def disputed_rows(self) -> list[doubtful.DoubtfulRow]:
        """Rows on which people differ and nobody said the last word."""
        return doubtful.disputed(self.opened)

    def agreement(self) -> raters.Raters:
        """How far people agree on rows, and how often each was right where the answer was settled."""
        return raters.agreement(self.opened, free=self.settings.task.kind != "classification")

    def judge_row(
        self,
        row: str,
        value: dict[str, JSON],
        *,
        by: str = "local",
        key: str | None = None,
        seconds: float | None = None,
        edits: str | None = None,
    ) -> tuple[Judgement, bool]:
        """What a person says of a row (``opinion``, ``correction``; see ``doubtful.judge``); `curate` goes by it."""
        return doubtful.judge(self.opened, row, value, by=by, key=key or new_id("key"), seconds=seconds, edits=edits)

    def take_back(self, what: str, *, by: str | None = None) -> list[Judgement]:
        """Take back what was said: by a judgement, of a row or answer, or in an imported file; `curate` goes by it."""
        return undoing.take_back(self.opened, what, by=by)

    def monitor(self) -> monitoring.Watched:
        """What changed, by how much, beyond its own noise; retrain or not."""
        return monitoring.look(self.opened)

    def health(self) -> Health:
        """How what serves is, by what monitoring saw of it: healthy, look, retrain, roll back, or not known yet."""
        return health(self.opened)

    def take_corrections(self) -> Dataset:
        """A dataset version with every reviewed correction that waits; the same one when none does."""
        return curating.curate_rows(self.opened, (), listening.unused_corrections(self.opened))

    def add_person(self, name: str, role: PersonRole) -> str:
        """A new key for a name; returned once, kept as a hash. Raises InputError for a name that nobody could read."""
        if not name.strip() or not name.isprintable() or len(name) > 80:
            raise InputError(f"{name!r} is no name", remedy="up to 80 letters and signs that can be printed")
        key = new_key()
        self.store.add(person(name, role, key))
        return key

    def revoke_person(self, name: str) -> None:
        """The name's key counts no longer. Raises UnknownRecord when nobody of that name has one."""
        found = next((one for one in present(self.store.all(Person)) if one.name == name), None)
        if found is None:
            raise UnknownRecord(f"nobody called {name!r} has a key", remedy="strop people list")
        self.store.add(found.model_copy(update={"id": new_id("person"), "revoked": True, "created": now()}))

    def waiting_corrections(self) -> list[Judgement]:
        """Reviewed corrections that no dataset version holds yet."""
        return listening.unused_corrections(self.opened)

    def find(self, identity: str) -> Record:
        """A record by id, by the beginning of one, or by kind (its newest)."""
        if identity not in MADE_BY:
            return self.store.find(identity)
        newest = self.store.latest(identity)
        if newest is None:
            raise NotReady(f"there is no {identity} yet", remedy=f"strop {MADE_BY[identity]}")
        return newest

    def records(self, kind: str | None = None) -> list[Record]:
        """Records of a kind (default: all that people name), newest first."""
        if kind is not None and kind not in MADE_BY:
            raise InputError(f"no kind is called {kind}", remedy=f"one of {', '.join(MADE_BY)}")
        return [record for name in ([kind] if kind else MADE_BY) for record in self.store.all(name)]

    def history(self, record: Record) -> dict[str, list[str]]:
        """Ids of what a record came from (``from``) and of what it went into (``into``)."""
        found = self.store.history(getattr(record, "id", ""))
        return {"from": [step.id for step in found.upstream], "into": [step.id for step in found.downstream]}

    def row_history(self, row: Example) -> tracing.RowHistory:
        """Every form and change of a row, and the models that learned from it."""
        return tracing.row_history(self.opened, row)

    @property
    def primary(self) -> str:
        """The name of the primary measure."""
        return judging.primary(self.opened)

    def questions(self) -> list[questions.Answer]:
        """The five questions, answered as far as known."""
        return questions.answers(self.opened)

    def _seed(self, seed: int | None) -> int:
        return self.settings.tune.seed if seed is None else seed


def open_project(folder: Path | str = ".", *, overrides: Sequence[str] = (), on_event: Listener = silent) -> Project:
    """The project in ``folder``. Raises SettingsError with file and line when strop.yaml is missing or wrong."""
    return Project(open_folder(Path(folder).resolve(), overrides=overrides, on_event=on_event))


def init(folder: Path | str, source: Path | str, *, kind: Kind | None = None, on_event: Listener = silent) -> Project:
    """A new project that runs as it is, from a data file or a folder of them. Nothing is overwritten."""
    target = Path(folder).resolve()
    if (target / FILE).exists():
        raise InputError(
            "there is a project here already", source=target / FILE, remedy="edit it, or choose another folder"
        )
    if target.exists() and not target.is_dir():
        raise InputError("is a file, not a folder", source=target, remedy="name a new folder: strop init DIR --from …")
    files = curate.data_files(Path(source))
    if not files:
        raise InputError("this folder is empty", source=source, remedy="--from takes a data file or a folder of them")
    look = curate.look(files, kind=kind)
    durable.write_text(target / FILE, curate.as_settings(look, target))
    return open_project(target, on_event=on_event)
