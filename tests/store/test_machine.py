"""Any order of adding, looking up, failing, dying and opening again, against a model of two dictionaries."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from strop.records import Candidate, Spec
from strop.store import Store, derivations

names = st.sampled_from(["a", "b", "c"])
seeds = st.integers(0, 2)


class Dies(BaseException):
    """Stands for the end of the process: nothing that catches errors may catch it."""


class StoreMachine(RuleBasedStateMachine):
    """``made``: what is known to be derived. ``records``: what is known to be stored."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="strop-machine-"))
        self.store = Store.open(self.folder)
        self.key = self.store.key
        self.made: dict[tuple[str, int], Candidate] = {}
        self.records: list[Candidate] = []
        self.attempts = 0

    def _candidate(self, name: str, seed: int) -> Candidate:
        """A candidate whose adapter differs from attempt to attempt, as wall-clock times in it would make it."""
        self.attempts += 1
        work = self.folder / "work"
        work.mkdir()
        (work / "weights").write_text(f"{name} {seed} {self.attempts}")
        artifact = self.store.artifacts.put_folder(work)
        spec = Spec.of("lora", base=name)
        return Candidate(
            id=Candidate.identity(spec, "ds_1", seed, (), artifact),
            spec=spec,
            dataset="ds_1",
            seed=seed,
            artifact=artifact,
            created="",
        )

    def _asked(self, name: str, seed: int) -> dict[str, Any]:
        return {"stage": "tune", "inputs": (name,), "settings": {"seed": seed}, "fingerprint": "1"}

    @rule(name=names, seed=seeds)
    def add(self, name: str, seed: int) -> None:
        candidate = self._candidate(name, seed)
        stands = self.store.add(candidate, **self._asked(name, seed))
        if (name, seed) not in self.made:
            self.made[name, seed] = candidate
            self.records.append(candidate)
        assert stands == [self.made[name, seed]]

    @rule(name=names, seed=seeds)
    def look_up(self, name: str, seed: int) -> None:
        known = self.made.get((name, seed))
        assert self.store.derived(**self._asked(name, seed)) == ([known] if known else None)

    @rule(name=names, seed=seeds)
    def die_before_commit(self, name: str, seed: int) -> None:
        """The process ends inside the transaction; the artifact stays without a record, and nobody sees it."""
        if (name, seed) in self.made:
            return

        def die(*args: object, **named: object) -> None:
            raise Dies

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(derivations, "write", die)
            with pytest.raises(Dies):
                self.store.add(self._candidate(name, seed), **self._asked(name, seed))
        self.reopen()

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.folder)
        assert self.store.key == self.key

    @precondition(lambda self: self.made)
    @rule(data=st.data())
    def lose_an_artifact(self, data: st.DataObject) -> None:
        """Somebody deletes a file: the derivation no longer counts, its record stays."""
        which = data.draw(st.sampled_from(sorted(self.made)))
        artifact = self.made.pop(which).artifact
        assert artifact is not None
        shutil.rmtree(self.store.artifacts.path(artifact))

    @precondition(lambda self: self.made)
    @rule(data=st.data())
    def tear_an_artifact(self, data: st.DataObject) -> None:
        """A file is cut short, as a disk may do: it is noticed when it is read, and put right by the next put."""
        artifact = self.made[data.draw(st.sampled_from(sorted(self.made)))].artifact
        assert artifact is not None
        path = self.store.artifacts.path(artifact) / "weights"
        text = path.read_text()
        path.chmod(0o644)
        os.truncate(path, 1)
        assert not self.store.artifacts.verify(artifact)
        work = self.folder / "work"
        work.mkdir()
        (work / "weights").write_text(text)
        assert self.store.artifacts.put_folder(work) == artifact
        assert self.store.artifacts.verify(artifact)

    @invariant()
    def everything_known_is_there_and_nothing_else(self) -> None:
        assert self.store.all(Candidate) == self.records[::-1]
        for candidate in self.records:
            assert self.store.get(candidate.id) == candidate

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestStore = pytest.mark.slow(StoreMachine.TestCase)
TestStore.settings = settings(
    max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
