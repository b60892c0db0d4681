"""The proofs hold behind walls, and fail without them: an attack that cannot succeed anywhere proves nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from strop.evaluate.sandbox import Limits, Proven, Walls, proofs, prove, proven, walls


def _nothing(arguments: Sequence[str], limits: Limits) -> list[str]:
    return [sys.executable, "-I", "-S", *arguments]


OPEN = Walls("none", _nothing)
LIMITED = Walls("rlimits alone", lambda arguments, limits: [*walls._limited(limits), *_nothing(arguments, limits)])


def test_every_denial_is_proven(each_walls: Walls) -> None:
    found = {proof.name: proof for proof in prove(each_walls)}
    if not found["runs"].held:
        pytest.skip(f"{each_walls.name}: {found['runs'].seen}")
    assert [proof for proof in found.values() if not proof.held] == []
    assert set(found) == {
        *("runs", "network", "reading", "writing", "forking", "memory", "disk", "others", "time"),
    }


@pytest.mark.parametrize(
    ("attack", "open_"),
    [
        (proofs._network, OPEN),
        (proofs._reading, OPEN),
        (proofs._others, OPEN),
        (proofs._disk, OPEN),
        (proofs._memory, OPEN),
        (proofs._time, OPEN),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_attack_succeeds_without_walls(attack, open_, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(proofs, "DISK", proofs.DISK.replace("range(64)", "range(3)"))
    proof = attack(open_)
    assert not proof.held
    assert "did not come to its end" not in proof.seen


def test_writing_succeeds_where_it_is_allowed(tmp_path: Path) -> None:
    assert proofs._said(OPEN, proofs.WRITE, "strop-escaped", str(tmp_path), "/proc") == [str(tmp_path)]
    assert (tmp_path / "strop-escaped").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root escapes the limit on processes")
def test_a_limit_on_processes_does_not_bind_root() -> None:
    """Why root's code changes its user."""
    assert not proofs._forking(LIMITED).held


def test_walls_that_do_not_start_python_prove_nothing_else() -> None:
    found = list(prove(Walls("broken", lambda arguments, limits: ["false"])))
    assert [(proof.name, proof.held) for proof in found] == [("runs", False)]


def test_walls_that_do_not_start_python_say_why() -> None:
    """What the start complained of; for an interpreter that others may not reach, also who keeps them out."""
    complain = "import sys; sys.exit('no such thing here')"
    broken = Walls("broken", lambda arguments, limits: [sys.executable, "-I", "-S", "-c", complain])
    (proof,) = prove(broken)
    assert proof.seen == "Python does not start inside (no such thing here)" and proof.remedy == ""
    closed = walls.kept_out()
    if closed is None:
        pytest.skip("every user may reach this interpreter")
    (proof,) = prove(broken._replace(in_place=True))
    assert (
        f"and {closed} lets only its owner in" in proof.seen and "run strop as another user than root" in proof.remedy
    )
    found = Proven(None, {"broken": (proof,)})
    assert proof.seen in found.why_not and found.why_not.endswith(proof.remedy)


@pytest.fixture
def anew():
    proven.cache_clear()
    yield
    proven.cache_clear()


@pytest.mark.usefixtures("anew")
def test_walls_that_leak_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "known_walls", lambda: [OPEN])
    monkeypatch.setattr(proofs, "_ATTACKS", (proofs._network,))
    found = proven()
    assert found.walls is None
    assert "none does not hold here (network" in found.why_not


@pytest.mark.usefixtures("anew")
def test_a_machine_without_walls_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys.modules["importlib.util"], "find_spec", lambda name: None)
    found = proven()
    assert found.walls is None
    assert "apt install bubblewrap" in found.why_not
