"""What serves, by an append-only list: shares, stickiness, rollback; against a plain model of what should serve."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from scipy import stats

from strop.errors import NotReady, UserError
from strop.records import Decision, Release, Verdict, now
from strop.serve import arm_of, opened, promote, rollback, serving

CANDIDATES = ("cand_a", "cand_b", "cand_c")


def decision(candidate: str, verdict: Verdict = "promote") -> Decision:
    return Decision(
        id=f"dec_{candidate}", candidate=candidate, verdict=verdict, sentence="", checks=(), needed=None, protocol={},
        protocol_hash="p", reports={}, rungs=(), dataset="ds", test_uses=1, alpha=0.05, by="local", created=now(),
    )  # fmt: skip


def release(traffic: float, *, canary: str | None = "cand_b") -> Release:
    return Release(
        id="rel_1", alias="task", candidate="cand_a", canary=canary, traffic=traffic, by="local", created=now()
    )


@given(st.text(max_size=40), st.floats(0, 1))
def test_a_session_stays_in_its_arm(unit: str, traffic: float) -> None:
    assert arm_of(release(traffic), unit) == arm_of(release(traffic), unit)


@given(st.text(max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_a_growing_share_keeps_everyone_who_is_in(unit: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    if arm_of(release(small), unit)[0] == "canary":
        assert arm_of(release(large), unit) == ("canary", "cand_b")


@pytest.mark.parametrize("traffic", [0.01, 0.05, 0.25, 0.5])
def test_the_share_is_kept(traffic: float) -> None:
    inside = sum(arm_of(release(traffic), f"session-{number}")[0] == "canary" for number in range(20_000))
    assert stats.binomtest(inside, 20_000, traffic).pvalue > 1e-4


def test_two_canaries_do_not_draw_the_same_sessions() -> None:
    units = [f"session-{number}" for number in range(4_000)]
    first = {unit for unit in units if arm_of(release(0.5, canary="cand_b"), unit)[0] == "canary"}
    second = {unit for unit in units if arm_of(release(0.5, canary="cand_c"), unit)[0] == "canary"}
    assert 0.4 < len(first & second) / len(first) < 0.6


@pytest.mark.parametrize("verdict", ["refuse", "not_enough_evidence"])
def test_only_a_promote_is_promoted(verdict: Verdict) -> None:
    with pytest.raises(NotReady, match="cand_a"):
        promote([], decision("cand_a", verdict), alias="task", traffic=1, by="local")


@pytest.mark.parametrize("traffic", [0, -0.1, 1.01, float("nan"), float("inf")])
def test_a_share_is_between_0_and_1(traffic: float) -> None:
    with pytest.raises(UserError):
        promote([], decision("cand_a"), alias="task", traffic=traffic, by="local")


def test_an_alias_knows_nothing_of_another() -> None:
    other = release(0).model_copy(update={"alias": "other"})
    assert serving([other], "task") is None
    with pytest.raises(NotReady):
        rollback([other], alias="task", by="local")


def test_what_was_forgotten_does_not_come_back() -> None:
    history: list[Release] = []
    for candidate in CANDIDATES:
        history.insert(0, promote(history, decision(candidate), alias="task", traffic=1, by="local"))
    assert rollback(history, alias="task", by="local", blocked=["cand_b"]).candidate == "cand_a"
    with pytest.raises(NotReady):
        rollback(history, alias="task", by="local", blocked=["cand_a", "cand_b"])


class Serving(RuleBasedStateMachine):
    """A stack of champions and at most one canary: what anybody would expect of promote and rollback."""

    @initialize()
    def nothing(self) -> None:
        self.releases: list[Release] = []
        self.stack: list[str] = []
        self.canary: tuple[str, float] | None = None

    @rule(candidate=st.sampled_from(CANDIDATES), traffic=st.sampled_from([0.05, 0.25, 1.0]))
    def promotes(self, candidate: str, traffic: float) -> None:
        made = promote(self.releases, decision(candidate), alias="task", traffic=traffic, by="local")
        again = promote([made, *self.releases], decision(candidate), alias="task", traffic=traffic, by="local")
        assert again is made
        if not self.releases or made is not self.releases[0]:
            self.releases.insert(0, made)
        if traffic == 1 or not self.stack or self.stack[-1] == candidate:
            self.canary = None
            if not self.stack or self.stack[-1] != candidate:
                self.stack.append(candidate)
        else:
            self.canary = (candidate, traffic)

    @precondition(lambda self: self.canary is not None or len(self.stack) > 1)
    @rule()
    def rolls_back(self) -> None:
        self.releases.insert(0, rollback(self.releases, alias="task", by="local"))
        if self.canary is not None:
            self.canary = None
        else:
            self.stack.pop()

    @precondition(lambda self: self.canary is None and len(self.stack) == 1)
    @rule()
    def cannot_roll_back(self) -> None:
        with pytest.raises(NotReady):
            rollback(self.releases, alias="task", by="local")

    @invariant()
    def serves_what_it_should(self) -> None:
        current = serving(self.releases, "task")
        if not self.stack:
            assert current is None
            return
        assert current is not None and current.candidate == self.stack[-1]
        assert (current.canary and (current.canary, current.traffic)) == self.canary
        first = opened(self.releases, "task")
        assert (first is None) == (self.canary is None)
        if first is not None and self.canary is not None:
            assert first.canary == self.canary[0]


TestServing = Serving.TestCase
TestServing.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
