"""A tiny random Llama with a tokenizer of its own, made on the spot: the torch tests need no download."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PretrainedConfig,
    PreTrainedTokenizerFast,
)

from strop.engines import bases
from strop.engines.base import TrainItem, TrainPlan
from strop.engines.torch.adapters import methods
from strop.engines.torch.network import Network, load_base
from strop.engines.torch.quiet import quiet
from strop.engines.torch.tuning import checks, train
from strop.records import JSON, Base, Message, Spec, silent

CHAT = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
COLOURS = ("red", "green", "blue", "black", "white", "grey", "yellow", "brown")
WORDS = "a b c the card was lost and found by me system user assistant answer with one colour of "


def _tokenizer(template: str | None = CHAT) -> PreTrainedTokenizerFast:
    """A byte-level BPE of about 300 tokens; pad and eos are one id, as in SmolLM2."""
    tokenizer = Tokenizer(models.BPE(unk_token=None))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([WORDS * 4 + " ".join(COLOURS)] * 4, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    fast.chat_template = template
    return fast


def _model(vocabulary: int, seed: int = 0) -> LlamaForCausalLM:
    """Two layers, hidden 32, grouped-query attention, weights large enough that outputs differ clearly."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=True, initializer_range=0.2,
        bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.model.norm.weight.mul_(3)  # so small a model could not be sure of anything else
        model.model.embed_tokens.weight[2].normal_(0, 0.2)  # pad's row, zero at first: here it is stop
    return model


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, visibly, what needs a GPU where there is none."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("no CUDA device is here")


@pytest.fixture(scope="session")
def build_tokenizer() -> Callable[..., PreTrainedTokenizerFast]:
    """The tiny tokenizer with any chat template, or none."""
    return _tokenizer


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder of the tests' own."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", autouse=True)
def _own_cache(cache: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STROP_CACHE", str(cache))
        yield


@pytest.fixture(scope="session")
def base(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """The tiny base, pinned."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = _tokenizer()
    _model(len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return bases.add(cache, str(folder), on_event=silent)


@pytest.fixture(scope="session")
def build_base(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Base]:
    """A tiny random base of any architecture, pinned, from its configuration."""

    def build(config: PretrainedConfig, template: str | None = CHAT) -> Base:
        folder = tmp_path_factory.mktemp("models") / config.model_type
        tokenizer = _tokenizer(template)
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config)
        with torch.no_grad():
            model.get_input_embeddings().weight[2].normal_(0, 0.2)
        with quiet():
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        return bases.add(cache, str(folder), on_event=silent)

    return build


@pytest.fixture(scope="session")
def sliding_base(build_base: Callable[..., Base]) -> Base:
    """A tiny Gemma 3: a layer that sees 8 tokens back, one that sees all, scaled embeddings, norms of its own."""
    config = Gemma3TextConfig(
        vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, head_dim=8,
        num_key_value_heads=2, bos_token_id=1, eos_token_id=2, pad_token_id=2, initializer_range=0.2,
        query_pre_attn_scalar=8, sliding_window=8, layer_types=["sliding_attention", "full_attention"],
        tie_word_embeddings=True,
    )  # fmt: skip
    return build_base(config)


@pytest.fixture
def network(base: Base) -> Network:
    """The tiny base, loaded in fp32."""
    return load_base(base, torch.float32)


def item(number: int, colour: str | None = None) -> TrainItem:
    """A row whose answer is the colour that stands in the question."""
    colour = colour or COLOURS[number % len(COLOURS)]
    return TrainItem(
        example=f"ex_{number}",
        messages=(
            Message(role="system", content="answer with one colour"),
            Message(role="user", content=f"the card {number} was {colour}" + " and found" * (number % 5)),
        ),
        answer=colour,
    )


@pytest.fixture(scope="session")
def make_plan(base: Base) -> Callable[..., TrainPlan]:
    """A plan of ``count`` rows; keywords are settings."""

    def make(count: int = 24, *, held_out: int = 4, seed: int = 0, method: str = "lora", **settings: JSON) -> TrainPlan:
        defaults: dict[str, JSON] = {
            "learning_rate": 2e-2, "num_train_epochs": 2, "per_device_train_batch_size": 8, "lora_r": 4,
            "dtype": "float32", "max_new_tokens": 12,
        }  # fmt: skip
        return TrainPlan(
            spec=Spec.of(method, base=base.id),  # type: ignore[arg-type]
            seed=seed,
            train=tuple(item(i) for i in range(count)),
            validation=tuple(item(1000 + i) for i in range(held_out)),
            settings={**defaults, **settings},
        )

    return make


@pytest.fixture(scope="session")
def plain_losses() -> Callable[[TrainPlan, Base], list[float]]:
    """Losses by step of a plain transformers + peft loop."""
    return _plain_losses


def _plain_losses(plan: TrainPlan, base: Base) -> list[float]:
    """A plain loop: padded batches, transformers' own attention and loss, PEFT's own layers, torch's AdamW."""
    knobs = methods.knobs(plan.spec.method, plan.settings)
    rows = checks.rows_of(load_base(base, torch.float32).template, plan.train, knobs.max_length)
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    torch.manual_seed(plan.seed)
    with quiet():
        model = get_peft_model(
            model, LoraConfig(r=knobs.lora_r, lora_alpha=knobs.lora_alpha, target_modules="all-linear")
        )
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1, weight_decay=0.0)
    steps = train.order(len(rows), knobs.num_train_epochs, knobs.batch, plan.seed)
    losses = []
    for number, step in enumerate(steps, 1):
        longest = max(len(rows[i].ids) for i in step)
        ids = torch.zeros(len(step), longest, dtype=torch.long)
        labels, mask = torch.full_like(ids, -100), torch.zeros_like(ids)
        for line, i in enumerate(step):
            length = len(rows[i].ids)
            ids[line, :length], mask[line, :length] = torch.tensor(rows[i].ids), 1
            labels[line, rows[i].prompt : length] = torch.tensor(rows[i].answer)
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), knobs.max_grad_norm)
        optimizer.param_groups[0]["lr"] = methods.learning_rate(number, len(steps), knobs)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses
