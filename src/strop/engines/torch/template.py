"""Messages -> token ids through the base's own chat template: one way, for tuning, judging and serving alike.

The prompt's ids are what is served. A trained row is those ids, then the answer's, then the template's stop token;
what the template writes behind the stop token is neither trained nor served. Some templates write something of their
own before an answer, too (a space, an empty block of thoughts): it is trained as they write it, and is no part of an
answer's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from strop.engines.bases import DEFAULT_TEMPLATE, DEFAULT_TEMPLATE_NAME, template_hash
from strop.errors import CheckFailed, EngineError
from strop.records import Message

_PROBE = "Answer"
_SYSTEM = "System0text"
FOLDED = (
    "{%- if messages | length > 1 and messages[0]['role'] == 'system' and messages[1]['role'] == 'user' %}"
    "{%- set messages = [{'role': 'user', 'content': messages[0]['content'] + '\n\n' + messages[1]['content']}]"
    " + messages[2:] %}{%- endif %}"
)
"""Put before a template that refuses or drops system turns: their text begins the first user turn, as in Gemma 3's."""


class Row(NamedTuple):
    """One example as ids: ``ids[prompt:]`` is what is learned, the stop token last.

    ``rejected``: the ids of an answer, its stop token last, that the learned one is preferred to; none without a pair.
    ``preferred``: log p(answer) - log p(rejected) by the base, once it was asked.
    """

    ids: list[int]
    prompt: int
    rejected: tuple[int, ...] = ()
    preferred: float = 0.0

    @property
    def size(self) -> int:
        """Tokens of all that is learned from, the prompt once for each answer."""
        return len(self.ids) + (self.prompt + len(self.rejected) if self.rejected else 0)

    @property
    def answer(self) -> list[int]:
        """The trained ids."""
        return self.ids[self.prompt :]


class Template:
    """A tokenizer with its chat template, and what was found out about its stop token."""

    def __init__(self, tokenizer: Any, extra_stops: Sequence[int] = ()) -> None:
        self.tokenizer = tokenizer
        self.named_default = not tokenizer.chat_template
        if self.named_default:
            tokenizer.chat_template = DEFAULT_TEMPLATE
        self.hash = template_hash(tokenizer.chat_template.removeprefix(FOLDED))
        if self._loses_system():
            tokenizer.chat_template = FOLDED + tokenizer.chat_template
        self.text: str = tokenizer.chat_template
        self.folded = self.text.startswith(FOLDED)
        self.name = DEFAULT_TEMPLATE_NAME if self.named_default else "the base's own"
        self.name += ", a system text in the first user turn" if self.folded else ""
        self.lead, self.tail = self._find_around()
        self.opening = self._find_opening()
        self.ids_of_lead = self._with_opening(self.lead)
        self.stop = self._find_stop()
        self.stops = frozenset([self.stop, *extra_stops])

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """The prompt as the template writes it, ready for the answer."""
        return str(self.text_of(messages, prompt=True))

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The ids that are served: nothing is added to what the template writes, so BOS stands once or not at all."""
        return self._ids(self.prompt_text(messages))

    def row(self, messages: Sequence[Message], answer: str) -> Row:
        """Prompt, answer and stop token. The answer's text is never read as special tokens; the template's own is."""
        return self.row_after(self.prompt_ids(messages), messages, answer)

    def row_after(self, prompt: list[int], messages: Sequence[Message], answer: str) -> Row:
        """As :meth:`row`, for a prompt that was tokenised before."""
        return Row([*prompt, *self.answer_ids(messages, answer), self.stop], len(prompt))

    def answer_ids(self, messages: Sequence[Message], answer: str) -> list[int]:
        """The ids of an answer, without its stop token."""
        return self._with_opening(self._written(messages, answer))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of generated ids (stop token already cut), without what the template writes before an answer."""
        text = self._text(ids)
        lead = self._text(self.ids_of_lead) if self.lead else ""
        return "" if lead.startswith(text) else text.removeprefix(lead)

    def _with_opening(self, written: str) -> list[int]:
        opening = self.opening if written.startswith(self.opening) else ""
        return [*self._ids(opening), *self._ids(written.removeprefix(opening), plain=True)]

    def _text(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _written(self, messages: Sequence[Message], answer: str) -> str:
        """The answer as the template writes it (some templates trim)."""
        prompt = self.prompt_text(messages)
        whole = self.text_of([*messages, Message(role="assistant", content=answer)], prompt=False)
        if not whole.startswith(prompt) or not whole.endswith(self.tail):
            raise CheckFailed(
                "the template writes an answered conversation differently from the prompt it is served with",
                remedy="use a base whose template appends, or report this template",
            )
        return whole[len(prompt) : len(whole) - len(self.tail)]

    def _find_around(self) -> tuple[str, str]:
        """What is written between the prompt and an answer, and behind an answer."""
        asked = Message(role="user", content="?")
        prompt = self.prompt_text([asked])
        whole = self.text_of([asked, Message(role="assistant", content=_PROBE)], prompt=False)
        head, found, tail = whole.rpartition(_PROBE)
        if not found or not head:
            raise EngineError("the chat template does not write the answer", remedy="use another base")
        return head.removeprefix(prompt) if head.startswith(prompt) else "", tail

    def _find_opening(self) -> str:
        """The lead up to its last special token; what follows is tokenised together with the answer."""
        known = (str(token.content) for token in self.tokenizer.added_tokens_decoder.values())
        return self.lead[: max((self.lead.rfind(one) + len(one) for one in known if one in self.lead), default=0)]

    def _find_stop(self) -> int:
        ids = self._ids(self.tail)
        special = set(self.tokenizer.all_special_ids) | set(self.tokenizer.added_tokens_decoder)
        if not ids or ids[0] not in special:
            raise CheckFailed(
                f"the chat template ends an answer with {self.tail!r}, which is no stop token",
                remedy="use a base whose template closes the assistant's turn with a special token",
            )
        return ids[0]

    def text_of(self, messages: Sequence[Message], *, prompt: bool) -> str:
        """A conversation as the template writes it; ``prompt``: and what comes before the next answer.

        Raises CheckFailed where the template refuses it.
        """
        turns = [{"role": m.role, "content": m.content} for m in messages]
        try:
            return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=prompt))
        except Exception as error:
            if type(error).__module__ != "jinja2.exceptions":
                raise
            roles = ", ".join(message.role for message in messages)
            raise CheckFailed(
                f"the base's chat template refuses a conversation of {roles}: {error}",
                remedy="change the turns, or use a base whose template takes them",
            ) from error

    def _loses_system(self) -> bool:
        """Whether the text of a system turn is refused, or does not come out."""
        asked = [Message(role="system", content=_SYSTEM), Message(role="user", content="?")]
        try:
            return _SYSTEM not in self.text_of(asked, prompt=True)
        except CheckFailed:
            return True

    def _ids(self, text: str, *, plain: bool = False) -> list[int]:
        ids = self.tokenizer(text, add_special_tokens=False, split_special_tokens=plain)["input_ids"]
        return [int(i) for i in ids]


def load_template(folder: Path, extra_stops: Sequence[int] = ()) -> Template:
    """The template of a model or adapter folder."""
    from transformers import AutoTokenizer

    return Template(AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True), extra_stops)
