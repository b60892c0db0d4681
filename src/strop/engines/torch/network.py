"""A base's network: loaded from pinned files, optionally with an adapter on top, its parts reachable by name."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from peft import PeftType
from torch import Tensor
from transformers import AutoModelForCausalLM, GenerationConfig

from strop.engines.torch import machine, quantised
from strop.engines.torch.packing import attention
from strop.engines.torch.packing.apart import hidden_apart
from strop.engines.torch.packing.attention import Seen
from strop.engines.torch.packing.layout import Kept, Layout, lay_out
from strop.engines.torch.packing.tree import Tree, grow
from strop.engines.torch.put_on import put_on
from strop.engines.torch.quiet import quiet
from strop.engines.torch.template import Template, load_template
from strop.errors import CheckFailed, EngineError
from strop.records import Base

ADAPTER_NOTE = "strop.json"


class Lower(Protocol):
    """What stands in for layers that training does not change (lower_layers.py)."""

    @property
    def bytes(self) -> int:
        """What it keeps takes so much."""
        ...

    def open(self) -> None:
        """Get it ready, before the first step."""
        ...

    def given_to(self, seen: Seen) -> contextlib.AbstractContextManager[None]:
        """While the block runs, lower layers give what is known of this row instead of computing it."""
        ...


@dataclass(frozen=True)
class Network:
    """``model`` answers; ``body`` gives hidden states; ``head`` turns a hidden state into logits."""

    model: Any
    template: Template
    dtype: torch.dtype
    autocast: bool = False
    """Compute products in bf16 although the weights are fp32 (when the weights themselves are trained)."""
    lower: Lower | None = None
    apart: bool = False
    """Every sequence is computed by itself, on the model's own attention (apart.py)."""
    narrow: bool = False
    """It can give the last hidden states of chosen positions alone (top_layer.py)."""
    quantised: str = ""
    """What the base's weights were packed as, when they are not those of its files (quantised.py)."""
    sharded: bool = False
    """Each of several processes holds a share of its layers (sharded.py)."""
    unread: tuple[str, ...] = ()
    """Tensors of its files that stand nowhere in the model."""
    changed: bool = False
    """The base's own weights are not what they were: without its adapter the model is not the base."""

    @property
    def plain(self) -> Any:
        """The transformers model, adapters inside."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    @property
    def body(self) -> Any:
        """Everything before the output head."""
        return self.plain.get_decoder()

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return torch.device(self.head.device)

    @property
    def layers(self) -> Any:
        """The decoder's layers, lowest first."""
        count = self.plain.config.get_text_config().num_hidden_layers
        lists = (part for part in self.body.modules() if isinstance(part, torch.nn.ModuleList))
        return next(part for part in lists if len(part) == count)

    @property
    def head(self) -> Tensor:
        """Weights of the output head [V, d]."""
        return self.plain.get_output_embeddings().weight

    @property
    def head_bias(self) -> Tensor | None:
        """What the output head adds to each logit [V]; None where it adds nothing, as most."""
        return getattr(self.plain.get_output_embeddings(), "bias", None)

    def virtual(self) -> Kept | None:
        """Keys and values of virtual tokens, which stand before every sequence (with gradients); None without any.

        Prefix methods learn them by layer. P-tuning and prompt tuning learn input vectors: the layers compute the rest.
        """
        config = getattr(self.model, "active_peft_config", None)
        if config is None or not config.is_prompt_learning:
            return None
        encoder = self.model.prompt_encoder[self.model.active_adapter]
        numbers = encoder.embedding.weight
        if not config.inference_mode:
            numbers = encoder(torch.arange(config.num_virtual_tokens, device=numbers.device)[None])[0]
        if config.peft_type != PeftType.PREFIX_TUNING:
            return self._computed(numbers.to(self.dtype))
        heads = config.num_attention_heads
        pairs = numbers.to(self.dtype).view(len(numbers), 2 * config.num_layers, heads, -1).permute(1, 2, 0, 3)
        return {layer: (pairs[2 * layer], pairs[2 * layer + 1]) for layer in range(config.num_layers)}

    def _computed(self, vectors: Tensor) -> Kept:
        """Keys and values by layer of a beginning that is given as input vectors [P, d]."""
        layout = lay_out(grow([range(len(vectors))], [0]), self.dtype, device=self.device)
        layout.keep = {}
        self.body(inputs_embeds=vectors[None], position_ids=layout.positions, use_cache=False, seen=layout)
        return layout.keep

    def lay_out(self, tree: Tree, kept: Kept | None = None) -> Layout:
        """A row for this network; ``kept``: what lies before the tree (virtual tokens among it), if it was computed."""
        return lay_out(tree, self.dtype, kept or self.virtual(), device=self.device)

    def run(self, ids: Tensor, positions: Tensor, seen: Seen) -> Tensor:
        """Last hidden states [T, d] of a row: ids and positions [1, T]."""
        if self.apart:
            assert isinstance(seen, Layout) and seen.given is None, "a tree without a beginning computed before"
            return hidden_apart(self.body, seen)
        return torch.as_tensor(
            self.body(input_ids=ids, position_ids=positions, use_cache=False, seen=seen).last_hidden_state[0]
        )

    @property
    def probe_ids(self) -> list[int]:
        """A few fixed tokens, on which two ways to compute are compared."""
        return [(7 + 13 * place) % self.head.shape[0] for place in range(12)]

    @contextlib.contextmanager
    def untuned(self) -> Iterator[Network]:
        """The base alone, while the block runs; where its weights are :attr:`changed`, the network as it is."""
        if not hasattr(self.model, "disable_adapter") or self.changed:
            yield self
        elif self.model.active_peft_config.is_prompt_learning:
            yield replace(self, model=self.plain)
        else:
            with self.model.disable_adapter():
                yield self

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits [n, V] of hidden states [n, d]."""
        linear = machine.fast_linear() if self.dtype == torch.float32 else torch.nn.functional.linear
        return linear(hidden, self.head, self.head_bias)

    @property
    def memory_bytes(self) -> int:
        """Bytes of weights and buffers, shared ones once."""
        tensors = {t.data_ptr(): t for t in [*self.model.parameters(), *self.model.buffers()]}
        return sum(t.numel() * t.element_size() for t in tensors.values())


def load_base(base: Base, dtype: torch.dtype) -> Network:
    """The base alone, on strop's attention, or :attr:`Network.apart` where that is not what its layers compute.

    Its files must have been verified. Raises CheckFailed when they lack one of its tensors, EngineError when
    its output head is not one that strop computes itself.
    """
    folder = Path(base.path)
    with quiet():
        model, found = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, trust_remote_code=False, local_files_only=True, use_safetensors=True,
            attn_implementation="eager", output_loading_info=True, ignore_mismatched_sizes=True,
        )  # fmt: skip
    if lacking := sorted({*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])}):
        raise CheckFailed(
            f"{len(lacking)} of the model's tensors are not in its files, or of another size there, {lacking[0]} for "
            "one: random numbers would stand in their place",
            place=str(folder), remedy="get the whole model, and add it again",
        )  # fmt: skip
    model.eval().requires_grad_(False)
    if machine.device().type != "cpu":
        model.to(machine.device())
        model.tie_weights()  # moved, one tensor can become two where another device's are of another kind
    unread = tuple(sorted(found["unexpected_keys"]))
    network = Network(model, load_template(folder, _stop_ids(folder, model)), dtype, unread=unread)
    if network.template.hash != base.template_hash:
        raise CheckFailed(f"the chat template of {base.name} is not the pinned one", remedy="add the base again")
    return _prepared(network)


def with_adapter(network: Network, folder: Path, base: Base) -> Network:
    """The network with a PEFT adapter folder on top; a folder of whole tuned weights takes the network's place.

    Raises CheckFailed when the adapter was made for another base or template, when not each of its tensors has a place
    (:func:`~.put_on.put_on`), or when it leaves the base's outputs as they are.
    """
    note = read_note(folder)
    for key, own, name in (
        ("base", base.id, "base"),
        ("template_hash", network.template.hash, "chat template"),
    ):
        if key in note and note[key] != own:
            raise CheckFailed(f"the adapter was made on another {name} ({note[key]}, here {own})", place=str(folder))
    network = as_packed(network, str(note.get(quantised.NOTE) or ""))
    if not (folder / "adapter_config.json").is_file():
        whole = load_base(base.model_copy(update={"path": str(folder)}), network.dtype)
        if torch.equal(_probe(whole), _probe(network)):
            raise CheckFailed("the weights give the outputs of the base: nothing was learned", place=str(folder))
        return whole
    model = put_on(network.model, folder)
    model.to(network.device, network.dtype).eval().requires_grad_(False)
    tuned = replace(network, model=model)
    answers = _probe(tuned)
    with tuned.untuned() as alone:
        if torch.equal(answers, _probe(alone)):
            raise CheckFailed("the adapter gives the outputs of the base: it has learned nothing", place=str(folder))
    return tuned


def as_packed(network: Network, told: str) -> Network:
    """The network with the weights that a packed base has (quantised.py), in place, once; ``told``: packed as what."""
    if not told or network.quantised:
        return network
    quantised.round_off(network.layers, told)
    return replace(network, quantised=told)


def for_answering(network: Network) -> Network:
    """The network as it answers: the adapter merged into the weights where that is exact, fp32 products at full speed.

    An adapter that cannot be merged (or would change the answers by it) stays as it is.
    """
    model = network.model
    config = getattr(model, "active_peft_config", None)
    # A bias of its own has no place in a map without one, and PEFT notices half-way.
    if config is not None and not config.is_prompt_learning and not getattr(config, "lora_bias", False):
        before = _probe(network)
        with quiet():
            model.merge_adapter()
        if float((_probe(network) - before).abs().max()) > 1e-4 * float(before.abs().max()):
            model.unmerge_adapter()
        else:
            model = model.base_model.unload()
    network = replace(network, model=model)
    if network.dtype == torch.float32 and machine.fast_linear() is not torch.nn.functional.linear:
        for module in model.modules():
            if type(module) is torch.nn.Linear:
                module.forward = functools.partial(_fast_forward, module)
    return network


def _fast_forward(module: Any, x: Tensor) -> Tensor:
    return machine.fast_linear()(x, module.weight, module.bias)


def read_note(folder: Path) -> dict[str, Any]:
    """strop's own note in an adapter folder; empty for adapters made elsewhere."""
    path = folder / ADAPTER_NOTE
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def _stop_ids(folder: Path, model: Any) -> list[int]:
    ids = model.config.get_text_config().eos_token_id
    if (folder / "generation_config.json").is_file():
        ids = GenerationConfig.from_pretrained(folder, local_files_only=True).eos_token_id or ids
    return [ids] if isinstance(ids, int) else list(ids or [])


def _prepared(network: Network) -> Network:
    """On tree attention where that and the output head are proven to give the model's own logits; else apart."""
    first, second, other = _branches(network.head.shape[0])
    with torch.inference_mode():
        wanted = network.plain(torch.tensor([first, second]).to(network.device), use_cache=False).logits.float()
    tolerance = _closeness(network.dtype) * float(wanted.abs().max())
    found = _on_a_tree(network, first, second, other)
    if found is not None and float((found - wanted).abs().max()) <= tolerance:
        return network
    with quiet():
        network.plain.set_attn_implementation("eager")
    network = replace(network, apart=True)
    layout = network.lay_out(grow([first, second], [0, 1]))
    with torch.inference_mode():
        logits = network.logits(network.run(layout.ids, layout.positions, layout)).float()
    found = torch.stack([logits[torch.from_numpy(layout.tree.where[i]).to(logits.device)] for i in (0, 1)])
    if float((found - wanted).abs().max()) > tolerance:
        name = type(network.plain).__name__
        raise EngineError(
            f"{name} makes logits of hidden states in a way that strop does not know yet",
            remedy="use a base whose output head is one linear map (Llama, Qwen, Gemma 3, SmolLM, Mistral, GPT-2)",
        )
    return network


def _closeness(dtype: torch.dtype) -> float:
    """Of the largest logit: how far two ways to compute the same may be apart."""
    return 1e-3 if dtype == torch.float32 else 0.05


def _branches(vocabulary: int) -> tuple[list[int], list[int], list[int]]:
    """Two sequences with a common beginning, and the first with other ends: each a block of its own in a tree."""
    beginning = [(7 + 13 * place) % vocabulary for place in range(18)]
    ends = [[start, *((start + step * place) % vocabulary for place in range(1, 24))] for start, step in _ENDS]
    first, other, second = (beginning + end for end in ends)
    return first, second, other


_ENDS = ((1, 11), (1, 17), (3, 19))
"""First token and stride of each branch; the one that comes last in a row must not hang on the ones before it."""


def _on_a_tree(network: Network, first: list[int], second: list[int], other: list[int]) -> Tensor | None:
    """Logits [2, L, V] of both sequences by tree attention; None where the layers let one branch see another."""
    results = []
    try:
        with quiet():
            network.plain.set_attn_implementation(attention.NAME)
        for one in (first, other):
            layout = network.lay_out(grow([one, second], [0, 1]))
            with torch.inference_mode():
                logits = network.logits(network.run(layout.ids, layout.positions, layout)).float()
            where = (torch.from_numpy(layout.tree.where[i]).to(logits.device) for i in (0, 1))
            results.append([logits[places] for places in where])
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, RuntimeError):  # what layers raise that differ
        return None
    # In bf16 one branch's numbers move by a rounding when another's tokens change; what leaks moves them far.
    close = _closeness(network.dtype) * float(results[0][1].abs().max())
    if float((results[0][1] - results[1][1]).abs().max()) > close:
        return None
    return torch.stack(results[0])


def _probe(network: Network) -> Tensor:
    """Logits [12, V] of a few fixed tokens, by strop's own way."""
    layout = network.lay_out(grow([network.probe_ids], [0]))
    with torch.inference_mode():
        return network.logits(network.run(layout.ids, layout.positions, layout)).float()
