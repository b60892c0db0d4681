"""Before the sealed test set is opened: what could give no verdict is refused without a look, on no model's time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.project.test_sealed import look

from strop.project import Project, open_project
from strop.records import Candidate, Decision, Report, Suite
from strop.store import tables

Make = Callable[..., Project]
Strop = Callable[..., Any]


def looks(folder: Path) -> int:
    """Lines in the record of openings."""
    project = open_project(folder)
    try:
        with project.store.database.reading() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(tables.test_uses)) or 0)
    finally:
        project.store.close()


def sealed_reports(folder: Path) -> int:
    """Reports on test items."""
    project = open_project(folder)
    try:
        return sum(project.store.get(report.suite, Suite).sealed for report in project.store.all(Report))
    finally:
        project.store.close()


@pytest.fixture
def chosen(make: Make) -> Path:
    """A project whose ladder was climbed, and whose test set nobody has looked at."""
    project = make(methods="classical")
    project.choose()
    project.store.close()
    return project.folder


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("decision.primary={tests_passed: {}}", "decision.primary.tests_passed`: `tests_passed` says nothing of any"),
        ("decision.primary={entity_f1: {}}", "`entity_f1` says nothing of any of the 36 items"),
        ("decision.primary={valid_json: {}}", "`valid_json` says nothing of any"),
        ("decision.primary={ece: {}}", "no decision can turn on `ece`"),
        ("decision.primary={nonsense: {}}", "unknown measure `nonsense`"),
        ("decision.primary={accuracy: {target: 95}}", "did you mean 0.95?"),
        ("decision.primary={accuracy: {target: -0.1}}", "lies between 0 and 1"),
        ("decision.primary={accuracy: {margin: 2}}", "did you mean 0.02?"),
        ("decision.slices=[language]", "none of the 36 test items says its 'language'"),
        ("decision.guard.general_ability=3", "it is the largest loss of a share"),
        ("decision.guard.p95_ms=0", "no model can keep it"),
        ("measures=[entity_f1.Foo]", "`measures`: `entity_f1.Foo` says nothing of any"),
        ("measures=['nowhere:tone']", "No module named 'nowhere'"),
        ("measures=['tone:nothing']", "it returns None for each of the 36"),
        ("measures=['tone:fails']", "failed on item"),
        ("decision.against.lower_rungs=bettr", "did you mean `better`?"),
    ],
)
def test_what_could_give_no_verdict_is_refused_before_a_look(
    chosen: Path, strop: Strop, setting: str, said: str
) -> None:
    (chosen / "tone.py").write_text(
        "def nothing(example, answer):\n    return None\n\n\ndef fails(example, answer):\n    raise KeyError(answer)\n"
    )
    ran = strop("--project", chosen, "--set", setting, "decide")
    assert ran.code == 2 and said in ran.err and "\n  → " in ran.err
    assert "Traceback" not in ran.err and "Opening" not in ran.err
    assert (looks(chosen), sealed_reports(chosen)) == (0, 0)


def test_the_line_of_the_setting_is_named(chosen: Path, strop: Strop) -> None:
    text = (chosen / "strop.yaml").read_text("utf-8")
    (chosen / "strop.yaml").write_text(text.replace("margin: 0.05", "target: 95"), "utf-8")
    ran = strop("--project", chosen, "decide")
    line = next(n for n, told in enumerate(text.splitlines(), 1) if told.startswith("decision:"))
    assert ran.code == 2 and f"{chosen / 'strop.yaml'}:{line}: " in ran.err


def test_an_abstain_threshold_needs_labels(tmp_path: Path, strop: Strop, fake_cache: Path) -> None:
    rows = [{"prompt": f"name: Kestrel {n}", "completion": f"The Kestrel {n} is a fine tent."} for n in range(60)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    folder = tmp_path / "p"
    assert strop("init", folder, "--from", tmp_path / "rows.jsonl").code == 0
    settings = ["--set", "ladder.bases=[fake-small]", "--set", "ladder.methods=[prompt]"]
    settings += ["--set", "decision.abstain.max_error=0.1"]
    assert strop("--project", folder, *settings, "curate").code == 0
    assert strop("--project", folder, *settings, "choose").code == 0
    ran = strop("--project", folder, *settings, "decide")
    assert ran.code == 2 and "`decision.abstain` needs labels" in ran.err
    assert looks(folder) == 0


def test_a_tuned_model_without_a_cheaper_rung_is_no_look(make: Make, strop: Strop) -> None:
    project = make(methods="lora")
    project.choose()
    project.store.close()
    ran = strop("--project", project.folder, "decide")
    assert ran.code == 2 and "no cheaper rung to compare it with" in ran.err and "ladder.methods" in ran.err
    assert looks(project.folder) == 0


def test_openings_that_are_used_up_are_refused_without_opening(chosen: Path, strop: Strop) -> None:
    """The cheat "tuned until it passes": the sixth look shows nothing, stores nothing and spends nothing."""
    for place in range(5):
        assert look(chosen, 0.05 + place / 1000).test_uses == place + 1
    before = (looks(chosen), sealed_reports(chosen), decisions(chosen))
    ran = strop("--project", chosen, "--json", "--set", "decision.alpha=0.04", "decide")
    assert ran.code == 2 and set(ran.json) == {"strop", "seconds", "error"}
    for part in ("5 looks at its items were taken", "opening 6", "`decision.test_uses` allows 5", "split: test"):
        assert part in ran.err
    assert "Opening" not in ran.err and "accuracy" not in ran.err
    assert (looks(chosen), sealed_reports(chosen), decisions(chosen)) == before
    # What was decided stays decided: nothing is looked at again for it.
    assert strop("--project", chosen, "--set", "decision.alpha=0.05", "decide").code in (0, 3, 4)
    # Fresh items, placed by rule, open it again.
    extra = "".join(f'x{n},"my card was stolen, fresh case {n} {"qrstuvwxyz"[n % 10] * 4}",cards\n' for n in range(40))
    extra += "".join(
        f'y{n},"where is the refund, fresh case {n} {"qrstuvwxyz"[n % 10] * 4}",refunds\n' for n in range(40)
    )
    (chosen / "test.csv").write_text((chosen / "test.csv").read_text("utf-8") + extra, "utf-8")
    assert look(chosen, 0.04).test_uses < 5


def decisions(folder: Path) -> int:
    """Decisions that are stored."""
    project = open_project(folder)
    try:
        return len(project.store.all(Decision))
    finally:
        project.store.close()


KILLED = ("-m", "tests.project.deciding_killed")
ROOT = Path(__file__).parents[3]


def test_a_decision_that_is_killed_is_one_look(chosen: Path, strop: Strop) -> None:
    """kill -9 before its first steps that a disk keeps: a look is counted before it sees, and once when it goes on."""
    counted, said = [], []
    for when in (1, 2, 3, 0):  # each goes on from where the one before was killed; the last is let alone
        command = [sys.executable, *KILLED, str(chosen), str(when)]
        ran = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
        assert ran.returncode == (-signal.SIGKILL if when else 0), ran.stderr
        assert (decisions(chosen) == 0) == bool(when)
        counted.append((looks(chosen), sealed_reports(chosen)))
        said.append(" ".join(strop("--project", chosen).out.split()))
        if when == 3:
            other = " ".join(strop("--project", chosen, "--set", "decision.alpha=0.04").out.split())
    # Before the look is noted nothing is judged; then it is noted, whatever of it was judged.
    assert counted[0] == (0, 0) and counted[1] == (1, 0) and [look for look, _ in counted[1:]] == [1, 1, 1]
    begun = "A decision was begun just now and has not ended: its use 1 of the sealed test set is counted."
    assert [begun in told for told in said] == [False, True, True, False]
    assert [told.count("Not decided.") for told in said] == [1, 0, 0, 0]
    same, further = (
        "the rest of it, in the same look: strop",
        "the rest of it, by the same candidate and settings, while",
    )
    assert all(same in told for told in said[1:3]) and further in other
    project = open_project(chosen)
    made = project.store.latest(Decision)
    assert made is not None and made.test_uses == 1
    assert project.verify() == []
    project.store.close()


def test_asking_how_things_stand_makes_nothing(chosen: Path, strop: Strop) -> None:
    """A decision that was begun, and since then a file of today's answers in strop.yaml, which only decide reads in."""
    project = open_project(chosen)
    dataset = project.opened.dataset()
    project.store.sealed.count(dict.fromkeys(dataset.splits["test"]), "look_begun")
    (chosen / "today.jsonl").write_text('{"input": "a", "answer": "cards"}\n', "utf-8")
    before = (len(project.store.all(Candidate)), sorted((chosen / ".strop" / "artifacts").rglob("*")))
    ran = strop("--project", chosen, "--set", "ladder.incumbent=[{answers: today.jsonl}]")
    told = " ".join(ran.out.split())
    assert ran.code == 0 and "A decision was begun" in told and "while others are a further look" in told
    assert (len(project.store.all(Candidate)), sorted((chosen / ".strop" / "artifacts").rglob("*"))) == before
    project.store.close()


def test_what_so_many_items_cannot_show_is_no_look(chosen: Path, strop: Strop) -> None:
    """A promise that 36 items without one error do not keep; the first opening spends half of alpha."""
    ran = strop("--project", chosen, "--set", "decision.abstain.max_error=0.05", "decide")
    assert ran.code == 2 and "36 test items cannot show it" in ran.err and "72 could" in ran.err
    assert "grow to 72 items" in ran.err and "strop.yaml" in ran.err
    assert (looks(chosen), sealed_reports(chosen)) == (0, 0)


def test_a_target_that_so_many_items_cannot_show_is_no_look(chosen: Path, strop: Strop) -> None:
    """36 of 36 right are shown to be .903 or more; at the next opening less is spent, and more would be needed."""
    asked = ("--set", "decision.primary={accuracy: {target: 0.95}}")
    ran = strop("--project", chosen, *asked, "decide")
    assert ran.code == 2 and "`decision.primary.accuracy.target` is 0.95: 36 test items cannot show it" in ran.err
    assert "not even if all were answered right: the lower bound would be 0.903; 72 could" in " ".join(ran.err.split())
    assert "grow to 72" in ran.err and "name a target of 0.9 at most" in " ".join(ran.err.split())
    assert "strop.yaml" in ran.err and "Traceback" not in ran.err
    assert (looks(chosen), sealed_reports(chosen)) == (0, 0)
    for target, code, said in (("1.0", 2, "no number of them could"), ("0.9", (0, 3, 4), "")):
        ran = strop("--project", chosen, "--set", f"decision.primary={{accuracy: {{target: {target}}}}}", "decide")
        assert ran.code in (code if isinstance(code, tuple) else (code,)) and said in " ".join(ran.err.split())
    assert looks(chosen) == 1
    ran = strop("--project", chosen, "--set", "decision.primary={accuracy: {target: 0.901}}", "decide")
    assert ran.code == 2 and "(α = 0.0125)" in ran.err and "43 could" in ran.err
    assert looks(chosen) == 1


def test_with_cross_fitting_the_training_rows_count_for_a_target(chosen: Path, strop: Strop) -> None:
    asked = ["--set", "decision.primary={accuracy: {target: 0.95}}"]
    ran = strop("--project", chosen, *asked, "decide")
    assert ran.code == 2 and "test the training rows, too (`decision.cross_fit: 5`)" in " ".join(ran.err.split())
    assert strop("--project", chosen, *asked, "--set", "decision.cross_fit=3", "decide").code in (0, 3, 4)
    assert looks(chosen) == 1


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("always", "1.0", "says the same of each of the 36 items"),
        (
            "few",
            "float(answer == example.reference) if 'stolen, case 4 ' in example.input else None",
            "gets all of them",
        ),
    ],
    ids=["only right", "few items"],
)
def test_a_measure_that_tells_nothing_is_no_look(chosen: Path, strop: Strop, name: str, body: str, said: str) -> None:
    (chosen / f"tone_{name}.py").write_text(f"def own(example, answer):\n    return {body}\n", "utf-8")
    asked = ("--set", f"measures=['tone_{name}:own']", "--set", "decision.primary={own: {}}")
    ran = strop("--project", chosen, *asked, "decide")
    assert ran.code == 2 and said in ran.err and "\n  → " in ran.err and "Traceback" not in ran.err
    assert (looks(chosen), sealed_reports(chosen)) == (0, 0)


def test_another_approver_is_the_same_look(chosen: Path) -> None:
    """Whose yes is asked for changes no number; another margin does."""
    first = open_project(chosen).decide()
    asked = open_project(chosen, overrides=["decision.people.approve=[legal]"]).decide()
    assert asked.id != first.id and (asked.test_uses, asked.alpha, asked.opening) == (1, first.alpha, first.opening)
    assert looks(chosen) == 1
    assert open_project(chosen, overrides=["decision.primary={accuracy: {margin: 0.04}}"]).decide().test_uses == 2
