"""Prompts as candidates: which examples stand in them is searched for on validation items, within a fixed budget."""

from __future__ import annotations

from statistics import mean

from strop import evaluate, tune
from strop.engines import engine_for
from strop.project.opened import Opened
from strop.records import Candidate, Dataset, Example, Spec, now

SEARCH_ITEMS = 32
"""Validation items on which the sets of examples are compared, each by one likelihood and no written answer."""
FEWEST_ITEMS = 12
"""With fewer, the likeliest set is a matter of chance, and the most central examples are taken unseen."""


def make_prompt(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> Candidate:
    """The candidate of a prompt; asked again with the same inputs, the stored one."""
    inputs, settings = [dataset.id, spec.id], {"seed": seed, "items": project.settings.ladder.items}
    if (known := project.store.derived("tune:prompt", inputs=inputs, settings=settings)) is not None:
        return next(record for record in known if isinstance(record, Candidate))
    shots, how = _search(project, spec, dataset, seed) if spec.shots else ((), "")
    identity = Candidate.identity(spec, dataset.id, seed, shots, None)
    candidate = Candidate(id=identity, spec=spec, dataset=dataset.id, seed=seed, shots=shots, how=how, created=now())
    stands = project.store.add(candidate, stage="tune:prompt", inputs=inputs, settings=settings)
    return next(record for record in stands if isinstance(record, Candidate))


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
    project.say(f"Trying {len(sets)} sets of {spec.shots} examples on {len(judges)} validation items …")
    base = project.base(spec.base)
    with engine_for("prompt", base).open(base, None) as model:
        likely = [
            mean(
                evaluate.reference_likelihood(
                    model, judges, spec=spec, shots=[train[shot] for shot in one.shots], on_event=project.on_event
                )
            )
            for one in sets
        ]
    best = max(range(len(sets)), key=likely.__getitem__)  # of equals the first
    how = f"{sets[best].name}: the likeliest of {len(sets)} sets of examples on {len(judges)} validation items"
    project.say(f"{how} ({likely[best]:.3f}, from {min(likely):.3f} to {max(likely):.3f}).")
    return sets[best].shots, how


def _judges(project: Opened, dataset: Dataset) -> list[Example]:
    """The validation items that the search looks at: the first of those on which rungs are compared."""
    held = project.rows(dataset, "validation")[: project.settings.ladder.items]
    return [row for row in held if row.reference and row.reference.strip()][:SEARCH_ITEMS]
