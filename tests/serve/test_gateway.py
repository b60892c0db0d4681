"""The way of a request: masked before it is written, committed before it is answered, completed whoever waits."""

from __future__ import annotations

import sqlite3

import pytest

from strop.errors import InputError, StorageError
from strop.privacy import Masker
from strop.project import Project, open_project
from strop.records import Candidate, Interaction, Message
from strop.serve import Asked, Gateway, UnknownModel

PLANTED = ("jane.doe@acme-corp.example", "4111 1111 1111 1111", "Marguerite Delacroix", "DE89 3704 0044 0532 0130 00")
TEXT = "name: {0}\nmaterial: clay\ncard: {1}\niban: {3}\nMy name is {2}.".format(*PLANTED)


def asked(text: str = TEXT, **more: object) -> Asked:
    return Asked("descriptions", (Message(role="user", content=text),), **more)  # type: ignore[arg-type]


@pytest.fixture
def gateway(promoted: Project) -> Gateway:
    return promoted.gateway()


def bytes_on_disk(project: Project) -> bytes:
    """After the database was closed: reading its file would drop the locks that SQLite holds on it in this process."""
    project.store.close()
    return b"".join(path.read_bytes() for path in (project.folder / ".strop").rglob("*") if path.is_file())


def test_planted_personal_data_is_in_the_answer_and_never_on_the_disk(promoted: Project, gateway: Gateway) -> None:
    found = gateway.answer(asked(session=PLANTED[0]))
    promoted.feedback(
        {"interaction_id": found.interaction.id, "kind": "correction", "value": f"Write to {PLANTED[0]}, {TEXT}",
         "comment": f"Best regards,\n{PLANTED[2]}"}, by="shop", key=f"key {PLANTED[0]}",
    )  # fmt: skip
    promoted.review(found.interaction.id, opinion="fix", correction=f"Ask {PLANTED[0]} for it.", by="anna")
    gateway.close()
    assert PLANTED[0] in found.text, "the fake model names every attribute, so the names come back"
    stored = bytes_on_disk(promoted)
    for planted in PLANTED:
        assert planted.encode() not in stored and planted.replace(" ", "").encode() not in stored
    interaction = promoted.store.get(found.interaction.id, Interaction)
    assert "@example.invalid" in (interaction.answer or "") and "@example.invalid" in interaction.messages[0].content


def test_a_session_is_found_again_by_whoever_knows_it(promoted: Project, gateway: Gateway) -> None:
    one = gateway.answer(asked("x", session="Marguerite Delacroix")).interaction
    other = gateway.answer(asked("y", session="Marguerite Delacroix")).interaction
    gateway.close()
    assert one.session == other.session != "Marguerite Delacroix"
    surrogate = Masker(promoted.store.key, names=["Marguerite Delacroix"]).mask("Marguerite Delacroix").text
    assert one.session == surrogate, "what forget looks for"


def test_a_request_is_committed_before_it_is_answered(promoted: Project, gateway: Gateway) -> None:
    future = gateway.ask(asked("type: mug"))
    database = sqlite3.connect(promoted.folder / ".strop" / "strop.db")
    assert database.execute("select count(*) from records where kind = 'interaction'").fetchone() == (1,)
    database.close()
    assert not future.cancel(), "a client that leaves cannot cancel what was committed"
    identity = future.result(10).interaction.id
    gateway.close()
    assert promoted.store.get(identity, Interaction).complete


def test_nobody_waits_and_the_answer_is_stored_all_the_same(promoted: Project, gateway: Gateway) -> None:
    for number in range(5):
        gateway.ask(asked(f"type: mug {number}"))
    gateway.close()
    assert [i.complete for i in promoted.store.all(Interaction)] == [True] * 5


def test_a_crash_leaves_it_incomplete_and_feedback_can_still_name_it(promoted: Project) -> None:
    interaction = Interaction(
        id="int_0190a000-0000-7000-8000-000000000000", release=None, candidate=promoted.candidate().id, arm="direct",
        messages=(Message(role="user", content="x"),), created="2026-01-01T00:00:00.000+00:00",
    )  # fmt: skip
    promoted.store.journal.begin(interaction)
    assert not promoted.store.get(interaction.id, Interaction).complete
    assert promoted.feedback({"interaction_id": interaction.id, "kind": "rating", "value": 1}, by="shop")[1]


def test_models_are_aliases_releases_candidates_and_bases(promoted: Project, gateway: Gateway) -> None:
    pick, release = promoted.candidate(), promoted.store.latest("release")
    assert release is not None
    shown = {}
    for model in ("descriptions", release.id, pick.id, "fake-small"):  # type: ignore[attr-defined]
        found = gateway.answer(Asked(model, (Message(role="user", content="type: mug\nmaterial: clay"),)))
        shown[model] = (found.interaction.arm, found.interaction.candidate)
    gateway.close()
    assert [arm for arm, _ in shown.values()] == ["release", "release", "direct", "direct"]
    assert {candidate for _, candidate in list(shown.values())[:3]} == {pick.id}
    base = promoted.store.get(shown["fake-small"][1], Candidate)
    assert base.spec.method == "prompt" and base.spec.shots == 0


@pytest.mark.parametrize("model", ["nope", "cand_", "../../etc/passwd", "rel_x", "' or 1=1 --", "int_1"])
def test_an_unknown_model_leaves_no_trace(promoted: Project, gateway: Gateway, model: str) -> None:
    with pytest.raises(UnknownModel):
        gateway.ask(Asked(model, (Message(role="user", content="x"),)))
    gateway.close()
    assert promoted.store.all(Interaction) == []


def test_a_canary_answers_its_share_and_is_named_in_the_record(promoted: Project, gateway: Gateway) -> None:
    release = promoted.store.latest("release")
    other = next(c for c in promoted.store.all(Candidate) if c.id != promoted.candidate().id)
    half = release.model_copy(update={"id": "rel_2", "canary": other.id, "traffic": 0.5, "created": "2026-02-01"})  # type: ignore[union-attr]
    promoted.store.add(half)
    found = [gateway.answer(asked("type: mug", session=f"s{number}")).interaction for number in range(40)]
    gateway.close()
    assert {i.arm: i.candidate for i in found} == {"release": promoted.candidate().id, "canary": other.id}
    assert {i.release for i in found} == {"rel_2"}
    assert 8 <= sum(i.arm == "canary" for i in found) <= 32


def test_personal_data_is_refused_where_the_project_says_so(promoted: Project) -> None:
    strict = open_project(promoted.folder, overrides=["data.personal_data=refuse"])
    gateway = strict.gateway()
    with pytest.raises(InputError, match="personal data"):
        gateway.ask(asked())
    assert gateway.answer(asked("type: mug")).text
    gateway.close()
    assert len(strict.store.all(Interaction)) == 1
    strict.store.close()


def test_personal_data_is_kept_where_the_project_says_so(promoted: Project) -> None:
    open_door = open_project(promoted.folder, overrides=["data.personal_data=keep"])
    gateway = open_door.gateway()
    found = gateway.answer(asked())
    gateway.close()
    assert PLANTED[0] in found.interaction.messages[0].content
    open_door.store.close()


def test_a_request_that_cannot_be_written_down_is_not_answered(
    promoted: Project, gateway: Gateway, full_disk: object
) -> None:
    gateway.answer(asked("type: mug"))
    with full_disk, pytest.raises(StorageError, match="full"):  # type: ignore[attr-defined]
        for _ in range(400):
            gateway.answer(asked("type: mug " + "x" * 5000))
    assert gateway.answer(asked("type: mug")).interaction.complete
    gateway.close()
    stored = promoted.store.all(Interaction)
    assert stored[0].complete and stored[-1].complete


def test_names_come_back(gateway: Gateway) -> None:
    found = gateway.answer(asked("name: Jar\nwritten by: Mr Tobias Lindqvist-Ahlgren"))
    gateway.close()
    assert "Lindqvist-Ahlgren" in found.text
