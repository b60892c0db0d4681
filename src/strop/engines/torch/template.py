"""Messages -> token ids through the base's own chat template: one way, for tuning, judging and serving alike.

The prompt's ids are what is served. A trained row is those ids, then the answer's, then the template's stop token; what
the template writes behind the stop token is neither trained nor served.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from strop.engines.bases import DEFAULT_TEMPLATE, DEFAULT_TEMPLATE_NAME, template_hash
from strop.errors import CheckFailed, EngineError
from strop.records import Message

_PROBE = "Answer"


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
        self.text: str = tokenizer.chat_template
        self.hash = template_hash(self.text)
        self.name = DEFAULT_TEMPLATE_NAME if self.named_default else "the base's own"
        self.tail = self._find_tail()
        self.stop = self._find_stop()
        self.stops = frozenset([self.stop, *extra_stops])

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """The prompt as the template writes it, ready for the answer."""
        return str(self.text_of(messages, prompt=True))

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The ids that are served: nothing is added to what the template writes, so BOS stands once or not at all."""
        return self._ids(self.prompt_text(messages))

    def row(self, messages: Sequence[Message], answer: str) -> Row:
        """Prompt, answer and stop token. The answer's text is never read as special tokens."""
        return self.row_after(self.prompt_ids(messages), messages, answer)

    def row_after(self, prompt: list[int], messages: Sequence[Message], answer: str) -> Row:
        """As :meth:`row`, for a prompt that was tokenised before."""
        return Row([*prompt, *self._ids(self._written(messages, answer), plain=True), self.stop], len(prompt))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of generated ids (stop token already cut)."""
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

    def _find_tail(self) -> str:
        whole = self.text_of(
            [Message(role="user", content="?"), Message(role="assistant", content=_PROBE)], prompt=False
        )
        head, found, tail = whole.rpartition(_PROBE)
        if not found or not head:
            raise EngineError("the chat template does not write the answer", remedy="use another base")
        return tail

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
        """A conversation as the template writes it; ``prompt``: and what comes before the next answer."""
        turns = [{"role": m.role, "content": m.content} for m in messages]
        return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=prompt))

    def _ids(self, text: str, *, plain: bool = False) -> list[int]:
        ids = self.tokenizer(text, add_special_tokens=False, split_special_tokens=plain)["input_ids"]
        return [int(i) for i in ids]


def load_template(folder: Path, extra_stops: Sequence[int] = ()) -> Template:
    """The template of a model or adapter folder."""
    from transformers import AutoTokenizer

    return Template(AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True), extra_stops)
