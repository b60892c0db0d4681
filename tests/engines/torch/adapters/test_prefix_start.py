"""Where prefix methods start: at what transformers and PEFT themselves lay into a prefix for the same words."""

from __future__ import annotations

import pytest
import torch
from peft.tuners.cartridge.utils import prompt_embeddings_from_past_key_values
from torch import Tensor

from strop.engines.torch.adapters import methods
from strop.engines.torch.adapters.prefix_start import start_at_words
from strop.engines.torch.network import Network
from strop.engines.torch.template import Row
from strop.records import Base, Method

WORDS = [1, 5, 9, 30, 31, 32, 33]


def _adapted(network: Network, base: Base, method: Method, virtual: int) -> Network:
    torch.manual_seed(0)
    return methods.add_adapter(network, method, methods.knobs(method, {"num_virtual_tokens": virtual}), base)


def _prefix(tuned: Network, virtual: int) -> Tensor:
    encoder = tuned.model.prompt_encoder[tuned.model.active_adapter]
    return encoder(torch.arange(virtual)[None])[0].detach()


def _of_transformers(tuned: Network, ids: list[int]) -> Tensor:
    implementation = tuned.plain.config._attn_implementation
    tuned.plain.set_attn_implementation("sdpa")
    with torch.no_grad():
        cache = tuned.plain(input_ids=torch.tensor([ids]), use_cache=True).past_key_values
    tuned.plain.set_attn_implementation(implementation)
    return prompt_embeddings_from_past_key_values(cache, num_virtual_tokens=len(ids))


@pytest.mark.parametrize("method", ["prefix", "p_tuning_v2"])
@pytest.mark.parametrize("virtual", [4, 6])
def test_a_prefix_starts_at_the_first_words_of_the_prompt(
    network: Network, base: Base, method: Method, virtual: int
) -> None:
    tuned = _adapted(network, base, method, virtual)
    assert not torch.allclose(_prefix(tuned, virtual), _of_transformers(tuned, WORDS[:virtual]), atol=1e-2)
    start_at_words(tuned, [Row(ids=WORDS, prompt=6), Row(ids=WORDS[::-1], prompt=6)])
    torch.testing.assert_close(_prefix(tuned, virtual), _of_transformers(tuned, WORDS[:virtual]), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("method", ["prefix", "p_tuning_v2"])
def test_a_short_prompt_is_read_again_and_answers_are_not(network: Network, base: Base, method: Method) -> None:
    tuned = _adapted(network, base, method, 5)
    start_at_words(tuned, [Row(ids=WORDS, prompt=2)])
    torch.testing.assert_close(_prefix(tuned, 5), _of_transformers(tuned, [1, 5, 1, 5, 1]), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("method", ["lora", "p_tuning", "prompt_tuning"])
def test_other_methods_start_where_peft_starts_them(network: Network, base: Base, method: Method) -> None:
    tuned = _adapted(network, base, method, 5)
    before = {name: p.detach().clone() for name, p in methods.trainable(tuned).items()}
    start_at_words(tuned, [Row(ids=WORDS, prompt=6)])
    for name, parameter in methods.trainable(tuned).items():
        assert torch.equal(before[name], parameter), name
