"""The never-silent contract on a run of tuning: what is checked before, what after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import torch
from peft import get_peft_model_state_dict
from safetensors import safe_open
from torch import Tensor

from strop.engines.base import GenerateRequest, GenerateResult, TrainItem, TrainPlan
from strop.engines.torch.answering.generate import generate
from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.template import Row, Template
from strop.errors import CheckFailed
from strop.records import Listener, RunCheck, Said

SAMPLE = 50
ENOUGH = 0.9
_Z = 1.6448536269514722
"""One-sided 95 %."""


def rows_of(template: Template, items: Sequence[TrainItem], max_length: int) -> list[Row]:
    """Tokenise examples. Raises CheckFailed for one that has no answer, would be cut, or loses its stop token."""
    rows, nothing = [], [*template.ids_of_lead, template.stop]
    for item in items:
        try:
            row = template.row(item.messages, item.answer)
        except CheckFailed as error:
            raise CheckFailed(f"example {item.example}: {error.message}", remedy=error.remedy) from error
        if not item.answer.strip() or row.answer == nothing:
            raise CheckFailed(f"example {item.example} has no answer to learn", remedy="curate the rows again")
        if item.rejected is not None:
            row = row._replace(rejected=_rejected(template, item, row))
        longest = max(len(row.ids), row.prompt + len(row.rejected))
        if longest > max_length:
            raise CheckFailed(
                f"example {item.example} has {longest} tokens, the limit is {max_length}: its answer would be cut",
                remedy="raise tune.max_length, or quarantine it as too_long (data.max_tokens)",
            )
        if row.prompt < 1 or row.answer[-1] != template.stop:
            raise CheckFailed(f"example {item.example} does not end in the stop token")
        rows.append(row)
    return rows


def _rejected(template: Template, item: TrainItem, row: Row) -> tuple[int, ...]:
    """Ids of the rejected answer. Raises CheckFailed where there is nothing to prefer."""
    other = template.row_after(row.ids[: row.prompt], item.messages, item.rejected or "").answer
    empty = not (item.rejected or "").strip() or other == [*template.ids_of_lead, template.stop]
    if empty or other == row.answer:
        why = "is empty" if empty else "is the right one"
        raise CheckFailed(f"the rejected answer of example {item.example} {why}", remedy="curate the rows again")
    return tuple(other)


def label_ids(template: Template, plan: TrainPlan, rows: Sequence[Row]) -> tuple[tuple[int, ...], ...]:
    """Ids of every label with its stop token, as they are scored.

    Raises CheckFailed where labels cannot be told apart, or where a row's answer is none of them: such a row would
    teach only what is wrong, and no curve would show it.
    """
    messages = plan.train[0].messages
    ids = {label: tuple(template.row(messages, label).answer) for label in plan.spec.labels}
    for label, same in combinations(ids, 2):
        if ids[label] == ids[same]:
            raise CheckFailed(
                f"the base's template writes the labels {label!r} and {same!r} alike",
                remedy="rename one, or take tune.label_share out of strop.yaml",
            )
    for row in rows:
        if tuple(row.answer) not in ids.values():
            raise CheckFailed(
                f"the answer {template.decode(row.answer)!r} is none of the {len(ids)} labels",
                remedy="curate the rows again, or take tune.label_share out of strop.yaml",
            )
    return tuple(ids.values())


def trained_tokens(rows: Sequence[Row], template: Template) -> RunCheck:
    """Line 2: every example has trained tokens, its stop token among them; prompt tokens carry no loss."""
    good = [row for row in rows if len(row.answer) > 1 and row.answer[-1] == template.stop]
    total, learned = sum(len(r.ids) for r in rows), sum(len(r.answer) for r in rows)
    share = f"{learned} of {total} tokens are learned ({learned / max(total, 1):.0%}), the answers only"
    pairs = sum(bool(row.rejected) for row in rows)
    if pairs:
        good = [row for row in good if not row.rejected or row.rejected[-1] == template.stop]
        share = f"{share}; {pairs} are held against a rejected answer"
    return RunCheck(
        name="trained_tokens", passed=len(good) == len(rows) > 0,
        detail=f"{len(good)} of {len(rows)} examples have an answer and its stop token; {share}",
    )  # fmt: skip


def same_as_served(rows: Sequence[Row], items: Sequence[TrainItem], template: Template) -> RunCheck:
    """Line 3: the ids trained on are the ids served for the same messages, with one BOS at most."""
    tokenizer, bos = template.tokenizer, template.tokenizer.bos_token_id
    differ = doubled = 0
    for row, item in zip(rows, items, strict=True):
        turns = [{"role": m.role, "content": m.content} for m in item.messages]
        served = tokenizer.apply_chat_template(turns, tokenize=True, add_generation_prompt=True, return_dict=True)
        differ += list(served["input_ids"]) != row.ids[: row.prompt]
        doubled += bos is not None and row.ids[:2] == [bos, bos]
    return RunCheck(
        name="template", passed=not differ and not doubled,
        detail=f"template {template.hash} ({template.name}); prompts that differ from what is served: {differ} of "
        f"{len(rows)}; doubled BOS: {doubled}",
    )  # fmt: skip


def apart(network: Network, on_event: Listener) -> RunCheck:
    """Say that rows share nothing: this base's layers were found to give other logits on a tree than by themselves."""
    name = type(network.plain).__name__
    detail = f"{name} cannot be computed as a tree: every row by itself, in batches of about one length"
    on_event(Said(text=f"{detail}. What rows share is computed for each of them; losses are the same."))
    return RunCheck(name="rows_apart", passed=True, detail=detail)


STILL = "nothing was kept; a rate above 0 moves what has an effect, and LoRA needs two steps (tune.num_train_epochs)"
"""What to do about tensors that did not move."""


def moved(start: dict[str, Tensor], now: dict[str, Tensor], steps: int) -> RunCheck:
    """Line 4: every trainable tensor has moved and is finite, after so many steps."""
    still = [name for name, tensor in now.items() if torch.equal(tensor, start[name])]
    broken = [name for name, tensor in now.items() if not bool(torch.isfinite(tensor).all())]
    examples = f"; for example {(still + broken)[0]}" if still or broken else ""
    return RunCheck(
        name="moved", passed=not still and not broken and bool(now),
        detail=f"{len(now)} trainable tensors after {steps} steps, {len(still)} did not move, {len(broken)} are not "
        f"finite{examples}",
    )  # fmt: skip


def reloads(
    folder: Path, loaded: Network, trained_logits: Sequence[Tensor], loaded_logits: Sequence[Tensor]
) -> RunCheck:
    """Line 6: saved and loaded into a fresh base, no key is missing or unexpected, and the logits are the same."""
    saved = set[str]()
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            saved |= set(file.keys())
    missing, unexpected = 0, len(loaded.unread)  # of whole weights: what is missing, loading refuses
    if hasattr(loaded.model, "peft_config"):
        wanted = set(get_peft_model_state_dict(loaded.model, save_embedding_layers=False))  # True would ask the hub
        missing, unexpected = len(wanted - saved), len(saved - wanted)
    difference = _largest(trained_logits, loaded_logits)
    keys = f"{len(saved)} tensors, {missing} missing, {unexpected} unexpected"
    return RunCheck(
        name="reload", passed=not missing and not unexpected and difference < 1e-3,
        detail=f"{keys}; largest difference of a logit {difference:.1e}",
    )  # fmt: skip


def differs(base_logits: Sequence[Tensor], tuned_logits: Sequence[Tensor]) -> RunCheck:
    """Line 11: the adapter does not give the base model's outputs."""
    difference = _largest(tuned_logits, base_logits)
    return RunCheck(
        name="differs_from_base", passed=difference > 1e-3, detail=f"largest difference of a logit {difference:.2g}"
    )


def _largest(a: Sequence[Tensor], b: Sequence[Tensor]) -> float:
    return max(float((x - y).abs().max()) for x, y in zip(a, b, strict=True))


def logits(network: Network, rows: Sequence[Row], most: int = 3) -> list[Tensor]:
    """Logits of the answers of a few rows."""

    result = []
    with torch.inference_mode():
        for row in rows[:most]:
            layout = network.lay_out(grow([row.ids], [0]))
            hidden = hidden_states(network, layout.ids, layout.positions, layout)
            result.append(network.logits(hidden[row.prompt - 1 :]).float())
    return result


def stops(
    network: Network, plan: TrainPlan, rows: Sequence[Row], limit: int, on_event: Listener
) -> tuple[RunCheck, list[tuple[GenerateRequest, GenerateResult]]]:
    """Line 5: how many of 50 answers (validation prompts first) end by themselves, by Wilson's lower bound.

    Beside the check, the answers as they are under the whole ``limit``.
    """
    items = [*plan.validation, *plan.train][:SAMPLE]
    longest = max(len(row.answer) for row in rows)
    room = min(limit, 2 * longest + 16)
    requests = [GenerateRequest(messages=item.messages, max_new_tokens=room) for item in items]
    results = generate(network, requests, on_event)
    ended = sum(result.stopped for result in results)
    n, bound = len(items), wilson_lower(ended, len(items))
    best = wilson_lower(n, n)
    passed = bound >= ENOUGH or (best < ENOUGH and ended == n)
    small = f"; only {n} prompts, with which the bound cannot reach {ENOUGH}" if best < ENOUGH else ""
    check = RunCheck(
        name="stops", passed=passed,
        detail=f"{ended} of {n} greedy answers end by themselves within {room} tokens; lower bound {bound:.3f} "
        f"(Wilson, one-sided 95 %), wanted {ENOUGH}{small}",
    )  # fmt: skip
    whole = [
        (request.model_copy(update={"max_new_tokens": limit}), result)
        for request, result in zip(requests, results, strict=True)
        if result.stopped or room == limit
    ]
    return check, whole


def wilson_lower(good: int, n: int) -> float:
    """Lower end of Wilson's score interval for a share, one-sided 95 %."""
    if n == 0:
        return 0.0
    share, z2 = good / n, _Z * _Z
    half = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, (share + z2 / (2 * n) - half) / (1 + z2 / n))
