"""One way from messages to ids; templates that would train or stop wrongly are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AddedToken

from strop.engines.bases import DEFAULT_TEMPLATE, template_hash
from strop.engines.torch.template import Template, load_template
from strop.errors import CheckFailed
from strop.records import Message

ASKED = (Message(role="system", content="answer"), Message(role="user", content="the card was red"))


Build = Callable[..., Any]
CHAT = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture
def template(build_tokenizer: Build) -> Template:
    return Template(build_tokenizer(CHAT))


def test_prompt_ids_are_what_transformers_serves(template: Template) -> None:
    turns = [{"role": m.role, "content": m.content} for m in ASKED]
    served = template.tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]
    assert template.prompt_ids(ASKED) == served


def test_a_row_is_prompt_answer_and_stop(template: Template) -> None:
    row = template.row(ASKED, "red")
    assert row.ids[: row.prompt] == template.prompt_ids(ASKED)
    assert row.answer[-1] == template.stop == 2
    assert template.decode(row.answer[:-1]) == "red"
    assert template.tokenizer.decode(row.ids) + "\n" == template.tokenizer.apply_chat_template(
        [*({"role": m.role, "content": m.content} for m in ASKED), {"role": "assistant", "content": "red"}],
        tokenize=False,
    )


def test_a_stop_token_written_in_an_answer_is_text(template: Template) -> None:
    row = template.row(ASKED, "red <|im_end|> blue")
    assert row.answer.count(template.stop) == 1
    assert template.decode(row.answer[:-1]) == "red <|im_end|> blue"


@pytest.mark.parametrize("answer", ["  red", "red\n", "🙂 نص", "\n\nred"])
def test_answers_come_back_as_they_were(template: Template, answer: str) -> None:
    assert template.decode(template.row(ASKED, answer).answer[:-1]) == answer


def test_a_template_that_trims_trains_on_what_it_serves(build_tokenizer: Build) -> None:
    trims = Template(build_tokenizer(CHAT.replace("message['content']", "message['content'] | trim")))
    assert trims.decode(trims.row(ASKED, "  red ").answer[:-1]) == "red"


def test_without_generation_marks_the_answer_is_still_found(template: Template) -> None:
    assert "generation" not in CHAT.replace("add_generation_prompt", "")
    assert len(template.row(ASKED, "red").answer) >= 2


def test_a_base_without_a_template_gets_the_named_default(build_tokenizer: Build) -> None:
    default = Template(build_tokenizer(None))
    assert (default.text, default.name, default.hash) == (
        DEFAULT_TEMPLATE,
        "strop-plain-1",
        template_hash(DEFAULT_TEMPLATE),
    )
    row = default.row(ASKED, "red")
    assert row.answer[-1] == 2
    assert row.ids[0] == 1 and row.ids[1] != 1


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (CHAT.replace("<|im_end|>", "|end|"), "no stop token"),
        (CHAT.replace("'<|im_end|>' + ", ""), "no stop token"),
        (CHAT.replace("<|im_start|>assistant\n' }}", "<|im_start|>bot\n' }}"), "differently"),
    ],
    ids=["stop is plain text", "stop outside the turn", "prompt differs from the turn"],
)
def test_templates_that_would_go_wrong_are_refused(build_tokenizer: Build, template: str, reason: str) -> None:
    with pytest.raises(CheckFailed, match=reason):
        Template(build_tokenizer(template)).row(ASKED, "red")


THINKS = CHAT.replace(
    "{% for message in messages %}",
    "{% for message in messages %}{% set thought = '<think>\n\n</think>\n\n' if loop.last and message['role'] == "
    "'assistant' else '' %}",
).replace("message['role'] + '\n' + message", "message['role'] + '\n' + thought + message")
"""As Qwen 3's: an answer's turn begins with an empty block of thoughts, which a prompt does not have."""


@pytest.mark.parametrize("special", [True, False])
def test_what_a_template_writes_before_an_answer_is_trained_and_no_part_of_its_text(
    build_tokenizer: Build, special: bool
) -> None:
    tokenizer = build_tokenizer(THINKS)
    tokenizer.add_tokens([AddedToken("<think>", special=special), AddedToken("</think>", special=special)])
    template = Template(tokenizer)
    row = template.row(ASKED, "red </think>")
    turns = [*({"role": m.role, "content": m.content} for m in ASKED), {"role": "assistant", "content": "red"}]
    written = tokenizer.apply_chat_template(turns, return_dict=True)["input_ids"]
    plain = template.row(ASKED, "red")
    assert plain.ids == written[: len(plain.ids)] and row.prompt == plain.prompt  # its tokens, as the template's
    assert template.decode(plain.answer[:-1]) == "red"
    assert template.decode(row.answer[:-1]) == "red </think>"
    steps = [template.decode(plain.answer[:length]) for length in range(len(plain.answer))]
    assert steps[:4] == [""] * 4 and all(text in ("", "r", "re", "red") for text in steps)  # as it is streamed


SPACED = CHAT.replace(
    "message['role'] + '\n' + ", "message['role'] + '\n' + ('' if message['role'] != 'assistant' else ' ') + "
)


def test_a_space_before_answers_is_the_templates(build_tokenizer: Build) -> None:
    template = Template(build_tokenizer(SPACED))
    assert template.lead == " " and template.decode(template.row(ASKED, "  red").answer[:-1]) == "  red"


REFUSES = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + CHAT
DROPS = CHAT.replace("{% for message in messages %}", "{% for message in messages if message['role'] != 'system' %}")


@pytest.mark.parametrize("text", [REFUSES, DROPS], ids=["refuses", "drops"])
def test_where_a_template_takes_no_system_turn_its_text_begins_the_first_users(
    build_tokenizer: Build, text: str, tmp_path: Path
) -> None:
    template = Template(build_tokenizer(text))
    user = Message(role="user", content="answer\n\nthe card was red")
    assert (
        template.prompt_text(ASKED)
        == template.prompt_text([user])
        == Template(build_tokenizer(CHAT)).prompt_text([user])
    )
    assert template.folded and "first user turn" in template.name and template.hash == template_hash(text)
    template.tokenizer.save_pretrained(tmp_path)  # what travels with an adapter says the same, by itself
    again = load_template(tmp_path)
    assert (again.text, again.hash, again.name) == (template.text, template.hash, template.name)
    assert not Template(build_tokenizer(CHAT)).folded


def test_a_conversation_that_a_template_refuses_is_told(build_tokenizer: Build) -> None:
    template = Template(build_tokenizer(REFUSES))
    with pytest.raises(CheckFailed, match="refuses a conversation of system: System role not supported"):
        template.prompt_ids(ASKED[:1])
