"""What a decision compared, so that its page can be defended without another: rows, bases, prompts, usual answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strop.records import INCUMBENT_METHODS, Base, Candidate, Dataset, ItemResult, Report
from strop.web import words
from strop.web.context import Context

MOST = 120
"""Characters of a usual answer that are shown."""
NEARLY_ALL = 0.95
"""The share of items from which on one answer to them is no answering."""
FEWEST = 20
"""Items from which on that is told."""


@dataclass(frozen=True)
class Shot:
    """An example in a prompt: what it asks, and how it is answered there."""

    asked: str
    answer: str


@dataclass(frozen=True)
class Side:
    """One of those compared; ``system`` is empty where all have the same."""

    name: str
    candidate: str
    facts: tuple[tuple[str, str], ...]
    system: str
    shots: tuple[Shot, ...]


@dataclass(frozen=True)
class Compared:
    """The rows, the system prompt of all that read one ("" where they differ or have none), and each of those compared.

    ``hollow``: what is to be known of a gain over one that says the same to nearly everything; else empty.
    """

    rows: str
    system: str
    sides: tuple[Side, ...]
    hollow: str = ""


def compared(reports: Sequence[Report], context: Context, names: Mapping[str, str]) -> Compared | None:
    """Who answered the items: the candidate first, then what it is set beside. None where nobody is known.

    Args:
        reports: one of each on the same items; of those that stand twice the first counts.
        context: their candidates, bases, items and the examples in their prompts; what it lacks is left out.
        names: what each candidate is called on the page.
    """
    known = {report.candidate: report for report in reversed(reports) if report.candidate in context.candidates}
    order = [key for key in dict.fromkeys(report.candidate for report in reports) if key in known]
    if not order:
        return None
    prompts = {told for key in order if (told := _prompt(context.candidates[key])) is not None}
    shared = next(iter(prompts)) if len(prompts) == 1 else ""
    return Compared(
        rows=_rows(context.dataset),
        system=shared,
        sides=tuple(_side(context.candidates[key], known[key], context, names[key], shared) for key in order),
        hollow=_hollow([known[key] for key in order], context, names),
    )


def _prompt(candidate: Candidate) -> str | None:
    """The system prompt that it is given; None of what reads none."""
    spec = candidate.spec
    return None if spec.method in ("classical", "embeddings", *INCUMBENT_METHODS) else spec.system or ""


def _hollow(reports: Sequence[Report], context: Context, names: Mapping[str, str]) -> str:
    """A word of caution where the best of the others says one thing to nearly all items and the candidate does not."""
    if len(reports) < 2:
        return ""
    items = [context.items.get(report.id, ()) for report in reports[:2]]
    own, other = (_most_given(given)[1] / max(1, len(given)) for given in items)
    if own >= NEARLY_ALL or other < NEARLY_ALL or len(items[1]) < FEWEST:
        return ""
    answer, times = _most_given(items[1])
    return (
        f"{names[reports[1].candidate]} says {_quoted(answer, context)} to {times:,} of {len(items[1]):,} items. "
        "So the gain is one over a rival that hardly answers: how the candidate stands beside a larger base, another "
        "prompt or what runs today is not in it."
    )


def _side(candidate: Candidate, report: Report, context: Context, name: str, shared: str) -> Side:
    base = context.bases.get(candidate.spec.base or "")
    facts = [
        ("base", _base(base) if base else candidate.spec.base or ""),
        ("labels", f"{len(labels)}: {', '.join(labels)}" if (labels := candidate.spec.labels) else ""),
        ("learned from", _learned(candidate, context.dataset)),
        ("examples in its prompt", shots_told(candidate) if candidate.spec.shots else ""),
        ("its answers", _usual(context.items.get(report.id, ()), context)),
    ]
    prompt = _prompt(candidate) or ""
    own = "" if prompt == shared else prompt
    found = (context.examples.get(key) for key in candidate.shots)
    shots = tuple(Shot(context.hide(row.input), context.hide(row.reference or "")) for row in found if row is not None)
    return Side(name, candidate.id, tuple((key, told) for key, told in facts if told), own, shots)


def _rows(dataset: Dataset | None) -> str:
    """Which rows a version holds, and what became of the others; empty where it is not at hand."""
    if dataset is None:
        return ""
    splits = ", ".join(f"{len(ids):,} {split}" for split, ids in dataset.splits.items())
    rows = dataset.rows
    masked = sum(dataset.personal_data.values())
    personal = f"; {words.plural(masked, 'piece')} of personal data found in them" if masked else ""
    return f"{rows.read:,} read: {splits}; {rows.dropped:,} dropped, {rows.quarantined:,} quarantined{personal}"


def _base(base: Base) -> str:
    return f"{base.name}, {base.parameters / 1e6:,.0f} M parameters, licence {base.licence}, revision {base.revision}"


def _learned(candidate: Candidate, dataset: Dataset | None) -> str:
    if candidate.spec.method == "prompt" or candidate.spec.method in INCUMBENT_METHODS:
        return ""
    rows = len(dataset.splits.get("train", ())) if dataset is not None and dataset.id == candidate.dataset else 0
    return f"{words.plural(rows, 'training row')}, with seed {candidate.seed}" if rows else f"seed {candidate.seed}"


def shots_told(candidate: Candidate) -> str:
    """How many examples stand in the prompt, and how they came there: ``set: why`` is put the other way round."""
    if not candidate.how:
        return str(candidate.spec.shots)
    name, colon, why = candidate.how.partition(": ")
    chosen = f'{why} (the set "{name}")' if colon else name
    return f"{candidate.spec.shots}, {chosen}"


def _usual(items: Sequence[ItemResult], context: Context) -> str:
    """How much the answers differ: a rival that says one thing to everything is a rival in name only."""
    if not items:
        return ""
    answer, times = _most_given(items)
    of = f"{len({_given(item) for item in items}):,} different to {words.plural(len(items), 'item')}"
    if times == 1 and len(items) > 1:
        return f"{of}; none comes twice"
    return f"{of}; most often {_quoted(answer, context)} ({words.plural(times, 'time')})"


def _given(item: ItemResult) -> str:
    return " ".join((item.label or item.answer).split())


def _most_given(items: Sequence[ItemResult]) -> tuple[str, int]:
    """The most frequent answer, and how often it was given; of equals the first by letters."""
    counts = Counter(map(_given, items))
    return min(counts.items(), key=lambda one: (-one[1], one[0]), default=("", 0))


def _quoted(answer: str, context: Context) -> str:
    shown = context.hide(answer)
    return f"“{shown if len(shown) <= MOST else shown[:MOST] + '…'}”" if shown else "nothing"
