"""What a step minimises, read off the batch's tree: answer tokens, labels against each other, or preferred answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from strop.engines.torch.forward import Targets, hidden_states, log_probabilities, loss, targets
from strop.engines.torch.network import Network
from strop.engines.torch.packing.layout import Layout
from strop.engines.torch.packing.tree import Tree, grow, rows
from strop.engines.torch.template import Row
from strop.engines.torch.tuning.sharded import keep_in_step, missing
from strop.engines.torch.tuning.top_layer import worth_it


class Aim(NamedTuple):
    """How a batch is laid out, and what for.

    ``row_tokens``: most tokens computed in one row. ``labels``: ids of all labels with their stop token, when
    ``label_share`` of the loss is -log p(right label | all labels) an example instead of a mean over answer tokens.
    ``beta``: of the mean over the pairs of a batch that is added, see :func:`_pair_weights`; 0: pairs are not looked
    at. ``answers``: weight of the mean over answer tokens beside it.
    """

    row_tokens: int
    labels: tuple[tuple[int, ...], ...] = ()
    label_share: float = 0.0
    beta: float = 0.0
    answers: float = 1.0


class Read(NamedTuple):
    """One answer read off a row: ``at`` the positions that predict its ``ids``; ``right``: it is the one to learn."""

    example: int
    at: list[int]
    ids: list[int]
    right: bool


def batch_loss(
    network: Network, batch: Sequence[Row], aim: Aim, *, train: bool, whole: Sequence[Row] | None = None
) -> float:
    """The mean loss of a batch; with ``train`` its gradient is added to the parameters'.

    Into how many rows the batch is split does not change the mean: sums are divided by the whole batch's tokens.
    ``whole``: the batch of which this is a part; its parts' losses and gradients add up to its mean.
    """
    whole = batch if whole is None else whole
    tokens, value = sum(len(row.answer) for row in whole), 0.0
    pairs, own = sum(bool(row.rejected) for row in whole), aim.answers * (1 - aim.label_share)
    laid_out = list(_laid_out(batch, aim))
    behind = missing(network, len(laid_out))
    for tree, reads in laid_out:
        with torch.set_grad_enabled(train):
            layout = network.lay_out(tree)
            wanted = targets(
                [p for read in reads for p in read.at], [i for read in reads for i in read.ids], network.device
            )
            hidden, wanted = _looked_at(network, layout, wanted)
            weights = torch.tensor([own / tokens * read.right for read in reads for _ in read.ids]).to(network.device)
            if aim.label_share:
                gradient, among_labels = _label_weights(network, hidden.detach(), wanted, reads)
                weights += aim.label_share / len(whole) * gradient
                value += aim.label_share / len(whole) * among_labels
            if aim.beta and pairs:
                gradient, of_pairs = _pair_weights(network, hidden.detach(), wanted, reads, batch, aim.beta)
                weights += gradient / pairs
                value += of_pairs / pairs
            part = loss(network, hidden, wanted, weights)
            if train:
                part.backward()
        value += float(part.detach())
    keep_in_step(network, behind, train=train)
    return value


def _looked_at(network: Network, layout: Layout, wanted: Targets) -> tuple[Tensor, Targets]:
    """Last hidden states of a row, and where in them the targets are: of the positions that predict, where it pays."""
    if not worth_it(network, layout, wanted.at):
        return hidden_states(network, layout.ids, layout.positions, layout), wanted
    layout.only = wanted.at
    hidden = hidden_states(network, layout.ids, layout.positions, layout)
    return hidden, wanted._replace(at=torch.arange(len(wanted.at), device=wanted.at.device))


def computed(batch: Sequence[Row], aim: Aim) -> list[tuple[int, list[int]]]:
    """The packed rows of a batch: tokens to compute, and which of its examples stand in the row."""
    return [(tree.size, sorted({read.example for read in reads})) for tree, reads in _laid_out(batch, aim)]


def sequences(batch: Sequence[Row], aim: Aim) -> list[list[int]]:
    """All that a batch's trees are grown of, however it is split."""
    if aim.label_share:
        return [[*row.ids[: row.prompt], *label[:-1]] for row in batch for label in aim.labels]
    if aim.beta:
        return [one for row in batch for one in _answers(row)]
    return [row.ids[:-1] for row in batch]


def _answers(row: Row) -> list[list[int]]:
    """The row with its own answer, and with the rejected one where there is one."""
    both = [row.ids[:-1]]
    return [*both, [*row.ids[: row.prompt], *row.rejected[:-1]]] if row.rejected else both


def _laid_out(batch: Sequence[Row], aim: Aim) -> Iterator[tuple[Tree, list[Read]]]:
    if aim.label_share:
        yield from _with_all_labels(batch, aim)
        return
    if aim.beta:
        yield from _with_rejected(batch, aim)
        return
    inputs = sequences(batch, aim)
    for members in rows(inputs, aim.row_tokens):
        tree = grow(inputs, members)
        yield tree, [Read(i, tree.where[i][batch[i].prompt - 1 :].tolist(), batch[i].answer, True) for i in members]


def _with_all_labels(batch: Sequence[Row], aim: Aim) -> Iterator[tuple[Tree, list[Read]]]:
    """Rows in which every label stands behind every prompt; an example's labels stay in one row."""
    prompts = [row.ids[: row.prompt] for row in batch]
    # rows are split by prompts as long as they will be with all labels behind them
    behind = grow([label[:-1] or (0,) for label in aim.labels], range(len(aim.labels))).size
    for members in rows([[*prompt, *[-i - 1] * behind] for i, prompt in enumerate(prompts)], aim.row_tokens):
        behind_each = sequences([batch[i] for i in members], aim)
        tree = grow(behind_each, range(len(behind_each)))
        owners = [(i, label) for i in members for label in aim.labels]
        yield (
            tree,
            [
                Read(i, tree.where[n][batch[i].prompt - 1 :].tolist(), list(label), list(label) == batch[i].answer)
                for n, (i, label) in enumerate(owners)
            ],
        )


def _with_rejected(batch: Sequence[Row], aim: Aim) -> Iterator[tuple[Tree, list[Read]]]:
    """Rows in which a pair's two answers stand behind one prompt; both stay in one row."""
    # rows are split by rows as long as they will be with both answers
    long = [[*row.ids[:-1], *[-i - 1] * len(row.rejected)] for i, row in enumerate(batch)]
    for members in rows(long, aim.row_tokens):
        both = [(i, n, ids) for i in members for n, ids in enumerate(_answers(batch[i]))]
        tree = grow([ids for _, _, ids in both], range(len(both)))
        reads = []
        for place, (i, n, _) in enumerate(both):
            ids = list(batch[i].rejected) if n else batch[i].answer
            reads.append(Read(i, tree.where[place][batch[i].prompt - 1 :].tolist(), ids, not n))
        yield tree, reads


def _pair_weights(
    network: Network, hidden: Tensor, wanted: Targets, reads: Sequence[Read], batch: Sequence[Row], beta: float
) -> tuple[Tensor, float]:
    """Weights [N] whose weighted token losses have the gradient of the pairs' losses, less the loss that they sum to.

    A pair's loss is -log sigmoid(z), z = beta · (log p(answer) - log p(rejected) - the same by the base): Rafailov et
    al. 2023, DPO, equation 7. Its gradient in log p(answer) is -beta · sigmoid(-z), in log p(rejected) the opposite.
    """
    with torch.no_grad():
        logprobs = log_probabilities(network, hidden, wanted)
    sums = [part.sum().cpu() for part in logprobs.split([len(read.ids) for read in reads])]
    weights, lost = torch.zeros(len(reads), dtype=torch.float64), 0.0
    for n, read in enumerate(reads):
        if not read.right:  # it stands behind the one that it is held against
            z = beta * (sums[n - 1] - sums[n] - batch[read.example].preferred)
            weights[n - 1], weights[n] = beta * torch.sigmoid(-z), -beta * torch.sigmoid(-z)
            lost -= float(torch.nn.functional.logsigmoid(z))
    spread = weights.repeat_interleave(torch.tensor([len(read.ids) for read in reads]))
    spread = spread.to(logprobs.device)
    return spread.float(), lost + float((spread * logprobs).sum())


def with_base(network: Network, batch: Sequence[Row], aim: Aim) -> list[Row]:
    """The rows, each pair with how much the base prefers its answer; asked once, before anything has moved."""
    found = list(batch)
    if not aim.beta:
        return found
    pairs = [i for i, row in enumerate(batch) if row.rejected]
    with torch.no_grad(), network.untuned() as base:
        for tree, reads in _with_rejected([batch[i] for i in pairs], aim):
            layout = base.lay_out(tree)
            hidden = hidden_states(base, layout.ids, layout.positions, layout)
            wanted = targets(
                [p for read in reads for p in read.at], [i for read in reads for i in read.ids], base.device
            )
            parts = log_probabilities(base, hidden, wanted).split([len(read.ids) for read in reads])
            for read, part in zip(reads, parts, strict=True):
                place, sign = pairs[read.example], 1 if read.right else -1
                found[place] = found[place]._replace(preferred=found[place].preferred + sign * float(part.sum()))
    return found


def _label_weights(network: Network, hidden: Tensor, wanted: Targets, reads: Sequence[Read]) -> tuple[Tensor, float]:
    """Weights [N] whose weighted token losses have the gradient of -log p(right | labels), less the loss they sum to.

    With s_j the log probability of label j and p = softmax(s), d(-log p_y) = -(ds_y - sum_j p_j ds_j): the token losses
    of label j weigh [j = y] - p_j. That sum is not the loss itself; what is missing is returned beside the weights.
    """
    with torch.no_grad():
        logprobs = log_probabilities(network, hidden, wanted)
    sums = torch.stack([part.sum() for part in logprobs.split([len(read.ids) for read in reads])])
    examples = sorted({read.example for read in reads})
    place = {example: n for n, example in enumerate(examples)}
    owner = torch.tensor([place[read.example] for read in reads])
    right = torch.tensor([float(read.right) for read in reads], dtype=torch.float64).to(sums.device)
    labels = len(reads) // len(examples)
    by_example = sums.view(len(examples), labels)  # reads of an example stand together
    assert bool((owner.view(len(examples), labels) == owner.view(len(examples), labels)[:, :1]).all())
    share = torch.softmax(by_example, -1).view(-1)
    weights = right - share
    wanted_loss = -(torch.log_softmax(by_example, -1).view(-1) * right).sum()
    spread = weights.repeat_interleave(torch.tensor([len(read.ids) for read in reads]).to(weights.device))
    return spread.float(), float(wanted_loss + (spread * logprobs).sum())
