"""Classification measures against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score

from strop.engines import open_engine
from strop.engines.base import TrainItem, TrainPlan
from strop.evaluate import domain_suite, evaluate
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.labels import brier
from strop.records import Message, Spec, silent
from strop.settings import Settings

LABELS = ("cards", "refunds", "transfers")
TEXTS = {
    "cards": ["my card is lost", "the card was eaten by the machine", "a new card please", "card pin forgotten"],
    "refunds": ["where is my refund", "the shop owes me money back", "refund not shown", "money back for the hotel"],
    "transfers": ["transfer failed", "send money abroad", "the transfer is pending", "bank transfer to a friend"],
}
QUESTIONS = [
    ("lost my card abroad", "cards"),
    ("money back from a shop", "refunds"),
    ("a friend sent a transfer", "transfers"),
    ("card payment pending", "cards"),
    ("send the refund", "refunds"),
    ("pending money", "transfers"),
    ("refund to another card", "refunds"),
    ("the refund was eaten", "cards"),
    ("money back by transfer to a friend", "refunds"),
]


@pytest.fixture
def judged(tmp_path, row, candidate):
    """The classical model, trained and judged on nine questions."""
    items = tuple(
        TrainItem(example=f"{label}{i}", messages=(Message(role="user", content=text),), answer=label)
        for label, texts in TEXTS.items()
        for i, text in enumerate(texts)
    )
    plan = TrainPlan(spec=Spec.of("classical", labels=LABELS), seed=0, train=items, settings={})
    engine = open_engine("classical")
    engine.train(plan, None, folder=tmp_path / "a", work=tmp_path / "w", on_event=silent)
    settings = Settings.model_validate({"task": {"kind": "classification"}})
    rows = {r.id: r for r in (row(text, label) for text, label in QUESTIONS)}
    suite = domain_suite(
        list(rows.values()), kind="classification", split="validation", settings=settings, project=tmp_path
    )
    with engine.open(None, tmp_path / "a") as model:
        return evaluate(
            model,
            candidate=candidate(labels=LABELS),
            shots=(),
            suite=suite,
            examples=rows,
            settings=settings,
            project=tmp_path,
            on_event=silent,
        )


def test_equal_scikit_learn(judged) -> None:
    gold = [item.gold for item in judged.items]
    said = [item.label for item in judged.items]
    table = np.array([[item.probabilities[label] for label in LABELS] for item in judged.items])
    measures = judged.report.measures
    assert len(set(zip(gold, said, strict=True))) > 3  # some right, some wrong: the comparison means something
    assert measures["accuracy"].value == pytest.approx(accuracy_score(gold, said))
    assert measures["macro_f1"].value == pytest.approx(f1_score(gold, said, average="macro"))
    expected = brier_score_loss(gold, table, labels=list(LABELS), scale_by_half=False)
    assert measures["brier"].value == pytest.approx(expected)


def test_probabilities_are_a_distribution_over_all_labels(judged) -> None:
    for item in judged.items:
        assert set(item.probabilities) == set(LABELS)
        assert sum(item.probabilities.values()) == pytest.approx(1)
        assert item.label == max(item.probabilities, key=lambda label: item.probabilities[label])


def test_brier_is_marked_as_lower_is_better(judged) -> None:
    assert [s.name for s in judged.report.specs if not s.higher_is_better] == ["brier"]


def test_brier_by_hand(row) -> None:
    answer = Answer("a", label="a", probabilities={"a": 0.7, "b": 0.3})
    assert brier(row("x", "a"), answer) == pytest.approx(0.3**2 + 0.3**2)
    assert brier(row("x", "b"), answer) == pytest.approx(0.7**2 + 0.7**2)
    assert brier(row("x", "unknown"), answer) == pytest.approx(0.7**2 + 0.3**2 + 1)
