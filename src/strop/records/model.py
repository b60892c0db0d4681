"""Base, Spec, Candidate, Run: what to try, what came out, and how it was made."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from strop.records.base import JSON, Record, content_id

Method = Literal[
    "classical", "embeddings", "prompt", "lora", "dora", "prefix", "p_tuning_v2", "upper_layers", "full",
    "qlora", "rslora", "lora_plus", "pissa", "ia3", "p_tuning", "prompt_tuning",
    "remote", "adapter", "answers",
]  # fmt: skip
"""How a candidate comes to its answers; "prompt" is zero-shot with ``shots`` = 0 and few-shot above.

The last three are what runs today: a model behind a server, an adapter made elsewhere, a file of answers.
"""
TUNED_METHODS: frozenset[Method] = frozenset({
    "classical", "embeddings", "lora", "dora", "prefix", "p_tuning_v2", "upper_layers", "full",
    "qlora", "rslora", "lora_plus", "pissa", "ia3", "p_tuning", "prompt_tuning",
})  # fmt: skip
INCUMBENT_METHODS: frozenset[Method] = frozenset({"remote", "adapter", "answers"})
CHANGED_WEIGHTS: frozenset[Method] = TUNED_METHODS - {"classical", "embeddings"} | {"adapter"}
"""Methods under which a language model's weights are not the base's: it may have forgotten something."""


class Base(Record):
    """A pretrained model at a fixed revision. ``engine`` says which engine opens it."""

    id: str
    name: str
    engine: Literal["torch", "fake"]
    source: str
    revision: str
    files: dict[str, str]
    licence: str
    path: str
    template_hash: str
    parameters: int = 0


class Spec(Record):
    """What to try. ``base`` is a base id, or None for the classical method; ``settings`` are the method's own."""

    id: str
    method: Method
    base: str | None = None
    system: str | None = None
    labels: tuple[str, ...] = ()
    shots: int = 0
    settings: dict[str, JSON] = Field(default_factory=dict)

    @staticmethod
    def of(
        method: Method,
        *,
        base: str | None = None,
        system: str | None = None,
        labels: tuple[str, ...] = (),
        shots: int = 0,
        settings: dict[str, JSON] | None = None,
    ) -> Spec:
        """A spec with its identity computed."""
        body = {
            "method": method, "base": base, "system": system, "labels": list(labels), "shots": shots,
            "settings": settings or {},
        }  # fmt: skip
        return Spec(
            id=content_id("spec", body), method=method, base=base, system=system, labels=labels, shots=shots,
            settings=settings or {},
        )  # fmt: skip


class Candidate(Record):
    """What can answer. ``artifact`` is the content hash of its folder; a prompt-only one has none.

    ``how``: how the examples in its prompt were chosen, and of how many sets. ``unlabelled``: interactions whose
    requests it learned from without a label.
    """

    id: str
    spec: Spec
    dataset: str
    seed: int
    shots: tuple[str, ...] = ()
    artifact: str | None = None
    run: str | None = None
    how: str = ""
    unlabelled: tuple[str, ...] = ()
    created: str

    @staticmethod
    def identity(spec: Spec, dataset: str, seed: int, shots: tuple[str, ...], artifact: str | None) -> str:
        """The hash of what decides how it answers."""
        return content_id("cand", [spec.id, dataset, seed, list(shots), artifact])

    @property
    def as_made(self) -> bool:
        """Whether what it says still gives its names: its spec's, and its own."""
        said = self.spec
        spec = Spec.of(
            said.method, base=said.base, system=said.system, labels=said.labels, shots=said.shots,
            settings=said.settings,
        )  # fmt: skip
        return spec == said and self.id == self.identity(spec, self.dataset, self.seed, self.shots, self.artifact)


class Cost(Record):
    """What a run takes or took. Seconds of processor time, bytes above the loaded base, money in the project's unit.

    ``disk_bytes``: what a run keeps for itself and for later runs on the same rows.
    """

    examples: int
    tokens: int
    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    money: float | None = None
    disk_bytes: int = 0


class RunCheck(Record):
    """One line of the never-silent contract, checked on this run."""

    name: str
    passed: bool
    detail: str


class LossPoint(Record):
    """The loss at one optimizer step: the mean over its batch's trained tokens, over its rows for ``label_share``."""

    step: int
    epoch: float
    loss: float
    learning_rate: float
    examples_per_second: float | None = None


class Run(Record):
    """How a candidate was made.

    ``estimate_error``, ``memory_error``: (measured - expected) / expected, of processor seconds and of peak memory.
    """

    id: str
    spec: Spec
    dataset: str
    seed: int
    environment: dict[str, JSON]
    estimate: Cost | None
    measured: Cost
    estimate_error: float | None = None
    memory_error: float | None = None
    losses: tuple[LossPoint, ...] = ()
    validation_losses: tuple[LossPoint, ...] = ()
    checks: tuple[RunCheck, ...] = ()
    created: str
