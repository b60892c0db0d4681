"""Narrow terminals, pipes and programs that read: nothing is cut, nothing but text comes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from strop import records
from strop.cli import printing, progress, showing
from strop.cli.output import Out
from strop.project import Project
from strop.records import Candidate, Ladder

Strop = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("fake_cache")
SHOWN = (
    ("curate",), ("evaluate",), ("verify",), ("list",), ("list", "candidate"), ("show", "decision"), ("show", "ladder"),
    ("show", "dataset"), ("show", "run"), ("show", "report"), ("show", "decision", "--history"), ("models", "list"), (),
)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80])
def test_no_number_of_the_ladder_is_cut(
    strop: Strop, decided: Project, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    climbed = decided.store.latest(Ladder)
    assert climbed is not None
    shown = strop("-p", decided.folder, "show", "ladder").out
    assert "…" not in shown and shown.count("→") == 1
    for step in climbed.steps:
        assert printing.interval(step.measures[decided.primary]).replace("\\", "") in shown
        assert printing.latency(step.latency_ms) in shown
    assert max(len(line) for line in shown.splitlines()) <= width


def test_checks_stay_in_their_column(strop: Strop, decided: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = strop("-p", decided.folder, "show", "decision").out.splitlines()
    assert max(len(line) for line in lines) <= 60
    at = next(n for n, line in enumerate(lines) if " leakage " in line)
    assert lines[at].index("0 test items") == 29 and lines[at + 1].startswith(" " * 29 + "in the training rows")


def test_what_a_row_says_does_not_command_the_terminal() -> None:
    screen = io.StringIO()
    out = Out(file=screen, width=72, force_terminal=True, color_system="standard", highlight=False)
    out.print(Text("al\x1b]0;title\x07so \x9b31m"), style="bold")
    assert screen.getvalue() == "\x1b[1mal\ufffd]0;titleso \ufffd31m\x1b[0m\n"


@pytest.mark.parametrize(("terminal", "lines"), [(True, 2), (False, 1)])
def test_a_record_has_a_line_in_a_pipe_and_two_on_a_narrow_terminal(
    decided: Project, terminal: bool, lines: int
) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=72, force_terminal=terminal, color_system=None, highlight=False)
    found = decided.store.all(Candidate)
    showing.listing(console, found, whole=True)
    shown = screen.getvalue().splitlines()
    assert len(shown) == lines * len(found)
    assert all(line.startswith("candidate    cand_") for line in shown[::lines])
    assert all("seed 0" in line for line in shown[lines - 1 :: lines])


@pytest.mark.parametrize("arguments", SHOWN, ids=" ".join)
def test_a_pipe_gets_text_and_a_program_one_object(
    strop: Strop, decided: Project, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    told = strop("-p", decided.folder, *arguments)
    assert told.code == 0 and told.out and "\x1b" not in told.out + told.err
    read = strop("--json", "-p", decided.folder, *arguments)
    assert {"strop", "seconds"} <= set(read.json) and read.out.count("\n") == 1


def test_an_error_has_what_every_object_has(strop: Strop, decided: Project) -> None:
    assert {"strop", "seconds", "error"} == set(strop("--json", "-p", decided.folder, "show", "nothing").json)


@pytest.mark.parametrize(("width", "bar"), [(60, False), (120, True)])
def test_a_narrow_terminal_still_says_how_far_and_how_long(
    monkeypatch: pytest.MonkeyPatch, width: int, bar: bool
) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    screen = io.StringIO()
    console = Console(file=screen, width=width, force_terminal=True, color_system=None)
    with progress.Bars(console, quiet=False) as bars:
        bars(records.Progress(task="scoring the labels of a prompt with 4 examples", done=3, total=350))
        bars(records.LossSeen(step=5, steps=100, loss=1.2, learning_rate=0.1, examples_per_second=9.0))
    drawn = screen.getvalue()
    assert "3/350" in drawn and "5/100" in drawn and "-:--:--" in drawn
    assert ("loss 1.200 · 9.0 rows/s" in drawn) is bar and ("━" in drawn) is bar


def test_items_without_a_score_are_counted(decided: Project) -> None:
    """A measure that is silent where an answer is wrong would look perfect."""
    report = decided.store.all(records.Report)[0]
    name, value = next(iter(report.measures.items()))
    silent = value.model_copy(update={"n": report.n - 3, "items": None})
    made = report.model_copy(update={"measures": {name: silent, "whole": value.model_copy(update={"n": report.n})}})
    screen = io.StringIO()
    printing.reports(Console(file=screen, width=300, color_system=None), [made], {}, next_step=False)
    _, first, second = screen.getvalue().splitlines()
    assert f", 3 of {report.n} have no score" in first and "no score" not in second


def test_groups_are_not_told_as_items_without_a_score(decided: Project) -> None:
    """A report from before items were noted counts groups alone."""
    report = decided.store.all(records.Report)[0]
    name, value = next(iter(report.measures.items()))
    grouped = value.model_copy(update={"n": report.n - 3, "items": None, "method": "wilson, clustered"})
    screen = io.StringIO()
    made = report.model_copy(update={"measures": {name: grouped}})
    printing.reports(Console(file=screen, width=300, color_system=None), [made], {}, next_step=False)
    assert f"on {report.n - 3} groups" in screen.getvalue() and "no score" not in screen.getvalue()


def test_what_would_settle_a_verdict_is_said_once() -> None:
    need = records.Needed(items=38, minutes=19.0, chance=0.8)
    settles = "about 38 further test items (19 minutes of an expert) would settle it with a chance of 80 %"
    made = records.Decision(
        id="dec_1", candidate="cand_1", verdict="not_enough_evidence",
        sentence=f"Not enough evidence: open; {settles}.",
        checks=(records.Check(name="primary", verdict="undecided", detail="accuracy", needed=need),), needed=need,
        protocol={}, protocol_hash="protocol_1", reports={}, rungs=(), dataset="ds_1", test_uses=1, alpha=0.025,
        by="strop", created="2026-11-27T08:00:00+00:00",
    )  # fmt: skip
    screen = io.StringIO()
    printing.decision(Console(file=screen, width=300, color_system=None), made)
    assert screen.getvalue().count("38 further test items") == 1 and settles in screen.getvalue()
