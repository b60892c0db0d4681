"""The shipped items, and the floor test that picks tasks per base."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from strop.engines.base import ScoreResult
from strop.engines.fake import FAKE_BASE
from strop.errors import InputError
from strop.evaluate import evaluate, general_examples, general_suite, items_a_task
from strop.evaluate.general import folder_digest, read_tasks, shipped_examples
from strop.evaluate.neutral import TASK, is_passage, passages
from strop.measure.alike.near import near_duplicates
from strop.records import Said, silent
from strop.settings import Settings

_OLDEST = 320


def right(example) -> str:
    return example.expect["choices"][example.expect["answer_index"]]


def knows(*tasks: str) -> dict[str, str]:
    """Question to right answer, for the items of some tasks; agreement and word_forms share one question."""
    return {e.input: right(e) for e in shipped_examples() if e.slices["task"] in tasks}


def test_shipped_items_are_many_small_and_well_formed() -> None:
    examples = shipped_examples()
    tasks = Counter(example.slices["task"] for example in examples)
    assert len(examples) >= 1000
    assert len(tasks) >= 35
    assert min(tasks.values()) >= 20
    assert len({example.id for example in examples}) == len(examples)
    for example in examples:
        choices = example.expect["choices"]
        assert 2 <= len(choices) <= 4
        assert len({choice.casefold() for choice in choices}) == len(choices)
        assert example.reference == right(example)
        assert len(example.input.split()) <= 20


@pytest.mark.parametrize("choices", [2, 4])
def test_the_right_choice_stands_anywhere(choices) -> None:
    places = [e.expect["answer_index"] for e in shipped_examples() if len(e.expect["choices"]) == choices]
    shares = [count / len(places) for count in Counter(places).values()]
    assert len(shares) == choices
    assert all(0.72 < share * choices < 1.28 for share in shares)


def test_no_two_items_are_alike() -> None:
    """A question that many items share does not count, nor do the oldest tasks, which ask the same of many words."""
    examples = shipped_examples()
    asked = Counter(e.input for e in examples)
    texts = [right(e) if asked[e.input] > 1 else f"{e.input} {right(e)}" for e in examples]
    assert [(texts[i], texts[j]) for i, j, _ in near_duplicates(texts, threshold=0.4) if j >= _OLDEST] == []


def test_the_answers_of_a_pair_differ_by_one_piece() -> None:
    """What they begin with is worked out once, so that two sentences cost little more than one."""
    for example in shipped_examples()[_OLDEST:]:
        one, other = example.expect["choices"]
        assert one.split()[0] == other.split()[0]
        assert abs(len(one) - len(other)) <= 7


def test_the_longest_choice_is_not_the_answer() -> None:
    """A model that only prefers long (or short) answers must not look able."""
    for pick in (max, min):
        hits = [
            (len(right(e)) == pick(map(len, e.expect["choices"])))
            / [len(c) for c in e.expect["choices"]].count(pick(map(len, e.expect["choices"])))
            - 1 / len(e.expect["choices"])
            for e in shipped_examples()
        ]
        assert abs(sum(hits) / len(hits)) < 0.1


def test_only_tasks_above_chance_stay(table_model) -> None:
    heard = []
    model = table_model(knows("opposites", "places"))
    suite, examples = general_suite(model, base=FAKE_BASE, on_event=heard.append)
    assert {e.slices["task"] for e in examples} == {"opposites", "places", TASK}
    assert suite.items == tuple(e.id for e in examples) == tuple(sorted(suite.items))
    assert [s.name for s in suite.measures] == [
        "general_ability", "general_accuracy", "general_bits_per_byte", "neutral_bits_per_byte", "neutral_divergence",
    ]  # fmt: skip
    assert "tasks:opposites,places" in suite.measures[0].signature
    said = " ".join(event.text for event in heard if isinstance(event, Said))
    assert "arithmetic" in said
    assert general_examples(suite) == examples


def test_the_same_base_gets_the_same_suite(table_model) -> None:
    first, _ = general_suite(table_model(knows("uses")), base=FAKE_BASE, on_event=silent)
    again, _ = general_suite(table_model(knows("uses")), base=FAKE_BASE, on_event=silent)
    other, _ = general_suite(table_model(knows("facts")), base=FAKE_BASE, on_event=silent)
    assert first == again
    assert first.id != other.id


def test_a_base_that_knows_nothing_gets_an_empty_suite(table_model) -> None:
    suite, examples = general_suite(table_model({}), base=FAKE_BASE, on_event=silent)
    assert suite.items == ()
    assert examples == ()


def test_a_wide_margin_asks_for_fewer_items_of_the_same_tasks(table_model) -> None:
    known = knows("opposites", "places")
    whole, _ = general_suite(table_model(known), base=FAKE_BASE, on_event=silent)
    some, examples = general_suite(table_model(known), base=FAKE_BASE, on_event=silent, a_task=9)
    assert Counter(e.slices["task"] for e in examples) == {"opposites": 9, "places": 9, TASK: len(passages())}
    assert set(some.items) < set(whole.items)
    assert general_examples(some) == examples
    asked = [items_a_task(margin, 0.01) for margin in (0.1, 0.03, 0.02, 0.01)]
    assert asked == sorted(asked)
    assert asked[0] >= 4  # the floor test needs something to go by
    tasks = len({e.slices["task"] for e in shipped_examples()})
    assert asked[1] * tasks >= 10.04 * (0.18 / 0.03) ** 2  # (z of .99 + z of .8)^2, Lehr 1992 with these rates


def test_a_task_at_chance_passes_the_floor_about_one_time_in_twenty(table_model) -> None:
    class Guessing(table_model):
        """Log probabilities that have nothing to do with the answer."""

        def score(self, requests, *, on_event):
            return [ScoreResult(logprobs=tuple(draw.gauss(0, 2) for _ in request.options)) for request in requests]

    draw = random.Random(5)
    tasks = len({example.slices["task"] for example in shipped_examples()})
    passed = tested = 0
    for _ in range(30):
        _, examples = general_suite(Guessing({}), base=FAKE_BASE, on_event=silent)
        passed += len({e.slices["task"] for e in examples} - {TASK})
        tested += tasks
    assert passed / tested < 0.07  # 5 % of 1110 tasks, and three standard errors


def test_losing_one_task_shows(table_model, candidate, tmp_path) -> None:
    suite, examples = general_suite(table_model(knows("opposites", "places")), base=FAKE_BASE, on_event=silent)

    def report(*tasks: str):
        return evaluate(
            table_model(knows(*tasks)),
            candidate=candidate(system="Only talk about tents."),
            shots=(),
            suite=suite,
            examples={e.id: e for e in examples},
            settings=Settings(),
            project=tmp_path,
            on_event=silent,
        ).report

    before, after = report("opposites", "places"), report("opposites")
    assert before.measures["general_accuracy"].value == 1
    assert after.measures["general_ability"].high < before.measures["general_ability"].low
    by_task = after.slices["task"]
    assert by_task["places"]["general_ability"].value == pytest.approx(0.25)
    assert by_task["opposites"] == before.slices["task"]["opposites"]


def test_general_items_are_asked_as_they_are(table_model, candidate, tmp_path) -> None:
    suite, examples = general_suite(table_model(knows("uses")), base=FAKE_BASE, on_event=silent)
    model = table_model(knows("uses"))
    evaluate(
        model,
        candidate=candidate(system="Only talk about tents."),
        shots=(),
        suite=suite,
        examples={e.id: e for e in examples},
        settings=Settings(),
        project=tmp_path,
        on_event=silent,
    )
    assert {len(messages) for messages in model.asked} == {1}


def choice_row(**changes) -> dict:
    expect = {
        "metric": "multiple_choice",
        "question": "Where do gulls nest?",
        "choices": ["on cliffs", "in ovens"],
        "answer_index": 0,
    }
    return {
        "messages": [{"role": "user", "content": "Where do gulls nest?\nA. on cliffs\nB. in ovens"}],
        "eval": {**expect, **changes},
        "meta": {"task": "gulls"},
    }


def test_a_folder_adds_tasks(table_model, tmp_path) -> None:
    rows = [choice_row(question=f"Where do gulls nest in year {i}?") for i in range(12)]
    rows.append({"messages": [{"role": "user", "content": "2+2"}], "eval": {"metric": "exact_match"}})
    rows.append(choice_row(question="Gulls?", choices=["on cliffs", "in ovens", "in ovens"]))
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    known = {"Gulls?": "on cliffs"} | {f"Where do gulls nest in year {i}?": "on cliffs" for i in range(12)}
    suite, examples = general_suite(table_model(known), base=FAKE_BASE, on_event=silent, folder=tmp_path)
    questions = [example for example in examples if not is_passage(example)]
    assert len(questions) == 13
    assert min(len(example.expect["choices"]) for example in questions) == 2
    assert general_examples(suite, folder=tmp_path) == examples
    with pytest.raises(InputError):
        general_examples(suite)


def test_another_folder_is_another_suite(table_model, tmp_path) -> None:
    path = tmp_path / "tasks.jsonl"
    known = {f"Where do gulls nest in year {i}?": "on cliffs" for i in range(12)}
    rows = [json.dumps(choice_row(question=question)) for question in known]
    path.write_text("\n".join(rows), "utf-8")
    digest = folder_digest(tmp_path)
    suite, _ = general_suite(table_model(known), base=FAKE_BASE, on_event=silent, folder=tmp_path)
    assert f"folder:{digest}" in suite.measures[0].signature
    path.write_text("\n".join(rows[1:]), "utf-8")
    assert folder_digest(tmp_path) != digest


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_folder_without_items_is_told(tmp_path, name) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no general items"):
        folder_digest(tmp_path / name)


@pytest.mark.parametrize(
    "changes", [{"choices": ["a", "a"]}, {"answer_index": 5}, {"answer_index": -1}, {"choices": None}]
)
def test_a_bad_row_names_its_line(tmp_path, changes) -> None:
    lines = [json.dumps(choice_row()), json.dumps(choice_row(**changes))]
    (tmp_path / "tasks.jsonl").write_text("\n".join(lines), "utf-8")
    with pytest.raises(InputError) as error:
        read_tasks(tmp_path)
    assert error.value.place.endswith("tasks.jsonl:2")
