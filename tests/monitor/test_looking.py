"""The verb: findings on a served project, stored once; a canary that does harm is closed, one that does none grows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from strop import loop
from strop.project import Project, open_project
from strop.records import (
    JSON,
    Advice,
    Candidate,
    Decision,
    Finding,
    FindingKind,
    Interaction,
    Message,
    Release,
    new_id,
    now,
)
from strop.serve import Asked


def ago(**time: float) -> str:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(**time)).isoformat(timespec="milliseconds")


@pytest.fixture
def canaried(promoted: Project) -> Project:
    """The pick serves, and the prompt with shots is a canary with half of the traffic, opened a day ago."""
    other = next(c for c in promoted.store.all(Candidate) if c.spec.method == "prompt" and c.spec.shots)
    current = promoted.store.latest(Release)
    assert current is not None
    half = current.model_copy(
        update={"id": new_id("rel"), "canary": other.id, "traffic": 0.5, "before": current.id, "created": ago(days=1)}
    )
    promoted.store.add(half)
    return promoted


def served(project: Project, count: int, *, failing: str = "", hours: float = 1) -> list[Interaction]:
    """Interactions of so many hours ago, by turns of both arms; ``failing``: the candidate that never answers."""
    release = project.store.latest(Release)
    assert release is not None
    made = []
    for number in range(count):
        arm, candidate = ("canary", release.canary) if number % 2 and release.canary else ("release", release.candidate)
        when = ago(hours=hours, seconds=-number)
        one = Interaction(
            id=new_id("int"), release=release.id, candidate=str(candidate), arm=arm, session=f"s{number // 3}",  # type: ignore[arg-type]
            messages=(Message(role="user", content=f"type: mug\nnumber: {number}"),), audit=True, created=when,
        )  # fmt: skip
        project.store.journal.begin(one)
        if candidate != failing:
            end = {"complete": True, "answer": f"A mug of {number}.", "seconds": 0.01, "stopped": True, "ended": now()}
            project.store.journal.complete(one.model_copy(update=end))
        made.append(one)
    return made


def test_looking_twice_stores_nothing_twice(promoted: Project) -> None:
    served(promoted, 90, hours=3)
    opened = open_project(promoted.folder, overrides=["live.window=40"])
    first = opened.monitor()
    assert {finding.kind for finding in first.findings} >= {"input_drift", "output_drift", "corrections"}
    stored = len(opened.store.all(Finding))
    assert opened.monitor() == first
    served(opened, 25, hours=2)  # no window is full yet: the same windows, the same findings
    again = opened.monitor()
    assert [f for f in again.findings if f.kind.endswith("drift")] == [
        f for f in first.findings if f.kind.endswith("drift")
    ]
    assert len(opened.store.all(Finding)) == stored
    served(opened, 10, hours=1)
    opened.monitor()
    assert len(opened.store.all(Finding)) > stored
    opened.store.close()


def test_nothing_serves_and_there_is_little_to_say(decided: Project) -> None:
    found = decided.monitor()
    assert [finding.kind for finding in found.findings] == ["corrections"]
    assert not found.retrain and found.release is None


def test_a_canary_that_fails_is_closed_once(canaried: Project, strop: Callable[..., Any]) -> None:
    release = canaried.store.latest(Release)
    assert release is not None and release.canary is not None
    served(canaried, 160, failing=release.canary)
    ran = strop("--json", "--project", canaried.folder, "monitor")
    assert ran.code == 3, "this run rolled back"
    closed = canaried.store.latest(Release)
    assert closed is not None and closed.canary is None and closed.candidate == release.candidate
    assert closed.by == "monitor" and "did not come" in closed.why
    assert ran.json["release"]["id"] == closed.id
    assert canaried.monitor().release is None
    assert canaried.grow() is None
    again = strop("--project", canaried.folder, "monitor")
    assert again.code == 4 and "canary" not in again.out, "what serves now was not measured"
    told = canaried.health()
    assert told.advice is None and "canary" not in {finding.kind for finding in told.findings}
    assert "rollback" not in strop("--project", canaried.folder).out, "the good one is not to be taken down"
    assert "rollback" in {finding.advice for finding in canaried.store.all(Finding)}


def test_a_canary_that_is_still_open_is_to_be_rolled_back(canaried: Project, strop: Callable[..., Any]) -> None:
    """Killed between the finding and the rollback: the command closes the canary."""
    opened = canaried.store.latest(Release)
    assert opened is not None
    canaried.store.add(seen("canary", "rollback", opened))
    assert canaried.health().command == "strop rollback"
    made = canaried.rollback()
    assert made.candidate == opened.candidate and canaried.health().advice is None


def seen(kind: FindingKind, advice: Advice, release: Release, name: str = "x") -> Finding:
    return Finding(
        id=new_id("find"), kind=kind, name=name, advice=advice, sentence="It was seen.", release=release.id,
        created=now(),
    )  # fmt: skip


def test_what_was_seen_of_an_earlier_release_says_nothing_of_the_next(canaried: Project) -> None:
    first = canaried.store.all(Release)[-1]
    half = canaried.store.latest(Release)
    assert half is not None and half.canary is not None
    canaried.store.add(seen("input_drift", "retrain", first))
    assert canaried.health().advice == "retrain", "the canary beside it changes nothing"
    canaried.store.add(Release(id=new_id("rel"), alias=first.alias, candidate=half.canary, by="local", created=now()))
    assert canaried.health().findings == () and "nobody has looked" in canaried.health().sentence
    found = canaried.monitor()
    assert {finding.release for finding in found.findings} == {canaried.store.all(Release)[0].id}
    back = canaried.rollback()
    assert back.candidate == first.candidate and canaried.health().findings == (), "an earlier time of the same one"


def test_nothing_is_called_healthy_that_was_not_measured(promoted: Project) -> None:
    """Quality from the audit sample and drift from a window: what is missing is said with what it takes."""
    told = open_project(promoted.folder, overrides=["live.window=40"])
    told.monitor()
    assert (told.health().advice, told.health().sentence) == (None, "Quality and drift are not measured yet.")
    assert [one.partition(":")[0] for one in told.health().unseen] == ["quality", "drift"]
    made = served(promoted, 85)
    assert "a full window waits" in told.health().unseen[1] and told.health().command == "strop monitor"
    told.monitor()
    assert [one.partition(":")[0] for one in told.health().unseen] == ["quality"]
    for one in made[:10]:
        promoted.review(one.id, opinion="good", by="anna")
    assert told.monitor().known
    assert told.health().unseen == ()
    told.store.close()


def test_a_text_task_is_not_held_to_a_promise_that_its_decision_did_not_make(promoted: Project) -> None:
    """Every audited answer is bad: a look, and no turn, since attributes included were decided on, not good answers."""
    for one in served(promoted, 30):
        promoted.review(one.id, opinion="fix", correction="Better.", by="anna")
    found = promoted.monitor()
    quality = next(finding for finding in found.findings if finding.kind == "quality")
    assert (quality.value, quality.n, quality.advice) == (0.0, 30, "look") and not found.retrain
    assert promoted.health().advice == "look"


def test_what_senders_say_of_each_arm_is_seen_and_advises_no_turn(canaried: Project) -> None:
    """Everybody hates the canary: a look. Nobody with a role said so, and ratings move no release."""
    for one in served(canaried, 120, hours=0):
        body: dict[str, JSON] = {"interaction_id": one.id, "kind": "rating", "value": one.arm == "release"}
        canaried.feedback(body, by="shop", key=one.id)
    found = {finding.name: finding for finding in canaried.monitor().findings if finding.kind == "signals"}
    assert (found["bad ratings"].value, found["bad ratings"].n) == (0.0, 60)
    assert (found["canary: bad ratings"].value, found["canary: bad ratings"].advice) == (1.0, "look")
    health = canaried.health()
    assert health.advice == "look" and {one.name for one in health.findings} >= set(found)
    canaried.rollback()
    canaried.monitor()
    assert "canary: bad ratings" not in {one.name for one in canaried.health().findings}


def test_a_turn_that_changed_nothing_is_looked_at_anew(promoted: Project) -> None:
    """Corrections wait, a turn takes them in and is refused: the next look says so, and it is the newest word."""
    eager = open_project(promoted.folder, overrides=["live.retrain.corrections=1"])
    for one in served(promoted, 1):
        promoted.review(one.id, opinion="fix", correction="A mug for you.", by="anna")
    assert eager.monitor().retrain and eager.health().advice == "retrain"
    before = {finding.id for finding in eager.health().findings}
    decided = eager.store.latest(Decision)
    assert decided is not None
    eager.store.add(decided.model_copy(update={"id": "dec_later", "verdict": "refuse", "created": ago(seconds=-1)}))
    assert eager.health().advice is None and "nobody has looked again" in eager.health().sentence
    eager.monitor()
    assert before.isdisjoint(finding.id for finding in eager.health().findings), "nothing of before stands"
    eager.store.close()


def test_judged_answers_close_a_canary_too(canaried: Project) -> None:
    for one in served(canaried, 80):
        canaried.review(one.id, opinion="good" if one.arm == "release" else "fix", correction="Better.", by="anna")
    found = canaried.monitor()
    assert found.release is not None and "good answers" in found.release.why


def test_an_equal_canary_is_left_alone(canaried: Project) -> None:
    for one in served(canaried, 80):
        canaried.review(one.id, opinion="good", by="anna")
    found = canaried.monitor()
    assert found.release is None
    assert "canary" in {finding.kind for finding in found.findings}


def test_judgements_of_before_the_canary_do_not_count(canaried: Project) -> None:
    for one in served(canaried, 80, hours=48):
        canaried.review(one.id, opinion="good" if one.arm == "release" else "fix", correction="Better.", by="anna")
    assert "canary" not in {finding.kind for finding in canaried.monitor().findings}


def test_a_canary_grows_by_the_shares_of_the_settings_once_it_was_asked_enough(promoted: Project) -> None:
    pick = promoted.candidate()
    other = next(c for c in promoted.store.all(Candidate) if c.id != pick.id)
    promoted.store.add(
        Release(id=new_id("rel"), alias="descriptions", candidate=other.id, by="local", created=now()),
    )
    promoted.promote(traffic=0.05)
    gateway, shares = promoted.gateway(), []
    for _ in range(3):
        assert promoted.grow() is None, "too early"
        release = promoted.store.latest(Release)
        assert release is not None
        for _ in range(100):
            one = Interaction(
                id=new_id("int"), release=release.id, candidate=pick.id, arm="canary", complete=True, created=now(),
                messages=(Message(role="user", content="x"),),
            )  # fmt: skip
            promoted.store.journal.begin(one)
        grown = promoted.grow()
        if grown is None:
            break
        shares.append((grown.canary, grown.traffic, grown.candidate))
    gateway.close()
    assert shares == [(pick.id, 0.25, other.id), (None, 0.0, pick.id)]


def test_a_cycle_does_not_open_again_what_was_rolled_back(promoted: Project) -> None:
    pick = promoted.candidate()
    other = next(c for c in promoted.store.all(Candidate) if c.id != pick.id)
    promoted.store.add(Release(id=new_id("rel"), alias="descriptions", candidate=other.id, by="local", created=now()))
    made = loop.cycle(promoted)
    assert made.turn.decision.candidate == pick.id and made.release is None
    assert made.corrections == 0


def test_a_rollback_reaches_a_running_gateway_at_once(canaried: Project) -> None:
    gateway = canaried.gateway()
    asked = [Asked("descriptions", (Message(role="user", content="type: mug"),), f"s{n}") for n in range(12)]
    before = {gateway.answer(one).interaction.arm for one in asked}
    canaried.rollback()
    after = {gateway.answer(one).interaction.arm for one in asked}
    gateway.close()
    assert (before, after) == ({"release", "canary"}, {"release"})
