"""A chat template taken apart: what it writes around each turn, where it writes conversations turn by turn."""

from __future__ import annotations

from pathlib import Path

from strop.engines.base import Turns
from strop.engines.torch.template import Template, load_template
from strop.records import Message

_MARKS = ("Mark0one", "Mark1two", "Mark2three", "Mark3four")


def turns_of_folder(folder: Path) -> Turns | None:
    """As :func:`turns_of`, for the template in a model's folder."""
    return turns_of(load_template(folder))


def turns_of(template: Template) -> Turns | None:
    """What the template writes around each turn; None where it does more than that (folds, counts, dates).

    Found by having it write marks, and believed only if what is put together from it equals what the template itself
    writes for other conversations. Space around a text, which some templates trim, is not looked at.
    """
    system, user, answer, again = _MARKS
    whole = _between(template, [("system", system), ("user", user), ("assistant", answer), ("user", again)])
    plain = _between(template, [("user", user), ("assistant", answer), ("user", again)])
    closed = _between(template, [("user", user), ("assistant", answer)], prompt=False)
    alone = _between(template, [("user", user)], prompt=False)
    if not whole or not plain or not closed or not alone:
        return None
    after = {"user": alone[1], "assistant": closed[2]}
    before = {"assistant": whole[2].removeprefix(after["user"]), "user": whole[3].removeprefix(after["assistant"])}
    after["system"] = whole[1].removesuffix(before["user"])
    begin = _begin(template, whole[0], before["user"])
    before["system"] = whole[0].removeprefix(begin)
    unasked = plain[0].removeprefix(begin).removesuffix(before["user"])
    found = Turns(
        begin="" if _adds_begin(template) else begin, before=before, after=after, unasked=unasked,
        answer=whole[4].removeprefix(after["user"]),
        stop=str(template.tokenizer.convert_ids_to_tokens(template.stop)),
    )  # fmt: skip
    same = (begin + found.write(turns).removeprefix(found.begin) == template.prompt_text(turns) for turns in _SEEN)
    return found if all(same) else None


def _between(template: Template, said: list[tuple[str, str]], *, prompt: bool = True) -> list[str]:
    """What is written before, between and behind the marks; empty where one of them is not written once, in order."""
    messages = [Message(role=role, content=text) for role, text in said]
    text, parts = template.text_of(messages, prompt=prompt), list[str]()
    for _, mark in said:
        head, found, text = text.partition(mark)
        if not found or mark in text:
            return []
        parts.append(head)
    return [*parts, text]


def _begin(template: Template, first: str, user: str) -> str:
    """The token that begins a text, where the template writes it once, before everything."""
    token = str(template.tokenizer.bos_token or "")
    return token if token and first.startswith(token) and not user.startswith(token) else ""


def _adds_begin(template: Template) -> bool:
    """Whether whoever reads the tokenizer's settings puts that token there anyway."""
    tokenizer = template.tokenizer
    return tokenizer.bos_token_id is not None and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]


_SEEN = tuple(
    tuple(Message(role=role, content=text) for role, text in said)
    for said in (
        [("user", "a")], [("system", "b c"), ("user", "a\nb")], [("user", "a"), ("assistant", "b"), ("user", "c\n\nd")],
        [("system", "s"), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d {{ x }}"), ("user", "e")],
    )
)  # fmt: skip
