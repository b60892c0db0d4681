"""The shapes of rows, and what each becomes."""

from __future__ import annotations

from typing import Any

import pytest

from strop.curate.drafts import Draft, RowProblem
from strop.curate.files.shapes import draft
from strop.settings import Columns


def made(row: dict[str, Any], **columns: Any) -> Draft:
    return draft(row, Columns(**columns), source="s", line=1, fixed=None)


ASKED = (("system", "Be brief."), ("user", "Where is my card?"))
SAME: dict[str, dict[str, Any]] = {
    "messages": {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Where is my card?"},
            {"role": "assistant", "content": "cards"},
        ]
    },
    "messages in parts": {
        "messages": [
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": [{"type": "text", "text": "Where is "}, {"type": "text", "text": "my card?"}]},
            {"role": "assistant", "content": "cards", "weight": 1},
        ]
    },
    "messages as text": {
        "messages": '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is my card?"}, '
        '{"role": "assistant", "content": "cards"}]'
    },
    "sharegpt": {
        "conversations": [
            {"from": "system", "value": "Be brief."},
            {"from": "human", "value": "Where is my card?"},
            {"from": "gpt", "value": "cards"},
        ]
    },
    "prompt, completion": {"system": "Be brief.", "prompt": "Where is my card?", "completion": "cards"},
    "prompt, completion as messages": {
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is my card?"}],
        "completion": [{"role": "assistant", "content": "cards"}],
    },
    "alpaca": {"system": "Be brief.", "instruction": "Where is my card?", "input": "", "output": "cards"},
    "text, label": {"system": "Be brief.", "text": "Where is my card?", "label": "cards"},
    "question, answer": {"system": "Be brief.", "Question": "Where is my card?", "Answer": "cards"},
}


@pytest.mark.parametrize("shape", SAME)
def test_every_shape_says_the_same(shape: str) -> None:
    row = made(SAME[shape])
    assert row.turns == ASKED
    assert row.reference == "cards"


def test_preference_rows_keep_what_was_rejected() -> None:
    row = made({"prompt": "Hi", "chosen": "Hello!", "rejected": "What?"})
    assert (row.reference, row.expect) == ("Hello!", {"rejected": ["What?"]})


def test_a_problem_of_human_eval_brings_its_tests() -> None:
    problem = {
        "task_id": "HumanEval/0", "prompt": "def f(x):\n", "canonical_solution": "    return x\n",
        "test": "def check(f):\n    assert f(1) == 1\n", "entry_point": "f",
    }  # fmt: skip
    row = made(problem)
    assert (row.input, row.reference) == ("def f(x):\n", "    return x\n")
    assert row.expect == {"tests": problem["test"], "entry_point": "f"}


def test_alpaca_input_follows_the_instruction() -> None:
    assert made({"instruction": "Sum up.", "input": "A text.", "output": "x"}).input == "Sum up.\n\nA text."


def test_columns_are_mapped_by_name_and_path() -> None:
    row = made(
        {"body": "Hi", "queue": 3, "customer": {"id": 7}, "when": "2024-01-01", "lang": "de", "no": "t-1"},
        input="body", output="queue", group="customer.id", time="when", id="no", slices=["lang"],
    )  # fmt: skip
    assert (row.input, row.reference, row.group, row.time, row.name) == ("Hi", "3", "7", "2024-01-01", "t-1")
    assert row.slices == {"lang": "de"}


def test_meta_is_bookkeeping_and_never_prompt() -> None:
    row = made(
        {**SAME["messages"], "meta": {"id": 5, "group": "g", "time": "t", "label": "cards", "slices": {"x": "y"}}}
    )
    assert (row.name, row.group, row.time, row.slices) == ("5", "g", "t", {"x": "y"})
    assert row.turns == ASKED


def test_eval_is_an_alias_of_expect() -> None:
    row = made({**SAME["messages"], "eval": {"names": ["a"], "metric": "m"}, "expect": {"metric": "n"}})
    assert row.expect == {"names": ["a"], "metric": "n"}


def test_context_stands_before_a_table_question_and_leaves_messages_alone() -> None:
    row = made({"question": "Who?", "answer": "Bo", "context": ["Bo did it.", {"text": "Al did not."}]})
    assert row.input == "Bo did it.\n\nAl did not.\n\nWho?"
    assert row.context == ("Bo did it.", "Al did not.")
    assert made({**SAME["messages"], "context": "x"}).turns == ASKED


def test_nested_json_in_a_cell() -> None:
    row = made({"text": "Hi", "label": "a", "expect": '{"entities": [{"text": "Hi"}]}', "meta": '{"id": "7"}'})
    assert row.expect == {"entities": [{"text": "Hi"}]}
    assert row.name == "7"


def test_an_answer_that_is_json_stays_text() -> None:
    assert made({"text": "Hi", "output": [{"text": "Hi", "type": "x"}]}).reference == '[{"text": "Hi", "type": "x"}]'


def test_an_untrained_last_turn_is_no_answer() -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello", "weight": 0}]
    assert made({"messages": turns}).reference is None


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no known shape": ({"foo": 1, "bar": 2}, "malformed", "foo, bar"),
    "a strange role": ({"messages": [{"role": "boss", "content": "x"}]}, "malformed", "boss"),
    "a turn that is text": ({"messages": ["x"]}, "malformed", "`messages` 1"),
    "a tool call": ({"messages": [{"role": "assistant", "content": None, "tool_calls": [1]}]}, "malformed", "tool"),
    "an image": ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "malformed", "part"),
    "nothing asked": ({"text": "  ", "label": "a"}, "empty", "nothing"),
    "no turns": ({"messages": []}, "empty", "nothing"),
    "a number for eval": ({"text": "a", "label": "b", "eval": 3}, "malformed", "`eval`"),
    "half JSON in a cell": ({"text": "a", "label": "b", "meta": "{oops"}, "malformed", "`meta`"),
    "half a character": ({"text": "a\ud800", "label": "b"}, "malformed", "half a character"),
    "a NUL": ({"text": "a\0", "label": "b"}, "malformed", "NUL"),
    "a NUL in expect": ({"text": "a", "label": "b", "expect": {"x": "\0"}}, "malformed", "NUL"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_says_what_is_wrong(case: str) -> None:
    row, reason, told = BAD[case]
    with pytest.raises(RowProblem) as caught:
        made(row)
    assert caught.value.reason == reason
    assert told in caught.value.detail
    if case in ("half a character", "a NUL"):
        assert caught.value.column == "text"
