"""What a Modelfile shows is what the chat template writes, by a reader of Go's templates that knows just enough."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from strop.engines.base import Turns
from strop.errors import UserError
from strop.project.export.modelfile import modelfile, template
from strop.records import Message

pytest.importorskip("torch", reason="torch is not installed: no template was taken apart")

from tests.engines.torch import conftest as tiny

from strop.engines.torch.template import Template
from strop.engines.torch.turns import turns_of

SMOLLM = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
WITH_BEGIN = (
    "{{ bos_token }}{% for message in messages %}{{ '[' + message['role'] + ']\n\n' + message['content'] | trim "
    "+ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '[assistant]\n\n' }}{% endif %}"
)
FOLDED = (  # the system text stands inside the first question
    "{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + (messages[0]['content'] + '\n' "
    "if loop.index0 == 1 and messages[0]['role'] == 'system' else '') + m['content'] + ' [/INST]' }}"
    "{% elif m['role'] == 'assistant' %}"
    "{{ m['content'] + '<|im_end|>' }}{% endif %}{% endfor %}"
)
COUNTED = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + ' ' + loop.index | string + '\n' + m['content'] + "
    "'<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TALKS: list[list[tuple[str, str]]] = [
    [("user", "a mug")], [("system", "Be short."), ("user", "two\nlines")],
    [("user", "one"), ("assistant", "two"), ("user", "{{ three }}")],
    [("system", "x"), ("user", "1"), ("assistant", "2"), ("user", "3"), ("assistant", "4"), ("user", "5")],
]  # fmt: skip


def messages(talk: Sequence[tuple[str, str]]) -> list[Message]:
    return [Message(role=role, content=text) for role, text in talk]  # type: ignore[arg-type]


class Go:
    """Go's text/template as far as ours goes: range, if, else if, not, eq, fields and strings; nothing trims."""

    def __init__(self, text: str) -> None:
        self._parts = re.split(r"\{\{ (.*?) \}\}", text)
        self._place = 0

    def run(self, dot: dict[str, Any]) -> str:
        self._place = 0
        said, end = self._block(dot, write=True)
        assert end == ""
        return said

    def _block(self, dot: dict[str, Any], *, write: bool) -> tuple[str, str]:
        """What is written up to an ``end`` or ``else``, and which."""
        said = ""
        while self._place < len(self._parts):
            part, action = self._parts[self._place], self._place % 2
            self._place += 1
            if not action:
                said += part
            elif part == "end" or part.startswith("else"):
                return said if write else "", part
            elif part.startswith("if "):
                said += self._choice(part.removeprefix("if "), dot, write=write)
            elif part.startswith("range ."):
                start, written = self._place, []
                for one in dot[part.removeprefix("range .")] if write else [dot]:
                    self._place = start
                    written.append(self._block(one, write=write)[0])
                said += "".join(written)
            else:
                said += str(self._value(part, dot)) if write else ""
        return said if write else "", ""

    def _choice(self, condition: str, dot: dict[str, Any], *, write: bool) -> str:
        true = write and bool(self._value(condition, dot))
        said, end = self._block(dot, write=true)
        if end.startswith("else if "):
            return said + self._choice(end.removeprefix("else if "), dot, write=write and not true)
        return said

    def _value(self, text: str, dot: dict[str, Any]) -> Any:
        if text.startswith('"'):
            return text[1:-1]
        if text.startswith("not "):
            return not self._value(text.removeprefix("not "), dot)
        if text.startswith("eq "):
            _, left, right = text.split(" ")
            return self._value(left, dot) == self._value(right, dot)
        assert text.startswith("."), text
        return dot[text[1:]]


def shown(turns: Turns, talk: Sequence[tuple[str, str]]) -> str:
    """As Ollama fills it: every message, and the system texts together."""
    system = "\n\n".join(text for role, text in talk if role == "system")
    said = [{"Role": role, "Content": text} for role, text in talk]
    return Go(template(turns)).run({"System": system, "Messages": said})


@pytest.mark.parametrize("jinja", [tiny.CHAT, SMOLLM, WITH_BEGIN, tiny.CHAT.replace("<|im_start|>' +", "{{ x }}' +")])
def test_it_writes_what_the_template_writes(jinja: str) -> None:
    made = Template(tiny._tokenizer(jinja))
    turns = turns_of(made)
    assert turns is not None and turns.stop == "<|im_end|>"
    for talk in TALKS:
        assert shown(turns, talk) == turns.write(messages(talk)) == made.prompt_text(messages(talk))


@pytest.mark.parametrize("jinja", [FOLDED, COUNTED])
def test_a_template_that_does_more_than_that_is_not_taken_apart(jinja: str) -> None:
    assert turns_of(Template(tiny._tokenizer(jinja))) is None


def test_the_file_holds_system_text_and_examples_as_they_are() -> None:
    turns = turns_of(Template(tiny._tokenizer(SMOLLM)))
    assert turns is not None
    before = messages([("system", 'Say "yes"\nor "no".'), ("user", "May I?"), ("assistant", "yes")])
    text = modelfile(turns, before, source="./m.gguf", longest=8, context=4096, licence="MIT")
    quoted = re.findall(r'^(\w+(?: \w+)?) """(.*?)"""$', text, re.DOTALL | re.MULTILINE)
    assert quoted == [
        ("TEMPLATE", template(turns)), ("SYSTEM", 'Say "yes"\nor "no".'), ("MESSAGE user", "May I?"),
        ("MESSAGE assistant", "yes"), ("LICENSE", "MIT"),
    ]  # fmt: skip
    for wrong in ('three """ quotes', 'ends in a "quote"'):
        with pytest.raises(UserError, match="three quotes"):
            modelfile(turns, messages([("system", wrong)]), source="x", longest=8, context=8, licence="MIT")
