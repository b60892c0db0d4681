"""What the lower layers give, computed once: they lie below the lowest layer that training changes, so they stay.

    layers      0 … 19 │ 20 … 29          before the first step: 0 … 19 forward, once for all rows; kept on the disk
    adapted        no  │  yes             every step: 20 … 29 forward and back, on what was kept

What reaches a token hangs on the tokens before it alone, so it is kept by node of the tree of all of a run's rows, and
epochs, seeds, learning rates and ranks on the same rows read it again, and so do the parts of a learning curve, whose
plans name all its rows. It is always computed in the same order and the same portions: whether it was kept or had to be
computed changes no bit of a run.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from strop import durable
from strop.engines.torch.network import Network
from strop.engines.torch.packing.attention import Seen
from strop.engines.torch.packing.layout import Layout
from strop.engines.torch.packing.tree import Tree, grow, rows
from strop.errors import StorageError
from strop.records import Base, Listener, Said, content_id, silent

VERSION = 1
PORTION = 1024
"""Most tokens that are computed together."""
MOST_BYTES = 4 << 30
"""All that is kept takes no more than this on the disk; what alone would take more is computed in each step."""
_FILE = "states.bin"
_ROOT = -1
_PROBE = 12
"""Tokens on which the layers are proven to give the same with and without what was kept."""


def lowest_adapted(network: Network) -> int:
    """The first layer that training changes; 0 where nothing below it is sure to stay as it is."""
    layers = list(network.layers)
    inside = [{id(p) for p in layer.parameters() if p.requires_grad} for layer in layers]
    changed = {id(p) for p in network.model.parameters() if p.requires_grad}
    first = next((number for number, own in enumerate(inside) if own), 0)
    by_chance = (isinstance(part, torch.nn.Dropout) and part.p for layer in layers[:first] for part in layer.modules())
    return 0 if changed - set().union(*inside) or any(by_chance) else first


def keep_lower(
    network: Network, base: Base, sequences: Sequence[Sequence[int]], kept: Path | None, on_event: Listener
) -> Network:
    """The network with something that stands in for its lower layers on these sequences, where it has such layers.

    It is read, or computed, when it is opened. What does not fit, or cannot be proven, is left as it is, and told.
    """
    first = lowest_adapted(network)
    if not first or network.apart:
        return network
    network.model.eval()
    folder = kept / _name(network, base, first) if kept else None
    lower = LowerLayers(network, first, sequences, folder, on_event)
    if lower.bytes > MOST_BYTES:
        size = f"{lower.bytes / 2**30:.1f} GiB, more than {MOST_BYTES / 2**30:.0f}"
        on_event(Said(text=f"What the lower {first} layers give is computed in each step: kept it would take {size}."))
        return network
    if not lower.proven():
        on_event(Said(text=f"What the lower {first} layers give is computed in each step: this base hides it."))
        return network
    return replace(network, lower=lower)


def _name(network: Network, base: Base, first: int) -> str:
    """All that it hangs on, but for the rows."""
    return content_id("lower", [VERSION, torch.__version__, base.id, network.template.hash, str(network.dtype), first])


class Nodes:
    """The tree of all sequences: a number for every beginning of one, in the order in which they are computed."""

    def __init__(self, sequences: Sequence[Sequence[int]], vocabulary: int) -> None:
        self._vocabulary, self._numbers = vocabulary, dict[int, int]()
        unique = sorted({tuple(sequence) for sequence in sequences})
        self.name = content_id("rows", [list(sequence) for sequence in unique])
        self.portions = [grow(unique, members) for members in rows(unique, PORTION)]
        self.new = [self._add(tree) for tree in self.portions]
        """By portion, the places of the tokens that no portion before it had."""

    def __len__(self) -> int:
        return len(self._numbers)

    def of(self, tree: Tree) -> Tensor | None:
        """Numbers [T] of a tree's tokens; None where it holds one that is not of these sequences."""
        found = list[int]()
        for key in self._keys(tree, found):
            number = self._numbers.get(key)
            if number is None:
                return None
            found.append(number)
        return torch.tensor(found)

    def _add(self, tree: Tree) -> Tensor:
        found, new = list[int](), list[int]()
        for place, key in enumerate(self._keys(tree, found)):
            if key not in self._numbers:
                self._numbers[key] = len(self._numbers)
                new.append(place)
            found.append(self._numbers[key])
        return torch.tensor(new, dtype=torch.long)

    def _keys(self, tree: Tree, found: list[int]) -> Iterator[int]:
        """(number of the token before, token) of each token, as one number; ``found`` holds those of earlier tokens."""
        for block in tree.blocks:
            above = found[block.above.start + len(block.above.tokens) - 1] if block.above else _ROOT
            for token, parent in zip(block.tokens.tolist(), block.parents.tolist(), strict=True):
                before = found[block.start + parent] if parent >= 0 else above
                yield before * self._vocabulary + token


class LowerLayers:
    """Stands in for a network's layers below ``first``, on trees of ``sequences``. Not for several threads at once.

    The layers are wrapped for good; they compute as ever where another tree is asked about. ``folder``: its name tells
    all that the states hang on but the rows; None holds them in memory.
    """

    def __init__(
        self, network: Network, first: int, sequences: Sequence[Sequence[int]], folder: Path | None = None,
        on_event: Listener = silent,
    ) -> None:  # fmt: skip
        self.first, self.nodes = first, Nodes(sequences, int(network.head.shape[0]))
        self._network, self._on_event = network, on_event
        self._folder = folder / self.nodes.name if folder else None
        self._states: Tensor | None = None
        self._given: Tensor | None = None
        self._caught: list[Tensor] | None = None
        for number, layer in enumerate(network.layers):
            layer.forward = functools.partial(self._forward, number, layer.forward)

    @property
    def bytes(self) -> int:
        """What is kept takes so much."""
        return len(self.nodes) * self._width * int(self._network.dtype.itemsize)

    @property
    def to_compute(self) -> int:
        """Tokens that :meth:`open` would compute: none where they are known from before."""
        return 0 if self._known() else sum(tree.size for tree in self.nodes.portions)

    def proven(self) -> bool:
        """Whether the network gives the same on a few tokens when its lower layers are stood in for."""
        tree = grow([self.nodes.portions[0].tokens()[:_PROBE].tolist()], [0])
        try:
            plain = self._run(tree)
            self._given = self._catch(tree)
            own = self._run(tree)
        except (TypeError, ValueError, AttributeError, IndexError):  # layers of another form
            return False
        finally:
            self._given = None
        return bool(torch.allclose(own, plain, rtol=1e-3, atol=1e-3 * float(plain.abs().max())))

    def open(self) -> None:
        """Read what is kept, or compute and keep it; a torn file is noticed by its hash. Without folder: in memory."""
        if self._folder is None:
            self._states = torch.cat(list(self._computed()))
            return
        what = f"What the lower {self.first} layers give"
        try:
            with durable.alone(self._folder.parent.parent / "lower.lock"):
                known = self._known()
                if not known:
                    self._write(self._folder)
                self._states = self._read(self._folder)
                _make_room(self._folder)
        except StorageError as error:
            self._on_event(Said(text=f"{what} is held in memory: {error.message}."))
            self._states = torch.cat(list(self._computed()))
            return
        done = "was computed before" if known else "is computed once and kept"
        self._on_event(Said(text=f"{what} {done}: {len(self.nodes):,} tokens, {self.bytes / 2**20:.0f} MiB."))

    @contextlib.contextmanager
    def given_to(self, seen: Seen) -> Iterator[None]:
        """While the block runs, the lower layers give what is known of this row, if all of it is."""
        if self._states is not None and isinstance(seen, Layout) and seen.given is None and seen.keep is None:
            numbers = self.nodes.of(seen.tree)
            states = None if numbers is None else self._states.index_select(0, numbers)[None]
            self._given = None if states is None else states.to(seen.ids.device)
        try:
            yield
        finally:
            self._given = None

    @property
    def _width(self) -> int:
        return int(self._network.head.shape[1])

    def _known(self) -> bool:
        folder = self._folder
        return folder is not None and durable.is_exact(folder) and (folder / _FILE).stat().st_size == self.bytes

    def _write(self, folder: Path) -> None:
        durable.make_folder(folder.parent)
        durable.sweep(folder.parent)
        with durable.new_folder(folder) as filling, (filling / _FILE).open("wb") as file:
            for states in self._computed():
                file.write(states.contiguous().view(torch.uint8).numpy().data)

    def _read(self, folder: Path) -> Tensor:
        count = len(self.nodes) * self._width
        numbers = torch.from_file(str(folder / _FILE), shared=False, size=count, dtype=self._network.dtype)
        return numbers.view(len(self.nodes), self._width)

    def _computed(self) -> Iterator[Tensor]:
        """States [n, d] of every portion's new tokens."""
        for tree, new in zip(self.nodes.portions, self.nodes.new, strict=True):
            if len(new):
                yield self._catch(tree)[0].cpu().index_select(0, new)

    def _catch(self, tree: Tree) -> Tensor:
        """What the lower layers give [1, T, d]; those above compute nothing."""
        self._caught = []
        try:
            self._run(tree)
            (states,) = self._caught
        finally:
            self._caught = None
        return states

    def _run(self, tree: Tree) -> Tensor:
        layout, body = self._network.lay_out(tree), self._network.body
        with torch.no_grad():
            out = body(input_ids=layout.ids, position_ids=layout.positions, use_cache=False, seen=layout)
        states: Tensor = out.last_hidden_state
        return states

    def _forward(self, number: int, own: Any, hidden: Tensor, *others: Any, **more: Any) -> Any:
        """A layer's forward: its own, unless it is stood in for, or lies above what is to be caught."""
        last = number == self.first - 1
        if self._given is not None and number < self.first:
            return self._given if last else hidden
        if self._caught is not None and number >= self.first:
            return hidden
        out = own(hidden, *others, **more)
        if self._caught is not None and last:
            self._caught.append(out)
        return out


def _make_room(used: Path) -> None:
    """What was used longest ago goes, until all that is kept beside ``used`` fits."""
    os.utime(used)
    found = list(used.parent.parent.glob(f"lower_*/*/{_FILE}"))
    found.sort(key=lambda file: (file.parent != used, -file.parent.stat().st_mtime))
    total = 0
    for file in found:
        total += file.stat().st_size
        if total > MOST_BYTES and file.parent != used:  # what another process maps stays readable for it
            shutil.rmtree(file.parent)
