"""What a page may need beside its subject, and the names by which people know candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from strop.records import (
    INCUMBENT_METHODS,
    Base,
    Candidate,
    Dataset,
    Decision,
    Example,
    Fault,
    ItemResult,
    Ladder,
    LedgerLine,
    Report,
    Run,
    Spec,
)

if TYPE_CHECKING:
    from strop.project.rows.quoting import FaultExample
    from strop.project.verdicts.remedies import Remedy


def as_it_is(text: str) -> str:
    """The text itself."""
    return text


@dataclass(frozen=True)
class Context:
    """The records around a page's subject, keyed by id. What is absent is left out of the page, never invented."""

    project: str
    decision: Decision | None = None
    ladder: Ladder | None = None
    dataset: Dataset | None = None
    run: Run | None = None
    reports: Mapping[str, Report] = field(default_factory=dict)
    items: Mapping[str, Sequence[ItemResult]] = field(default_factory=dict)
    """Per-item results by report id."""
    examples: Mapping[str, Example] = field(default_factory=dict)
    candidates: Mapping[str, Candidate] = field(default_factory=dict)
    bases: Mapping[str, Base] = field(default_factory=dict)
    ledger: Sequence[LedgerLine] = ()
    faults: Sequence[Fault] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    """Of a dataset with labels: how many rows to train on have each."""
    opinion: str = ""
    """What a model that was asked as a judge said of the blind pairs, in a sentence; no check rests on it."""
    remedies: Sequence[Remedy] = ()
    """What could turn a refusal into a yes."""
    fault_examples: Mapping[str, Sequence[FaultExample]] = field(default_factory=dict)
    hide: Callable[[str], str] = as_it_is
    """What becomes of a text of a row or an answer before it is shown: masked, as the project says now."""


_METHODS: dict[str, str] = {
    "classical": "Classical model",
    "embeddings": "Classifier on embeddings",
    "prompt": "Prompt",
    "lora": "LoRA",
    "dora": "DoRA",
    "prefix": "Prefix tuning",
    "p_tuning_v2": "P-tuning v2",
    "upper_layers": "Upper layers",
    "full": "Full fine-tuning",
    "qlora": "QLoRA",
    "rslora": "rsLoRA",
    "lora_plus": "LoRA+",
    "pissa": "PiSSA",
    "ia3": "IA3",
    "p_tuning": "P-tuning v1",
    "prompt_tuning": "Prompt tuning",
    "remote": "Remote model",
    "adapter": "Adapter made elsewhere",
    "answers": "File of answers",
}


def spec_name(spec: Spec, bases: Mapping[str, Base], *, base: bool = True) -> str:
    """A spec in words, with the name of its base or without: ``LoRA · smollm2-135m-instruct``."""
    if spec.method == "prompt":
        words = "Zero-shot prompt" if not spec.shots else f"Prompt, {spec.shots} example{'s' * (spec.shots != 1)}"
    elif spec.method in INCUMBENT_METHODS:
        words = f"Today: {spec.settings['name']}"
    else:
        words = _METHODS[spec.method]
    if spec.base is None or not base:
        return words
    found = bases.get(spec.base)
    return f"{words} · {found.name if found else spec.base}"


def candidate_names(context: Context) -> dict[str, str]:
    """A short name for every candidate the context speaks of.

    The base is named only where there are several; two candidates of one name get the ends of their ids.
    """
    several = len({c.spec.base for c in context.candidates.values() if c.spec.base}) > 1
    names = {
        key: spec_name(candidate.spec, context.bases, base=several) for key, candidate in context.candidates.items()
    }
    for report in context.reports.values():
        names.setdefault(report.candidate, _METHODS.get(report.method, report.method))
    for step in context.ladder.steps if context.ladder else ():
        names.setdefault(step.candidate, _METHODS.get(step.method, step.method))
    if context.decision:
        names.setdefault(context.decision.candidate, context.decision.candidate)
    shared = {name for name, count in Counter(names.values()).items() if count > 1}
    return {key: f"{name} ({key[-6:]})" if name in shared else name for key, name in names.items()}
