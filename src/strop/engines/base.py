"""The seam: what an engine can do, and the requests and results it speaks. Verbs and loop know this module only.

An **engine** opens models and trains them; an opened **model** answers. Both are protocols: nothing inherits from here.

    engine = open_engine("torch")
    with engine.open(base, artifact=None) as model:
        model.score([ScoreRequest(messages=..., options=("refunds", "cards"))])
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from strop.records import JSON, Base, Cost, Listener, LossPoint, Message, Record, RunCheck, Spec, canonical

Capability = Literal["score", "generate", "nll", "embed", "train"]
Weights = Literal["f32", "f16", "bf16"]
"""How a file holds numbers. ``f32`` is what was judged; the others are half as large, and rounded."""


class ScoreRequest(Record):
    """How likely is each of ``options`` as the whole answer to ``messages``?"""

    messages: tuple[Message, ...]
    options: tuple[str, ...]


class ScoreResult(Record):
    """``logprobs[i]``: natural log probability of option i and its stop token. ``seconds``: share of the batch.

    A model behind a server writes its choice: ``wrote`` is that text, and ``logprobs`` is empty where the server tells
    no probabilities. ``cost``: what it charged, in the project's unit of money.
    """

    logprobs: tuple[float, ...]
    seconds: float = 0.0
    wrote: str | None = None
    tokens: int = 0
    cost: float | None = None

    def probabilities(self) -> tuple[float, ...]:
        """The distribution over the options alone (softmax of the log probabilities)."""
        values = np.asarray(self.logprobs, dtype=np.float64)
        if not len(values):
            return ()
        weights = np.exp(values - values.max())
        return tuple(float(w) for w in weights / weights.sum())


class GenerateRequest(Record):
    """Answer ``messages`` in at most ``max_new_tokens`` tokens: greedily, or drawn at a ``temperature`` above 0.

    Equal requests are drawn equally, whatever stands beside them in a batch; another ``seed`` draws anew.
    """

    messages: tuple[Message, ...]
    max_new_tokens: int = 256
    temperature: float = Field(default=0.0, ge=0)
    seed: int = 0

    def to_json(self) -> dict[str, JSON]:
        """As plain JSON; a greedy request says nothing of drawing, so that what was kept of it is found again."""
        body = super().to_json()
        return body if self.temperature else {key: body[key] for key in ("messages", "max_new_tokens")}

    def chance(self) -> np.random.Generator | None:
        """Where the chance of its answer comes from; None where it is greedy."""
        if not self.temperature:
            return None
        return np.random.default_rng([zlib.crc32(canonical(self.to_json())), self.seed])


class GenerateResult(Record):
    """``stopped``: the model ended by itself, not by the limit. ``seconds``: share of the batch's wall time.

    ``cost``: what its server charged, in the project's unit of money.
    """

    text: str
    stopped: bool
    tokens: int
    seconds: float = 0.0
    cost: float | None = None


class NllResult(Record):
    """Negative log likelihood of one text in nats, over ``tokens`` tokens and ``bytes`` UTF-8 bytes.

    ``divergence``: KL(base || model) of the next token over the whole vocabulary, in nats, summed over the tokens;
    0 for a base as it came, None where it is not known.
    """

    nats: float
    tokens: int
    bytes: int
    divergence: float | None = None


class TrainItem(Record):
    """One training example as the engine sees it: the composed prompt and the answer to learn.

    ``rejected``: an answer that it shall prefer ``answer`` to, for the objective ``preference``.
    """

    example: str
    messages: tuple[Message, ...]
    answer: str
    rejected: str | None = None


class TrainPlan(Record):
    """Everything that decides a training run, so that its hash names it.

    ``unlabelled``: texts like those of the rows, which nobody labelled; only the classical method reads them.
    ``beside``: rows that runs beside this one learn, its own among them: what layers give that training leaves as they
    are is computed for all of them at once, and kept for all these runs.
    """

    spec: Spec
    seed: int
    train: tuple[TrainItem, ...]
    validation: tuple[TrainItem, ...] = ()
    settings: dict[str, JSON]
    unlabelled: tuple[str, ...] = ()
    beside: tuple[TrainItem, ...] = ()


class Answered(Record):
    """Texts that a model wrote, so that it need not be asked again. ``signature``: that of the opened model."""

    signature: dict[str, JSON]
    texts: tuple[tuple[GenerateRequest, GenerateResult], ...]


class TrainOutcome(Record):
    """What training gave: losses by step, cost as measured, and the contract's checks on this run.

    ``answered``: what the tuned model wrote while it was checked.
    """

    measured: Cost
    losses: tuple[LossPoint, ...]
    validation_losses: tuple[LossPoint, ...] = ()
    checks: tuple[RunCheck, ...]
    environment: dict[str, JSON]
    answered: Answered | None = None


class Turns(Record):
    """What a template writes around the text of each role, where it writes conversations turn by turn.

    ``begin`` comes first, ``unasked`` where there is no system turn, ``answer`` before the answer, which ``stop`` ends.
    """

    begin: str
    before: dict[str, str]
    after: dict[str, str]
    unasked: str
    answer: str
    stop: str

    def write(self, messages: Sequence[Message]) -> str:
        """A conversation, ready for its answer."""
        said = [self.before[one.role] + one.content + self.after[one.role] for one in messages]
        unasked = "" if any(one.role == "system" for one in messages) else self.unasked
        return "".join([self.begin, unasked, *said, self.answer])


class Model(Protocol):
    """An opened model. Use as a context manager; results come in the order of the requests."""

    @property
    def signature(self) -> dict[str, JSON]:
        """Engine, version, dtype, base revision, artifact and template hash: equal signatures answer equally."""
        ...

    @property
    def memory_bytes(self) -> int | None:
        """Bytes that weights and adapter hold in memory; None where that is somebody else's."""
        ...

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]: ...

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]: ...

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]: ...

    def embed(self, texts: Sequence[str], *, on_event: Listener) -> npt.NDArray[np.float32]:
        """One row a text."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Length of the prompt in the model's tokens (words for engines without a tokenizer)."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Engine(Protocol):
    """Opens bases and artifacts, and trains."""

    name: str
    capabilities: frozenset[Capability]

    def open(self, base: Base | None, artifact: Path | None, *, share: bool = False) -> Model:
        """The base, with the artifact (adapter folder, or the classical model's folder) on top when given.

        ``share``: hold the base's weights together with the other models that are opened so, where the engine can;
        answers are the same, and cost more time than those of a model that is opened alone.
        """
        ...

    def estimate(self, plan: TrainPlan, base: Base | None, *, kept: Path | None = None) -> Cost:
        """What :meth:`train` will cost, before it runs; ``kept`` as there."""
        ...

    def train(
        self, plan: TrainPlan, base: Base | None, *, folder: Path, work: Path, on_event: Listener,
        kept: Path | None = None,
    ) -> TrainOutcome:  # fmt: skip
        """Fill ``folder`` with the artifact. ``work`` keeps checkpoints: the same plan called again resumes.

        ``kept``: a folder for what later runs on the same rows can use again; it may be lost at any time.
        """
        ...
