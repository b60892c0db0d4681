"""Score labels, nll and embed: what all requests have in common is computed once, the rest as trees of packed rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from strop.engines.base import NllResult, ScoreRequest, ScoreResult
from strop.engines.torch.answering.beginnings import Beginnings
from strop.engines.torch.forward import CHUNK, hidden_states, log_probabilities, targets
from strop.engines.torch.network import Network
from strop.engines.torch.packing.layout import Layout
from strop.engines.torch.packing.tree import Tree, grow, rows
from strop.records import Listener, Progress

Untuned: TypeAlias = Callable[[], AbstractContextManager[Network]]

BUDGET = 1024
"""Tokens computed in one row: enough for matrix products at full speed, few enough to stay small in memory."""


def packed(
    network: Network, sequences: Sequence[Sequence[int]], most: int, beginnings: Beginnings | None = None
) -> Iterator[tuple[list[int], Layout, Tensor, int]]:
    """Rows of the sequences: (members, layout, hidden states, tokens of the common beginning, which the row lacks).

    ``most``: longest beginning that may be left out of the rows, because nothing is read off it; ``beginnings``: what
    is known from earlier calls.
    """
    beginnings = beginnings or Beginnings()
    beginning = [] if network.apart else beginnings.common(sequences, most)
    kept = beginnings.kept(network, beginning)
    rest = [s[len(beginning) :] for s in sequences]
    for members in rows(rest, BUDGET):
        layout = network.lay_out(grow(rest, members), kept)
        yield members, layout, hidden_states(network, layout.ids, layout.positions, layout), len(beginning)


def score(
    network: Network, requests: Sequence[ScoreRequest], on_event: Listener, beginnings: Beginnings | None = None
) -> list[ScoreResult]:
    """Log probability of every option as the whole answer, its stop token included."""
    start, template = time.perf_counter(), network.template
    sequences, prompts, owners = list[list[int]](), list[int](), list[tuple[int, int]]()
    results = [np.zeros(len(request.options)) for request in requests]
    for number, request in enumerate(requests):
        prompt = template.prompt_ids(request.messages)
        for place, option in enumerate(request.options):
            row = template.row_after(prompt, request.messages, option)
            sequences.append(row.ids)
            prompts.append(row.prompt)
            owners.append((number, place))
    done = 0
    on_event(Progress(task="scoring", done=0, total=len(sequences), unit="options"))
    with torch.inference_mode():
        inputs = [ids[:-1] for ids in sequences]
        for members, layout, hidden, before in packed(network, inputs, min(prompts, default=1) - 1, beginnings):
            at, ids, whose = list[int](), list[int](), list[int]()
            for i in members:
                where = layout.tree.where[i]
                at += where[prompts[i] - 1 - before :].tolist()
                ids += sequences[i][prompts[i] :]
                whose += [i] * (len(sequences[i]) - prompts[i])
            values = log_probabilities(network, hidden, targets(at, ids, network.device)).tolist()
            for i, value in zip(whose, values, strict=True):
                number, place = owners[i]
                results[number][place] += value
            done += len(members)
            on_event(Progress(task="scoring", done=done, total=len(sequences), unit="options"))
    seconds = (time.perf_counter() - start) / max(len(requests), 1)
    return [ScoreResult(logprobs=tuple(map(float, r)), seconds=seconds) for r in results]


def nll(network: Network, texts: Sequence[str], on_event: Listener, untuned: Untuned | None = None) -> list[NllResult]:
    """Negative log likelihood of plain texts, each after the tokenizer's beginning-of-text (or stop) token.

    ``untuned`` gives the network's base while a block runs: how far the network is from it is told then. None: it is
    a base itself.
    """
    first = _first_token(network)
    sequences = [[first, *_text_ids(network, text)] for text in texts]
    nats, apart = np.zeros(len(texts)), np.zeros(len(texts))
    done = 0
    with torch.inference_mode():
        for members, layout, hidden, _ in packed(network, [s[:-1] or s for s in sequences], 0):
            at, ids, whose = list[int](), list[int](), list[int]()
            for i in members:
                following = sequences[i][1:]
                at += layout.tree.where[i].tolist()[: len(following)]
                ids += following
                whose += [i] * len(following)
            if at:
                logprobs = log_probabilities(network, hidden, targets(at, ids, network.device))
                np.subtract.at(nats, whose, logprobs.cpu().numpy())
                if untuned is not None:
                    np.add.at(apart, whose, _divergences(network, hidden, untuned, layout.tree)[at].cpu().numpy())
            done += len(members)
            on_event(Progress(task="reading", done=done, total=len(texts), unit="texts"))
    return [
        NllResult(nats=float(n), tokens=len(s) - 1, bytes=len(t.encode("utf-8")), divergence=float(d))
        for n, d, s, t in zip(nats, apart, sequences, texts, strict=True)
    ]


def _divergences(network: Network, hidden: Tensor, untuned: Untuned, tree: Tree) -> Tensor:
    """KL(base || network) in nats at every position of a row [T], over the whole vocabulary."""
    with untuned() as base:
        layout = base.lay_out(tree)
        before = hidden_states(base, layout.ids, layout.positions, layout)
        parts = []
        for first in range(0, len(hidden), CHUNK):
            own = torch.log_softmax(network.logits(hidden[first : first + CHUNK]).float(), -1)
            wanted = torch.log_softmax(base.logits(before[first : first + CHUNK]).float(), -1)
            parts.append((wanted.exp() * (wanted - own)).sum(-1, dtype=torch.float64))
    return torch.cat(parts)


def embed(network: Network, texts: Sequence[str], on_event: Listener) -> npt.NDArray[np.float32]:
    """Mean of the last hidden states of each text [n, d]."""
    sequences = [_text_ids(network, text) or [_first_token(network)] for text in texts]
    result = np.zeros((len(texts), network.head.shape[1]), dtype=np.float32)
    done = 0
    with torch.inference_mode():
        for members, layout, hidden, _ in packed(network, sequences, 0):
            for i in members:
                where = torch.from_numpy(layout.tree.where[i]).to(hidden.device)
                result[i] = hidden.float()[where].mean(0).cpu().numpy()
            done += len(members)
            on_event(Progress(task="reading", done=done, total=len(texts), unit="texts"))
    return result


def _first_token(network: Network) -> int:
    bos = network.template.tokenizer.bos_token_id
    return int(bos) if bos is not None else network.template.stop


def _text_ids(network: Network, text: str) -> list[int]:
    ids = network.template.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return [int(i) for i in ids]
