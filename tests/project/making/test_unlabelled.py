"""Which requests the classical method learns from without a label; forgetting one blocks what learned from it."""

from __future__ import annotations

from collections.abc import Callable

from strop import lineage
from strop.measure.alike.quoted import LEAST
from strop.project import Project
from strop.project.making.unlabelled import FROM_ONE_SESSION, unlabelled
from strop.records import Candidate, Dataset, Interaction, Message, Spec, new_id

EARLY, LATE = "2020-01-01T00:00:00.000+00:00", "2999-01-01T00:00:00.000+00:00"


def ask(project: Project, text: str, *, arm: str = "release", at: str = EARLY, session: str | None = None) -> str:
    one = Interaction(
        id=new_id("int"), release=None, candidate="cand_0", arm=arm, session=session, label="cards",
        messages=(Message(role="user", content=text),), answer="cards", complete=True, created=at,
    )  # fmt: skip
    project.store.add(one)
    return one.id


def dataset(project: Project) -> Dataset:
    found = project.store.latest(Dataset)
    assert found is not None
    return found


def test_only_requests_that_nobody_judged_and_that_no_judged_item_resembles(make: Callable[..., Project]) -> None:
    project = make(methods="classical")
    tested = [row.input for row in project.opened.rows(dataset(project), "test")]
    held, longest = tested[0], max(tested, key=len)
    assert len(longest.split()) >= LEAST
    row = next(row.input for row in project.opened.rows(dataset(project), "train"))
    wanted = {ask(project, "somebody took my card on the ferry"): "somebody took my card on the ferry"}
    ask(project, "somebody took my card on the ferry")  # once is enough
    ask(project, held.upper())
    ask(project, f"hello, what I wrote to you last week was: {longest}! nobody has answered me since then")
    ask(project, row)
    ask(project, "asked by its own name", arm="direct")
    ask(project, "asked after the rows were frozen", at=LATE)
    reviewed = ask(project, "a person has looked at this")
    project.review(reviewed, opinion="cannot_judge", by="ada")
    found = unlabelled(project.opened, dataset(project))
    assert list(found.values()) == list(wanted.values()) and len(found) == 1


def test_one_session_moves_little_and_the_setting_is_obeyed(make: Callable[..., Project]) -> None:
    project = make(methods="classical")
    for number in range(FROM_ONE_SESSION + 5):
        ask(project, f"flood {number} " + "xyz"[number % 3] * number, session="one")
    assert len(unlabelled(project.opened, dataset(project))) == FROM_ONE_SESSION
    off = make(methods="classical", more="live: {unlabelled: 0}\n")
    assert unlabelled(off.opened, dataset(off)) == {}


def test_a_candidate_names_its_requests_and_is_found_again(make: Callable[..., Project]) -> None:
    project = make(methods="classical")
    _, alone = project.tune(Spec.of("classical"))
    asked = [ask(project, f"my card {word} was stolen in town") for word in ("alpha", "bravo", "delta", "gamma")]
    run, taught = project.tune(Spec.of("classical"))
    assert alone.unlabelled == () and set(taught.unlabelled) == set(asked) and alone.id != taught.id
    assert run.environment["unlabelled"]["read"] == 4
    assert project.tune(Spec.of("classical"))[1].id == taught.id


def test_forgetting_a_request_blocks_what_learned_from_it(make: Callable[..., Project]) -> None:
    project = make(methods="classical")
    _, alone = project.tune(Spec.of("classical"))
    asked = [ask(project, f"my card {word} was stolen in town") for word in ("alpha", "bravo", "delta", "gamma")]
    _, taught = project.tune(Spec.of("classical"))
    plan = lineage.plan(project.store, asked[1])
    assert plan.candidates == (taught.id,) and alone.id not in plan.candidates
    assert isinstance(project.store.get(taught.id), Candidate)
