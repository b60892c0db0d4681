"""A judge that is a model: what it says of a decision's blind pairs, beside what people said. It decides nothing."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean

from strop import decide, durable
from strop.engines.kept import Kept
from strop.errors import NotReady
from strop.evaluate.judges import Contest, Opinion, hear, opinion
from strop.project import stored
from strop.project.clean import hiding
from strop.project.opened import Opened
from strop.project.verdicts import people
from strop.records import Candidate, Decision
from strop.settings import FILE


def judged_by_model(project: Opened, decision: Decision) -> Opinion:
    """The opinion of the judge that strop.yaml names, on pairs of answers that the decision already looked at.

    Raises NotReady without a judge, and where nothing is answered in two ways.
    """
    named = project.settings.judge
    if named is None:
        raise NotReady(
            "no judge is named", place=str(project.folder / FILE), remedy="judge: {url: …, model: …, rubric: …}"
        )
    evidence = stored.evidence(project, decision)
    pairs = people.drawn(project, evidence, decide.Protocol.model_validate(decision.protocol))
    examples = project.store.examples_by_id(pair.example for pair in pairs)
    key, hide = project.store.key, hiding(project, evidence.dataset.labels)
    contests = [
        Contest(
            pair.id,
            hide(examples[pair.example].input),
            hide(pair.left),
            hide(pair.right),
            "left" if decide.won(pair.id, "left", key=key) else "right",
        )
        for pair in pairs
        if pair.example in examples
    ][: named.pairs]
    if not contests:
        raise NotReady(
            "no item is answered in two ways", remedy="strop decide a candidate that has something beside it"
        )
    said: dict[str, list[float]] = {}
    for one in people.said_of(project, project.store.get(decision.candidate, Candidate)):
        if one.kind == "preference" and (won := decide.won(one.name, one.value, key=key)) is not None:
            said.setdefault(one.name, []).append(won)
    from strop.engines.remote import Client, RemoteModel  # its HTTP client is for those who need it

    kept = Kept(Kept.file(project.work_folder("answers"), [str(named.url), named.model]))
    with RemoteModel(Client(named), named.model, kept=kept) as model:
        strange: list[str] = []
        heard = hear(model, contests, rubric=named.rubric, on_event=project.on_event, strange=strange)
    people_said = {pair: mean(values) for pair, values in said.items()}
    found = opinion(heard, people_said, asked=len(contests), strange=strange)
    path = _file(project, decision)
    durable.make_folder(path.parent)
    durable.write_json(path, {"sentence": found.sentence})
    return found


def opinion_of(project: Opened, decision: Decision) -> str:
    """What the judge said of a decision when it was last asked, in a sentence; empty where it was not."""
    path = _file(project, decision)
    return str(json.loads(path.read_text("utf-8"))["sentence"]) if path.exists() else ""


def _file(project: Opened, decision: Decision) -> Path:
    return project.work_folder("opinions") / f"{decision.id}.json"
