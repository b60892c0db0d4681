"""The climb through the real verbs: what a ladder says that had no time to tune, and whether each step pays."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from strop import project
from strop.cli import printing
from strop.project.verbs import Project
from strop.records import Dataset, Ladder
from strop.web import report

LADDER = ["ladder.methods=[prompt,lora]", "ladder.bases=[fake-small]"]


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    lines = [
        f"my {thing} {n} does not work,{label}" for n in range(60) for thing, label in (("card", "a"), ("app", "b"))
    ]
    (tmp_path / "tickets.csv").write_text("\n".join(["text,label", *lines]) + "\n", "utf-8")
    project.init(tmp_path / "p", tmp_path / "tickets.csv")
    with opened(tmp_path / "p") as made:
        made.curate()
    return tmp_path / "p"


@contextmanager
def opened(folder: Path, *overrides: str) -> Iterator[Project]:
    made = project.open(folder, overrides=[*LADDER, *overrides])
    yield made
    made.store.close()


def screen(ladder: Ladder) -> str:
    console = Console(file=io.StringIO(), width=100)
    printing.ladder(console, ladder, "macro_f1")
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


@pytest.mark.parametrize(
    ("hours", "said"), [(1e-9, "Not known: the hours were spent before"), (1, "Not shown: tuning gains ")]
)
def test_whether_to_tune_is_not_known_where_the_hours_ended_first(tickets: Path, hours: float, said: str) -> None:
    with opened(tickets, f"ladder.hours={hours:.10f}") as made:
        ladder = made.choose()
    assert ladder.fine_tune.startswith(said), ladder.fine_tune
    assert ("untried: 1 rung" in ladder.because) == (hours < 1)
    if hours == 1:
        assert ladder.command == "strop decide"
        return
    assert f"next: {ladder.command}" in screen(ladder) and "strop decide" not in screen(ladder)
    first, *asked, last = shlex.split(ladder.command)  # what is printed is what is typed: with those hours it goes on
    assert (first, last, asked[::2]) == ("strop", "choose", ["--set"] * 3)
    given = asked[1::2]
    assert given[:2] == LADDER and given[2].startswith("ladder.hours=")  # the other settings of the call are kept
    with opened(tickets, "ladder.hours=1") as made:
        assert made.choose().command == "strop decide"


def test_each_further_rung_is_held_against_its_price(tickets: Path) -> None:
    with opened(tickets, "costs.point=30", "costs.machine_hour=50", "costs.months=6") as made:
        ladder, again = made.choose(), made.choose()
        context = report.gather(made, ladder)
        page = report.page(ladder, context)
    (weighed,) = ladder.weighed
    assert weighed.name == "LoRA" and weighed.over in {step.candidate for step in ladder.steps}
    assert weighed.hours is not None and weighed.hours > 0 and weighed.making == pytest.approx(50 * weighed.hours)
    assert weighed.serving is not None and weighed.price is not None
    assert weighed.price == pytest.approx(weighed.making + 6 * weighed.serving.value)
    assert weighed.gain is not None and weighed.worth == pytest.approx(weighed.gain * 100 * 30 * 6)
    assert weighed.gained is not None and weighed.paid is not None and "LoRA gained " in weighed.outcome
    assert (again.id, again.weighed) == (ladder.id, ladder.weighed)  # what was expected of a run stays what it was
    assert f"Did each step pay? {weighed.outcome}" in screen(ladder)
    assert "Did the next rung pay?" in page and "in 6 months" in page and "30 a point and month" in page
    assert [base.name for base in context.bases.values()] == ["fake-small"]  # by name, though nothing stored it yet
    assert "The likely gain is an assumption, half of what is missing to perfect" in page


def test_a_rung_that_does_not_pay_is_not_tuned(tickets: Path) -> None:
    with opened(tickets, "costs.point=0.01", "costs.machine_hour=1e9", "costs.requests_per_month=0") as made:
        ladder = made.choose()
    assert [step.method for step in ladder.steps] == ["prompt", "prompt"]
    assert ladder.weighed[0].gained is None and ladder.command == "strop decide"
    assert "and LoRA would not pay. LoRA costs " in screen(ladder)
    assert ladder.fine_tune.startswith("No: no target asks for more than the ")
    assert ladder.fine_tune.endswith(", and LoRA would not pay.")


def test_whether_a_verdict_would_show_the_gain_is_told_before_a_look_is_spent(tickets: Path) -> None:
    with opened(tickets, "decision.cross_fit=null") as made:
        ladder = made.choose()
        page = report.page(ladder, report.gather(made, ladder))
        test = made.store.get(ladder.dataset, Dataset).splits["test"]
        assert made.store.sealed.uses(test) == 0
    assert ladder.foreseen.startswith(f"{len(test)} items ") and "; seen there: " in ladder.foreseen
    assert f"Would a verdict show it? {ladder.foreseen}" in screen(ladder) and "Would a verdict show it?" in page
    with opened(tickets, "decision.cross_fit=5") as made:  # the verdict would rest on the training rows, too
        splits = made.store.get(ladder.dataset, Dataset).splits
        assert made.choose().foreseen.startswith(f"{len(splits['test']) + len(splits['train'])} items ")
    with opened(tickets, "decision.cross_fit=null", "decision.alpha=0.000001") as made:
        told = made.choose().foreseen
    assert " hardly any gain " in told and "With `decision: {cross_fit: 5}` all " in told
