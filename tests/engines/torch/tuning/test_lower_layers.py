"""What the lower layers give, kept: the same losses, gradients and runs as without, and never anything stale."""

from __future__ import annotations

import contextlib
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from strop.engines import bases
from strop.engines.base import TrainOutcome, TrainPlan
from strop.engines.torch import TorchEngine
from strop.engines.torch.adapters import methods
from strop.engines.torch.forward import hidden_states
from strop.engines.torch.network import Network, load_base
from strop.engines.torch.packing.tree import grow
from strop.engines.torch.quiet import quiet
from strop.engines.torch.tuning import checks, lower_layers
from strop.engines.torch.tuning.lower_layers import LowerLayers, keep_lower, lowest_adapted
from strop.engines.torch.tuning.objective import Aim, batch_loss, sequences
from strop.records import Base, Event, LossSeen, Progress, Said, Spec, silent

Plan = Callable[..., TrainPlan]
LABELS = ("red", "green", "blue", "black", "white", "grey", "yellow", "brown")


class Killed(BaseException):
    """As a kill: nothing may catch it."""


@pytest.fixture(scope="module")
def deep(cache: Path, base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """The tiny base with four layers: its upper third is one."""
    folder = tmp_path_factory.mktemp("models") / "deeper"
    shutil.copytree(base.path, folder)
    config = LlamaForCausalLM.from_pretrained(folder).config
    config.num_hidden_layers = 4
    torch.manual_seed(3)
    LlamaForCausalLM(config).save_pretrained(folder)
    PreTrainedTokenizerFast.from_pretrained(base.path).save_pretrained(folder)
    return bases.add(cache, str(folder), on_event=silent)


@pytest.fixture
def plan(make_plan: Plan, deep: Base) -> Plan:
    def make(*args: int, method: str = "upper_layers", **settings: object) -> TrainPlan:
        spec = Spec.of(method, base=deep.id, labels=LABELS)  # type: ignore[arg-type]
        return make_plan(*args, **settings).model_copy(update={"spec": spec})

    return make


def adapted(base: Base, layers: list[int]) -> Network:
    """A LoRA of random numbers on some layers."""
    network = load_base(base, torch.float32)
    torch.manual_seed(0)
    config = LoraConfig(
        r=4, target_modules=["q_proj", "down_proj"], layers_to_transform=layers, init_lora_weights=False,
        task_type="CAUSAL_LM",
    )  # fmt: skip
    with quiet():
        model = get_peft_model(network.model, config)
    return Network(model, network.template, network.dtype)


def gradients(network: Network) -> dict[str, torch.Tensor]:
    found = {name: p.grad.clone() for name, p in methods.trainable(network).items()}
    network.model.zero_grad()
    return found


def run(plan: TrainPlan, base: Base, place: Path, on_event: Callable[[Event], None] = silent) -> TrainOutcome:
    return TorchEngine().train(
        plan, base, folder=place / "adapter", work=place / "work", kept=place / "kept", on_event=on_event
    )


def adapter(place: Path) -> dict[str, torch.Tensor]:
    return load_file(place / "adapter" / "adapter_model.safetensors")


def same_runs(one: Path, other: Path) -> bool:
    a, b = adapter(one), adapter(other)
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def said(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Said) and "lower" in event.text]


@pytest.mark.parametrize("layers", [[2, 3], [3]])
@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("row_tokens", [60, 10_000])
def test_losses_and_gradients_are_those_of_all_layers(
    deep: Base, make_plan: Plan, tmp_path: Path, layers: list[int], share: float, row_tokens: int
) -> None:
    network = adapted(deep, layers)
    rows = checks.rows_of(network.template, make_plan(24).train, 512)
    labels = tuple(tuple(network.template.row(make_plan(1).train[0].messages, label).answer) for label in LABELS)
    aim = Aim(row_tokens, labels, share)
    batches = [rows[:9], rows[7:24], rows[3:4]]
    values, expected = [], []
    for batch in batches:
        values.append(batch_loss(network, batch, aim, train=True))
        expected.append(gradients(network))
    kept = keep_lower(network, deep, sequences(rows, aim), tmp_path, silent)
    assert kept.lower is not None
    kept.lower.open()
    ran = watched(network, below=layers[0])
    for batch, value, wanted in zip(batches, values, expected, strict=True):
        assert batch_loss(kept, batch, aim, train=True) == pytest.approx(value, rel=1e-5)
        for name, own in gradients(kept).items():
            assert float((own - wanted[name]).abs().max()) <= 1e-4 * float(wanted[name].abs().max()), name
    assert not ran


def watched(network: Network, below: int) -> list[int]:
    """Fills with the numbers of the lower layers whose attention is computed."""
    ran = list[int]()
    for layer in network.body.layers[:below]:
        layer.self_attn.register_forward_hook(lambda module, *_: ran.append(module.layer_idx))
    return ran


def test_another_tree_is_computed_as_ever(deep: Base, make_plan: Plan) -> None:
    network = adapted(deep, [2, 3])
    rows = checks.rows_of(network.template, make_plan(4).train, 512)
    ids = [row.ids for row in rows]
    layout = network.lay_out(grow([*ids, [5, 6, 7]], range(5)))
    wanted = hidden_states(network, layout.ids, layout.positions, layout)
    kept = keep_lower(network, deep, ids, None, silent)
    assert kept.lower is not None
    kept.lower.open()
    assert torch.equal(hidden_states(kept, layout.ids, layout.positions, layout), wanted)


@pytest.mark.parametrize("settings", [{}, {"base_kl": 1, "label_share": 0.5}], ids=["tokens", "labels, neutral text"])
def test_a_run_is_the_same_as_without(
    plan: Plan, deep: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, float]
) -> None:
    seen: list[Event] = []
    kept = run(plan(**settings), deep, tmp_path / "kept", seen.append)
    assert len(said(seen)) == 1 and "lower 3 layers give is computed once and kept" in said(seen)[0]
    assert kept.measured.disk_bytes == sum(f.stat().st_size for f in tmp_path.rglob("states.bin")) > 0
    monkeypatch.setattr(lower_layers, "MOST_BYTES", 1000)
    plain = run(plan(**settings), deep, tmp_path / "plain", seen.append)
    assert "computed in each step: kept it would take" in said(seen)[1] and plain.measured.disk_bytes == 0
    assert [p.loss for p in kept.losses] == pytest.approx([p.loss for p in plain.losses], rel=1e-3)
    assert [p.loss for p in kept.validation_losses] == pytest.approx(
        [p.loss for p in plain.validation_losses], rel=1e-3
    )
    assert kept.losses[-1].loss != kept.losses[0].loss
    assert all(check.passed for check in kept.checks if check.name != "stops"), kept.checks


def test_later_runs_read_it_and_are_bitwise_those_that_computed_it(plan: Plan, deep: Base, tmp_path: Path) -> None:
    run(plan(), deep, tmp_path / "a")
    seen: list[Event] = []
    changed = plan(seed=5, learning_rate=1e-2, lora_r=2, num_train_epochs=1)
    run(changed, deep, tmp_path / "a", seen.append)
    assert "was computed before" in said(seen)[0]
    run(changed, deep, tmp_path / "b")
    assert same_runs(tmp_path / "a", tmp_path / "b")


def test_parts_of_a_learning_curve_read_what_was_computed_of_all_its_rows(
    plan: Plan, deep: Base, tmp_path: Path
) -> None:
    whole = plan(24)
    part = plan(8).model_copy(update={"beside": whole.train})
    seen: list[Event] = []
    run(part, deep, tmp_path / "one", seen.append)
    assert "is computed once" in said(seen)[0]
    shutil.copytree(tmp_path / "one" / "kept", tmp_path / "other" / "kept")
    seen.clear()
    run(whole.model_copy(update={"beside": whole.train}), deep, tmp_path / "other", seen.append)
    assert "was computed before" in said(seen)[0]
    seen.clear()
    shutil.rmtree(tmp_path / "other" / "adapter")
    run(part, deep, tmp_path / "other", seen.append)
    assert "was computed before" in said(seen)[0] and same_runs(tmp_path / "one", tmp_path / "other")
    alone = run(plan(8), deep, tmp_path / "alone")
    beside = run(part, deep, tmp_path / "again")
    assert [one.loss for one in beside.losses] == pytest.approx([one.loss for one in alone.losses], rel=1e-4)


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda data: data[: int(len(data) * share)]


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    ("file", "tear"),
    [
        ("states.bin", cut(0)), ("states.bin", cut(0.5)), ("states.bin", cut(0.99)), ("states.bin", flipped),
        ("manifest.json", cut(0)), ("manifest.json", cut(0.5)), ("manifest.json", lambda data: b"{}"),
    ],
)  # fmt: skip
def test_a_torn_file_is_noticed_and_made_again(
    network: Network, deep: Base, make_plan: Plan, tmp_path: Path, file: str, tear: Callable[[bytes], bytes]
) -> None:
    rows = sequences(checks.rows_of(network.template, make_plan(6).train, 512), Aim(1024))
    seen, files = list[Event](), list[bytes]()
    for _ in range(3):
        kept = keep_lower(adapted(deep, [2]), deep, rows, tmp_path, seen.append)
        assert kept.lower is not None
        kept.lower.open()
        (states,) = tmp_path.rglob("states.bin")
        files.append(states.read_bytes())
        if len(files) == 2:
            (torn,) = tmp_path.rglob(file)
            torn.write_bytes(tear(torn.read_bytes()))
    once, before, again = said(seen)
    assert "computed once" in once and "computed before" in before and "computed once" in again
    assert files[0] == files[1] == files[2]


def test_other_rows_another_base_or_another_number_format_are_another_file(
    plan: Plan, deep: Base, network: Network, make_plan: Plan, tmp_path: Path
) -> None:
    rows = sequences(checks.rows_of(network.template, make_plan(6).train, 512), Aim(1024))
    other = deep.model_copy(update={"id": "base_other"})
    tried = [(deep, [2], rows), (deep, [3], rows), (other, [2], rows), (deep, [2], rows[1:]), (deep, [2, 3], rows)]
    for which, layers, some in tried:
        kept = keep_lower(adapted(deep, layers), which, some, tmp_path, silent)
        assert kept.lower is not None
        kept.lower.open()
    assert len(list(tmp_path.rglob("states.bin"))) == len(tried) - 1  # the last is the first again
    half = Network(adapted(deep, [2]).model.to(torch.bfloat16), network.template, torch.bfloat16)
    kept = keep_lower(half, deep, rows, tmp_path, silent)
    assert kept.lower is not None
    kept.lower.open()
    assert len(list(tmp_path.rglob("states.bin"))) == len(tried)


@pytest.mark.parametrize("lost", [False, True])
def test_stopped_and_resumed_is_bitwise_the_same(plan: Plan, deep: Base, tmp_path: Path, lost: bool) -> None:
    """Also where what was kept is lost in between."""
    made = plan(save_steps=2, lora_dropout=0.1)
    whole = run(made, deep, tmp_path / "whole")

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "tuning" and event.done == 5:
            raise Killed

    with pytest.raises(Killed):
        run(made, deep, tmp_path / "torn", kill)
    if lost:
        shutil.rmtree(tmp_path / "torn" / "kept")
    seen: list[Event] = []
    resumed = run(made, deep, tmp_path / "torn", seen.append)
    assert [e.step for e in seen if isinstance(e, LossSeen)] == [5, 6]
    assert [p.loss for p in resumed.losses] == [p.loss for p in whole.losses]
    assert same_runs(tmp_path / "whole", tmp_path / "torn")


@pytest.mark.parametrize(
    ("method", "first"), [("upper_layers", 3), ("lora", 0), ("full", 0), ("prefix", 0), ("p_tuning_v2", 0)]
)
def test_what_lies_below_what_is_trained(network: Network, deep: Base, method: str, first: int) -> None:
    settings = {"lora_r": 2, "num_virtual_tokens": 2}
    tuned = methods.add_adapter(load_base(deep, torch.float32), method, methods.knobs(method, settings), deep)  # type: ignore[arg-type]
    assert lowest_adapted(tuned) == first


def test_what_is_trained_outside_the_layers_or_drawn_below_keeps_nothing(deep: Base, tmp_path: Path) -> None:
    network = adapted(deep, [2, 3])
    assert lowest_adapted(network) == 2
    network.body.layers[1].mlp.extra = torch.nn.Dropout(0.1)
    assert lowest_adapted(network) == 0
    network.body.layers[1].mlp.extra.p = 0.0
    assert lowest_adapted(network) == 2
    network.body.embed_tokens.weight.requires_grad_(True)
    assert lowest_adapted(network) == 0
    assert keep_lower(network, deep, [[1, 2]], tmp_path, silent) is network


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """Files end at 100 bytes, as on a full disk."""
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, was[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)


def test_a_full_disk_is_told_and_stops_nothing(deep: Base, make_plan: Plan, tmp_path: Path) -> None:
    network, seen = adapted(deep, [2, 3]), list[Event]()
    rows = checks.rows_of(network.template, make_plan(6).train, 512)
    value = batch_loss(network, rows, Aim(1024), train=False)
    kept = keep_lower(network, deep, sequences(rows, Aim(1024)), tmp_path, seen.append)
    assert kept.lower is not None
    with no_room():
        kept.lower.open()
    assert "held in memory: no space left" in said(seen)[0]
    ran = watched(network, below=2)
    assert batch_loss(kept, rows, Aim(1024), train=False) == pytest.approx(value, rel=1e-5)
    assert not ran and not list(tmp_path.rglob("states.bin"))


def test_room_is_made_for_what_is_used(
    deep: Base, make_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = load_base(deep, torch.float32)
    rows = sequences(checks.rows_of(network.template, make_plan(8).train, 512), Aim(1024))

    def opened(some: list[list[int]]) -> LowerLayers:
        kept = keep_lower(adapted(deep, [2]), deep, some, tmp_path, silent)
        assert isinstance(kept.lower, LowerLayers)
        assert kept.lower.to_compute > 0
        kept.lower.open()
        assert kept.lower.to_compute == 0
        return kept.lower

    first = opened(rows)
    assert first.bytes == sum(file.stat().st_size for file in tmp_path.rglob("states.bin"))
    monkeypatch.setattr(lower_layers, "MOST_BYTES", first.bytes + 10)
    second = opened(rows[1:])
    (left,) = tmp_path.rglob("states.bin")
    assert left.stat().st_size == second.bytes < first.bytes


def test_the_estimate_counts_it(plan: Plan, deep: Base, tmp_path: Path) -> None:
    expected = TorchEngine().estimate(plan(), deep)
    outcome = run(plan(), deep, tmp_path)
    assert expected.disk_bytes == outcome.measured.disk_bytes > 0
    assert (expected.examples, expected.tokens) == (outcome.measured.examples, outcome.measured.tokens)
    assert TorchEngine().estimate(plan(method="lora"), deep).disk_bytes == 0
