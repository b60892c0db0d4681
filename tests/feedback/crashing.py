"""A project that takes in feedback and changes what serves, and is killed. Run by test_crashes.py, apart from pytest.

``FOLDER ROUND COUNT``: COUNT turns of request, answer, feedback, review, promotion and rollback; what was acknowledged
goes to standard output, a line each. ``FOLDER cycle WHEN``: a turn, killed before its WHEN-th step that a disk keeps (a
commit that wrote, a file put in its place); 0 lets it end and prints how many such steps it has.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.dying import die_before

from strop import loop
from strop import project as projects
from strop.project import Project
from strop.records import Candidate, Interaction, Judgement, Message, Release, new_id, now


def write(project: Project, label: str, count: int) -> None:
    """Every line is printed after the call returned; keys make sending again harmless."""
    pick = project.candidate()
    other = next(c for c in project.store.all(Candidate) if c.id != pick.id)

    def say(**acknowledged: object) -> None:
        print(json.dumps(acknowledged), flush=True)

    for number in range(count):
        one = Interaction(
            id=new_id("int"), release="rel_1", candidate=pick.id, arm="release", created=now(), session=label,
            messages=(Message(role="user", content=f"{label} {number} " + "x" * 300),),
        )  # fmt: skip
        project.store.journal.begin(one)
        say(begun=one.id)
        project.store.journal.complete(one.model_copy(update={"complete": True, "answer": "A mug.", "ended": now()}))
        say(completed=one.id)
        for _ in range(2):  # a client that is not sure sends it again
            body = {"interaction_id": one.id, "kind": "rating", "value": 1}
            say(judged=project.feedback(body, by="shop", key=f"{label}-{number}")[0].id, key=f"{label}-{number}")
        say(judged=project.review(one.id, opinion="fix", correction=f"Better {number}.", by="anna").id)
        champion = Release(id=new_id("rel"), alias="descriptions", candidate=other.id, by="test", created=now())
        project.store.add(champion)
        say(release=champion.id)
        for traffic in (0.05, 1.0):
            say(release=project.promote(traffic=traffic).id)
        say(release=project.rollback().id)


def check(project: Project, acknowledged: list[dict[str, str]]) -> dict[str, int]:
    """Raises AssertionError when something acknowledged is missing, or something is there twice."""
    interactions = {one.id: one for one in project.store.all(Interaction)}
    judgements, releases = project.store.all(Judgement), project.store.all(Release)
    for line in acknowledged:
        if "begun" in line:
            assert line["begun"] in interactions
        if "completed" in line:
            assert interactions[line["completed"]].complete
    stored = {one.id for one in judgements}
    assert {line["judged"] for line in acknowledged if "judged" in line} <= stored
    keys = [(one.by, one.key) for one in judgements]
    assert len(keys) == len(set(keys)), "a key was stored twice"
    assert {one.subject for one in judgements} <= set(interactions)
    said = [line["release"] for line in acknowledged if "release" in line]
    ids = [one.id for one in reversed(releases)]
    assert [identity for identity in ids if identity in set(said)] == said, "lost, or in another order"
    with project.store.database.reading() as connection:
        assert connection.exec_driver_sql("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.exec_driver_sql("pragma foreign_key_check").fetchall() == []
    return {"interactions": len(interactions), "judgements": len(judgements), "releases": len(releases)}


def turn(folder: Path, when: int) -> None:
    seen = die_before(when)
    loop.cycle(projects.open(folder))
    print(json.dumps({"steps": seen()}))


if __name__ == "__main__":
    if sys.argv[2] == "cycle":
        turn(Path(sys.argv[1]), int(sys.argv[3]))
        sys.exit()
    write(projects.open(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3]))
