"""Pairs for the objective ``preference``: from rows that bring them, and from what people corrected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from strop import project as projects
from strop.errors import InputError
from strop.project import Project
from strop.project.making import tuning
from strop.project.making.preferring import rejected, told
from strop.project.making.replaying import conversations, shipped
from strop.records import Dataset, Event, Interaction, Message, Said, new_id
from strop.studies import Bench


def dataset(project: Project) -> Dataset:
    found = project.store.latest(Dataset)
    assert found is not None
    return found


def corrected(project: Project, text: str, answer: str, right: str) -> None:
    one = Interaction(
        id=new_id("int"), release=None, candidate="cand_0", arm="release", audit=True, label=answer, answer=answer,
        messages=(Message(role="user", content=text),), complete=True, created="2026-01-01T00:00:00.000+00:00",
    )  # fmt: skip
    project.store.add(one)
    opinion = "good" if right == answer else "fix"
    project.review(one.id, opinion=opinion, correction=None if right == answer else right, by="ada")


def test_a_corrected_answer_is_held_against_the_correction(make: Callable[..., Project]) -> None:
    project = make()
    for number in range(24):
        word = ["alpha", "bravo", "delta", "echo", "foxtrot", "golf"][number % 6]
        right = "cards" if number % 4 == 0 else "refunds"  # every fourth was right as it was
        corrected(project, f"the {word} machine {number * 977} kept {word[::-1]}", "cards", right)
    made = project.take_corrections()
    assert project.waiting_corrections() == []  # although the project's own rows are named by a column
    rows = project.opened.rows(made, "train")
    found = rejected(project.opened, rows)
    wrong = {row.id for row in rows if "machine" in row.input and row.reference == "refunds"}
    assert set(found) == wrong and set(found.values()) == {"cards"} and len(found) >= 3
    held = {row.id for row in project.opened.rows(made, "test")}
    assert not set(found) & held  # a third went to the sealed set
    project.export(made.id, "preference", project.folder / "pairs.jsonl", split="train")
    lines = [json.loads(line) for line in (project.folder / "pairs.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == len(found) and {line["rejected"][0]["content"] for line in lines} == {"cards"}
    assert {line["chosen"][0]["content"] for line in lines} == {"refunds"}


@pytest.mark.parametrize("least", [5, 500])
def test_a_run_uses_pairs_where_there_are_enough_and_says_so(
    make: Callable[..., Project], tmp_path: Path, least: int
) -> None:
    first = make(more=f"tune: {{objective: preference, preference_pairs: {least}}}\n")
    train = first.folder / "train.jsonl"
    lines = [(row.input, row.reference) for row in first.opened.rows(dataset(first), "train")]
    train.write_text(
        "".join(
            json.dumps({"prompt": text, "chosen": label, "rejected": "cards" if label == "refunds" else "refunds"})
            + "\n"
            for text, label in lines
        ),
        "utf-8",
    )
    (first.folder / "strop.yaml").write_text(
        (first.folder / "strop.yaml").read_text("utf-8").replace("train.csv", "train.jsonl"), "utf-8"
    )
    heard: list[Event] = []
    project = projects.open(first.folder, on_event=heard.append)
    project.curate()
    spec = project.spec("lora")
    plan = tuning._plan(project.opened, spec, project.opened.dataset(), 0)
    pairs = [item for item in plan.train if item.rejected is not None]
    assert plan.settings["objective"] == ("preference" if least == 5 else "supervised")
    assert len(pairs) == (len(plan.train) if least == 5 else 0)
    assert all(item.rejected != item.answer for item in pairs)
    project.tune(spec)
    said = " ".join(event.text for event in heard if isinstance(event, Said))
    assert (f"{len(pairs)} pairs" in said) if pairs else ("Fewer than 500 pairs" in said)
    assert told(plan, project.spec("classical"), project.settings) is None


def test_replayed_conversations_are_the_users_masked_and_no_item_that_is_judged(make: Callable[..., Project]) -> None:
    project = make(more="tune: {replay: 0.2, replay_file: talk.jsonl}\n")
    tested = [row.input for row in project.opened.rows(dataset(project), "test")]
    held, longest = tested[0], max(tested, key=len)
    talk = [
        ("Write to anna.smith@example.com about the garden.", "I wrote to anna.smith@example.com about it."),
        (held, "That is a test item."),
        ("What did the customer write?", f"In the end, after some friendly words, it was: {longest}! And so on."),
        *(
            (f"Tell me about the number {n * 37} and the {n}th tree.", f"It is {n} more than before.")
            for n in range(30)
        ),
    ]
    lines = [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in talk]
    (project.folder / "talk.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    found = conversations(project.opened, dataset(project))
    texts = [row.input for row in found]
    assert held not in texts and "What did the customer write?" not in texts and len(texts) >= 25
    assert "anna.smith@example.com" not in json.dumps([row.to_json() for row in found])
    plan = tuning._plan(project.opened, project.spec("lora"), dataset(project), 0)
    replayed = [item for item in plan.train if item.example.startswith("replay_")]
    own = len(plan.train) - len(replayed)
    assert len(replayed) == min(round(0.2 * own), len(found)) > 0
    assert plan.train[-1] in replayed  # behind the rows, whose answers are sampled first
    assert all(len(item.messages) == 1 and item.messages[0].role == "user" for item in replayed)  # without the task
    _, first = project.tune(project.spec("lora"))
    assert project.tune(project.spec("lora"))[1].id == first.id
    (project.folder / "talk.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines[2:20]), "utf-8")
    assert project.tune(project.spec("lora"))[1].id != first.id  # other conversations, another candidate
    (project.folder / "talk.jsonl").unlink()
    with pytest.raises(InputError, match="no such file"):
        conversations(project.opened, dataset(project))


def test_strops_own_conversations_are_replayed_by_default(make: Callable[..., Project]) -> None:
    project = make(more="tune: {replay: 0.1}\n")
    plan = tuning._plan(project.opened, project.spec("lora"), dataset(project), 3)
    again = tuning._plan(project.opened, project.spec("lora"), dataset(project), 3)
    other = tuning._plan(project.opened, project.spec("lora"), dataset(project), 4)
    assert plan == again
    replayed = [{i.example for i in one.train if i.example.startswith("replay_")} for one in (plan, other)]
    assert replayed[0] != replayed[1] and replayed[0] < {f"replay_{row.id}" for row in shipped()}
    classical = tuning._plan(project.opened, project.spec("classical"), dataset(project), 3)
    assert not any(item.example.startswith("replay_") for item in classical.train)


def test_a_study_learns_what_a_candidate_learns(make: Callable[..., Project]) -> None:
    project = make(more="tune: {replay: 0.5}\n")
    bench = Bench(project, dataset(project))
    plan = tuning._plan(project.opened, project.spec("lora"), dataset(project), 0)
    assert bench.made(project.spec("lora"), 0, general=False).cost.examples == len(plan.train)
    assert len(plan.train) > len(bench.train)
