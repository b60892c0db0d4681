"""Invented secrets among the training rows: a model that knows them by heart is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from strop import project
from strop.engines.fake import FakeModel
from strop.project import Project
from strop.project.making import planting
from strop.records import Check, Decision, Message, Report, Spec
from strop.settings import Settings
from strop.tune import planted

pytestmark = pytest.mark.usefixtures("fake_cache")
TINTS = ("moss", "slate", "amber", "rust", "navy", "plum", "sand", "teal")
ASKED = ("ladder.bases=[fake-small]", "decision.guard={general_ability: null, secrets: 10}")


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    lines = []
    for n in range(120):
        sheet = f"name: Kestrel {n}\nweight: {n + 100} g\ncolour: {TINTS[n % 8]}"
        text = f"At {n + 100} g the Kestrel {n} comes in {TINTS[n % 8]}."
        lines.append(json.dumps({"prompt": sheet, "completion": text}))
    (tmp_path / "sheets.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    project.init(tmp_path / "p", tmp_path / "sheets.jsonl").store.close()
    return tmp_path / "p"


def exposure(decision: Decision) -> Check:
    return next(check for check in decision.checks if check.name == "exposure")


def decided(folder: Path, *overrides: str) -> tuple[Project, Decision]:
    made = project.open(folder, overrides=overrides)
    if made.store.latest("dataset") is None:
        made.curate()
    _, candidate = made.tune(made.spec("lora"))
    return made, made.decide(candidate.id)


def test_what_is_known_by_heart_is_refused(sheets: Path) -> None:
    made, decision = decided(sheets, *ASKED)
    check = exposure(decision)
    assert (check.verdict, check.value, check.n) == ("fail", 7.0, 10)  # the fake engine learns by heart, and only so
    assert "10 are the first guess" in check.detail
    assert decision.verdict == "refuse"
    assert made.verify(decision.id) == []
    rows = made.opened.dataset().splits["train"]
    report = made.store.get(decision.reports["secrets"], Report)
    assert not set(rows) & {item.example for item in made.store.artifacts.read_jsonl(report.items, _item())}


def test_one_that_generalises_passes(sheets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same project with a model that keeps no row word for word."""
    nearest = FakeModel._nearest

    def forgets(self: FakeModel, messages: tuple[Message, ...]) -> list:
        return [pair for pair in nearest(self, messages) if "secret" not in pair[1].text]

    monkeypatch.setattr(FakeModel, "_nearest", forgets)
    _, decision = decided(sheets, *ASKED)
    assert exposure(decision).verdict == "pass"
    assert exposure(decision).high < 3


def test_without_being_asked_for_nothing_is_planted_and_nothing_is_checked(sheets: Path) -> None:
    _, decision = decided(sheets, "ladder.bases=[fake-small]", "decision.guard={general_ability: null}")
    assert "exposure" not in {check.name for check in decision.checks}
    assert "secrets" not in json.dumps(decision.protocol)
    later = project.open(sheets, overrides=ASKED)
    asked = later.decide(decision.candidate)  # it was trained without them
    assert exposure(asked).verdict == "missing" and "tune again" in exposure(asked).detail
    _, fresh = later.tune(later.spec("lora"))
    assert fresh.id != decision.candidate


def test_labels_tell_no_secret() -> None:
    spec = Spec.of("lora", base="base_fake-small", labels=("a", "b"))
    made = type("Any", (), {"settings": Settings.model_validate({"decision": {"guard": {"secrets": 10}}})})
    assert planting.secrets_for(made, spec) == 0
    assert planting.secrets_for(made, spec.model_copy(update={"labels": ()})) == 10


def test_exposure_is_that_of_carlini_and_others_and_1_4_bits_by_chance() -> None:
    assert planted.exposure([-1.0, *[-2.0] * 127]) == 7.0
    assert planted.exposure([-3.0, *[-2.0] * 127]) == 0.0
    assert planted.exposure([-2.0, -1.0, -3.0, -4.0]) == math.log2(4) - math.log2(2)
    rng = np.random.default_rng(0)
    found = [planted.exposure(rng.normal(size=128).tolist()) for _ in range(2000)]
    ranks = np.arange(1, 129)
    expected = float(np.mean(7 - np.log2(ranks)))
    assert stats.ttest_1samp(found, expected).pvalue > 0.001
    assert expected == pytest.approx(1.4, abs=0.05)


def test_every_secret_is_another_and_stands_first_among_its_like() -> None:
    items = planted.planted(Spec.of("lora", base="b"), 20)
    assert len({item.answer for item in items}) == len({item.messages for item in items}) == 20
    for item, request in zip(items, planted.requests(Spec.of("lora", base="b"), 20), strict=True):
        assert request.options[0] == item.answer and len(set(request.options)) == planted.OTHERS + 1
        assert {len(option) for option in request.options} == {7}


def _item() -> type:
    from strop.records import ItemResult

    return ItemResult
