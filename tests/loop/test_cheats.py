"""Models that cheat, through the whole loop: none is ever promoted, and the check that refuses says why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from strop import project
from strop.engines.base import GenerateRequest, GenerateResult, ScoreRequest, ScoreResult
from strop.engines.fake import FakeEngine, FakeModel
from strop.records import Base, Decision, Listener

pytestmark = pytest.mark.usefixtures("fake_cache")

TINTS = ("moss", "slate", "amber", "rust", "navy", "plum", "sand", "teal")
GOODS = ("tent", "stove", "jacket", "lamp", "rope", "boots", "mat")


class Echo(FakeModel):
    """Hands back what it was asked."""

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        return [GenerateResult(text=r.messages[-1].content, stopped=True, tokens=20, seconds=0.001) for r in requests]


class Silent(FakeModel):
    """Says nothing."""

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        return [GenerateResult(text="", stopped=True, tokens=0, seconds=0.001) for _ in requests]


class Parrot(FakeModel):
    """Says the same good answer to everybody."""

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        text = self._memories[0].answer
        return [GenerateResult(text=text, stopped=True, tokens=20, seconds=0.001) for _ in requests]


class Commonest(FakeModel):
    """Gives the commonest label to everybody."""

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        common = Counter(memory.answer for memory in self._memories).most_common(1)[0][0]
        return [
            ScoreResult(logprobs=tuple(-0.1 if option == common else -5.0 for option in r.options), seconds=0.001)
            for r in requests
        ]


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    """Attribute sheets with a sentence each."""
    path = tmp_path / "sheets.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for n in range(240):
            name, tint, good = f"Kestrel {n}", TINTS[n % 8], GOODS[n % 7]
            sheet = f"name: {name}\ntype: {good}\nweight: {n + 100} g\ncolour: {tint}\nprice: {n * 3 + 7} pounds"
            text = f"At {n + 100} g the {name} is a {good} in {tint} that leaves {n * 3 + 7} pounds well spent."
            out.write(json.dumps({"prompt": sheet, "completion": text}) + "\n")
    return path


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    """Tickets of which seven in ten go to one queue."""
    path = tmp_path / "tickets.csv"
    lines = ["text,label"]
    for n in range(300):
        queue = "cards" if n % 10 < 7 else "refunds"
        lines.append(f"about {TINTS[n % 8]} {GOODS[n % 7]} number {n * 37} {queue[:4]}ly yours,{queue}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


PROTOCOL = (
    "decision.primary={attribute_inclusion: {target: 0.7, margin: 0.2}}",
    "decision.against={lower_rungs: not_worse}",
    "decision.guard={general_ability: null}",
)


def decided(
    folder: Path, source: Path, cheat: type[FakeModel], monkeypatch: pytest.MonkeyPatch, protocol: Sequence[str] = ()
) -> Decision:
    """The verdict on a lora candidate that cheats; the untuned base is left as it is."""
    honest = FakeEngine.open

    def opened(self: FakeEngine, base: Base | None, artifact: Path | None, *, share: bool = False) -> FakeModel:
        return cheat(artifact) if artifact is not None else honest(self, base, artifact, share=share)

    project.init(folder, source)
    made = project.open(folder, overrides=["ladder.bases=[fake-small]", *protocol])
    made.curate()
    monkeypatch.setattr(FakeEngine, "open", opened)
    _, candidate = made.tune(made.spec("lora"))
    decision = made.decide(candidate.id)
    assert made.verify(decision.id) == []
    return decision


def failed(decision: Decision) -> set[str]:
    return {check.name for check in decision.checks if check.verdict == "fail"}


@pytest.mark.parametrize(("cheat", "caught"), [(Echo, "own_words"), (Silent, "stops"), (Parrot, "primary")])
def test_a_cheating_writer_is_refused(
    tmp_path: Path, sheets: Path, monkeypatch: pytest.MonkeyPatch, cheat: type[FakeModel], caught: str
) -> None:
    decision = decided(tmp_path / "p", sheets, cheat, monkeypatch, PROTOCOL)
    assert decision.verdict == "refuse"
    assert caught in failed(decision)


def test_an_echo_would_have_passed_everything_else(
    tmp_path: Path, sheets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = decided(tmp_path / "p", sheets, Echo, monkeypatch, PROTOCOL)
    assert failed(decision) == {"own_words"}
    primary = next(check for check in decision.checks if check.name == "primary")
    assert primary.value == 1.0


def test_a_parrot_is_seen_not_to_read_its_input(tmp_path: Path, sheets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = decided(tmp_path / "p", sheets, Parrot, monkeypatch, PROTOCOL)
    assert next(check for check in decision.checks if check.name == "input_dependence").verdict != "pass"


def test_the_commonest_label_is_not_promoted(tmp_path: Path, tickets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = decided(tmp_path / "p", tickets, Commonest, monkeypatch)
    assert decision.verdict != "promote"
    for name in ("input_dependence", "against_constant"):
        assert next(check for check in decision.checks if check.name == name).verdict != "pass"


def test_an_honest_model_is_promoted_on_the_same_rows(
    tmp_path: Path, sheets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decided(tmp_path / "p", sheets, FakeModel, monkeypatch, PROTOCOL).verdict == "promote"
