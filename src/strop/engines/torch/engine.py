"""The torch engine's door: open a base or an adapter, estimate, train."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
import transformers

from strop import durable
from strop.engines import bases
from strop.engines.base import (
    Answered,
    Capability,
    GenerateRequest,
    GenerateResult,
    NllResult,
    ScoreRequest,
    ScoreResult,
    TrainOutcome,
    TrainPlan,
)
from strop.engines.torch import machine, quantised
from strop.engines.torch.adapters import methods, pissa
from strop.engines.torch.adapters.fused import fuse
from strop.engines.torch.adapters.joined import join
from strop.engines.torch.adapters.prefix_start import start_at_words
from strop.engines.torch.adapters.several import Adapter, Shared, bytes_of, shared
from strop.engines.torch.answering import answer
from strop.engines.torch.answering.beginnings import Beginnings
from strop.engines.torch.answering.generate import generate
from strop.engines.torch.network import ADAPTER_NOTE, Network, as_packed, for_answering, load_base, with_adapter
from strop.engines.torch.quiet import quiet
from strop.engines.torch.template import Row
from strop.engines.torch.tuning import calibrate, checks, memory, ranks, sharded
from strop.engines.torch.tuning.anchor import conversations
from strop.engines.torch.tuning.lower_layers import keep_lower, lowest_adapted
from strop.engines.torch.tuning.objective import Aim, sequences
from strop.engines.torch.tuning.top_layer import narrow
from strop.engines.torch.tuning.train import train
from strop.errors import CheckFailed, EngineError
from strop.records import JSON, Base, Cost, Listener, Message, RunCheck, content_id, silent
from strop.settings import cache_folder

VERSION = 1
_WATCHED = 64
"""Validation rows whose loss is computed after every epoch."""


class TorchModel:
    """An opened base, with an adapter on top when one is given. Answers in fp32.

    ``on``: the base that it shares with others, and the adapter that it puts on there; None for a copy of its own.
    """

    def __init__(
        self, network: Network, base: Base, artifact: Path | None, on: tuple[Shared, Adapter] | None = None
    ) -> None:
        self.network, self._on, self._beginnings = network, on, Beginnings()
        self._base, self._artifact = base, artifact
        self.memory_bytes = network.memory_bytes + (bytes_of(on[1]) if on else 0)
        self.signature: dict[str, JSON] = {
            "engine": "torch",
            "version": VERSION,
            "dtype": str(network.dtype).removeprefix("torch."),
            "device": machine.device_name(),
            **({"base_weights": network.quantised} if network.quantised else {}),
            "base": base.id,
            "revision": base.revision,
            "artifact": _fingerprint(artifact) if artifact else None,
            "template": network.template.hash,
            **({"answers_begin": network.template.lead} if network.template.lead else {}),
            **({"system": "in the first user turn"} if network.template.folded else {}),
            "batch": "row by row" if network.apart else f"trees of {answer.BUDGET} tokens",
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        with self._ready():
            return answer.score(self.network, requests, on_event, self._beginnings)

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        with self._ready():
            return generate(self.network, requests, on_event, self._beginnings)

    def write(
        self, requests: Sequence[GenerateRequest], on_texts: Sequence[Callable[[str], None] | None]
    ) -> list[GenerateResult]:
        """As :meth:`generate`; ``on_texts`` hear the text so far of each request as it is written, in this thread."""
        with self._ready():
            return generate(self.network, requests, silent, self._beginnings, on_texts)

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        untuned = self._untuned() if self._artifact else None
        with self._ready():
            return answer.nll(self.network, texts, on_event, untuned)

    def embed(self, texts: Sequence[str], *, on_event: Listener) -> npt.NDArray[np.float32]:
        with self._ready():
            return answer.embed(self.network, texts, on_event)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self.network.template.prompt_ids(messages))

    def _ready(self) -> contextlib.AbstractContextManager[None]:
        return self._on[0].wearing(self._on[1]) if self._on else contextlib.nullcontext()

    def _untuned(self) -> answer.Untuned:
        """Gives its base while a block runs: the shared one without its adapter, else a copy (its own is merged)."""
        if self._on:
            return self._on[0].alone
        base = for_answering(as_packed(load_base(self._base, self.network.dtype), self.network.quantised))
        return lambda: contextlib.nullcontext(base)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._on is None:
            self.network.model.to("meta")  # gives the memory back even where someone still holds the model
        del self.network, self._on, self._beginnings
        gc.collect()


class TorchEngine:
    """transformers models with peft adapters, on strop's own packing."""

    name = "torch"
    capabilities: frozenset[Capability] = frozenset({"score", "generate", "nll", "embed", "train"})

    @memory.told("a model was opened")
    def open(self, base: Base | None, artifact: Path | None, *, share: bool = False) -> TorchModel:
        """The base, with the adapter folder on top when given; every file is checked against its pinned hash."""
        machine.use_threads()
        if share:
            base = _verified(base)
            together = shared(base)
            adapter = together.read(artifact) if artifact is not None else {}
            if adapter is not None:
                return TorchModel(together.network, base, artifact, (together, adapter))
        network = _open(base, torch.float32)
        assert base is not None
        if artifact is not None:
            network = with_adapter(network, artifact, base)
        answering = for_answering(network)
        if not hasattr(answering.model, "active_peft_config"):
            join(answering)
        return TorchModel(answering, base, artifact)

    @memory.told("two steps were tried for the estimate")
    def estimate(self, plan: TrainPlan, base: Base | None, *, kept: Path | None = None) -> Cost:
        """What the loop of :meth:`train` will cost, from two of its steps on the plan's own rows."""
        network, knobs = _ready(plan, base)
        assert base is not None
        rows, held_out = _rows(network, plan, knobs)
        aim = _aim(network, plan, knobs, rows, held_out)
        aim = memory.fitting(network, rows, aim, machine.available_memory(), silent)
        network = _keeping(network, base, plan, [*rows, *held_out], aim, knobs, kept, silent)
        return calibrate.estimate(network, rows, held_out, plan, knobs, aim)

    @memory.told("a model was tuned, or looked at afterwards")
    def train(
        self, plan: TrainPlan, base: Base | None, *, folder: Path, work: Path, on_event: Listener,
        kept: Path | None = None,
    ) -> TrainOutcome:  # fmt: skip
        """Tune an adapter into ``folder``. Raises CheckFailed where there is nothing to learn or a number breaks."""
        assert base is not None
        with ranks.together(plan, base, work):
            network, knobs = _ready(plan, base)
            template, notes = network.template, {"dtype": str(network.dtype).removeprefix("torch.")}
            notes |= {"objective": knobs.objective, "processes": str(ranks.count())}
            notes |= {"base_weights": network.quantised} if network.quantised else {}
            rows, held_out = _rows(network, plan, knobs)
            packed = network.quantised
            before = [checks.trained_tokens(rows, template), checks.same_as_served(rows, plan.train, template)]
            if network.apart:
                before.append(checks.apart(network, on_event))
            network, aim = _fitted(network, base, plan, knobs, rows, held_out, kept or work, on_event)
            trained = train(network, rows, held_out, plan, knobs, aim, work=work, on_event=on_event)
        now = {name: p.detach() for name, p in methods.trainable(network).items()}
        before.append(checks.moved(trained.start, now, len(trained.losses)))
        if not before[-1].passed:  # what did not learn anything cannot be opened again, and that would hide why
            raise CheckFailed(f"moved: {before[-1].detail}", remedy=checks.STILL)
        _save(network, folder, plan, base, before, trained.start)
        parts = list(pissa.changes(network, trained.start)) if plan.spec.method == "pissa" else []
        del network
        gc.collect()  # layers with a forward of their own hold themselves
        with machine.on_processor(knobs.sharded):  # what is shared out need not fit whole on one GPU
            wanted = checks.logits(_in_full(plan, knobs, base, now, parts, packed), rows)
            alone = as_packed(_open(base, torch.float32), packed)
            base_logits = checks.logits(alone, rows)
            served = with_adapter(alone, folder, base)
            tuned_logits = checks.logits(served, rows)
            after = [checks.reloads(folder, served, wanted, tuned_logits), checks.differs(base_logits, tuned_logits)]
            model = TorchModel(for_answering(served), base, folder)
            stops, texts = checks.stops(model.network, plan, rows, knobs.max_new_tokens, on_event)
        return TrainOutcome(
            measured=trained.measured, losses=tuple(trained.losses), validation_losses=tuple(trained.validation),
            checks=(*before, *after, stops), environment=machine.environment() | notes,
            answered=Answered(signature=model.signature, texts=tuple(texts)),
        )  # fmt: skip

    def train_along(self, plan: TrainPlan, base: Base, *, work: Path) -> None:
        """Compute this process's part of each batch of a run that another process keeps."""
        network, knobs = _ready(plan, base)
        rows, held_out = _rows(network, plan, knobs)
        network, aim = _fitted(network, base, plan, knobs, rows, held_out, None, silent)
        train(network, rows, held_out, plan, knobs, aim, work=work, on_event=silent)


def _fitted(
    network: Network, base: Base, plan: TrainPlan, knobs: methods.Knobs, rows: list[Row], held_out: list[Row],
    kept: Path | None, on_event: Listener,
) -> tuple[Network, Aim]:  # fmt: skip
    """What to minimise, in rows that fit into memory, with what stands in for layers that stay as they are.

    A base that is to be shared out is whole until here, on the processor where its shares will be on GPUs.
    """
    start_at_words(network, rows)
    free = machine.available_memory()
    if knobs.sharded:
        sharded.possible(network, plan.spec.method)
        if free is not None and network.device != machine.device():
            free -= sharded.share_bytes(network)
    aim = _aim(network, plan, knobs, rows, held_out)
    aim = memory.fitting(network, rows, aim, free, on_event)
    if knobs.sharded:
        return sharded.spread(network), aim._replace(row_tokens=ranks.least(aim.row_tokens))
    return _keeping(network, base, plan, [*rows, *held_out], aim, knobs, kept, on_event), aim


def _ready(plan: TrainPlan, base: Base | None) -> tuple[Network, methods.Knobs]:
    """The base with a fresh adapter, seeded first, ready to train."""
    machine.use_threads()
    knobs = methods.knobs(plan.spec.method, plan.settings)
    whole = plan.spec.method == "full"  # weights that are trained stay in fp32
    fastest = torch.float32 if whole else machine.training_dtype()
    with machine.on_processor(knobs.sharded):
        network = _open(base, fastest if knobs.dtype == "auto" or whole else getattr(torch, knobs.dtype))
        assert base is not None
        torch.manual_seed(plan.seed)
        if plan.spec.method == "qlora":
            network = replace(network, quantised=quantised.pack(network.layers, network.dtype))
        network = methods.add_adapter(network, plan.spec.method, knobs, base)
        fuse(network)
        return narrow(network), knobs


def _in_full(
    plan: TrainPlan, knobs: methods.Knobs, base: Base, trained: Mapping[str, torch.Tensor],
    parts: Sequence[pissa.Change], packed: str,
) -> Network:  # fmt: skip
    """What was trained, as it is served: on the base's weights as they are stored, not as training rounded them.

    What was ``packed`` in four bits is served as it was packed.
    """
    network = as_packed(load_base(base, torch.float32), packed)
    if plan.spec.method == "pissa":
        pissa.added(network, parts)
        return network
    network = methods.add_adapter(network, plan.spec.method, knobs, base)
    parameters = methods.trainable(network)
    with torch.no_grad():
        for name, tensor in trained.items():
            parameters[name].copy_(tensor)
    network.model.eval()
    return replace(network, autocast=False)


def _rows(network: Network, plan: TrainPlan, knobs: methods.Knobs) -> tuple[list[Row], list[Row]]:
    """Training rows, and the validation rows whose loss is watched."""
    watched = plan.validation[:_WATCHED]
    return tuple(checks.rows_of(network.template, items, knobs.max_length) for items in (plan.train, watched))  # type: ignore[return-value]


def _keeping(
    network: Network, base: Base, plan: TrainPlan, rows: Sequence[Row], aim: Aim, knobs: methods.Knobs,
    kept: Path | None, on_event: Listener,
) -> Network:  # fmt: skip
    """With what stands in for layers that training leaves as they are, on all that the loop will look at, and what
    runs beside it will."""
    if not lowest_adapted(network):
        return network
    neutral = conversations(network.template) if knobs.base_kl else []
    further = checks.rows_of(network.template, plan.beside, knobs.max_length)
    return keep_lower(network, base, [*sequences([*rows, *further], aim), *neutral], kept, on_event)


def _aim(network: Network, plan: TrainPlan, knobs: methods.Knobs, *rows: list[Row]) -> Aim:
    """What to minimise. Raises CheckFailed where the labels cannot be held against each other for each of the rows."""
    if knobs.objective == "preference":
        return Aim(knobs.row_tokens, beta=knobs.preference_beta, answers=knobs.preference_answers)
    if not knobs.label_share:
        return Aim(knobs.row_tokens)
    labels = checks.label_ids(network.template, plan, list(chain.from_iterable(rows)))
    return Aim(knobs.row_tokens, labels, knobs.label_share)


def _fingerprint(artifact: Path) -> str:
    """Hash of the tuned weights."""
    hashes = [durable.file_sha256(path) for path in sorted(artifact.glob("*.safetensors"))]
    return content_id("weights", hashes)


def _open(base: Base | None, dtype: torch.dtype) -> Network:
    return load_base(_verified(base), dtype)


def _verified(base: Base | None) -> Base:
    if base is None:
        raise EngineError("the torch engine needs a base")
    bases.verify(base, cache_folder())
    return base


def _save(
    network: Network, folder: Path, plan: TrainPlan, base: Base, done: Sequence[RunCheck],
    start: Mapping[str, torch.Tensor],
) -> None:  # fmt: skip
    """The adapter as a PEFT folder with tokenizer, template, and strop's own note."""
    with quiet(), durable.clear_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if plan.spec.method == "pissa":
            pissa.save(network, start, folder)
        else:
            adapter = {"save_embedding_layers": False} if hasattr(network.model, "peft_config") else {}
            network.model.save_pretrained(folder, **adapter)  # True would ask the hub
        network.template.tokenizer.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)
    note = {
        "base": base.id, "base_name": base.name, "base_revision": base.revision, "spec": plan.spec.to_json(),
        "seed": plan.seed, "template_hash": network.template.hash, "template": network.template.name,
        "checks": [check.to_json() for check in done],
        **({quantised.NOTE: network.quantised} if network.quantised else {}),
    }  # fmt: skip
    durable.write_json(folder / ADAPTER_NOTE, note)
