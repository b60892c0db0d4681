"""The answer that takes no model: the commonest label to everybody, or the input handed back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from strop.evaluate.answers import Answer
from strop.evaluate.judging import judged
from strop.evaluate.kinds.catalogue import Catalogue
from strop.records import Example, ItemResult, Kind, Suite
from strop.settings import Settings

_PROSE: frozenset[Kind] = frozenset({"generation", "summarisation", "chat"})


def without_a_model(
    items: Sequence[ItemResult],
    *,
    kind: Kind,
    suite: Suite,
    examples: Mapping[str, Example],
    trained: Sequence[Example],
    settings: Settings,
    project: Path,
) -> tuple[ItemResult, ...]:
    """The same items, answered without a model, and judged by the primary measure alone.

    Of labels always the commonest one of the training rows (of equally common ones the first by name), each as likely
    as it is common there. Of anything else the input, handed back; of prose only where the measure compares with a
    right answer: what an answer has to include or to avoid, its input mostly includes or avoids by itself, and there
    :data:`.echo.OWN_WORDS` asks. Empty where there is no such answer.

    Args:
        items: results whose items are to be answered.
        kind: the task's kind.
        suite: their suite.
        examples: the items by id.
        trained: the training rows.
        settings, project: as for :func:`.judging.evaluate`.
    """
    spec = next((spec for spec in suite.measures if spec.primary), None)
    if spec is None:
        return ()
    measure = Catalogue(settings, project).get(spec.name)
    rows = [examples[item.example] for item in items]
    if kind == "classification":
        counts = Counter(row.reference for row in trained if row.reference is not None)
        if not counts:
            return ()
        label = min(counts, key=lambda name: (-counts[name], name))
        shares = {name: count / counts.total() for name, count in sorted(counts.items())}
        return tuple(judged(row, Answer(label, label, shares), [measure]) for row in rows)
    if kind in _PROSE and "references" not in measure.expect:
        return ()
    return tuple(judged(row, Answer(row.input), [measure]) for row in rows)
