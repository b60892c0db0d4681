"""score, nll, embed and generate against transformers' plain forward and ``generate``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
import torch

from strop.engines import open_engine
from strop.engines.base import GenerateRequest, ScoreRequest
from strop.engines.torch.answering import answer, generate
from strop.engines.torch.network import Network
from strop.records import Base, Event, Message, Progress, silent
from strop.serve.worker import Writing

OPTIONS = ("red", "green", "a card", "a card lost", "a card found", "")


def prompts(count: int, *, few_shot: bool = True) -> list[tuple[Message, ...]]:
    """Questions of different lengths; behind a long common beginning when ``few_shot``."""
    system = "answer with one colour " * (12 if few_shot else 0)
    return [
        (
            *([Message(role="system", content=system)] if system else []),
            Message(role="user", content="the card " * i + "red"),
        )
        for i in range(1, count + 1)
    ]


def plain_logits(network: Network, ids: Sequence[int]) -> torch.Tensor:
    """Logits of transformers' own attention."""
    network.plain.set_attn_implementation("sdpa")
    with torch.inference_mode():
        logits: torch.Tensor = network.plain(torch.tensor([list(ids)]), use_cache=False).logits[0]
    network.plain.set_attn_implementation("strop_tree")
    return logits


@pytest.mark.parametrize("few_shot", [True, False])
@pytest.mark.parametrize("count", [1, 7])
def test_scores_equal_one_forward_per_option(network: Network, few_shot: bool, count: int) -> None:
    requests = [
        ScoreRequest(messages=m, options=OPTIONS[: 2 + i % 5]) for i, m in enumerate(prompts(count, few_shot=few_shot))
    ]
    results = answer.score(network, requests, silent)
    for request, result in zip(requests, results, strict=True):
        assert sum(result.probabilities()) == pytest.approx(1)
        for option, value in zip(request.options, result.logprobs, strict=True):
            row = network.template.row(request.messages, option)
            logprobs = plain_logits(network, row.ids).log_softmax(-1)
            expected = sum(float(logprobs[row.prompt - 1 + j, t]) for j, t in enumerate(row.answer))
            assert value == pytest.approx(expected, abs=1e-4)


def test_scores_do_not_depend_on_what_else_is_asked(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [ScoreRequest(messages=m, options=OPTIONS) for m in prompts(9)]
    together = answer.score(network, requests, silent)
    monkeypatch.setattr(answer, "BUDGET", 40)
    apart = [answer.score(network, [request], silent)[0] for request in requests]
    for a, b in zip(together, apart, strict=True):
        assert a.logprobs == pytest.approx(b.logprobs, abs=1e-4)


def test_nll_equals_the_plain_cross_entropy(network: Network) -> None:
    texts = ["the card was lost", "", "émoji 🙂 نص", "x", "the card was lost and found " * 20]
    results = answer.nll(network, texts, silent)
    for text, result in zip(texts, results, strict=True):
        ids = network.template.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert (result.tokens, result.bytes) == (len(ids), len(text.encode()))
        if ids:
            logits = plain_logits(network, [1, *ids])[:-1]
            expected = torch.nn.functional.cross_entropy(logits, torch.tensor(ids), reduction="sum")
            assert result.nats == pytest.approx(float(expected), rel=1e-4)
        else:
            assert result.nats == 0


def test_embeddings_are_mean_hidden_states(network: Network) -> None:
    texts = ["the card", "the card was lost", ""]
    vectors = answer.embed(network, texts, silent)
    assert vectors.shape == (3, 32)
    network.plain.set_attn_implementation("sdpa")
    for text, vector in zip(texts[:2], vectors, strict=False):
        ids = network.template.tokenizer(text)["input_ids"]
        hidden = network.body(torch.tensor([ids]), use_cache=False).last_hidden_state[0]
        np.testing.assert_allclose(vector, hidden.mean(0).detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("few_shot", [True, False])
@pytest.mark.parametrize("most_rows", [1, 3, 64])
def test_generation_equals_transformers(
    network: Network, few_shot: bool, most_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "_MOST_ROWS", most_rows)
    monkeypatch.setattr(generate, "_ROOM", 3)
    requests = [
        GenerateRequest(messages=m, max_new_tokens=1 + 5 * (i % 4))
        for i, m in enumerate(prompts(10, few_shot=few_shot))
    ]
    seen: list[Event] = []
    results = generate.generate(network, requests, seen.append)
    network.plain.set_attn_implementation("sdpa")
    for request, result in zip(requests, results, strict=True):
        ids = network.template.prompt_ids(request.messages)
        whole = network.plain.generate(
            torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False,
            max_new_tokens=request.max_new_tokens, pad_token_id=2, eos_token_id=2,
        )  # fmt: skip
        new = whole[0, len(ids) :].tolist()
        assert result.stopped == (new[-1] == 2)
        expected = [t for t in new if t != 2]
        assert (result.tokens, result.text) == (len(expected), network.template.decode(expected))
    last = seen[-1]
    assert isinstance(last, Progress) and last.done == last.total == 10


@pytest.mark.parametrize("most_rows", [1, 64])
def test_draws_are_those_of_the_plain_model_and_of_no_neighbour(
    network: Network, most_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first token of many draws has the plain model's distribution; the same request is drawn alike anywhere."""
    monkeypatch.setattr(generate, "_MOST_ROWS", most_rows)
    (asked,) = prompts(1)
    draws = 1500 if most_rows > 1 else 3

    def request(seed: int, tokens: int = 1) -> GenerateRequest:
        return GenerateRequest(messages=asked, max_new_tokens=tokens, temperature=0.5, seed=seed)

    whole = generate.generate(network, [request(seed, 6) for seed in range(3)], silent)
    alone = [generate.generate(network, [request(seed, 6)], silent)[0].text for seed in range(3)]
    assert [one.text for one in whole] == alone and len(set(alone)) > 1
    if draws == 3:
        return
    first = Counter(one.text for one in generate.generate(network, [request(n) for n in range(draws)], silent))
    ids = network.template.prompt_ids(asked)
    chances = (plain_logits(network, ids)[-1] / 0.5).softmax(-1)
    expected: Counter[str] = Counter()
    for token, chance in enumerate(chances.tolist()):
        text = "" if token in network.template.stops else network.template.decode([token])
        expected[text] += chance * draws
    common = [text for text, count in expected.items() if count >= 5]
    rest = draws - sum(first[text] for text in common), draws - sum(expected[text] for text in common)
    seen, wanted = [first[t] for t in common] + [rest[0]], [expected[t] for t in common] + [rest[1]]
    assert len(common) > 3
    assert scipy.stats.chisquare(seen, np.array(wanted) * draws / sum(wanted)).pvalue > 1e-3


def test_a_row_that_stops_ends_there(network: Network) -> None:
    """With a token of one greedy answer made a stop token, that row stops there and is otherwise as before."""
    requests = [GenerateRequest(messages=m, max_new_tokens=20) for m in prompts(6)]
    before = generate.generate(network, requests, silent)
    assert not any(result.stopped for result in before)
    ids = network.template.prompt_ids(requests[2].messages)
    greedy: list[int] = []
    for _ in range(4):
        greedy.append(int(plain_logits(network, ids + greedy)[-1].argmax()))
    network.template.stops = frozenset([greedy[3]])
    after = generate.generate(network, requests, silent)
    assert (after[2].stopped, after[2].tokens) == (True, greedy.index(greedy[3]))
    assert before[2].text.startswith(after[2].text)


def test_an_answer_is_told_while_it_is_written(base: Base) -> None:
    model = open_engine("torch").open(base, None)
    assert isinstance(model, Writing)
    requests = [GenerateRequest(messages=m, max_new_tokens=8 + i) for i, m in enumerate(prompts(3))]
    heard: list[list[str]] = [[], [], []]
    results = model.write(requests, [heard[0].append, None, heard[2].append])
    plain = model.generate(requests, on_event=silent)
    assert [(one.text, one.tokens) for one in results] == [(one.text, one.tokens) for one in plain]
    assert heard[1] == []
    for texts, result in ((heard[0], results[0]), (heard[2], results[2])):
        assert 0 < len(texts) <= result.tokens
        assert all(result.text.startswith(text) for text in texts)


def test_a_character_of_several_tokens_is_told_whole(network: Network) -> None:
    """Made to write one emoji, whose four bytes are four tokens here."""
    ids = network.template.tokenizer("🏄", add_special_tokens=False)["input_ids"]
    assert len(ids) == 4
    heard: list[str] = []
    one = generate.Answer(0, 9, [], told=heard.append)
    for token in [*ids, ids[0]]:
        one.take(token, frozenset())
        generate._tell(network, one)
    assert heard == ["🏄"]


def test_nothing_asked_nothing_answered(network: Network) -> None:
    assert generate.generate(network, [], silent) == []
    assert answer.score(network, [], silent) == []
    assert answer.nll(network, [], silent) == []
    assert answer.embed(network, [], silent).shape == (0, 32)
