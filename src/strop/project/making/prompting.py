"""Prompts as candidates: which examples stand in them is searched for on validation items, within a fixed budget."""

from __future__ import annotations

from statistics import mean

from strop import evaluate, tune
from strop.engines import engine_for
from strop.project.opened import Opened
from strop.records import JSON, Candidate, Dataset, Example, Spec, now

SEARCH_ITEMS = 32
"""Most validation items on which sets of examples are compared, each by one likelihood and no written answer."""
FEWEST_ITEMS = 20
"""With fewer, the likeliest set is a matter of chance, and the most central examples are taken unseen."""


def make_prompt(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> Candidate:
    """The candidate of a prompt; asked again with the same inputs, the stored one."""
    if (known := known_prompt(project, spec, dataset, seed)) is not None:
        return known
    inputs, settings = _asked(project, spec, dataset, seed)
    shots, how = _search(project, spec, dataset, seed) if spec.shots else ((), "")
    identity = Candidate.identity(spec, dataset.id, seed, shots, None)
    candidate = Candidate(id=identity, spec=spec, dataset=dataset.id, seed=seed, shots=shots, how=how, created=now())
    stands = project.store.add(candidate, stage="tune:prompt", inputs=inputs, settings=settings)
    return next(record for record in stands if isinstance(record, Candidate))


def known_prompt(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> Candidate | None:
    """The stored candidate of a prompt; None where it was not made yet."""
    inputs, settings = _asked(project, spec, dataset, seed)
    known = project.store.derived("tune:prompt", inputs=inputs, settings=settings)
    return next((record for record in known or () if isinstance(record, Candidate)), None)


def _asked(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> tuple[list[str], dict[str, JSON]]:
    """The inputs and settings under which a prompt is stored."""
    return [dataset.id, spec.id], {"seed": seed, "items": project.settings.ladder.items}


def _search(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> tuple[tuple[str, ...], str]:
    """The set of training rows with which validation answers are likeliest, and how it was found."""
    train = {row.id: row for row in project.rows(dataset, "train")}
    sets = tune.shot_sets(list(train.values()), spec.shots, by_label=dataset.kind == "classification", seed=seed)
    if not sets:
        return (), "no training row has an answer that could be shown"
    judges = _judges(project, dataset)
    if len(sets) == 1 or len(judges) < FEWEST_ITEMS or spec.base is None:
        few = f"{len(judges)} validation items are too few to compare sets by" if len(sets) > 1 else "the only set"
        taken = next((one for one in sets if one.name == "central"), sets[0])
        return taken.shots, f"{taken.name} examples: {few}"
    project.say(f"Trying {len(sets)} sets of {spec.shots} examples on up to {len(judges)} validation items …")
    base = project.base(spec.base)
    likely: list[list[float]] = [[] for _ in sets]
    running = list(range(len(sets)))
    with engine_for("prompt", base).open(base, None) as model:
        for part in _rounds(judges):
            for i in running:
                shots = [train[shot] for shot in sets[i].shots]
                likely[i] += evaluate.reference_likelihood(
                    model, part, spec=spec, shots=shots, on_event=project.on_event
                )
            best = sorted(running, key=lambda i: -mean(likely[i]))  # of equals the first
            running = best[: max(1, len(running) // 2)]
    won, seen = sets[best[0]], len(likely[best[0]])
    likeliest = f"the likeliest of {len(sets)} sets of examples on {seen} validation items"
    project.say(
        f"Taken: the set “{won.name}”, {likeliest} (mean log-likelihood {mean(likely[best[0]]):.3f}; "
        f"the runner-up {mean(likely[best[-1]]):.3f})."
    )
    return won.shots, f"{won.name}: {likeliest}"


def _rounds(judges: list[Example]) -> list[list[Example]]:
    """Judges in rounds, each of as many as those before it together; after each the worse half of the sets is dropped.

    Sequential halving (Karnin, Koren & Somekh 2013), by which most of the work goes into sets that may win.
    """
    return [part for part in (judges[:8], judges[8:16], judges[16:]) if part]


def _judges(project: Opened, dataset: Dataset) -> list[Example]:
    """The validation items that the search looks at: the first of those on which rungs are compared."""
    held = project.rows(dataset, "validation")[: project.settings.ladder.items]
    return [row for row in held if row.reference and row.reference.strip()][:SEARCH_ITEMS]
