"""Answers in one running batch: the common beginning once; a row that stops leaves, a waiting one joins."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from strop.engines.base import GenerateRequest, GenerateResult
from strop.engines.torch.answering.answer import BUDGET
from strop.engines.torch.answering.beginnings import Beginnings, joined
from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network
from strop.engines.torch.packing.layout import Kept, given
from strop.engines.torch.packing.tree import grow, rows
from strop.records import Listener, Progress

_ROOM = 64
"""Token places that the memory grows by."""
_MEMORY = 1 << 29
"""Most bytes of keys and values that a batch may hold."""
_MOST_ROWS = 64
_FEW = 16
"""Answers that are written together where each is computed by itself."""


@dataclass
class Answer:
    """One request under way: ``next`` is the token to feed, ``length`` the tokens of its own that memory holds.

    ``told`` hears the text so far after each token, but for a character that is not whole yet. ``chance``: where its
    draws come from; None takes the likeliest token.
    """

    request: int
    limit: int
    prompt: list[int]
    next: int = 0
    length: int = 0
    out: list[int] = field(default_factory=list)
    stopped: bool = False
    done: bool = False
    told: Callable[[str], None] | None = None
    chance: np.random.Generator | None = None
    temperature: float = 1.0

    def pick(self, logits: Tensor, likeliest: int) -> int:
        """The next token: the likeliest, or one drawn in proportion to exp(logit / temperature).

        The largest of logits with Gumbel noise is such a draw (Maddison, Tarlow and Minka 2014), and needs no sum.
        """
        if self.chance is None:
            return likeliest
        noise = torch.from_numpy(self.chance.gumbel(size=len(logits))).to(logits.device)
        return int((logits.double() / self.temperature + noise).argmax())

    def take(self, token: int, stops: frozenset[int]) -> None:
        """Accept the next token."""
        if token in stops:
            self.stopped = self.done = True
            return
        self.out.append(token)
        self.next = token
        self.done = len(self.out) >= self.limit


class Memory:
    """Keys and values of a decoding batch [rows, H_kv, places, D] by layer, behind a common beginning."""

    def __init__(self, common: Kept | None, device: torch.device) -> None:
        self.common, self._device = common or {}, device
        self.before = given(common)
        self.own: Kept = {}
        self.lengths = torch.zeros(0, dtype=torch.long, device=device)
        self._hidden = torch.zeros(0, device=device)
        self._at: tuple[Tensor, slice, Tensor] = (self.lengths, slice(None), self.lengths)

    def keep(self, rows: Tensor) -> None:
        """Drop all rows but these."""
        self.own = {layer: (k[rows], v[rows]) for layer, (k, v) in self.own.items()}
        self.lengths = self.lengths[rows]

    def join(self, kept: Kept, where: Sequence[Tensor]) -> None:
        """Add rows whose keys and values stand at the positions ``where`` of a computed tree."""
        most = max(len(w) for w in where)
        index = torch.zeros(len(where), most, dtype=torch.long)
        for row, places in enumerate(where):
            index[row, : len(places)] = places
        index = index.to(self._device)
        for layer, pair in kept.items():
            new = [t[:, index].transpose(0, 1) for t in pair]  # [rows, H_kv, places, D]
            if layer in self.own:
                old = self.own[layer]
                size = max(most, old[0].shape[2])
                new = [torch.cat([_widen(o, size), _widen(n, size)]) for o, n in zip(old, new, strict=True)]
            self.own[layer] = (new[0].contiguous(), new[1].contiguous())
        self.lengths = torch.cat([self.lengths, torch.tensor([len(w) for w in where]).to(self._device)])

    def first(self, beginning: int) -> Kept:
        """Keys and values of the first row, behind so many last tokens of the common beginning."""
        places = int(self.lengths[0])
        own = {layer: (k[0, :, :places].clone(), v[0, :, :places].clone()) for layer, (k, v) in self.own.items()}
        front = {layer: (k[:, -beginning:], v[:, -beginning:]) for layer, (k, v) in self.common.items()}
        return joined(front if beginning else {}, own)

    def step(self) -> None:
        """Make room for one token a row, and hide the places that a row does not use."""
        places = next(iter(self.own.values()))[0].shape[2]
        if int(self.lengths.max()) >= places:
            places += _ROOM
            self.own = {layer: (_widen(k, places), _widen(v, places)) for layer, (k, v) in self.own.items()}
        self._hidden = torch.arange(places, device=self._device)[None] > self.lengths[:, None]
        self._at = (torch.arange(len(self.lengths), device=self._device), slice(None), self.lengths)

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, window: int | None) -> Tensor:
        """One new token a row: query [H, rows, D], key and value [H_kv, rows, D] -> [rows, H * D]."""
        heads, count, width = query.shape
        keys, values = self.own[layer]
        kv = keys.shape[1]
        at = self._at
        keys[at], values[at] = key.transpose(0, 1), value.transpose(0, 1)
        q = query.view(kv, heads // kv, count, width).permute(2, 0, 1, 3) * scale  # [rows, H_kv, G, D]
        hidden = self._hidden
        if window is not None:
            hidden = hidden | (torch.arange(keys.shape[2], device=keys.device)[None] <= self.lengths[:, None] - window)
        scores = torch.matmul(q, keys.transpose(2, 3)).masked_fill_(hidden[:, None, None], float("-inf"))
        if not self.before:
            out = torch.matmul(torch.softmax(scores, -1), values)
            return out.reshape(count, heads * width)
        k, v = self.common[layer]
        folded = q.transpose(0, 1).reshape(kv, -1, width)  # [H_kv, rows * G, D]
        shared = torch.bmm(folded, k.transpose(1, 2)).view(kv, count, heads // kv, -1).transpose(0, 1)
        if window is not None:
            far = torch.arange(self.before, device=k.device)[None] <= self.before + self.lengths[:, None] - window
            shared = shared.masked_fill(far[:, None, None], float("-inf"))
        weights = torch.softmax(torch.cat([shared, scores], -1), -1)
        front = weights[..., : self.before].transpose(0, 1).reshape(kv, -1, self.before)
        out = torch.bmm(front, v).view(kv, count, heads // kv, width).transpose(0, 1)
        out = out + torch.matmul(weights[..., self.before :], values)
        return out.reshape(count, heads * width)


def _widen(memory: Tensor, places: int) -> Tensor:
    missing = places - memory.shape[2]
    return torch.nn.functional.pad(memory, (0, 0, 0, missing)) if missing > 0 else memory


def generate(
    network: Network,
    requests: Sequence[GenerateRequest],
    on_event: Listener,
    beginnings: Beginnings | None = None,
    on_texts: Sequence[Callable[[str], None] | None] = (),
) -> list[GenerateResult]:
    """Answers to all requests; the order of work is by length, the results come in the order of the requests.

    ``beginnings``: what is known from earlier calls; ``on_texts``: who hears the text so far, for each request.
    """
    start = time.perf_counter()
    prompts = [network.template.prompt_ids(request.messages) for request in requests]
    most = min((len(p) for p in prompts), default=1) - 1
    beginnings = beginnings or Beginnings()
    beginning = [] if network.apart else beginnings.common(prompts, most)
    answers = [
        Answer(
            i,
            request.max_new_tokens,
            prompt[len(beginning) :],
            told=on_texts[i] if on_texts else None,
            chance=request.chance(),
            temperature=request.temperature or 1.0,
        )
        for i, (request, prompt) in enumerate(zip(requests, prompts, strict=True))
    ]
    on_event(Progress(task="answering", done=0, total=len(requests), unit="answers"))
    with torch.inference_mode():
        if network.apart:
            _write_apart(network, answers, on_event)
        else:
            _write(network, (beginning, beginnings), answers, on_event)
    seconds = (time.perf_counter() - start) / max(len(requests), 1)
    on_event(Progress(task="answering", done=len(requests), total=len(requests), unit="answers"))
    return [
        GenerateResult(text=network.template.decode(a.out), stopped=a.stopped, tokens=len(a.out), seconds=seconds)
        for a in answers
    ]


def _write(
    network: Network, behind: tuple[list[int], Beginnings], answers: Sequence[Answer], on_event: Listener
) -> None:
    """All answers, in one running batch behind the beginning that they share."""
    beginning, beginnings = behind
    waiting = deque(sorted(answers, key=lambda a: (a.limit, len(a.prompt), a.request), reverse=True))
    memory = Memory(beginnings.kept(network, beginning), network.device)
    size = _batch_rows(network, answers)
    running: list[Answer] = []
    done = 0
    while running or waiting:
        alive = [row for row, answer in enumerate(running) if not answer.done]
        if len(alive) <= 0.75 * len(running) or (waiting and len(alive) < 0.75 * size):
            done += len(running) - len(alive)
            memory.keep(torch.tensor(alive, dtype=torch.long).to(network.device))
            running = [running[row] for row in alive]
            while waiting and len(running) < size:
                running += _admit(network, memory, waiting, size - len(running))
            if len(answers) == 1 and not done:
                beginnings.remember([*beginning, *answers[0].prompt], memory.first(len(beginning)))
            on_event(Progress(task="answering", done=done, total=len(answers), unit="answers"))
            continue
        if running:
            _step(network, memory, running)


def _write_apart(network: Network, answers: Sequence[Answer], on_event: Listener) -> None:
    """All answers where keys and values cannot be kept: every token computes its sequence again."""
    order = sorted(answers, key=lambda a: (a.limit, len(a.prompt), a.request))
    for first in range(0, len(order), _FEW):
        running = order[first : first + _FEW]
        while running:
            layout = network.lay_out(grow([[*a.prompt, *a.out] for a in running], range(len(running))))
            hidden = hidden_states(network, layout.ids, layout.positions, layout)
            last = torch.tensor([int(layout.tree.where[i][-1]) for i in range(len(running))]).to(network.device)
            for answer, token in zip(running, _tokens(network.logits(hidden[last]), running), strict=True):
                answer.take(token, network.template.stops)
                _tell(network, answer)
            running = [answer for answer in running if not answer.done]
        on_event(Progress(task="answering", done=min(first + _FEW, len(order)), total=len(order), unit="answers"))


def _batch_rows(network: Network, answers: Sequence[Answer]) -> int:
    """Rows whose keys and values fit the memory that a batch may take."""
    config = network.plain.config.get_text_config()
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    kv = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    item = torch.finfo(network.dtype).bits // 8
    longest = max((len(a.prompt) + a.limit for a in answers), default=1)
    a_row: int = 2 * config.num_hidden_layers * kv * width * item * longest
    return max(1, min(_MOST_ROWS, _MEMORY // a_row))


def _admit(network: Network, memory: Memory, waiting: deque[Answer], room: int) -> list[Answer]:
    """Compute the prompts of waiting requests, one row of them, and let them into the batch with their first token."""
    batch = [waiting.popleft() for _ in range(min(room, len(waiting)))]
    prompts = [answer.prompt for answer in batch]
    members, *later = rows(prompts, BUDGET)
    waiting.extendleft(batch[i] for i in sorted((i for group in later for i in group), reverse=True))
    layout = network.lay_out(grow(prompts, members), memory.common or None)
    layout.keep = {}
    hidden = hidden_states(network, layout.ids, layout.positions, layout)
    where = [torch.from_numpy(layout.tree.where[i]) for i in members]
    last = torch.stack([w[-1] for w in where]).to(network.device)
    admitted = [batch[i] for i in members]
    tokens = _tokens(network.logits(hidden[last]), admitted)
    for answer, token in zip(admitted, tokens, strict=True):
        answer.take(token, network.template.stops)
        _tell(network, answer)
        answer.length = len(answer.prompt)
    memory.join(layout.keep, where)
    return admitted


def _step(network: Network, memory: Memory, running: Sequence[Answer]) -> None:
    """One token for every row (rows that are done but not yet dropped are computed and ignored)."""
    memory.step()
    ids = torch.tensor([[answer.next for answer in running]]).to(network.device)
    positions = (memory.lengths + memory.before)[None]
    hidden = hidden_states(network, ids, positions, memory)
    tokens = _tokens(network.logits(hidden), running)
    memory.lengths += 1
    for answer, token in zip(running, tokens, strict=True):
        if not answer.done:
            answer.take(token, network.template.stops)
            _tell(network, answer)


def _tokens(logits: Tensor, answers: Sequence[Answer]) -> list[int]:
    """The next token of each answer, from its row of logits."""
    likeliest = logits.argmax(-1).tolist()
    return [answer.pick(row, best) for answer, row, best in zip(answers, logits, likeliest, strict=True)]


def _tell(network: Network, answer: Answer) -> None:
    """Say how far an answer is, unless its last character has bytes to come."""
    if answer.told is not None and not (text := network.template.decode(answer.out)).endswith("\ufffd"):
        answer.told(text)
